package attach_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/explain"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/mem"
)

// A hurt is what a dump has in place of a part of the kernel's memory, from one symbol to another: nothing if the data is nil.
type hurt struct {
	from, to string
	change   func(data []byte) []byte // nil: the pages were left out
}

// openHurt opens the bundled core where no file of its kernel is found but those in directories, with parts of its memory left out or
// changed.
func openHurt(t *testing.T, hurts []hurt, dirs ...string) (*drgn.Program, error) {
	t.Helper()
	full := open(t)
	p := drgn.New(arch.Platform{})
	t.Cleanup(func() { p.Close() }) // was only read
	if err := attach.SetCore(p, filepath.Join(fixture, "vmcore")); err != nil {
		t.Fatal(err)
	}
	for _, h := range hurts {
		first, end := must(full.Symbol(h.from)).Address, must(full.Symbol(h.to)).Address
		seg := mem.Segment{Min: first, Max: end - 1, Read: func(_ []byte, address, _ uint64, _ bool) error {
			return &mem.FaultError{Message: "page is not in the dump", Address: address}
		}}
		if h.change != nil {
			seg = mem.BytesSegment(first, h.change(must(full.Read(first, end-first, false))), false)
		}
		if err := p.Memory().Add(seg); err != nil {
			t.Fatal(err)
		}
	}
	o := p.DebugInfoOptions()
	o.Directories, o.KernelDirectories = nil, dirs
	p.SetDebugInfoOptions(o)
	return p, p.LoadDebugInfo(context.Background(), drgn.LoadDebugInfo{Default: true})
}

// typesOnly writes a vmlinux of the bundled kernel that has BTF and a build ID, and nothing else.
func typesOnly(t *testing.T) (dir string) {
	t.Helper()
	full := open(t)
	first, end := must(full.Symbol("__start_BTF")).Address, must(full.Symbol("__stop_BTF")).Address
	main := must(full.MainModule())
	f := &elftest.File{Is64: true, Type: elf.ET_EXEC, Machine: 62}
	f.Sections = []elftest.Section{
		{Name: ".BTF", Type: elf.SHT_PROGBITS, Data: must(full.Read(first, end-first, false))},
		{Name: ".note.gnu.build-id", Type: elf.SHT_NOTE, Data: f.Note(nil, "GNU", 3, main.BuildID())},
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "vmlinux"), f.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func zeros(from, to int) func([]byte) []byte {
	return func(data []byte) []byte {
		clear(data[from:min(to, len(data))])
		return data
	}
}

// A dump may lack what the kernel says of itself, or have a part of it only: the next place that has it is asked, and if there is none it
// is said what is wrong. No answer is wrong.
func TestHurtKernel(t *testing.T) {
	dir := typesOnly(t)
	btf := func(change func([]byte) []byte) []hurt { return []hurt{{"__start_BTF", "__stop_BTF", change}} }
	names := []hurt{{"kallsyms_names", "kallsyms_markers", nil}}
	for _, test := range []struct {
		name  string
		hurts []hurt
		dirs  []string
		types string // where they are from, or what is wrong
		ok    bool   // types are known
		named bool   // symbols are
	}{
		{"whole", nil, nil, "BTF of the kernel's memory", true, true},
		{"whole, and a file with types only", nil, []string{dir}, "BTF of the kernel's memory", true, true},
		{"BTF was left out", btf(nil), nil, "none: BTF of the kernel's memory can't be read: page is not in the dump", false, true},
		{"BTF was left out, a file has it", btf(nil), []string{dir}, "BTF of " + dir + "/vmlinux", true, true},
		{"BTF's types are zeros", btf(zeros(4096, 1<<30)), nil, "none: BTF of the kernel's memory", false, true},
		{"a page of BTF is zeros", btf(zeros(64<<10, 68<<10)), []string{dir}, "BTF of " + dir + "/vmlinux", true, true},
		{"BTF begins with something else", btf(zeros(0, 4)), []string{dir}, "BTF of " + dir + "/vmlinux", true, true},
		{"names were left out", names, nil, "none", false, false},
		{"names were left out, a file has types", names, []string{dir}, "BTF of " + dir + "/vmlinux", true, false},
		{"a page of names is zeros", []hurt{{"kallsyms_names", "kallsyms_markers", zeros(8192, 12288)}}, nil, "none", false, false},
		{"tokens are zeros", []hurt{{"kallsyms_token_table", "kallsyms_token_index", zeros(0, 1<<20)}}, nil, "none", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := openHurt(t, test.hurts, test.dirs...)
			var missing *drgn.MissingDebugInfoError
			if err != nil && !errors.As(err, &missing) && test.ok && test.named {
				t.Error(err)
			}
			r := explain.Program(p)
			if !strings.HasPrefix(r.Modules[0].Types, test.types) || test.ok != !strings.HasPrefix(r.Modules[0].Types, "none") {
				t.Errorf("types: %s", r.Modules[0].Types)
			}
			if named := !strings.HasPrefix(r.Modules[0].Symbols, "none: "); named != test.named {
				t.Errorf("symbols: %s", r.Modules[0].Symbols)
			}
			if typ, err := p.Type("struct task_struct"); (err == nil) != test.ok {
				t.Errorf("%v, %v", typ, err)
			}
			s, err := p.Symbol("schedule")
			if (err == nil) != test.named {
				t.Errorf("%v, %v", s, err)
			}
			if test.named {
				if want := must(open(t).Symbol("schedule")); s.Address != want.Address {
					t.Errorf("%+v, want %+v", s, want)
				}
			}
			if test.ok && test.named {
				if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
					t.Errorf("%s, %v", comm, err)
				}
			}
			if missing != nil {
				if k := must(linux.Of(p)); test.named {
					if without, ok := k.Without(missing); !ok || !strings.HasPrefix(without.Types, test.types) {
						t.Errorf("%v, %v", without, ok)
					}
				} else if !strings.Contains(missing.Error(), "the kernel's own table of symbols can't be read") {
					t.Error(missing)
				}
			}
		})
	}
}

