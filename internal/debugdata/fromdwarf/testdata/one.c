/* Thread-local variables for a machine whose debugging information does not say where they are: which symbol is whose. */
static __thread int alone = 1;
static __thread int both = 2;
__thread long global = 3;
__attribute__((visibility("hidden"))) __thread char hidden = 4;

__attribute__((noinline)) int first(int n)
{
	static __thread int twice = 5;
	static __thread short counted = 6;
	int lonely = n * 3; /* gone; in the other file it is thread-local */
	twice += n;
	counted += twice;
	return counted + alone++ + both++ + global++ + hidden++;
}

__attribute__((noinline)) int second(int n)
{
	static __thread int twice = 7;
	return twice += n;
}

int other(int n), same(int n), similar(int n);
void _start(void) { first(1); second(2); other(3); same(4); similar(5); }
