/* Variables of every type that C has, each with a value that can't be mistaken for another; see Makefile. */
typedef __SIZE_TYPE__ size_t;
typedef __WCHAR_TYPE__ wchar_t;
typedef __CHAR16_TYPE__ char16_t;
typedef __CHAR32_TYPE__ char32_t;

/* Integers: the least, the greatest and one that shows the order of its bytes. */
char c_min = -128, c_max = 127, c_a = 'a';
signed char sc_min = -128, sc_max = 127;
unsigned char uc_max = 255, uc_value = 0x81;
short s_min = -32768, s_value = 0x1234;
unsigned short us_max = 0xffff, us_value = 0x1234;
int i_min = -2147483647 - 1, i_max = 2147483647, i_value = 0x12345678, i_minus = -2;
unsigned int ui_max = 0xffffffff, ui_value = 0x89abcdef;
long l_min = -__LONG_MAX__ - 1, l_max = __LONG_MAX__, l_value = 0x12345678;
unsigned long ul_max = ~0ul, ul_value = 0x89abcdef;
long long ll_min = -0x7fffffffffffffffLL - 1, ll_value = 0x123456789abcdef0;
unsigned long long ull_max = ~0ull, ull_value = 0xfedcba9876543210;
_Bool b_false = 0, b_true = 1;
size_t size_value = 0x1234;
wchar_t w_value = 0x263a;
char16_t c16_value = 0x263a;
char32_t c32_value = 0x1f600;
#ifdef __SIZEOF_INT128__
__int128 i128_value = ((__int128)0x123456789abcdef << 64) | 0xfedcba9876543210, i128_minus = -3;
unsigned __int128 u128_max = ~(unsigned __int128)0;
struct wide { char c; __int128 i; unsigned __int128 u[2]; } wide = { 1, -5, { 6, (unsigned __int128)7 << 100 } };
#endif

/* Floating-point numbers. */
float f_value = 1.5f, f_tenth = 0.1f, f_minus = -0.0f, f_least = 1.4e-45f, f_infinite = __builtin_inff();
double d_value = -2.25, d_tenth = 0.1, d_most = 1.7976931348623157e308, d_least = 4.9e-324, d_infinite = -__builtin_inf(), d_nan = __builtin_nan("");
long double ld_value = 3.125L, ld_tenth = 0.1L, ld_minus = -1e300L;
double d_array[2][2] = { { 1, 2 }, { 3, 4.5 } };

/* Enumerated types. */
enum color { RED, GREEN = 5, BLUE } color = BLUE;
enum sign { NEGATIVE = -1, POSITIVE = 200 } sign = NEGATIVE, no_name = (enum sign)7;
enum big { HUGE_ONE = 0xfffffffffffffff0ull, SMALL_ONE = 1 } big = HUGE_ONE;
enum small { TINY, MINI = 255 } __attribute__((packed)) small = MINI;
enum { LONELY = 17, ALONE = -18 } lonely = ALONE;
enum color colors[3] = { RED, GREEN, BLUE };

/* Bit-fields. */
struct bits {
	unsigned a : 1;
	unsigned b : 2;
	int c : 3;
	unsigned d : 26;
	unsigned long long e : 33;
	long long f : 31;
	_Bool g : 1;
	unsigned char h : 7;
	signed char i : 4;
	unsigned : 0;
	unsigned short j : 9;
	short k : 7;
	enum color l : 4;
	enum sign m : 12;
	int whole;
	int n : 32;
	unsigned : 5;
	unsigned o : 27;
	long long p : 64;
} bits = { 1, 2, -3, 0x2abcdef, 0x1fedcba98, -0x12345678, 1, 0x55, -7, 0x1a5, -33, GREEN, NEGATIVE, -99, -100, 0x5a5a5a5, -0x123456789abcdef };
struct __attribute__((packed)) packed_bits {
	unsigned a : 3;
	unsigned long long b : 61;
	unsigned c : 5;
	int d : 31;
	char e;
	unsigned long long f : 63;
	int g : 1;
} packed_bits = { 5, 0x1abcdef012345678, 21, -0x12345678, 'x', 0x7edcba9876543210, -1 };
union bit_union { unsigned low : 4; int whole; unsigned long long most : 60; } bit_union = { .most = 0xedcba9876543210 };
struct bits many_bits[2] = { [1] = { 0, 1, 2, 3, 4, 5, 0, 6, 7, 8, 9, RED, POSITIVE, 10, 11, 12, 13 } };

