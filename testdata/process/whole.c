// Compiled twice, as PART 1 and 2, and optimized as a whole: each has an "own" of its own.
static volatile int own = 100 * PART;
int second(int n), leaf(int n);

#if PART == 1
__attribute__((noinline)) int leaf(int n) {
	own += n;
	if (own)
		__builtin_trap();
	return own;
}
void _start(void) {
	__asm__ volatile("and $-16, %rsp");
	own += second(own);
	__builtin_trap();
}
#else
static int third(int n) {
	own += n; // 302
	n = leaf(own - 297);
	return n + own;
}
__attribute__((noinline)) static int kept(int n) {
	n = third(n + 1);
	return n + own;
}
int second(int n) { // inlined in _start
	own++;
	return kept(n) + own;
}
#endif
