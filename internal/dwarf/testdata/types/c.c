/* Types, variables and functions of every kind that C has; see build. */
typedef __SIZE_TYPE__ size_t;
typedef struct point { int x, y; } point_t;
struct declared;
union number { int i; float f; double d; unsigned char bytes[8]; };
enum color { RED, GREEN = 5, BLUE };
enum sign { NEGATIVE = -1, POSITIVE = 200 };
enum { LONELY = 17, ALONE = 18 };
enum big { HUGE_ONE = 0xfffffffffffffff0ull };
struct bits {
	unsigned a : 3;
	unsigned b : 9;
	int c : 20;
	unsigned long long d : 40;
	_Bool e : 1;
	unsigned char f : 4;
};
struct anonymous {
	int first;
	union { int left; struct { short low, high; }; };
	struct { int named_x; } inner;
};
struct flexible { int n; int zero[0]; int items[]; };
struct arrays { int grid[2][3]; point_t points[4]; char *names[2]; int none[0]; int last; };
struct self { struct self *next, **link; struct declared *d; };
typedef int (*callback_t)(struct self *s, const char *fmt, ...);
struct ops { callback_t call; void (*stop)(void); int (*table[3])(int); };
struct qualified { const volatile int cv; int *const cp; const char *restrict r; const int ca[2]; _Atomic int at; };

point_t origin = { 1, 2 };
static int counter = 3;
extern int shared_int;
int shared_int = 4;
const int grid[2][3];
struct bits bits;
struct anonymous anonymous;
struct flexible flexible = { 2, {}, { 1, 2 } };
struct arrays arrays;
struct self self;
struct ops ops;
struct qualified qualified;
union number number;
enum color color;
enum sign sign;
enum big big;
_Bool flag;
long double ld;
#ifdef __SIZEOF_INT128__
unsigned __int128 wide;
#endif
signed char sc;
unsigned char uc;
short sh;
unsigned short ush;
long long ll;
unsigned long long ull;
size_t sz;
__thread int per_thread;

static inline int twice(int n) { return 2 * n; }
int (*twice_address)(int) = twice;
int add(int a, const point_t *p, ...) { return a + p->x + twice(counter) + LONELY; }
static int unused_constant(void) { static const int c = 7; return c; }
void nothing(void) { counter += unused_constant(); }
int entry(void) { nothing(); return add(1, &origin); }
