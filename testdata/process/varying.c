/* Structures with members whose lengths are known at run time only, an extension of GNU C, in a process that crashes. */
static __attribute__((noinline)) void use(void *p)
{
	asm volatile("" : : "r"(p) : "memory");
}

void *memcpy(void *to, const void *from, unsigned long n)
{
	void *p = to;
	asm volatile("rep movsb" : "+D"(p), "+S"(from), "+c"(n) : : "memory");
	return to;
}

static __attribute__((noinline)) void fill(char *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = 10 * i + 1;
}

static __attribute__((noipa)) int varying(int n, int m)
{
	struct middle {
		int n;
		char a[n];
		int b;
	} s, list[3], *to = &list[1];
	struct {
		char first;
		struct middle in;
		short two[n][m];
		char last;
	} outer;
	struct tail {
		int n;
		char a[n];
	} t, tails[2];
	struct __attribute__((packed)) {
		char a[n];
		long b;
	} packed[2];
	union {
		char a[n];
		short b;
	} u;
	for (int i = 0; i < 3; i++) {
		list[i].n = i;
		fill(list[i].a, n);
		list[i].b = 100 * i;
		packed[i % 2].b = 1000 * i;
		fill(packed[i % 2].a, n);
	}
	s = list[2];
	outer.first = 'f';
	outer.in = list[1];
	for (int i = 0; i < n * m; i++)
		outer.two[i / m][i % m] = i;
	outer.last = 'l';
	t.n = 7;
	fill(t.a, n);
	tails[0] = tails[1] = t;
	fill(u.a, n);
	use(&s), use(list), use(&to), use(&outer), use(&t), use(tails), use(packed), use(&u);
	typedef char row[n];
	/* The sizes of its types are in the frame of the function around it. */
	int __attribute__((noinline)) nested(struct middle *other)
	{
		row own;
		fill(own, n);
		use(own);
		return *(volatile int *)0 + other->b + own[1];
	}
	return nested(to) + s.b + list[1].b + outer.last + t.n + tails[1].n + u.b;
}

/* Of what GCC makes of it for this one argument, it does not say what the structure is. */
static __attribute__((noinline)) int cloned(int n)
{
	struct middle {
		int n;
		char a[n];
		int b;
	} c;
	static int calls = 41;
	calls++;
	fill(c.a, n);
	use(&c), use(&calls);
	return varying(n, 3) + c.b + calls;
}

int begin(void)
{
	return cloned(5);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	and $-16, %rsp\n	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
