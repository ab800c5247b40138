// Static members of classes, and names with letters beyond ASCII; see Makefile.
namespace ns {
struct base { static int shared; int z; };
int base::shared = 77;
class shape : public base {
public:
	static int count;
	static const int limit = 5;
	static constexpr long big = 1L << 40;
	inline static int own = 9;
	static shape *all[2];
	int id;
};
int shape::count = 12;
shape *shape::all[2];
template<class T> struct box { static T value; T t; };
template<class T> T box<T>::value = 3;
struct other { static int shared; };
int other::shared = 78;
}
ns::shape s = {{1}, 2};
ns::shape *p = &s;
ns::box<long> b;
struct both : ns::base, ns::other { int q; } two;

ns::shape *nothing;
struct hides : ns::base { static int shared; } h;
int hides::shared = 79;

struct été$ { int größe; static int Ñ; } 木 = {4};
int été$::Ñ = 6;
int $dollar = 7;

extern "C" long _start() { return ns::box<long>::value + ns::shape::own + ns::shape::big; }
