package dwarf

import (
	"strings"
	"testing"
)

// preserved is a frame in which the registers that x86-64 functions preserve are known, as after a call.
type preserved struct{}

func (preserved) Register(n uint64) (uint64, bool) {
	switch n {
	case 3, 6, 7, 12, 13, 14, 15, 16:
		return 0x1000 * n, true
	}
	return 0, false
}
func (preserved) CFA() (uint64, error)             { return 0xffffa70ac0010000, nil }
func (preserved) Read(buf []byte, at uint64) error { return nil }

// TestLocals compares the names of locals in all frames, their order, and which are absent.
func TestLocals(t *testing.T) {
	f := openBiased(t)
	seen := 0
	for _, r := range refFrames(t) {
		fns, err := f.Functions(r.lookup())
		if err != nil {
			t.Fatal(err)
		}
		if len(fns) == 0 {
			if len(r.locals) != 0 {
				t.Errorf("%s has no function", r.name)
			}
			continue
		}
		fn := &fns[r.index]
		locals, err := fn.Locals()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range locals {
			found, ok, err := fn.Find(l.Name)
			if !ok || err != nil {
				t.Fatal(l.Name, err)
			}
			at, err := found.DIE.Locate(r.lookup(), fn, preserved{})
			if err != nil {
				t.Fatal(l.Name, err)
			}
			absence := at.Absence
			if absence == Present {
				if _, _, ok := at.Address(); !ok {
					if _, absence, err = at.Bytes(8); err != nil {
						t.Fatal(l.Name, err)
					}
				}
			}
			s := l.Name
			if absence != Present {
				s += " absent"
			}
			got = append(got, s)
			seen++
		}
		if g, w := strings.Join(got, ", "), strings.Join(r.locals, ", "); g != w {
			t.Errorf("pid %s, frame %d (%s):\n got %s\nwant %s", r.pid, r.n, r.name, g, w)
		}
	}
	if seen < 80 {
		t.Errorf("only %d locals", seen)
	}
	fns, err := f.Functions(refFrames(t)[0].lookup())
	if err != nil {
		t.Fatal(err)
	}
	// prev_state is __schedule's, into which context_switch was inlined.
	if _, ok, err := fns[0].Find("prev_state"); ok || err != nil {
		t.Errorf("found a variable of the function around: %v", err)
	}
}
