// Functions that end with calls, which are jumps.
#define noinline __attribute__((noinline, noclone, noipa))
#define CLOBBER() __asm__ volatile("" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory")

static volatile int way;
static noinline void deepest(void) { __builtin_trap(); }

// Entered at the end of three jumps, of which there is no other way.
static noinline void end(int a, long b) { CLOBBER(); deepest(); CLOBBER(); }
static noinline void third(int a) { end(a + 1, 3); }
static noinline void second(int a) { third(a + 1); }
static inline __attribute__((always_inline)) void within(int a) { second(a + 1); }
static noinline void first(int a) { within(a + 1); }

// Two ways to the same place: only what both have in common is known.
static noinline void join(int a) { CLOBBER(); first(10); CLOBBER(); }
static noinline void meet(int a) { join(a + 1); }
static noinline void left(int a) { meet(a + 1); }
static noinline void right(int a) { meet(a + 2); }
static noinline void choose(int a) {
	if (way)
		left(a);
	else
		right(a);
}

// Nobody knows where this leads.
static noinline void hidden(int a) { CLOBBER(); choose(20); CLOBBER(); }
static void (*volatile pointer)(int) = hidden;
static noinline void through(int a) {
	if (way)
		hidden(a);
	else
		pointer(a);
}

// It may go round any number of times.
static noinline void last(int a) { CLOBBER(); through(30); CLOBBER(); }
static noinline void again(int a);
static noinline void around(int a) {
	if (a > 2)
		last(a);
	else
		again(a + 1);
}
static noinline void again(int a) { around(a); }

void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	around(1);
	CLOBBER();
	__builtin_trap();
}
