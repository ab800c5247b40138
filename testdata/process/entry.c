// Functions that do not keep what they are called with.
#define noinline __attribute__((noinline, noclone, noipa))
#define CLOBBER() __asm__ volatile("" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory")

static int number = 40;
static noinline void deepest(void) { __builtin_trap(); }

// Called through a pointer.
static noinline void indirect(int a, int b) { CLOBBER(); deepest(); CLOBBER(); }
static void (*volatile pointer)(int, int) = indirect;

// They jump to each other: what the first was called with is not what the last was entered with.
static noinline void pong(int n);
static noinline void ping(int n) {
	CLOBBER();
	if (number == 42) {
		pointer(5, 6);
		CLOBBER();
		return;
	}
	number++;
	pong(n - 1);
}
static noinline void pong(int n) { ping(n - 1); }

// Entered by a jump.
static noinline void jumped(int a, int b) { CLOBBER(); ping(30); CLOBBER(); }
static noinline void jumps(int x) { jumped(x + 1, 99); }

struct pair { long first, second; };

static noinline int outer(int a, long b, int c, struct pair *p, const char *text) {
	CLOBBER();
	jumps(11);
	CLOBBER();
	return 1;
}

// What it passes on is what it was called with: its caller tells.
static noinline int passes(int a, const char *text) {
	struct pair p = {a, 2};
	int got = outer(a, a + 1000000000000L, 7, &p, text);
	CLOBBER();
	return got + p.first;
}

void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	int v = number;
	__asm__ volatile("" : "+r"(v));
	v += passes(v * 3, "text");
	__asm__ volatile("" :: "r"(v));
	__builtin_trap();
}
