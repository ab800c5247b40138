/* One source that is compiled twice, as UNIT 1 and UNIT 2, into one program. */
#if UNIT == 1
#define WEAK __attribute__((weak))
#define FN one
#define KIND char
int only_one = 11;
WEAK int limit = UNIT;
#else
#define WEAK
#define FN two
#define KIND long
int only_two = 22;
int limit = UNIT;
#endif

struct st {
	KIND v;
};
static int calls = 10 * UNIT;
static struct st s = {UNIT};

/* limit and hook of UNIT 2 replace those of UNIT 1, which stay in the program as dead code and data. */
WEAK int hook(int x)
{
	return x * UNIT;
}

int FN(int n)
{
	calls += n;
	s.v += n;
	return hook(calls) + limit;
}
