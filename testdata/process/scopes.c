// Variables of the same names, in scopes within each other, that have ended, of functions that were inlined.
#define noinline __attribute__((noinline, noclone))
#define KEEP(x) __asm__ volatile("" :: "r"(x), "m"(x) : "memory")
#define LIVE(x) __asm__ volatile("" :: "r"(x))
typedef enum { SMALL = -2, LARGE = 70000 } size_kind;
static int total = 1;
static volatile int zero;

static noinline void crash(int depth, size_kind kind) {
	_Bool yes = depth > 2;
	KEEP(depth); KEEP(kind); KEEP(yes);
	__builtin_trap();
}

static inline __attribute__((always_inline)) int counted(int by) {
	static int total = 100; // not the one above
	int seen = total + by;
	KEEP(seen);
	total += by;
	if (by > 0) {
		int by = seen * 2; // hides the parameter
		double half = by / 2.5;
		KEEP(by); KEEP(half);
		crash(by - 203, LARGE);
		LIVE(half);
	}
	return seen;
}

static noinline int nested(int n, char letter, unsigned char byte, long long wide) {
	int x = n;
	{
		int ended = 5, x = 6;
		KEEP(ended); KEEP(x);
	}
	for (int i = 0; i < 3; i++) {
		int x = n * 10 + i;
		KEEP(x);
		if (i == 2) {
			long x = -7;
			short i = 9;
			KEEP(x); KEEP(i);
			x += counted(3);
			KEEP(x); KEEP(i);
		}
		KEEP(x);
	}
	{
		int later = 8;
		KEEP(later);
	}
	KEEP(x); LIVE(letter); LIVE(byte); LIVE(wide);
	return x;
}

void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	int (*volatile f)(int, char, unsigned char, long long) = nested;
	int got = f(zero + 1, 'c', 200, -5000000000LL) + total;
	KEEP(got);
	__builtin_trap();
}
