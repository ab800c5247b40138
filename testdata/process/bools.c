/* Truth values that are kept as expressions only, in a process that crashes. */
struct pair {
	_Bool truth;
	int n;
};

static __attribute__((noipa)) int bools(_Bool yes, _Bool no, int n, volatile int *where)
{
	_Bool not_yes = !yes;
	_Bool not_no = !no;
	_Bool both = yes & !no;
	_Bool large = n > 100;
	_Bool array[2] = {!no, !yes};
	struct pair pair = {!yes, 2 * n}, copy = pair;
	int got = *where;
	asm volatile("" : : "r"(yes), "r"(no), "r"(n));
	return got + not_yes + not_no + both + large + array[0] + pair.n + copy.truth;
}

int begin(void)
{
	return bools(1, 0, 200, 0);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	and $-16, %rsp\n	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
