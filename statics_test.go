package drgn_test

import (
	"testing"

	"github.com/godrgn/drgn"
)

// Static members are found by their names and through objects of the class or of one derived from it. Those that only the class says
// the value of are constants. Arguments of templates may be written as another compiler does. Names may have '$' and letters beyond ASCII.
func TestStaticMembers(t *testing.T) {
	for _, file := range []string{"statics.gcc-O0-4", "statics.gcc-O0-5", "statics.clang-O0-4", "statics.clang19-O0-5"} {
		p := openProgram(t, "testdata/programs/"+file)
		for name, want := range map[string]string{
			"ns::shape::count": "(int)12", "ns::shape::limit": "(const int)5", "ns::shape::big": "(const long)1099511627776", "ns::shape::own": "(int)9",
			"ns::base::shared": "(int)77", "ns::box<long>::value": "(long)3", "ns::box<long int>::value": "(long)3", "été$::Ñ": "(int)6", "$dollar": "(int)7",
			"ns::shape::id": "", "ns::shape::shared": "", "shape::limit": "", "limit": "",
		} {
			o := p.Object(name)
			if got := o.String(); want != "" && got != want {
				t.Errorf("%s: %s is %s, want %s", file, name, got, want)
			} else if want == "" && !drgn.IsNotFound(o.Err()) {
				t.Errorf("%s: %s is %s, %v", file, name, got, o.Err())
			}
		}
		for _, x := range []struct{ object, member, want string }{
			{"s", "count", "(int)12"}, {"s", "limit", "(const int)5"}, {"s", "big", "(const long)1099511627776"}, {"s", "own", "(int)9"}, {"s", "shared", "(int)77"},
			{"p", "count", "(int)12"}, {"p", "id", "(int)2"}, {"b", "value", "(long)3"}, {"h", "shared", "(int)79"}, {"木", "größe", "(int)4"}, {"木", "Ñ", "(int)6"},
			{"nothing", "shared", "(int)77"},                            // there need be no object
			{"two", "shared", ""}, {"s", "nope", ""}, {"p", "nope", ""}, // of two base classes; none
		} {
			o := p.Object(x.object).Member(x.member)
			if got := o.String(); x.want != "" && got != x.want {
				t.Errorf("%s: %s.%s is %s, want %s", file, x.object, x.member, got, x.want)
			} else if x.want == "" && o.Err() == nil {
				t.Errorf("%s: %s.%s is %s, %v", file, x.object, x.member, got, o.Err())
			}
			if has := p.Object(x.object).HasMember(x.member); has != (x.want != "") {
				t.Errorf("%s: %s has %s: %v", file, x.object, x.member, has)
			}
		}
		for _, name := range []string{"struct été$ *", "ns::box<long> *", "ns::box< long int >"} {
			if _, err := p.Type(name); err != nil {
				t.Error(err)
			}
		}
	}
}
