static __thread int both = 8;

__attribute__((noinline)) int other(int n)
{
	static __thread int lonely = 9;
	lonely += n;
	return both += lonely;
}
