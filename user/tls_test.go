package user_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

// tlsMachines are those of testdata/process/tls.
var tlsMachines = []string{"aarch64", "riscv64", "s390x", "ppc64le", "i386", "loongarch64"}

// openTLS opens the core of a machine in testdata/process/tls; change changes it, if it isn't nil.
func openTLS(t testing.TB, machine string, change func(*target.Core)) *drgn.Program {
	t.Helper()
	dir := filepath.Join(data, "tls", machine)
	core, err := target.Open(filepath.Join(dir, "core.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(core)
	}
	p := drgn.New(arch.Platform{})
	p.SetCacheDir("-")
	t.Cleanup(func() { p.Close() })
	if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
		t.Fatal(err)
	}
	starts := map[string]uint64{}
	for m, err := range p.LoadedModules() {
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(m.Name())
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			if err := m.TryFile(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if ranges, ok := m.Ranges(); ok {
			starts[name] = ranges[0].Min
		}
	}
	if err := p.RegisterSymbolFinder("glibc", glibcSymbols(t, filepath.Join(dir, "symbols.txt"), starts), drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	return p
}

// glibcSymbols finds the symbols of the C library and the dynamic linker, whose files are not here, by a list of them.
func glibcSymbols(t testing.TB, path string, starts map[string]uint64) drgn.SymbolFinder {
	t.Helper()
	list, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	symbols := map[string]drgn.Symbol{}
	for line := range strings.Lines(string(list)) {
		var file, name string
		var at uint64
		if _, err := fmt.Sscanf(line, "%s %x %s", &file, &at, &name); err != nil {
			t.Fatal(err)
		}
		symbols[name] = drgn.Symbol{Name: name, Address: starts[file] + at}
	}
	return func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
		if s, ok := symbols[q.Name]; ok {
			return []drgn.Symbol{s}, nil
		}
		return nil, nil
	}
}

// TestThreadLocals has the thread-local variables of a program, of a library that was there from its start, and of one that was loaded later,
// where its threads said that they have them (said.txt), in the cores of several machines.
func TestThreadLocals(t *testing.T) {
	for _, machine := range tlsMachines {
		t.Run(machine, func(t *testing.T) {
			p := openTLS(t, machine, nil)
			said, err := os.ReadFile(filepath.Join(data, "tls", machine, "said.txt"))
			if err != nil {
				t.Fatal(err)
			}
			threads := 0
			for line := range strings.Lines(string(said)) {
				words := strings.Fields(line)
				checkThread(t, p, words[0], words[1], words[2:])
				threads++
			}
			if threads != 3 {
				t.Errorf("%d threads said where their variables are", threads)
			}
		})
	}
}

// checkThread checks the variables of a thread, which said their names and addresses.
func checkThread(t *testing.T, p *drgn.Program, name, tid string, said []string) {
	f := reporting(t, p, tid)
	own := "11"
	if name == "early" {
		own = "10"
	}
	for variable, value := range map[string]string{"own": own, "shared": "2.5", "line": "20 21", "calls": "6", "early_first": "1", "early_pair": "2 3", "early_zeros": "0 0",
		"late_first": "1", "late_pair": "2 3", "late_zeros": "0 0"} {
		o := f.Object(variable)
		i := slices.Index(said, variable)
		if i < 0 { // a library that the thread has not used yet
			var wrong *drgn.ValueError
			if !errors.As(o.Err(), &wrong) || !strings.HasSuffix(o.Err().Error(), "those of ./liblate.so is not known: the thread has not used any of them yet") {
				t.Errorf("%s: %s: %v %v", name, variable, o, o.Err())
			}
			continue
		}
		if at, ok := o.Address(); !ok || fmt.Sprintf("%#x", at) != said[i+1] {
			t.Errorf("%s: %s is at %#x (%v), which the thread said is at %s", name, variable, at, o.Err(), said[i+1])
		}
		if got := parts(o); got != value {
			t.Errorf("%s: %s is %s, want %s", name, variable, got, value)
		}
	}
}

// parts returns the first and the last of an object's values.
func parts(o drgn.Object) string {
	var ends []drgn.Object
	switch {
	case o.HasMember("first"):
		ends = []drgn.Object{o.Member("first"), o.Member("second")}
	case o.HasMember("a"):
		ends = []drgn.Object{o.Member("a"), o.Member("b")}
	default:
		n, err := o.Len()
		if err != nil {
			return number(o)
		}
		ends = []drgn.Object{o.Index(0), o.Index(int64(n) - 1)}
	}
	return number(ends[0]) + " " + number(ends[1])
}

func number(o drgn.Object) string {
	if f, err := o.Float(); err == nil {
		return fmt.Sprint(f)
	}
	n, err := o.Int()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(n)
}

// reporting returns the frame of a thread, by its ID, in which it said where its variables are.
func reporting(t testing.TB, p *drgn.Program, tid string) drgn.StackFrame {
	t.Helper()
	for thread, err := range p.Threads() {
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(thread.TID) != tid {
			continue
		}
		trace, err := thread.StackTrace()
		if err != nil {
			t.Fatal(err)
		}
		for i := range trace.Len() {
			if f := trace.Frame(i); f.Name() == "report" {
				return f
			}
		}
	}
	t.Fatalf("thread %s is not in report", tid)
	return drgn.StackFrame{}
}

// FuzzThreadLocals looks for thread-local variables in cores that lie: the library's structures are glibc's, all over the memory.
func FuzzThreadLocals(f *testing.F) {
	for i := range tlsMachines {
		f.Add(uint8(i), uint64(0), uint64(0), uint16(8), []byte{})
		f.Add(uint8(i), uint64(3), uint64(0x10), uint16(8), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	}
	f.Fuzz(func(t *testing.T, machine uint8, segment, offset uint64, cut uint16, lie []byte) {
		p := openTLS(t, tlsMachines[int(machine)%len(tlsMachines)], func(c *target.Core) {
			s := c.Virtual[segment%uint64(len(c.Virtual))]
			if n := uint64(len(lie)); n > 0 && n < s.Max-s.Min {
				c.Virtual = append(c.Virtual, mem.BytesSegment(s.Min+offset%(s.Max-s.Min-n+1), lie, false))
			}
			for i := range c.Notes {
				if n := &c.Notes[i]; n.Name == "LINUX" {
					n.Desc = n.Desc[:min(len(n.Desc), int(cut))]
				}
			}
		})
		for thread, err := range p.Threads() {
			if err != nil {
				t.Fatal(err)
			}
			trace, err := thread.StackTrace()
			if err != nil || trace.Len() == 0 {
				continue
			}
			for _, name := range []string{"own", "early_first", "late_pair"} {
				if _, ok := trace.Frame(0).Object(name).Address(); ok && trace.Frame(0).Object(name).Err() != nil {
					t.Fatal("both an address and an error")
				}
			}
		}
	})
}
