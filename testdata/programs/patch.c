/* Functions that a tracer can patch, as the kernel's are for ftrace, and one that it can't. */
int plain(int x) __attribute__((patchable_function_entry(0)));

int plain(int x)
{
	return x + 1;
}

static __attribute__((noinline)) int traced(int x)
{
	return plain(x) + 2;
}

int (*pointer)(int) = traced;

int start(int x)
{
	return traced(x) + plain(x);
}
