package dwarf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// listUnit returns a unit whose base address is 0x1000 and whose .debug_addr holds 0x5000, 0x6000, 0x7000.
func listUnit(version uint8, big bool, sec Sections) *Unit {
	f := &File{big: big}
	u := &Unit{File: f, Version: version, AddrSize: 4, OffSize: 4, from: &part{sec: &f.sec, skeleton: -1}}
	f.sec = sec
	for _, a := range []byte{0x50, 0x60, 0x70} {
		if big {
			f.sec.Addr = append(f.sec.Addr, 0, 0, a, 0)
		} else {
			f.sec.Addr = append(f.sec.Addr, 0, a, 0, 0)
		}
	}
	u.root.Do(func() { u.info = UnitInfo{LowPC: 0x1000, HasLowPC: true, HasAddrs: true} })
	return u
}

// w are words of four bytes.
func w(big bool, words ...uint32) (b []byte) {
	for _, v := range words {
		x := []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
		if big {
			slices.Reverse(x)
		}
		b = append(b, x...)
	}
	return b
}

func TestRangeLists(t *testing.T) {
	for _, big := range []bool{false, true} {
		v4 := slices.Concat(w(big, 0xdddd),
			w(big, 0x10, 0x20, 0x30, 0x30, 0xffffffff, 0x4000, 1, 2, 0xffffffff, 0, 0, 5, 0x100, 0x200, 0, 0, 7, 8))
		v5 := slices.Concat([]byte{0xdd, 0xdd, 0xdd, 0xdd},
			[]byte{rleOffsetPair, 0x10, 0x20, rleOffsetPair, 9, 9},
			[]byte{rleBaseAddress}, w(big, 0x4000), []byte{rleOffsetPair, 1, 0x82, 1},
			[]byte{rleBaseAddressx, 2, rleOffsetPair, 0, 4},
			[]byte{rleStartxEndx, 0, 1, rleStartxLength, 1, 8},
			[]byte{rleStartEnd}, w(big, 0x100, 0x200), []byte{rleStartLength}, w(big, 0x300), []byte{0x10},
			[]byte{rleBaseAddress}, w(big, 0xffffffff), []byte{rleOffsetPair, 0, 9}, // discarded
			[]byte{rleStartLength}, w(big, 0), []byte{9}, // discarded
			[]byte{rleStartLength}, w(big, 0xfffffffe), []byte{9}, // discarded
			[]byte{rleEndOfList, rleStartxEndx, 0, 1})
		indexed := slices.Concat(make([]byte, 12), w(big, 8, 11), v5[4:])
		want5 := "1010-1020 4001-4082 7000-7004 5000-6000 6000-6008 100-200 300-310"
		for _, tt := range []struct {
			name    string
			version uint8
			v       Value
			data    []byte
			want    string
		}{
			{"v4", 4, Value{Form: FormSecOffset, u: 4}, v4, "1010-1020 4001-4002 100-200"},
			{"v3 data4", 3, Value{Form: FormData4, u: 4}, v4, "1010-1020 4001-4002 100-200"},
			{"v5", 5, Value{Form: FormSecOffset, u: 4}, v5, want5},
			{"v5 rnglistx 0", 5, Value{Form: FormRnglistx, u: 0}, indexed, want5},
			{"v5 rnglistx 1", 5, Value{Form: FormRnglistx, u: 1}, indexed, strings.TrimPrefix(want5, "1010-1020 ")},
			{"cut", 4, Value{Form: FormSecOffset, u: 4}, v4[:16], "1010-1020: .debug_ranges+0x10: 4 bytes wanted, 0 left"},
			{"past the end", 4, Value{Form: FormSecOffset, u: 4000}, v4, ": .debug_ranges+0x0: offset 0xfa0 lies past the end (0x4c)"},
			{"bad kind", 5, Value{Form: FormSecOffset}, []byte{9}, ": .debug_rnglists+0x1: unknown kind 0x9 of range list entry"},
			{"bad index", 5, Value{Form: FormRnglistx, u: 1 << 60}, indexed, ": .debug_rnglists+0x0: list number 1152921504606846976 lies past the end"},
			{"bad address", 5, Value{Form: FormSecOffset}, []byte{rleStartxLength, 70, 1, 0}, ": .debug_rnglists+0x2: .debug_addr"},
			{"form", 5, Value{Form: FormString}, v5, ": .debug_info+0x0: list of form 0x8"},
		} {
			u := listUnit(tt.version, big, Sections{Ranges: tt.data, RngLists: tt.data})
			tt.v.unit = u
			var got []string
			budget := 100
			err := u.rangeList(tt.v, &budget, func(low, high uint64) bool {
				got = append(got, fmt.Sprintf("%x-%x", low, high))
				return true
			})
			s := strings.Join(got, " ")
			if err != nil {
				s += ": " + err.Error()
			}
			if !strings.HasPrefix(s, tt.want) || err == nil && s != tt.want {
				t.Errorf("%s, big %t: %s; want %s", tt.name, big, s, tt.want)
			}
		}
	}
}

func TestRangeBudget(t *testing.T) {
	u := listUnit(4, false, Sections{Ranges: slices.Concat(slices.Repeat(w(false, 1, 2), 10), w(false, 0, 0))})
	budget := 8
	if err := u.rangeList(Value{Form: FormSecOffset, unit: u}, &budget, func(low, high uint64) bool { return true }); err == nil {
		t.Error("no error")
	}
}

func TestSpans(t *testing.T) {
	s := spans{{low: 10, high: 100, of: 1}, {low: 20, high: 30, of: 2}, {low: 40, high: 41, of: 3}, {low: 40, high: 60, of: 4}, {low: 200, high: 300, of: 5}}
	s.sort()
	for pc, want := range map[uint64]uint64{9: 0, 10: 1, 19: 1, 20: 2, 29: 2, 30: 1, 40: 3, 41: 4, 59: 4, 60: 1, 99: 1, 100: 0, 199: 0, 200: 5, 299: 5, 300: 0} {
		if got, ok := s.find(pc); got != want || ok != (want != 0) {
			t.Errorf("%d is in %d, not %d", pc, got, want)
		}
	}
}

func FuzzRangeList(f *testing.F) {
	f.Add([]byte{rleOffsetPair, 0x10, 0x20, rleStartxEndx, 0, 1, rleEndOfList}, uint64(0), uint8(5), false)
	f.Add(w(true, 0x10, 0x20, 0xffffffff, 5, 1, 2, 0, 0), uint64(0), uint8(4), true)
	f.Fuzz(func(t *testing.T, data []byte, at uint64, version uint8, big bool) {
		version = 2 + version%4
		u := listUnit(version, big, Sections{Ranges: data, RngLists: data, Loc: data, LocLists: data})
		for _, form := range []Form{FormSecOffset, FormData4, FormRnglistx, FormLoclistx} {
			n := 0
			budget := maxRangeEntries
			v := Value{Form: form, u: at, unit: u}
			if err := u.rangeList(v, &budget, func(low, high uint64) bool {
				if n++; low >= high {
					t.Errorf("range %#x-%#x", low, high)
				}
				return true
			}); err == nil && n > len(data) {
				t.Errorf("%d ranges in %d bytes", n, len(data))
			}
			code, ok, err := u.locationAt(v, 0x1010)
			if err != nil && ok || len(code) > len(data) {
				t.Errorf("%d bytes of code, %t, %v", len(code), ok, err)
			}
		}
	})
}
