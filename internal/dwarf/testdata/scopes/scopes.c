/* Functions in functions, blocks in blocks: what scope_test.go looks up. See Makefile. */
extern int elsewhere(int);
int global = 4;
volatile int sink;
enum outside { OUTSIDE = 7 };

static inline __attribute__((always_inline)) int innermost(int a)
{
	static int kept = 3;
	const int constant = 42;
	int x = a * 3;
	for (int i = 0; i < x; i++) {
		int square = i * i;
		sink = square + kept + constant;
	}
	return x + sink;
}

static inline __attribute__((always_inline)) int middle(int a, int b)
{
	int sum = innermost(a) + b;
	if (sum > 10) {
		int sum = sink;
		sink = innermost(sum);
		return sum + 1;
	}
	return sum;
}

__attribute__((noinline)) int variadic(const char *format, ...)
{
	sink = format[0];
	return sink;
}

__attribute__((noinline)) int outer(int argument, char **list)
{
	enum { LOCAL_ONE = 1, LOCAL_TWO };
	extern int global;
	auto int nested(int);
	int n = argument + LOCAL_TWO;
	int nested(int q) { int inside = q * n; sink = inside; return inside + global; }

	if (argument) {
		int n = 99;
		volatile int w = n + global;
		for (int i = 0; i < 3; i++) {
			int before = i + w;
			sink = middle(i, nested(before));
		}
		int late = variadic("%d", w);
		sink = late;
	} else {
		struct { long a, b; } pair = { n, sink };
		sink = middle(n, pair.a);
		sink = pair.b;
	}
	return n;
}

__attribute__((cold)) static int unlikely(int n) { sink = n; return n; }

int split(int n)
{
	if (__builtin_expect(n > 1000, 0)) {
		int rare = unlikely(n);
		return rare * 2;
	}
	return n;
}

void _start(void)
{
	sink = outer(sink, 0) + split(sink);
	for (;;)
		;
}
