/* A program with one library and the dynamic linker: it crashes in a function that the library calls. */
extern int calls;
int library_call(int (*callback)(int), int n);

int answer = 41;
const char *const words[] = {"zero", "one", "two"};

static int callback(int n)
{
	answer = n;
	return *(volatile int *)8;
}

int main(void)
{
	answer++;
	return library_call(callback, answer) + calls;
}

asm(".globl _start\n.type _start, @function\n_start:\n	.cfi_startproc\n	.cfi_undefined rip\n	xor %ebp, %ebp\n"
    "	and $-16, %rsp\n	call main\n	hlt\n	.cfi_endproc\n.size _start, .-_start\n");
