// Instances of templates.
template <class T> struct Box {
	T v;
	static T shared;
};
template <class T> T Box<T>::shared = T(5);
template <class T, int N> struct Row { T v[N]; };
template <class... T> struct Many { int n = sizeof...(T); };
template <template <class> class C, class T> struct Wrap { C<T> in; };
enum class E { a, b = 3 };
enum F { f0, f1 = 4 };
template <E e, bool b, char c, unsigned char d, unsigned long u, F f, long l, short s> struct Values { int x; };
namespace ns {
struct In { char c; };
template <class T, class U = int> struct Two {
	T t;
	U u;
	struct Inner { T again; };
};
}

Box<int> whole{7};
Box<float> real{2.5f};
Row<short, 2> shorts{{1, 2}};
Row<char, 4> chars{{'a', 'b', 'c', 'd'}};
Many<int, char *> many;
Many<> none;
Wrap<Box, int> wrap{{8}};
Values<E::b, true, 'x', 3, 5, f1, -3, 9> values{10};
ns::Two<Box<int>, const char *> two{{11}, nullptr};
ns::Two<unsigned char> byDefault{12, 13};
ns::Two<float, float>::Inner inner{1.5f};
Box<int (*)(char, ns::In &)> function;
Box<int (*)[3]> array;
Box<decltype(nullptr)> null;
Box<int ns::Two<int, int>::*> member;
Box<const volatile int *const *> qualified;

template <class T> __attribute__((noinline)) T get(Box<T> *box) {
	if (!box->v)
		return T();
	__builtin_trap();
	return box->v + Box<T>::shared;
}
extern "C" void _start() {
	__asm__ volatile("and $-16, %rsp");
	wrap.in.v = Box<int>::shared + (int)get(&real);
}
