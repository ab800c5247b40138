// Variables of the types that C++ adds; see Makefile.
namespace std { typedef decltype(nullptr) nullptr_t; }
extern "C" {
// What the compiler asks of a library.
void *__dso_handle;
void __cxa_pure_virtual() {}
int __cxa_atexit(void (*)(void *), void *, void *) { return 0; }
void *class_type_info[3] asm("_ZTVN10__cxxabiv117__class_type_infoE");
void *si_class_type_info[3] asm("_ZTVN10__cxxabiv120__si_class_type_infoE");
void *vmi_class_type_info[3] asm("_ZTVN10__cxxabiv121__vmi_class_type_infoE");
}
void operator delete(void *, __SIZE_TYPE__) {}
void operator delete(void *) {}

// Names.
namespace outer {
int depth = 1;
struct point { int x, y; };
point here = { 2, 3 };
namespace inner {
int depth = 4;
struct point { long x, y; };
point here = { 5, 6 };
}
namespace {
int hidden = 7;
}
inline namespace v1 { int versioned = 8; }
}
namespace { int hidden = 9; }
outer::inner::point there = { 10, 11 };

// Enumerated types.
enum class mode : unsigned char { off, on = 200 } mode_value = mode::on;
enum class signed_mode : short { minus = -300, plus = 300 } signed_mode_value = signed_mode::minus;
enum plain { FIRST, SECOND } plain_value = SECOND;

// Classes.
class shape {
public:
	shape(int id) : id(id) {}
	virtual ~shape() {}
	virtual int area() const { return 0; }
	enum kind { FLAT, ROUND };
	struct corner { char name; short angle; };
	static int count;
	int id;
protected:
	unsigned flags : 3 = 5;
private:
	bool open : 1 = true;
};
int shape::count = 12;
class square : public shape {
public:
	square(int id, int side) : shape(id), side(side) {}
	int area() const override { return side * side; }
	int side;
	corner corners[2] = { { 'a', 90 }, { 'b', -90 } };
	kind form = FLAT;
};
struct named { const char *name; int length; };
struct both : named, outer::point { double weight; };
struct empty {};
struct from_empty : empty { int i; };
struct plain_derived : both { char last; outer::inner::point p; };
square square_value(13, 14);
shape *shape_pointer = &square_value;
const square *square_pointer = &square_value;
both both_value = { { "both", 4 }, { 15, 16 }, 17.5 };
from_empty from_empty_value = { {}, 18 };
plain_derived plain_derived_value = { { { "derived", 7 }, { 19, 20 }, 21.25 }, 'z', { 22, 23 } };
shape::corner corner_value = { 'c', 180 };
shape::kind kind_value = shape::ROUND;
struct mutable_members { mutable int i; const int c; volatile char v; } mutable_value = { 24, 25, 26 };
struct with_anonymous { int i; union { float f; unsigned bits; }; struct { char a, b; }; } with_anonymous_value = { 27, { 1.0f }, { 'p', 'q' } };

// Templates.
template <typename T, int N> struct array { T items[N]; static T sum; int size() const { return N; } };
template <typename A, typename B> struct pair { A first; B second; };
template <typename T> T variable = T(28);
array<int, 3> three = { { 29, 30, 31 } };
array<pair<char, double>, 2> pairs = { { { 'x', 32.5 }, { 'y', 33.5 } } };
pair<outer::point, array<bool, 2>> mixed = { { 34, 35 }, { { true, false } } };
template <bool B, char C, typename... Rest> struct more { int i; };
more<true, 'c', int, long> more_value = { 36 };
template <typename T> using pair_of = pair<T, T>;
pair_of<unsigned char> same = { 37, 38 };

// References.
int target = 39;
int &reference = target;
const outer::point &point_reference = outer::here;
struct with_reference { int &r; shape &s; } with_reference_value = { target, square_value };

// Other types that C lacks.
bool truth = true;
char8_t c8 = 0xe2;
char16_t c16 = 0x263a;
char32_t c32 = 0x1f600;
wchar_t wide = 0x263a;
char16_t text16[] = u"wide";
std::nullptr_t null = nullptr;
int (*function_pointer)(int) = [](int n) { return n + 1; };
auto lambda = [](int n) { return n + outer::depth; };
constexpr int constant = 40;
const double *constant_pointer = nullptr;
struct with_bits { long a : 40; unsigned char b : 5; mode m : 8; bool c : 1; } with_bits_value = { -41, 17, mode::on, true };

int main() {
	return lambda(variable<int>) + three.size() + hidden + outer::hidden + constant + reference + shape_pointer->area() + (int)variable<long>;
}
