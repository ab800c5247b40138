/* For each machine: a thread waits, the other one reads through a null pointer; the signal's handler executes a trap, and the handler of
 * that signal writes through a null pointer. The first has a frame with a siginfo, the second one without, where machines differ in that. No
 * handler says how it returns: that is the kernel's code, in the vDSO or, on Arm, in a page of its own. */
#include <asm/unistd.h>

typedef unsigned long word;
enum { SIGILL = 4, SIGTRAP = 5, SIGFPE = 8, SIGSEGV = 11, SA_SIGINFO = 4 };
enum { THREAD = 0x50f00 /* CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM */ };

struct point { int x, y; };
struct point point = {1, 2};
int started;
static char stack[4096] __attribute__((aligned(4096)));

/* call(n, a, b, c, d) calls the kernel; clone_thread(flags, stack) does, and the new thread calls run. */
long call(long n, word a, word b, word c, word d);
long clone_thread(word flags, void *stack);
#define FUNCTION(name) ".globl " #name "\n.type " #name ", %function\n" #name ":\n	.cfi_startproc\n"
#define END(name) "	.cfi_endproc\n.size " #name ", . - " #name "\n"

#if defined __aarch64__
asm(FUNCTION(call) "	mov x8, x0\n	mov x0, x1\n	mov x1, x2\n	mov x2, x3\n	mov x3, x4\n	svc 0\n	ret\n" END(call)
    FUNCTION(clone_thread) "	mov x8, 220\n	svc 0\n	cbz x0, 1f\n	ret\n1:	.cfi_undefined x30\n	mov x29, 0\n	bl run\n	brk 0\n" END(clone_thread)
    FUNCTION(_start) "	.cfi_undefined x30\n	bl begin\n	brk 0\n" END(_start));
#elif defined __riscv
asm(FUNCTION(call) "	mv a7, a0\n	mv a0, a1\n	mv a1, a2\n	mv a2, a3\n	mv a3, a4\n	ecall\n	ret\n" END(call)
    FUNCTION(clone_thread) "	li a7, 220\n	ecall\n	beqz a0, 1f\n	ret\n1:	.cfi_undefined ra\n	li s0, 0\n	call run\n	ebreak\n" END(clone_thread)
    FUNCTION(_start) "	.cfi_undefined ra\n	.option push\n	.option norelax\n	la gp, __global_pointer$\n	.option pop\n	call begin\n	ebreak\n" END(_start));
#elif defined __s390x__
asm(FUNCTION(call) "	lgr %r1, %r2\n	lgr %r2, %r3\n	lgr %r3, %r4\n	lgr %r4, %r5\n	lgr %r5, %r6\n	svc 0\n	br %r14\n" END(call)
    FUNCTION(clone_thread) "	lgr %r0, %r2\n	lgr %r2, %r3\n	lgr %r3, %r0\n	svc 120\n	ltgr %r2, %r2\n	jz 1f\n	br %r14\n"
    "1:	.cfi_undefined %r14\n	brasl %r14, run\n	j .+2\n" END(clone_thread)
    FUNCTION(_start) "	.cfi_undefined %r14\n	aghi %r15, -160\n	brasl %r14, begin\n	j .+2\n" END(_start));
#elif defined __powerpc64__
asm(FUNCTION(call) "	mr 0, 3\n	mr 3, 4\n	mr 4, 5\n	mr 5, 6\n	mr 6, 7\n	sc\n	blr\n" END(call)
    FUNCTION(clone_thread) "	li 0, 120\n	sc\n	cmpdi 3, 0\n	beq 1f\n	blr\n1:	.cfi_undefined lr\n	bl run\n	nop\n	trap\n" END(clone_thread)
    FUNCTION(_start) "	.cfi_undefined lr\n	addis 2, 12, .TOC. - _start@ha\n	addi 2, 2, .TOC. - _start@l\n	stdu 1, -112(1)\n	bl begin\n	nop\n	trap\n" END(_start));
