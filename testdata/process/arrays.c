/* Arrays whose lengths are known at run time only, in a process that crashes. */
typedef int row[3];
typedef unsigned long word;

static __attribute__((noinline)) void use(void *p)
{
	asm volatile("" : : "r"(p) : "memory");
}

static __attribute__((noinline)) int arrays(int n, int m, int param[n][m])
{
	int one[n];
	short two[n][m];
	typedef int named[n];
	named typed;
	const row fixed[2] = {{1, 2, 3}, {4, 5, 6}};
	row mixed[n];
	int(*to)[n] = &one;
	for (int i = 0; i < n; i++) {
		one[i] = 10 * i;
		typed[i] = 100 * i;
		for (int j = 0; j < m; j++)
			two[i][j] = 10 * i + j;
		for (int j = 0; j < 3; j++)
			mixed[i][j] = 1000 * i + j;
	}
	use(one), use(two), use(typed), use((void *)fixed), use(mixed), use(to), use(param);
	return *(volatile int *)0 + param[1][2] + one[1] + two[1][1] + typed[0] + mixed[1][1] + (*to)[0];
}

int begin(void)
{
	int param[4][5];
	for (int i = 0; i < 20; i++)
		param[i / 5][i % 5] = i;
	return arrays(4, 5, param);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	and $-16, %rsp\n	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
