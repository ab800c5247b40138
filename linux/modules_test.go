package linux

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn/internal/debuginfo"
)

func TestMissingModules(t *testing.T) {
	other := []debuginfo.Tried{{Path: "/x/b.ko", Err: errors.New("has build ID 01; 02 is wanted")}}
	for _, test := range []struct {
		missing []missingModule
		want    string
	}{
		{[]missingModule{{name: "a"}}, "missing debugging symbols for kernel module a (name their directory with -s)"},
		{[]missingModule{{name: "a"}, {name: "b", files: other}}, "missing debugging symbols for 2 kernel modules: a, b (name their directory with -s)\n" +
			"  /x/b.ko: has build ID 01; 02 is wanted"},
		{[]missingModule{{name: "1"}, {name: "2"}, {name: "3"}, {name: "4"}, {name: "5"}, {name: "6"}, {name: "7"}, {name: "8"}, {name: "9"}},
			"missing debugging symbols for 9 kernel modules: 1, 2, 3, 4, 5, 6, 7, 8, ... (name their directory with -s)"},
	} {
		var all missingModules
		for i := range test.missing {
			if !all.add(&test.missing[i]) {
				t.Error("not taken for a missing module")
			}
		}
		if got := all.String(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
		if all.add(errors.New("other")) {
			t.Error("another error is taken for a missing module")
		}
	}
}
