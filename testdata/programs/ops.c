/* What a C compiler makes of operators on operands of every pair of types: result.add_i_ul is left.i + right.ul, computed
 * by the compiler, which also gave it its type. See TestCompiledOperators. */
enum color { RED, GREEN = 5 };
enum sign { MINUS = -1, PLUS = 200 };

/* Name, type, value on the left, value on the right, count of bits to shift by. */
#define INTEGERS(X, ...) \
	X(b, _Bool, 1, 1, 1, __VA_ARGS__) X(c, char, 'a', 'c', 2, __VA_ARGS__) X(sc, signed char, -100, -7, 3, __VA_ARGS__) \
	X(uc, unsigned char, 200, 9, 4, __VA_ARGS__) X(s, short, -30000, -11, 5, __VA_ARGS__) X(us, unsigned short, 60000, 13, 6, __VA_ARGS__) \
	X(i, int, -2000000000, -17, 7, __VA_ARGS__) X(ui, unsigned, 4000000000u, 19, 8, __VA_ARGS__) X(l, long, -2000000001, -23, 9, __VA_ARGS__) \
	X(ul, unsigned long, -29ul, 31, 10, __VA_ARGS__) X(ll, long long, -0x123456789abcdef, -37, 11, __VA_ARGS__) \
	X(ull, unsigned long long, 0xfedcba9876543210, 41, 12, __VA_ARGS__) X(e, enum color, GREEN, GREEN, 13, __VA_ARGS__) \
	X(es, enum sign, MINUS, PLUS, 14, __VA_ARGS__)
#define FLOATS(X, ...) X(f, float, 1.5f, -43.25f, , __VA_ARGS__) X(d, double, -2.1, 47.3, , __VA_ARGS__)
#define INTEGERS_2(X, ...) \
	X(b, _Bool, 1, 1, __VA_ARGS__) X(c, char, 'c', 2, __VA_ARGS__) X(sc, signed char, -7, 3, __VA_ARGS__) X(uc, unsigned char, 9, 4, __VA_ARGS__) \
	X(s, short, -11, 5, __VA_ARGS__) X(us, unsigned short, 13, 6, __VA_ARGS__) X(i, int, -17, 7, __VA_ARGS__) X(ui, unsigned, 19, 8, __VA_ARGS__) \
	X(l, long, -23, 9, __VA_ARGS__) X(ul, unsigned long, 31, 10, __VA_ARGS__) X(ll, long long, -37, 11, __VA_ARGS__) \
	X(ull, unsigned long long, 41, 12, __VA_ARGS__) X(e, enum color, GREEN, 13, __VA_ARGS__) X(es, enum sign, PLUS, 14, __VA_ARGS__)
#define FLOATS_2(X, ...) X(f, float, -43.25f, , __VA_ARGS__) X(d, double, 47.3, , __VA_ARGS__)

#define MEMBER(n, T, ...) T n;
#define LEFT(n, T, left, right, count, ...) .n = left,
#define RIGHT(n, T, left, right, count, ...) .n = right,
#define COUNT(n, T, left, right, count, ...) .n = count,
struct numbers { INTEGERS(MEMBER) FLOATS(MEMBER) } left = { INTEGERS(LEFT) FLOATS(LEFT) }, right = { INTEGERS(RIGHT) FLOATS(RIGHT) };
struct counts { INTEGERS(MEMBER) } count = { INTEGERS(COUNT) };

/* Bit-fields, whose types depend on their widths. */
#define FIELDS(X) X(i3, int, 3, -2) X(i31, int, 31, -3) X(i32, int, 32, -4) X(u3, unsigned, 3, 5) X(u31, unsigned, 31, 6) \
	X(u32, unsigned, 32, 7) X(uc5, unsigned char, 5, 8) X(uc8, unsigned char, 8, 9) X(s9, short, 9, -10) X(b1, _Bool, 1, 1)
#define FIELD(n, T, bits, value) T n : bits;
#define FIELD_VALUE(n, T, bits, value) .n = value,
struct fields { FIELDS(FIELD) } fields = { FIELDS(FIELD_VALUE) };

#define DECLARE(name, value) __typeof__(value) name;
#define DEFINE(name, value) .name = value,
#define BINARY(U, T2, r, cnt, n, T, l, MAKE) \
	MAKE(add_##n##_##U, (T)(l) + (T2)(r)) MAKE(div_##n##_##U, (T)(l) / (T2)(r)) MAKE(lt_##n##_##U, (T)(l) < (T2)(r))
#define BITWISE(U, T2, r, cnt, n, T, l, MAKE) MAKE(and_##n##_##U, (T)(l) & (T2)(r)) MAKE(shr_##n##_##U, (T)(l) >> (T2)(cnt))
#define UNARY(n, T, l, r, cnt, MAKE) MAKE(neg_##n, -(T)(l))
#define BY_INTEGER(n, T, l, r, cnt, MAKE) UNARY(n, T, l, r, cnt, MAKE) MAKE(inv_##n, ~(T)(l)) \
	INTEGERS_2(BINARY, n, T, l, MAKE) FLOATS_2(BINARY, n, T, l, MAKE) INTEGERS_2(BITWISE, n, T, l, MAKE)
#define BY_FLOAT(n, T, l, r, cnt, MAKE) UNARY(n, T, l, r, cnt, MAKE) INTEGERS_2(BINARY, n, T, l, MAKE) FLOATS_2(BINARY, n, T, l, MAKE)
#define PROMOTED(n, T, bits, value) __typeof__(+fields.n) pos_##n;
#define PROMOTED_VALUE(n, T, bits, value) .pos_##n = value,
struct results {
	INTEGERS(BY_INTEGER, DECLARE) FLOATS(BY_FLOAT, DECLARE) FIELDS(PROMOTED)
} result = {
	INTEGERS(BY_INTEGER, DEFINE) FLOATS(BY_FLOAT, DEFINE) FIELDS(PROMOTED_VALUE)
};

int main(void) { return left.i + right.i + count.i + fields.i3 + result.neg_i; }