/* Structures and unions. */
struct point { int x, y; } point = { 1, -2 };
struct __attribute__((packed)) packed { char c; int i; short s; long long ll; double d; } packed = { 1, -2, 3, -4, 5.5 };
struct holes { char c; long long ll; char d; short s; char e; void *p; } holes = { 1, 2, 3, 4, 5, &point };
struct __attribute__((aligned(32))) aligned { int i; char c __attribute__((aligned(16))); } aligned[2] = { { 1, 2 }, { 3, 4 } };
struct nested { struct point a; struct { struct point b; int c; } inner; struct nested *self; } nested = { { 1, 2 }, { { 3, 4 }, 5 }, &nested };
struct anonymous {
	int first;
	union { int left; struct { short low, high; }; unsigned char bytes[4]; };
	struct { union { long long wide; double real; }; unsigned flag : 3, : 2, other : 4; };
	int last;
} anonymous = { 1, { 0x12345678 }, { { .real = 6.5 }, 5, 9 }, 7 };
union number { int i; float f; double d; unsigned char bytes[8]; struct point p; } number = { .d = 1.1 };
struct empty {} empty;
struct with_empty { struct empty e; int i; struct empty f[3]; char c; } with_empty = { .i = 77, .c = 7 };
#if defined(__GNUC__) && !defined(__clang__)
struct __attribute__((scalar_storage_order("big-endian"))) big_order { int i; short s[2]; unsigned a : 5, b : 11; double d; } big_order = { 0x12345678, { 1, 2 }, 17, 1025, 2.5 };
struct __attribute__((scalar_storage_order("little-endian"))) little_order { int i; short s[2]; unsigned a : 5, b : 11; double d; } little_order = { 0x12345678, { 1, 2 }, 17, 1025, 2.5 };
#endif

/* Arrays. */
int grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
struct point points[2][2] = { { { 1, 2 }, { 3, 4 } }, { { 5, 6 }, { 7, 8 } } };
short cube[2][1][3] = { { { 1, 2, 3 } }, { { 4, 5, 6 } } };
struct flexible { int n; struct point items[]; } flexible = { 2, { { 1, 2 }, { 3, 4 } } };
struct zero { int n; int none[0]; int last; } zero = { 1, {}, 2 };
char text[] = "text", escapes[] = "\a\b\f\n\r\t\v\\\"'?\x01\x7f\x80\xff", full[4] = "full", half[16] = "half\0hidden";
unsigned char unsigned_text[6] = "bytes";
signed char signed_text[] = "signs";
const char *string = "a string";
const char *const strings[] = { "one", "two", 0 };
wchar_t wide_text[] = L"wide \x263a";
char16_t text16[] = u"\xd83d\xde00";
char lines[2][4] = { "one", "two" };

/* Pointers, to data and to functions. */
int *pointer = &i_value, **pointer_2 = &pointer;
void *nothing = 0, *anything = &grid[1][1], *nowhere = (void *)0x1234;
int (*row)[3] = &grid[1];
struct declared *unknown = (struct declared *)&point;
static int twice(int n) { return 2 * n; }
static void stop(void) {}
int (*function)(int) = twice;
void (*function_2)(void) = stop;
int (*table[2])(int) = { twice, 0 };
typedef int (*callback_t)(struct nested *self, const char *format, ...);
static int callback(struct nested *self, const char *format, ...) { return self->a.x + *format; }
struct operations { callback_t call; int (*(*find)(int))(int); void (*stop)(void); } operations = { callback, 0, stop };
int (*(*pointer_to_table)[2])(int) = &table;

/* Qualifiers and typedefs. */
const int constant = 11;
volatile int changing = 12;
const volatile unsigned char both = 13;
int *const fixed = &i_value;
const char *restrict restricted = text;
const int constants[2] = { 14, 15 };
_Atomic int atomic = 16;
typedef struct point point_t;
typedef const point_t const_point_t;
typedef const_point_t two_points_t[2];
const_point_t typed = { 17, 18 };
two_points_t typed_2 = { { 19, 20 }, { 21, 22 } };
typedef enum color color_t;
typedef volatile color_t vcolor_t;
vcolor_t typed_color = GREEN;
typedef struct { int only; } only_t;
only_t only = { 23 };
typedef union { int i; char c[4]; } either_t;
either_t either[2] = { { 24 }, { .c = "abc" } };

/* Variables of one file and of one function. */
static int hidden = 25;
static const struct point hidden_point = { 26, 27 };
static const int folded = 28;

int main(void) {
	static int kept = 29;
	kept += hidden + folded + (int)(size_t)&hidden_point;
	return function(kept);
}
