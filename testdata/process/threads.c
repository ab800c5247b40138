/* A program without a library: three threads wait, the fourth is the one that crashes. */
typedef unsigned long word;

struct point { int x, y; };
struct node { struct node *next; struct point p; };
struct node list[3] = {{list + 1, {1, -1}}, {list + 2, {2, -2}}, {0, {3, -3}}};
int started;
const char *message = "hello from a process";
static char stacks[4][4096] __attribute__((aligned(4096)));

static long call(long n, word a, word b, word c, word d)
{
	long r;
	register word r10 asm("r10") = d;
	asm volatile("syscall" : "=a"(r) : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return r;
}

static void sleep_ms(long ms)
{
	long t[2] = {0, ms * 1000000};
	call(35 /* nanosleep */, (word)t, 0, 0, 0);
}

static __attribute__((noinline)) int waits(int n)
{
	char name[] = "worker 0";
	name[7] += n;
	call(157 /* prctl */, 15 /* PR_SET_NAME */, (word)name, 0, 0);
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
	for (;;)
		call(34 /* pause */, 0, 0, 0, 0);
}

static __attribute__((noinline)) int crashes(int depth, struct node *n)
{
	struct point local = n->p;
	if (depth)
		return crashes(depth - 1, n->next) + local.x;
	return *(volatile int *)0 + local.y;
}

__attribute__((used)) static void run(long n)
{
	if (n < 3)
		waits((int)n);
	while (started < 3)
		sleep_ms(1);
	sleep_ms(20);
	started = crashes(2, list);
}

/* clone_thread(flags, stack, n) starts a thread that calls run(n). */
void clone_thread(word flags, void *stack, long n);
asm(".globl clone_thread\n.type clone_thread, @function\nclone_thread:\n"
    "	.cfi_startproc\n	mov %rdx, %r8\n	mov $56, %eax\n	syscall\n	test %eax, %eax\n	jz 1f\n	ret\n"
    "1:	.cfi_undefined rip\n	xor %ebp, %ebp\n	mov %r8, %rdi\n	call run\n	hlt\n	.cfi_endproc\n"
    ".size clone_thread, .-clone_thread\n");

void begin(void)
{
	list[0].p.x = 1; /* a page that was never written to is not saved */
	message = message + 0;
	for (long n = 0; n < 4; n++)
		clone_thread(0x50f00 /* VM FS FILES SIGHAND THREAD SYSVSEM */, stacks[n] + 4096 - 16, n);
	for (;;)
		sleep_ms(1000);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	and $-16, %rsp\n	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
