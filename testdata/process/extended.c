// Numbers of x87: what expressions of the compiler make of them, and those in its registers, which have 80 bits whatever their type.
#define noinline __attribute__((noinline, noclone, noipa))
volatile long double l = 2.0L, tenth = 0.1L;
volatile double d = 3.5;
volatile float f = 0.1f;
volatile int i = -7;
volatile unsigned u = 4294967295u;
volatile long long j = -9007199254740993LL;

static noinline int calculated(long double a, double b, float c, int n, unsigned m, long long k) {
	// What the compiler has not kept, but can be calculated.
	long double third = a / 3, half = 1 / a, sum = a + 1, tenths = a * 0.1L, negative = -a, less = a - 0.1L;
	long double of_int = n, of_float = c, of_double = b;
#ifdef __x86_64__
	long double of_unsigned = m, of_long = k;
#endif
	double rounded = third;
	float seventh = a / 7;
	long truncated = a * 10.75L;
	int below = a < 1, above = a >= 2;
	// What is in registers.
	long double three = l * tenth;
	double seven = d * 2;
	__asm__ volatile("" : "+t"(three), "+u"(seven));
	__asm__ volatile("ud2" :: "m"(a), "t"(three), "u"(seven));
	__asm__ volatile("" :: "t"(three), "u"(seven));
	d = seven;
	l = three;
	return 0;
}

void _start(void) {
	calculated(l, d, f, i, u, j);
}