// Where the ORC tables were left out of a dump, a stack ends with an error that says so: frame pointers, which the kernel does not keep,
// would lead elsewhere.
func TestHurtORC(t *testing.T) {
	p, err := openHurt(t, []hurt{{"__start_orc_unwind", "__stop_orc_unwind", nil}})
	var missing *drgn.MissingDebugInfoError
	if !errors.As(err, &missing) {
		t.Fatal(err)
	}
	trace, err := p.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	if trace.Err == nil || !strings.Contains(trace.Err.Error(), "not in the dump") || trace.Len() != 1 || trace.Frame(0).Name() != "__schedule" {
		t.Errorf("%v\n%v", trace, trace.Err)
	}
}

// Functions that objtool leaves out of the ORC tables, such as __crash_kexec, in which a thread that has panicked is found, are unwound by
// their instructions: the stack is that of the whole tables.
func TestUntoldByORC(t *testing.T) {
	whole, _ := openHurt(t, nil)
	first := must(whole.Symbol("__start_orc_unwind_ip")).Address
	// each calls back for the entries of some functions: its number, and where the function begins
	each := func(do func(i int, start uint64)) {
		ips := must(whole.Read(first, must(whole.Symbol("__stop_orc_unwind_ip")).Address-first, false))
		for _, name := range []string{"__schedule", "schedule", "do_wait", "kernel_wait4"} {
			s := must(whole.Symbol(name))
			for i := 0; i < len(ips); i += 4 {
				at := first + uint64(i) + uint64(int64(int32(binary.LittleEndian.Uint32(ips[i:]))))
				if at >= s.Address && at < s.Address+s.Size {
					do(i/4, s.Address)
				}
			}
		}
	}
	p, _ := openHurt(t, []hurt{
		{"__start_orc_unwind", "__stop_orc_unwind", func(entries []byte) []byte {
			each(func(i int, _ uint64) { clear(entries[i*6:][:6]) })
			return entries
		}},
		{"__start_orc_unwind_ip", "__stop_orc_unwind_ip", func(ips []byte) []byte {
			each(func(i int, start uint64) { binary.LittleEndian.PutUint32(ips[i*4:], uint32(start-first-uint64(i*4))) })
			return ips
		}},
	})
	want, got := must(whole.StackTrace(1)), must(p.StackTrace(1))
	if want.Err != nil || got.Err != nil || got.String() != want.String() || got.Len() < 8 || !strings.Contains(got.String(), " kernel_wait4+0x") {
		t.Errorf("%v\n%v, want\n%v\n%v", got, got.Err, want, want.Err)
	}
}

// Who names a file that has nothing but the kernel's BTF has the types of it, and symbols and variables as without it.
func TestNamedBTF(t *testing.T) {
	full := open(t)
	first, end := must(full.Symbol("__start_BTF")).Address, must(full.Symbol("__stop_BTF")).Address
	f := files{t, t.TempDir()}
	core, btf := f.write("vmcore", read(t, "vmcore")), f.write("vmlinux.btf", must(full.Read(first, end-first, false)))
	p, _, err := attachTo(core, attach.Options{Symbols: []string{btf}, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	if r := explain.Program(p).Modules[0]; r.Types != "BTF of the debug file" {
		t.Errorf("types: %s", r.Types)
	}
	if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
		t.Errorf("%s, %v", comm, err)
	}
	if got, want := must(p.Symbol("schedule")).Address, must(full.Symbol("schedule")).Address; got != want {
		t.Errorf("schedule is at %#x, want %#x", got, want)
	}
	if trace := must(p.StackTrace(1)); trace.Err != nil || trace.Len() < 8 {
		t.Errorf("%v, %v", trace, trace.Err)
	}
}
