// What two units of C++ share is moved by dwz; see build.
namespace lib {
inline namespace v1 {
class Thing { public: struct Part { int id; } part; Thing *next; int count() const; static int made; };
inline int Thing::count() const { return next ? 1 + next->count() : 1; }
enum Shape { ROUND, SQUARE };
}
namespace plain { struct Other { Thing thing; Shape shape; const char *text; }; }
}
lib::plain::Other NAME;
lib::Thing *first() __attribute__((weak));
lib::Thing *first() { return &NAME.thing; }
int FUNCTION() { return first()->count(); }
#ifdef MAIN
int lib::v1::Thing::made = 3;
int main() { return FUNCTION(); }
#endif
