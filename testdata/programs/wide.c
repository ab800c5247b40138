// Numbers that C23 adds; see Makefile.
#ifdef __clang__
_BitInt(5) b5 = -7;
unsigned _BitInt(5) u5 = 30;
_BitInt(64) b64 = -5;
_BitInt(65) b65 = -3;
unsigned _BitInt(100) u100 = ((unsigned _BitInt(100))0x123456789 << 64) | 0xfedcba9876543210;
_BitInt(128) b128 = -1;
struct { char before; _BitInt(17) x; _BitInt(9) field : 5; } in_struct = {1, -65000, -3};
_BitInt(37) array[] = {1, -2, 3};
#if __clang_major__ >= 19
_BitInt(200) b200 = -1234567890123456789012345678901234567890wb;
unsigned _BitInt(1000) u1000 = ((unsigned _BitInt(1000))1 << 999) | 5;
_BitInt(4000) huge[] = {-1, 7};
#endif
#else
#if __GNUC__ >= 14
_BitInt(5) b5 = -7;
unsigned _BitInt(5) u5 = 30;
_BitInt(65) b65 = -3;
unsigned _BitInt(100) u100 = ((unsigned _BitInt(100))0x123456789 << 64) | 0xfedcba9876543210;
_BitInt(200) b200 = -1234567890123456789012345678901234567890wb;
_BitInt(37) array[] = {1, -2, 3};
#endif
_Decimal32 d32[] = {1.5DF, -0.1DF, 9.999999E96DF, 1E-101DF, 0.DF, 1234567.DF, 1E3DF, 0.000001DF, 0.0000001DF, 0E5DF, 0E-3DF, 0E-9DF};
_Decimal64 d64[] = {1.5DD, -0.1DD, 9.999999999999999E384DD, 1E-398DD, 1.10DD, 8000000000000000.DD, 9007199254740993.DD};
_Decimal128 d128[] = {1.5DL, -0.1DL, 9.999999999999999999999999999999999E6144DL, 1E-6176DL, 123456789012345678901234567890.1234DL};
struct { int a; _Decimal64 b; _Decimal128 c; } in_struct = {1, 2.50DD, -7.0DL};
_Decimal64 infinite[] = {__builtin_infd64(), -__builtin_infd64(), __builtin_nand64(""), -__builtin_nand64("")};
#endif
void _start(void) {}