#elif defined __arm__
asm(".cfi_sections .debug_frame\n.syntax unified\n.thumb\n.thumb_func\n"
    FUNCTION(call) "	push {r4, r7}\n	.cfi_def_cfa_offset 8\n	.cfi_offset r4, -8\n	.cfi_offset r7, -4\n"
    "	mov r7, r0\n	mov r0, r1\n	mov r1, r2\n	mov r2, r3\n	ldr r3, [sp, #8]\n	svc 0\n	pop {r4, r7}\n	bx lr\n" END(call)
    ".thumb_func\n" FUNCTION(clone_thread) "	push {r4, r7}\n	.cfi_def_cfa_offset 8\n	.cfi_offset r4, -8\n	.cfi_offset r7, -4\n"
    "	mov r7, 120\n	svc 0\n	cbz r0, 1f\n	pop {r4, r7}\n	bx lr\n1:	.cfi_undefined lr\n	bl run\n	udf 0\n" END(clone_thread)
    ".thumb_func\n" FUNCTION(_start) "	.cfi_undefined lr\n	bl begin\n	udf 0\n" END(_start));
#elif defined __i386__
asm(FUNCTION(call) "	push %ebx\n	.cfi_def_cfa_offset 8\n	.cfi_offset ebx, -8\n	push %esi\n	.cfi_def_cfa_offset 12\n	.cfi_offset esi, -12\n"
    "	mov 12(%esp), %eax\n	mov 16(%esp), %ebx\n	mov 20(%esp), %ecx\n	mov 24(%esp), %edx\n	mov 28(%esp), %esi\n	int $0x80\n"
    "	pop %esi\n	.cfi_def_cfa_offset 8\n	.cfi_restore esi\n	pop %ebx\n	.cfi_def_cfa_offset 4\n	.cfi_restore ebx\n	ret\n" END(call)
    FUNCTION(clone_thread) "	push %ebx\n	.cfi_def_cfa_offset 8\n	.cfi_offset ebx, -8\n	mov 8(%esp), %ebx\n	mov 12(%esp), %ecx\n	xor %edx, %edx\n"
    "	mov $120, %eax\n	int $0x80\n	test %eax, %eax\n	jz 1f\n	pop %ebx\n	ret\n1:	.cfi_undefined eip\n	call run\n	hlt\n" END(clone_thread)
    FUNCTION(_start) "	.cfi_undefined eip\n	call begin\n	hlt\n" END(_start));
#endif

static __attribute__((noinline)) void waits(int n)
{
	struct point local = {n, n + 1};
	__atomic_store_n(&started, n, __ATOMIC_SEQ_CST);
	for (;;)
		call(__NR_rt_sigsuspend, (word)(word[2]){local.x}, 8, 0, 0);
}

__attribute__((used)) void run(void) { waits(7); }

static __attribute__((noinline)) int writes(int *to)
{
	*(volatile int *)to = point.x;
	return point.y;
}

static void second(int signal)
{
	point.y = writes(0) + signal;
}

static void first(int signal, void *info, void *context)
{
	point.x = signal;
#ifdef __s390x__
	asm volatile(".short 0\n"); /* after which, not at which, the processor is interrupted */
	point.x++;
#else
	__builtin_trap();
#endif
}

__attribute__((noinline)) static int inner(struct point *p, int n)
{
	return p->x + n;
}

__attribute__((noinline)) static int outer(int n)
{
	volatile struct point local = {n, -n};
	return inner(0, local.x + 1) + local.y;
}

static void handle(long signal, void *handler, word flags)
{
	word action[8] = {(word)handler, flags};
	call(__NR_rt_sigaction, signal, (word)action, 0, 8);
}

void begin(void)
{
	clone_thread(THREAD, stack + sizeof stack - 256);
	while (!__atomic_load_n(&started, __ATOMIC_SEQ_CST))
		call(__NR_sched_yield, 0, 0, 0, 0);
	handle(SIGSEGV, first, SA_SIGINFO);
	handle(SIGILL, second, 0);
	handle(SIGTRAP, second, 0);
	handle(SIGFPE, second, 0);
	outer(5);
}

/* Down here, so that lines above stay what the other machines' programs say. */
#ifdef __loongarch__
asm(FUNCTION(call) "	move $a7, $a0\n	move $a0, $a1\n	move $a1, $a2\n	move $a2, $a3\n	move $a3, $a4\n	syscall 0\n	jr $ra\n" END(call)
    FUNCTION(clone_thread) "	li.w $a7, 220\n	syscall 0\n	beqz $a0, 1f\n	jr $ra\n1:	.cfi_undefined 1\n	move $fp, $zero\n	bl run\n	break 0\n" END(clone_thread)
    FUNCTION(_start) "	.cfi_undefined 1\n	bl begin\n	break 0\n" END(_start));
#endif
