/* A process whose core lacks its constants and its code: their pages are as the file has them. */
const char *literal = "not in the core";
const int table[3] = {1, 2, 3};
const char *volatile moved = "moved"; /* a pointer that was written to */

int begin(void)
{
	moved = literal;
	return *(volatile int *)0 + table[moved[0] & 1];
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	and $-16, %rsp\n	call begin\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
