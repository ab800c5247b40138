// Values that the compiler keeps as expressions: sums of other types, of floating-point numbers, and of arguments that it has left out.
#define noinline __attribute__((noinline))
#define CLOBBER() __asm__ volatile("" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "memory")

struct pair { long first, second; };
static volatile int number = 6;
static volatile double half = 0.5;

static noinline void deepest(void) {
	if (number)
		__builtin_trap();
}

// The product is nowhere but in an expression; numbers of other sizes are converted.
static noinline int products(int n, unsigned short small) {
	long long product = n * 100000000000LL;
	unsigned long long bits = (unsigned long long)small << 40 | (unsigned)n;
	int third = n / 3 - 7;
	_Bool less = n < 7;
	CLOBBER();
	deepest();
	CLOBBER();
	return n + small + number;
}

// These are passed in registers that are used for something else, then nobody needs them.
static noinline int floats(double d, float f, int n) {
	double twice = d * 2;
	float less = f - 1;
	double sum = d + f;
	double converted = n;
	int whole = (int)d;
	number = (int)d + (int)f;
	CLOBBER();
	int got = products(n, 3);
	CLOBBER();
	return got + number;
}

// What isn't used is left out of the call.
static noinline int removed(struct pair *p, int unused, long added, double d) {
	long second = p->second, sum = added + 5;
	number++;
	int got = floats(half + 1, 2.25f, number - 1);
	CLOBBER();
	return got + number;
}

void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	struct pair p = {number, number + 1};
	int got = removed(&p, number * 2, 70, 3.5) + removed(&p, 13, 71, 4.5);
	__asm__ volatile("" :: "r"(got), "m"(p));
	__builtin_trap();
}
