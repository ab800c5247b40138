package dwarf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/dwarf/expr"
)

// known is a frame in which every register holds 0x1000 times its number, and every word of memory its address.
type known struct{}

func (known) Register(n uint64) (uint64, bool) { return 0x1000 * n, true }
func (known) CFA() (uint64, error)             { return 0x7ff0, nil }
func (known) EntryValue(uint64, expr.Argument) (uint64, error) {
	return 0, &expr.UnavailableError{Reason: "the value at the function's entry is not known"}
}
func (known) Read(buf []byte, at uint64) error {
	for i := range buf {
		buf[i] = byte((at + uint64(i)) &^ 7 >> (8 * ((at + uint64(i)) & 7)))
	}
	return nil
}

func describe(l Location) string {
	if l.Absence != Present {
		return fmt.Sprintf("absent: %s", l.Reason)
	}
	if a, _, ok := l.Address(func() (uint64, error) { return 0, errors.ErrUnsupported }); ok {
		return fmt.Sprintf("at %#x", a)
	}
	var s []string
	for _, p := range l.Pieces {
		s = append(s, fmt.Sprintf("%v %#x", p.Kind, p.Value))
	}
	if b, _, err := l.Bytes(32); err == nil && b != nil {
		s = append(s, fmt.Sprintf("= %d", binary.LittleEndian.Uint32(b)))
	}
	return strings.Join(s, " ")
}

// TestProgramLocals looks at what is in scope in the middle of scopes.c.
func TestProgramLocals(t *testing.T) {
	const optimized = "a register 0x5 = 20480; constant number 0x2a = 42; x register 0x2 = 8192; i number 0xffffffffffffffff = 4294967295; square register 0x1 = 4096"
	for _, tt := range []struct {
		program string
		pc      uint64
		source  string // of the pc, in scopes.c
		want    string
	}{
		// All variables of code that was not optimized lie below the CFA.
		{"v5-unoptimized", 0x401239, "52", "argument at 0x7f2c; list at 0x7f20; LOCAL_ONE; LOCAL_TWO; " +
			"global absent: declared here, defined elsewhere; nested; n at 0x7f50; n at 0x7fd8; w at 0x7f4c; late at 0x7fd4"},
		{"v5", 0x401058, "14", optimized},
		{"v4", 0x401058, "14", optimized},
		{"v2", 0x401058, "14", optimized},
		{"i386", 0x8049078, "14", "a register 0x5 = 20480; constant number 0x2a = 42; x register 0x2 = 8192; i number 0xffffffff = 4294967295; square register 0x6 = 24576"},
	} {
		f, _ := openProgram(t, tt.program)
		pc := tt.pc
		fns, err := f.Functions(pc)
		if err != nil {
			t.Fatal(err)
		}
		at, err := f.Sources(pc)
		if err != nil {
			t.Fatal(err)
		}
		if s := sourceText(at[0]); !strings.HasPrefix(s, "/src/scopes.c:"+tt.source) {
			t.Errorf("%s: %#x is at %s", tt.program, pc, s)
		}
		locals, err := fns[0].Locals()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range locals {
			s := l.Name
			if l.DIE.Tag == TagVariable || l.DIE.Tag == TagFormalParameter {
				at, err := l.DIE.Locate(pc, &fns[0], known{})
				if err != nil {
					t.Fatal(l.Name, err)
				}
				s += " " + describe(at)
			}
			got = append(got, s)
		}
		if g := strings.Join(got, "; "); g != tt.want {
			t.Errorf("%s, %#x:\n got %s\nwant %s", tt.program, pc, g, tt.want)
		}
	}
}

// TestAllLocations locates every local at every address of the programs, in a frame of which all is known and in none.
func TestAllLocations(t *testing.T) {
	for _, name := range programs {
		f, e := openProgram(t, name)
		text := e.Section(".text")
		n, present := 0, 0
		for pc := text.Addr; pc < text.Addr+text.Size; pc++ {
			fns, err := f.Functions(pc)
			if err != nil {
				t.Fatal(err)
			}
			for i := range fns {
				locals, err := fns[i].Locals()
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range locals {
					if l.DIE.Tag == TagEnumerator || l.DIE.Tag == TagSubprogram {
						continue
					}
					at, err := l.DIE.Locate(pc, &fns[i], known{})
					if err != nil {
						t.Fatalf("%s, %#x, %s: %v", name, pc, l.Name, err)
					}
					n++
					if at.Absence == Present {
						present++
					}
					if _, err = l.DIE.Locate(pc, nil, nil); err != nil {
						t.Fatalf("%s, %#x, %s without a frame: %v", name, pc, l.Name, err)
					}
				}
			}
		}
		if n == 0 || present < n/4 {
			t.Errorf("%s: %d of %d locals have a location", name, present, n)
		}
		t.Logf("%s: %d of %d locals have a location", name, present, n)
	}
}

// faulty is a frame whose memory is gone.
type faulty struct{ known }

func (faulty) Read(buf []byte, at uint64) error { return errors.New("gone") }

func TestFault(t *testing.T) {
	u := listUnit(5, false, Sections{})
	e := &evaluation{unit: u, frame: faulty{}}
	if _, err := expr.Locate(e.format(), e, []byte("\x30\x06")); err == nil || err.Error() != "gone" {
		t.Error(err)
	}
	if _, err := e.FrameBase(); err == nil {
		t.Error("frame base without a function")
	}
}
