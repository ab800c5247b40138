#include <stdint.h>
namespace ns {
struct S { int a; static int count; enum class mode : unsigned char { on, off }; mode m; struct inner { long z; } in; typedef int alias; union U { int i; float f; } u; };
int S::count = 3;
int var = 7;
namespace deep { int var = 8; class K { public: K() : x(4) {} virtual ~K() {} int get() const { return x; } static const int konst = 9; protected: int x; }; }
inline namespace v1 { struct V { int v; }; int inl = 5; }
template <typename T> struct T1 { T t; struct inner { T it; }; static T stat; enum e { one = 1 }; };
template <typename T> T T1<T>::stat = 42;
template <int N, typename A, typename... R> struct T2 { A arr[N]; };
template <bool B, char C, unsigned U> struct T3 { int i; };
template <typename T> T tf(T x) { return x + 1; }
int f(int x) { return x * 2; }
int f(double x) { return (int)x; }
enum color { RED, GREEN = 5 };
enum class mode { on = 1, off };
}
namespace { struct hidden { int h; }; int hiddenvar = 6; namespace inanon { int deepvar = 11; } }
struct base { int b; virtual int vf() { return b; } };
struct derived : base, virtual ns::V { int d; using base::b; };
struct ops { int operator+(int x) { return x; } operator int() { return 1; } bool operator<(const ops &) const { return false; } int v; };
struct anon { union { int a; float b; }; struct { int c; } s; int bits : 3; bool flag : 1; mutable int mu; };
ns::S s; ns::deep::K k; ns::T1<int> ti; ns::T1<ns::T1<int> > tti; ns::T2<3, char, int, long> t2; ns::T3<true, 'a', 7u> t3; ns::V v; hidden hid; derived d; ops o; anon an;
ns::T1<ns::T1<int>::inner> tin; ns::T1<int>::inner tinn;
ns::color col = ns::GREEN; ns::mode md = ns::mode::off; ns::S::mode smd = ns::S::mode::off;
int &ref = ns::var; const int &cref = ns::var; int &&rref = 5;
int ns::S::*pm = &ns::S::a; int (base::*pmf)() = &base::vf;
int (*fp)(ns::S &, const ns::S &&, int) = nullptr;
bool bo = true; wchar_t wc = L'x'; char16_t c16 = u'y'; char32_t c32 = U'z'; decltype(nullptr) np = nullptr; long double ld = 1.5L; unsigned __int128 u128 = 5;
const volatile unsigned long cvul = 3; int arr[2][3]; int (*parr)[3] = arr; const char *str = "hi"; static int filestatic = 9;
constexpr int ce = 12; const int ci = 13;
extern "C" int cfunc(int a) { return a; }
auto lam = [](int x) { return x + 1; };
using U1 = ns::T1<int>; U1 ual; typedef ns::S S2; S2 s2;
int main() { static int instatic = 4; ns::f(1); ns::f(2.0); ns::tf(3); ns::tf(4L); cfunc(ce + ci); o + 1; ti.stat++; filestatic += hid.h + hiddenvar + inanon::deepvar; lam(instatic); ns::T1<int>::e x = ns::T1<int>::one; int &lref = instatic; return lref + x - x + k.get() + (int)ns::deep::K::konst; }
