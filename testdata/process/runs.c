/* A program without a library that runs until its input ends: three threads wait deep in calls, one counts, one only calls. With an argument the
   first one is in an uninterruptible sleep then. */
typedef unsigned long word;

struct point { int x, y; };
volatile word counter;
int started;
static char stacks[6][16384] __attribute__((aligned(4096)));

static __attribute__((always_inline)) inline long call(long n, word a, word b, word c, word d)
{
	long r;
	register word r10 asm("r10") = d;
	asm volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return r;
}

/* waits leaves a variable of its own on the stack. */
static __attribute__((noinline)) int waits(int depth, int n)
{
	struct point local = {n, depth};
	asm volatile("" : : "r"(&local) : "memory");
	if (depth)
		return waits(depth - 1, n) + local.x;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		call(34 /* pause */, 0, 0, 0, 0);
	return local.y;
}

static __attribute__((noinline)) void counts(void)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		counter++;
}

/* changes has a variable that is another one each time. */
static __attribute__((noinline)) void changes(word *to)
{
	word local[4];
	for (int i = 0; i < 4; i++) {
		local[i] = *to + i;
		asm volatile("" : : "r"(local) : "memory");
	}
	*to += local[3] - local[0] + 4;
}

static __attribute__((noinline)) void calls(void)
{
	word sum = 0;
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		changes(&sum);
}

__attribute__((used)) static void run(long n)
{
	if (n < 3)
		waits((int)n + 2, (int)n);
	else if (n == 3)
		counts();
	else if (n == 5) /* another process, which the first thread waits for */
		for (char c;;)
			if (call(0 /* read */, 0, (word)&c, 1, 0) <= 0)
				call(60 /* exit */, 0, 0, 0, 0);
	calls();
}

/* clone_thread(flags, stack, n) starts a thread that calls run(n). */
void clone_thread(word flags, void *stack, long n);
asm(".globl clone_thread\n.type clone_thread, @function\nclone_thread:\n"
    "	.cfi_startproc\n	mov %rdx, %r8\n	mov $56, %eax\n	syscall\n	test %eax, %eax\n	jz 1f\n	ret\n"
    "1:	.cfi_undefined rip\n	xor %ebp, %ebp\n	mov %r8, %rdi\n	call run\n	hlt\n	.cfi_endproc\n"
    ".size clone_thread, .-clone_thread\n");

void begin(long *stack)
{
	char c;
	for (long n = 0; n < 5; n++)
		clone_thread(0x50f00 /* VM FS FILES SIGHAND THREAD SYSVSEM */, stacks[n] + sizeof stacks[n] - 16, n);
	while (started < 5)
		call(24 /* sched_yield */, 0, 0, 0, 0);
	call(1 /* write */, 1, (word)"ready\n", 6, 0);
	if (stack[0] > 1)
		clone_thread(0x4100 /* VM VFORK */, stacks[5] + sizeof stacks[5] - 16, 5);
	call(0 /* read */, 0, (word)&c, 1, 0);
	call(231 /* exit_group */, 0, 0, 0, 0);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	mov %rsp, %rdi\n	and $-16, %rsp\n	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
