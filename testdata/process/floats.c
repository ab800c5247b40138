// Numbers that are in wide registers, and such as few machines have.
typedef float vector __attribute__((vector_size(16)));
typedef double wide __attribute__((vector_size(32)));
typedef int pair __attribute__((vector_size(8)));
#define noinline __attribute__((noinline, noclone, noipa))

volatile _Float16 half[] = {1.5f16, -0.0f16, 65504.0f16, 5.9604644775390625e-08f16};
float single[] = {1.5f, -3.4028235e38f, 1e-45f, 0.1f};
double twice[] = {1.5, 0.1, 5e-324};
long double extended[] = {1.5L, 0.1L, -1.18973149535723176502e+4932L, 3.6e-4951L};
_Float128 quadruple[] = {1.5F128, 0.1F128, -1.18973149535723176508575932662800702e+4932F128, 6e-4966F128};
__float128 gnu = 0.3Q;
_Complex float complex_single = 1.5f + 2.5fi;
_Complex double complex_double[] = {1.5 - 0.1i};
_Complex long double complex_extended = 1.5L + 0.1Li;
struct { int before; _Complex double c; long double l; int after; } mixed = {1, 2 + 3i, 4, 5};
vector four = {1, 2, 3, 4.5f};
pair ints = {-1, 2};
float infinite[] = {__builtin_inff(), -__builtin_inff(), __builtin_nanf("")};
long double infinite_extended[] = {__builtin_infl(), -__builtin_infl(), __builtin_nanl("")};
volatile float f = 0.1f;
volatile double d = 1e100;
volatile vector v = {5, 6, 7, 8};

static noinline int held(float a, double b, vector c) {
	float sum = a * 2;
	double product = b * 3;
	vector more = c + c;
	__asm__ volatile("" : "+x"(sum), "+x"(product), "+x"(more), "+x"(a), "+x"(b), "+x"(c));
	__asm__ volatile("ud2" :: "x"(sum), "x"(product), "x"(more), "x"(a), "x"(b), "x"(c));
	return sum + product + more[0] + a + b + c[1];
}

static noinline int caller(float kept) {
	double gone = kept * 2.0; // in a register that held does not keep
	int n = held(f, d, v);
	return n + gone;
}

void _start(void) {
	half[0] = 1.5f16; // so that the page is saved
	__asm__ volatile("and $-16, %rsp");
	__asm__ volatile("" :: "r"(caller(f)));
	__builtin_trap();
}
