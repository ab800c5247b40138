package dwarf

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/dwarf/expr"
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
func (preserved) EntryValue(uint64, expr.Argument) (uint64, error) {
	return 0, &expr.UnavailableError{Reason: "the value at the function's entry is not known"}
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
				if _, _, ok := at.Address(func() (uint64, error) { return 0, errors.ErrUnsupported }); !ok {
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

func TestLocationLists(t *testing.T) {
	for _, big := range []bool{false, true} {
		length := func(n byte) []byte {
			if big {
				return []byte{0, n}
			}
			return []byte{n, 0}
		}
		v4 := slices.Concat(w(big, 0x10, 0x20), length(1), []byte("a"), w(big, 0xffffffff, 0x4000), w(big, 0, 0x10), length(2), []byte("bb"),
			w(big, 8, 0x18), length(0), w(big, 0x18, 0x20), length(1), []byte("d"), w(big, 0, 0))
		v5 := slices.Concat([]byte{lleGNUViewPair, 3, 4, lleOffsetPair, 0x10, 0x20, 1, 'a'},
			[]byte{lleBaseAddress}, w(big, 0x4000), []byte{lleOffsetPair, 0, 0x10, 2, 'b', 'b', lleOffsetPair, 8, 0x18, 0},
			[]byte{lleStartEnd}, w(big, 0x4018, 0x4020), []byte{1, 'd'},
			[]byte{lleStartxEndx, 0, 1, 1, 'e', lleStartxLength, 1, 8, 1, 'f', lleBaseAddressx, 2, lleOffsetPair, 0, 4, 1, 'g'},
			[]byte{lleStartLength}, w(big, 0x8000), []byte{0x10, 1, 'h'})
		standard := slices.Concat(v5, []byte{lleDefaultLocation, 1, 'z', lleEndOfList})
		v5 = append(v5, lleEndOfList)
		in4 := map[uint64]string{0x1010: "a", 0x101f: "a", 0x1020: "-", 0x4000: "bb", 0x400f: "bb", 0x4010: "", 0x4017: "", 0x4018: "d", 0x4020: "-"}
		in5 := map[uint64]string{0x5000: "e", 0x5fff: "e", 0x6000: "f", 0x6008: "-", 0x7003: "g", 0x7004: "-", 0x8000: "h", 0x8010: "-"}
		for pc, code := range in4 {
			in5[pc] = code
		}
		for _, tt := range []struct {
			name    string
			version uint8
			v       Value
			data    []byte
			want    map[uint64]string
		}{
			{"v4", 4, Value{Form: FormSecOffset}, v4, in4},
			{"v2", 2, Value{Form: FormData4}, v4, in4},
			{"v5", 5, Value{Form: FormSecOffset}, v5, in5},
			{"loclistx", 5, Value{Form: FormLoclistx, u: 1}, slices.Concat(make([]byte, 12), w(big, 0, 8), v5), in5},
			{"default", 5, Value{Form: FormSecOffset}, standard, map[uint64]string{0x1010: "a", 0x4010: "", 1: "z", 0x9000: "z"}},
			{"cut", 5, Value{Form: FormSecOffset}, v5[:7], map[uint64]string{0x1010: "!1 bytes wanted"}},
			{"cut", 4, Value{Form: FormSecOffset}, v4[:10], map[uint64]string{0x1010: "!1 bytes wanted"}},
			{"no end", 4, Value{Form: FormSecOffset}, v4[:11], map[uint64]string{0x1010: "a", 0x4000: "!4 bytes wanted"}},
			{"bad kind", 5, Value{Form: FormSecOffset}, []byte{10, 0}, map[uint64]string{1: "!unknown kind 0xa"}},
			{"expression", 5, Value{Form: FormExprloc, b: []byte("x")}, nil, map[uint64]string{1: "x"}},
		} {
			u := listUnit(tt.version, big, Sections{Loc: tt.data, LocLists: tt.data})
			tt.v.unit = u
			for pc, want := range tt.want {
				code, ok, err := u.locationAt(tt.v, pc)
				if want, bad := strings.CutPrefix(want, "!"); bad {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%s, big %t, %#x: %q, %v", tt.name, big, pc, code, err)
					}
				} else if err != nil || ok != (want != "-") || ok && string(code) != want {
					t.Errorf("%s, big %t, %#x: %q, %t, %v; want %q", tt.name, big, pc, code, ok, err, want)
				}
			}
		}
	}
}
