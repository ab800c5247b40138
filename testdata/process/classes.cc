// What C++ has and C has not.
namespace outer {
inline namespace v1 {
struct Inline { int in; };
int inline_variable = 11;
}
namespace {
struct Hidden { int hidden; };
int hidden_variable = 12;
}
namespace inner {
enum class Colour : unsigned char { red = 1, green = 2 };
enum Plain { plain_a = 5, plain_b };
struct Nested {
	struct Deep { int deep; };
	Deep d;
	static int count;
	static constexpr int limit = 17;
};
int Nested::count = 13;
}
template <typename T, int N> struct Box { T values[N]; };
}

struct Base { int b = 1; };
struct Other { int o = 2, b = 3; };
struct Single : Base { int s = 4; };
struct Both : Base, Other { int x = 5; };
struct Own : Base, Other { int b = 6; }; // hides those of the base classes
struct Empty {};
struct WithEmpty : Empty, outer::Box<short, 2> { int e = 7; };

struct Root {
	int root = 8, hides = 9;
	virtual int f() { return root; }
};
struct Left : virtual Root { int left = 10, hides = 11; }; // Root's hides is hidden where there is a Left
struct Right : virtual Root { int right = 12; };
struct Diamond : Left, Right { int bottom = 13; };
struct First { virtual int g() { return 1; } };
struct Holder : First { Left left; Diamond inside; };
struct Two : Right { int two = 14; };
struct Twice : Two, Diamond { int twice = 15; }; // two of Right

outer::Box<int, 3> box = {{1, 2, 3}};
outer::inner::Colour colour = outer::inner::Colour::green;
outer::inner::Plain plain = outer::inner::plain_b;
outer::inner::Nested nested = {{10}};
outer::inner::Nested::Deep deep = {21};
outer::Inline inlined = {22};
__attribute__((used)) outer::Hidden hidden = {23};
Single single;
Both both;
Own own;
WithEmpty with_empty;
Diamond diamond;
Holder holder;
Twice twice;
Root *root = &diamond;
Left *left_of = &diamond;
int Base::*member_pointer = &Base::b;
int Both::*member_pointer2 = &Both::x;
int Base::*no_member = nullptr;
int (Root::*method_pointer)() = &Root::f;
int &reference = outer::hidden_variable;
decltype(nullptr) null = nullptr;

static void stop(const outer::Box<int, 3> &box, Both &&both) {
	asm volatile("" :: "r"(&box), "r"(&both));
	__builtin_trap();
}

namespace outer {
namespace inner {
template <typename T> struct Chain {
	T value;
	__attribute__((noinline)) int run(const Box<T, 3> &box) const { stop(box, static_cast<Both &&>(both)); return value; }
	static inline int inlined(const Chain &chain) { return chain.run(box) + 1; }
};
__attribute__((noinline)) int call(Chain<int> chain) { return Chain<int>::inlined(chain) + nested.count + nested.limit + inline_variable; }
}
}

int main() {
	outer::inner::Chain<int> chain = {31};
	auto lambda = [&](int n) __attribute__((noinline)) { return outer::inner::call(chain) + n; };
	asm volatile("" :: "r"(lambda(3)));
	__builtin_trap();
}

// The constructors that the C library would run.
extern "C" {
typedef void constructor();
extern constructor *__init_array_start[], *__init_array_end[];
asm(".globl _start\n_start: xor %ebp, %ebp\n and $-16, %rsp\n call start\n");
void start() {
	for (constructor **c = __init_array_start; c != __init_array_end; c++)
		(*c)();
	main();
}
}
