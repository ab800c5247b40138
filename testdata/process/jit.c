// Code that was made at run time and keeps frame pointers calls a function.
static volatile int calls;
__attribute__((noinline)) static void crash(int n) { calls += n; __builtin_trap(); }

static long mmap(void) {
	long ret;
	register long flags __asm__("r10") = 0x22, file __asm__("r8") = -1, offset __asm__("r9") = 0;
	__asm__ volatile("syscall" : "=a"(ret) : "a"(9), "D"(0), "S"(4096), "d"(7), "r"(flags), "r"(file), "r"(offset) : "rcx", "r11", "memory");
	return ret;
}

__attribute__((noinline)) static int made(int n, long at) {
	// push %rbp; mov %rsp,%rbp; sub $32,%rsp; call *%rsi; leave; ret
	static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0xff, 0xd6, 0xc9, 0xc3};
	int again = n * 2;
	for (unsigned i = 0; i < sizeof code; i++)
		((volatile unsigned char *)at)[i] = code[i];
	((void (*)(int, void (*)(int)))at)(again, crash);
	return again + n;
}

void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	int got = made(3, mmap());
	__asm__ volatile("" :: "r"(got));
	__builtin_trap();
}
