/* A relocatable file such as a kernel module: code and data in sections that are loaded apart from each other. */
#define SECTION(name) __attribute__((section(name)))

int total;
static int seen[4] = {1, 2, 3, 4};
int gone SECTION(".init.data") = 6;
int counter SECTION(".data..percpu") = 5;
int *const pointer = &seen[2];

static inline __attribute__((always_inline)) int twice(int x)
{
	int doubled = 2 * x;
	total += doubled;
	return doubled;
}

int work(int n)
{
	int sum = twice(n);
	seen[n & 3] = sum;
	return sum + total;
}

SECTION(".init.text") int start(int first)
{
	int result = twice(first);
	return result + seen[1] + gone;
}
