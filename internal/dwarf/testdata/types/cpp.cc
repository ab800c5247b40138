// What C++ adds; see build.
namespace outer {
namespace inner {
struct point { int x, y; };
int depth = 3;
}
class Base { public: virtual ~Base() {} int base_member; static int count; };
int Base::count = 5;
class Derived : public Base { public: struct Nested { char c; } nested; int derived_member : 5; };
enum class Mode : unsigned char { Off, On };
enum Plain { FIRST, SECOND };
template <typename T, int N> struct Array { T items[N]; int size() const; };
template <typename T, int N> int Array<T, N>::size() const { return N; }
int function(inner::point &p, int &&r) { return p.x + r; }
}
namespace { int hidden = 4; }
void operator delete(void *, unsigned long) {}
namespace std { typedef decltype(nullptr) nullptr_t; }
outer::Derived derived;
outer::Mode mode = outer::Mode::On;
outer::Plain plain;
outer::Array<int, 3> three;
std::nullptr_t null;
extern "C" { void *__dso_handle; void __cxa_pure_virtual() {} int __cxa_atexit(void (*)(void *), void *, void *) { return 0; } void *vtable[3] asm("_ZTVN10__cxxabiv117__class_type_infoE"); void *si_vtable[3] asm("_ZTVN10__cxxabiv120__si_class_type_infoE"); }
int main() { outer::inner::point p{1, 2}; return outer::function(p, hidden + outer::inner::depth) + three.size(); }
