// What the library of C++ keeps its elements in, one after another.
#include <initializer_list>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

static char heap[4096];
static std::size_t used;
void *operator new(std::size_t n) { void *p = heap + used; used += (n + 15) & ~15ul; return p; }
void operator delete(void *) noexcept {}
void operator delete(void *, std::size_t) noexcept {}
void *operator new(std::size_t n, std::align_val_t) { return operator new(n); }
void operator delete(void *, std::align_val_t) noexcept {}
#ifndef _LIBCPP_VERSION
namespace std {
[[noreturn]] void __throw_bad_alloc() { __builtin_trap(); }
[[noreturn]] void __throw_bad_array_new_length() { __builtin_trap(); }
[[noreturn]] void __throw_length_error(const char *) { __builtin_trap(); }
[[noreturn]] void __throw_logic_error(const char *) { __builtin_trap(); }
}
template class std::allocator<char>;
#endif
extern "C" {
void abort() noexcept { __builtin_trap(); }
void *memcpy(void *to, const void *from, std::size_t n) { for (std::size_t i = 0; i < n; i++) ((volatile char *)to)[i] = ((const char *)from)[i]; return to; }
void *memmove(void *to, const void *from, std::size_t n) { return memcpy(to, from, n); }
void *memset(void *to, int c, std::size_t n) { for (std::size_t i = 0; i < n; i++) ((volatile char *)to)[i] = c; return to; }
std::size_t strlen(const char *s) { std::size_t n = 0; while (((const volatile char *)s)[n]) n++; return n; }
}

struct Point { int x, y; };
typedef std::vector<Point> Points;

__attribute__((noinline)) void crash(const std::vector<int> &numbers, std::initializer_list<short> list, std::string_view view)
{
	Points points{{1, 2}, {3, 4}};
	std::vector<std::vector<char>> nested{{'a'}, {}, {'b', 'c'}};
	std::vector<bool> bits(3, true);
	std::vector<long> none;
	std::span<const int> span(numbers);
#ifndef _LIBCPP_VERSION // whose strings have their length in one of two places
	std::string text("no longer than it can hold in itself", 8), empty;
#else
	std::string_view text("no longer"), empty;
#endif
	std::u16string_view wide(u"wide");
	asm volatile("ud2" : : "r"(&points), "r"(&nested), "r"(&bits), "r"(&none), "r"(&span), "r"(&text), "m"(empty), "m"(wide), "m"(list), "m"(view) : "memory");
}

extern "C" void _start()
{
	asm("and $-16, %rsp");
	std::vector<int> numbers{1, 2, 3};
	crash(numbers, {7, -8}, "a view of text");
}
