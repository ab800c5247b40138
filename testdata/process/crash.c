/* A program of 32 bits that crashes. */
struct point { int x, y; };
struct point point = {1, 2};

static __attribute__((noinline)) int crashes(int depth)
{
	return depth ? crashes(depth - 1) + 1 : *(volatile int *)4 + point.y;
}

void begin(void)
{
	point.x = 3;
	point.x = crashes(2);
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined eip\n	xor %ebp, %ebp\n"
    "	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
