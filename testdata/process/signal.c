/* Calls through a null pointer; the handler of the signal that this gives crashes, too. */
struct action { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; };
enum { SIGSEGV = 11, SA_RESTORER = 0x04000000, rt_sigaction = 13 };

/* As in the C library: its unwind information begins a byte before it, and says that it is a signal's frame, with the
 * registers in the struct ucontext at the stack pointer. */
asm(".text\n"
	".cfi_startproc simple\n"
	".cfi_signal_frame\n"
	".cfi_escape 0x0f, 4, 0x77, 0xa0, 0x01, 0x06\n" /* the frame's address: the word at rsp + 160 */
	".cfi_escape 0x10, 16, 3, 0x77, 0xa8, 0x01\n"   /* rip at rsp + 168 */
	".cfi_escape 0x10, 6, 3, 0x77, 0xf8, 0x00\n"    /* rbp at rsp + 120 */
	".cfi_escape 0x10, 3, 3, 0x77, 0x80, 0x01\n"    /* rbx at rsp + 128 */
	"nop\n"
	".type restore, @function\n"
	"restore: mov $15, %eax\n"
	"syscall\n"
	".cfi_endproc\n"
	".size restore, . - restore\n");
void restore(void);

static void (*volatile hook)(void);

static void handler(int signal)
{
	__builtin_trap();
}

__attribute__((noinline)) static int inner(int n)
{
	hook();
	return n + 1;
}

__attribute__((noinline)) static int outer(int n) { return inner(n) + 2; }

void begin(void)
{
	struct action a = { handler, SA_RESTORER, restore };
	long result;
	asm volatile("mov $8, %%r10d; syscall" : "=a"(result) : "a"(rt_sigaction), "D"(SIGSEGV), "S"(&a), "d"(0) : "rcx", "r10", "r11", "memory");
	outer(1);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
