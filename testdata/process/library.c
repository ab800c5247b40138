/* A library without another library. */
struct pair { int first, second; };
struct pair pair = {3, 4};
int calls;
static int hidden = 5;

int library_call(int (*callback)(int), int n)
{
	struct pair local = {n, hidden};
	calls++;
	hidden++;
	return callback(n + 1) + local.first + local.second;
}
