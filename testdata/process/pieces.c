// Variables that have no address, as compilers leave them: pointers to them, structures of which parts are gone, both in one.
#define noinline __attribute__((noinline, noclone, noipa))
#define inlined static inline __attribute__((always_inline))
#define KEEP(x) __asm__ volatile("" :: "r"(x))

struct point { int x; short y; char tag; int *to; };
struct deep { struct point *inner; long number; struct point whole; };

static noinline void deepest(int n) { KEEP(n); __builtin_trap(); }

inlined int sum(const struct point *p, int *extra) {
	int got = p->x + p->y + *extra;
	deepest(got);
	return got + p->x;
}

inlined int through(struct deep *d) {
	struct point *q = d->inner;
	int got = sum(q, q->to);
	return got + (int)d->number;
}

static noinline int pointers(int n) {
	int local = n + 100;
	struct point p = {n + 1, 7, 'k', &local};
	struct deep d = {&p, -5000000000L, {4, n, 'w', 0}};
	int got = through(&d);
	KEEP(n);
	return got;
}

// Of parts some are known, some not.
static noinline int parts(int a, long b) {
	struct { int kept; long gone; int constant; struct { char c; int a; } inner; } s = {a * 3, 0, 42, {'z', a}};
	int array[3] = {a, 5, a + 2};
	int *into = &array[1];
	s.gone = b * 7;
	int got = pointers(s.kept + *into);
	KEEP(s.kept); KEEP(s.inner.a); KEEP(array[2]);
	return got + s.constant;
}

void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	int n = 11;
	__asm__ volatile("" : "+r"(n));
	int got = parts(n, n + 5);
	KEEP(got);
	__builtin_trap();
}
