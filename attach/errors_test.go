package attach_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/types"
)

// said checks an error's type and that its text, one line or the first of them, holds some words.
func said[E error](t *testing.T, err error, words ...string) {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Errorf("got %T: %v; want %T", err, err, e)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// files writes files for a test.
type files struct {
	t   *testing.T
	dir string
}

func (f files) write(name string, data []byte) string {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
		f.t.Fatal(err)
	}
	return path
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(fixture, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// attachTo opens a core and returns what was warned of.
func attachTo(path string, o attach.Options) (p *drgn.Program, warnings []error, err error) {
	o.CacheDir = "-"
	o.Warn = func(err error) { warnings = append(warnings, err) }
	p, err = attach.Core(path, o)
	return p, warnings, err
}

func TestWrongFile(t *testing.T) {
	f := files{t, t.TempDir()}
	_, _, err := attachTo(filepath.Join(f.dir, "none"), attach.Options{})
	said[*fs.PathError](t, err, "none", "no such file")
	for path, what := range map[string]string{
		f.dir: "is a directory", f.write("empty", nil): "is an empty file", f.write("text", []byte("hello, this is no core")): "is in no format known here",
		filepath.Join(fixture, "vmlinux.zst"): "is an ELF executable or library",
	} {
		_, _, err := attachTo(path, attach.Options{})
		said[*target.FormatError](t, err, "not a core dump", path, what)
	}
}

func TestTruncatedCore(t *testing.T) {
	f := files{t, t.TempDir()}
	core := read(t, "vmcore")
	vmlinux := attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}}
	for _, n := range []int{10, 4096, 5000} {
		_, _, err := attachTo(f.write("vmcore", core[:n]), vmlinux)
		said[*bin.DecodeError](t, err, f.dir, "truncated")
	}
	for _, n := range []int{100000, len(core) / 2} {
		p, _, err := attachTo(f.write("vmcore", core[:n]), vmlinux)
		if err != nil {
			t.Fatal(err)
		}
		at, ok := p.Variable("init_task").Address()
		_, err = p.Variable("init_task").Member("comm").CString()
		said[*mem.FaultError](t, err, "init_task.comm", "truncated")
		var fault *mem.FaultError
		if !errors.As(err, &fault) || !ok || fault.Address < at || fault.Address > at+1<<16 {
			t.Errorf("fault at %#x; init_task is at %#x", fault.Address, at)
		}
		for _, err := range pid.ForEachTask(p, false) {
			said[*mem.FaultError](t, err, "truncated")
		}
	}
}

// TestNoPhysBase opens the dump as a kernel before v4.10 would have written it: VMCOREINFO does not say phys_base. The sub-header of
// the file does, unless QEMU has written it, which says 0 for such a kernel, wherever it lies; VMCOREINFO says where the variable is.
func TestNoPhysBase(t *testing.T) {
	core := bytes.Replace(read(t, "vmcore"), []byte("NUMBER(phys_base)"), []byte("NUMBER(phys_none)"), 1)
	right := binary.LittleEndian.Uint64(core[4096:])
	variable, err := open(t).Symbol("phys_base")
	if err != nil {
		t.Fatal(err)
	}
	symbol := func(core []byte, address uint64) []byte {
		number := regexp.MustCompile(`NUMBER\(phys_none\)=-?\d+\n`)
		at := number.FindIndex(core)
		line := fmt.Sprintf("SYMBOL(phys_base)=%x", address)
		filled := append([]byte(line), bytes.Repeat([]byte{'\n'}, max(0, at[1]-at[0]-len(line)))...)
		if len(filled) > at[1]-at[0] {
			// The line is longer: another one, which is not needed, makes way.
			end := bytes.Index(core[at[1]:], []byte("\n")) + at[1] + 1
			filled = append([]byte(line), bytes.Repeat([]byte{'\n'}, end-at[0]-len(line))...)
		}
		return slices.Concat(core[:at[0]], filled, core[at[0]+len(filled):])
	}
	for name, c := range map[string]struct {
		header uint64
		symbol uint64 // where VMCOREINFO says that phys_base is; 0 if it does not
	}{
		"right": {right, 0}, "QEMU's": {0, 0}, "another kernel's": {right + 2<<20, 0}, "no multiple": {right + 4096, 0}, "hostile": {1<<63 + 8, 0},
		"right, with a symbol that lies": {right, variable.Address + 64},
		"QEMU's, with the symbol":        {0, variable.Address}, "right, with the symbol": {right, variable.Address},
	} {
		t.Run(name, func(t *testing.T) {
			f := files{t, t.TempDir()}
			old := bytes.Clone(core)
			binary.LittleEndian.PutUint64(old[4096:], c.header)
			if c.symbol != 0 {
				old = symbol(old, c.symbol)
			}
			p, _, err := attachTo(f.write("vmcore", old), attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			swapper(t, p)
			if names(t, p) != names(t, open(t)) {
				t.Error("other tasks")
			}
		})
	}
}

// otherBuild returns the kernel's image with another build ID.
func otherBuild(t *testing.T) []byte {
	t.Helper()
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	image, err := dec.DecodeAll(read(t, "vmlinux.zst"), nil)
	if err != nil {
		t.Fatal(err)
	}
	main, err := open(t).MainModule()
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(image, main.BuildID())
	if i < 0 {
		t.Fatal("no build ID")
	}
	binary.LittleEndian.PutUint64(image[i:], 0xabababababababab)
	return image
}

func TestOtherBuild(t *testing.T) {
	f := files{t, t.TempDir()}
	other := f.write("other/vmlinux", otherBuild(t))
	core := f.write("vmcore", read(t, "vmcore"))
	text := f.write("text", []byte("hello"))
	for path, words := range map[string][]string{
		other:                        {"provided file " + other + " did not match any loaded modules"},
		filepath.Join(f.dir, "none"): {"none: No such file or directory; ignoring"},
		text:                         {text + ": ", "not an ELF file", "ignoring"},
	} {
		_, warnings, err := attachTo(core, attach.Options{Symbols: []string{path}})
		if err != nil || len(warnings) != 2 {
			t.Fatal(err, warnings)
		}
		said[error](t, warnings[0], words...)
		said[*drgn.MissingDebugInfoError](t, warnings[1], "kernel 6.12.117-godrgn")
		if path == other {
			said[error](t, warnings[1], other+": did not match any loaded module: its build ID is abababababababab", "that of kernel is dae8baff")
		}
	}

	// What is found by itself and does not fit is passed over, and said to be.
	core = f.write("other/vmcore", read(t, "vmcore"))
	for _, o := range []attach.Options{{}, {Symbols: []string{filepath.Join(f.dir, "other")}}} {
		p, warnings, err := attachTo(core, o)
		if err != nil || len(warnings) != 1 {
			t.Fatal(err, warnings)
		}
		said[*drgn.MissingDebugInfoError](t, warnings[0], "kernel 6.12.117-godrgn", other, "has build ID abababababababab")
		if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil { // out of memory
			t.Errorf("init_task.comm is %q, %v", comm, err)
		}
	}
}

// TestWrongKernelOffset opens the bundled core with VMCOREINFO that has a wrong KERNELOFFSET: its vmlinux, whose build ID is
// right, is refused, as all addresses would be wrong.
func TestWrongKernelOffset(t *testing.T) {
	f := files{t, t.TempDir()}
	vmcore, vmlinux := read(t, "vmcore"), filepath.Join(fixture, "vmlinux.zst")
	i := bytes.Index(vmcore, []byte("KERNELOFFSET=")) + len("KERNELOFFSET=")
	right := string(vmcore[i : i+bytes.IndexByte(vmcore[i:], '\n')])
	offset, err := strconv.ParseUint(right, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string]uint64{"other mapped memory": offset + 2<<20, "no memory": offset ^ 0x20000000} {
		text := fmt.Sprintf("%x", wrong)
		if len(text) != len(right) {
			t.Fatalf("%s: KERNELOFFSET=%s does not fit over %s", name, text, right)
		}
		core := f.write(text, bytes.Replace(vmcore, []byte("KERNELOFFSET="+right), []byte("KERNELOFFSET="+text), 1))
		p, warnings, err := attachTo(core, attach.Options{Symbols: []string{vmlinux}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said[error](t, errors.Join(warnings...), "vmlinux.zst: has build ID dae8baff", "KERNELOFFSET is wrong")
		if text := errors.Join(warnings...).Error(); strings.Contains(text, "did not match") {
			t.Errorf("%s: it is said to be another kernel's: %s", name, text)
		}
		if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil { // out of memory, where it lies
			t.Errorf("%s: init_task.comm is %q, %v", name, comm, err)
		}
	}
}

// TestNoBuildID opens the dump as a kernel before v5.9 would have written it: the build ID is not in VMCOREINFO but in the
// kernel's own notes in memory. The vmlinux of another build is refused, as it is where VMCOREINFO says the ID.
func TestNoBuildID(t *testing.T) {
	f := files{t, t.TempDir()}
	core := f.write("vmcore", bytes.Replace(read(t, "vmcore"), []byte("BUILD-ID="), []byte("BUILD_ID="), 1))
	right, other := filepath.Join(fixture, "vmlinux.zst"), f.write("other/vmlinux", otherBuild(t))
	for _, symbols := range [][]string{{right}, {other, right}} {
		p, _, err := attachTo(core, attach.Options{Symbols: symbols})
		if err != nil {
			t.Fatal(err)
		}
		m, err := p.MainModule()
		if err != nil {
			t.Fatal(err)
		}
		if id := hex.EncodeToString(m.BuildID()); !strings.HasPrefix(id, "dae8baff") {
			t.Errorf("build ID %s", id)
		}
		if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
			t.Errorf("init_task.comm is %q, %v", comm, err)
		}
	}
	p, warnings, err := attachTo(core, attach.Options{Symbols: []string{other}})
	if err != nil {
		t.Fatal(err)
	}
	said[error](t, errors.Join(warnings...), other, "its build ID is abababababababab", "that of kernel is dae8baff")
	if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil { // out of memory
		t.Errorf("init_task.comm is %q, %v", comm, err)
	}
}

func TestMissingDebugInfo(t *testing.T) {
	f := files{t, t.TempDir()}
	core := f.write("vmcore", read(t, "vmcore"))
	p, warnings, err := attachTo(core, attach.Options{})
	if err != nil || len(warnings) != 1 {
		t.Fatal(err, warnings)
	}
	said[*drgn.MissingDebugInfoError](t, warnings[0], "no debug file of kernel 6.12.117-godrgn", "types: BTF of the kernel's memory; symbols: kallsyms; stacks: ORC", "-s FILE")
	// Memory answers.
	if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
		t.Errorf("init_task.comm is %q, %v", comm, err)
	}
	said[drgn.LookupError](t, p.Variable("init_tusk").Err(), "variable 'init_tusk'")
	_, err = p.Type("struct tusk_struct")
	said[drgn.LookupError](t, err, "'struct tusk_struct'")
	_, err = p.Symbol("no_such_symbol")
	said[drgn.LookupError](t, err, "symbol with name 'no_such_symbol'")
	_, err = p.Thread(99999)
	said[drgn.LookupError](t, err, "99999")
	// What the dump says itself is there.
	if s, err := p.Constant("UTS_RELEASE").CString(); err != nil || string(s) != "6.12.117-godrgn" {
		t.Errorf("%s, %v", s, err)
	}
	if _, warnings, err = attachTo(core, attach.Options{NoDefaultSymbols: true}); err != nil || len(warnings) != 0 {
		t.Error(err, warnings)
	}
}

func TestUnknownNames(t *testing.T) {
	p := open(t)
	init := p.Variable("init_task")
	said[drgn.LookupError](t, p.Variable("init_tusk").Err(), "could not find variable 'init_tusk'")
	said[drgn.LookupError](t, p.Object("init_tusk").Err(), "could not find 'init_tusk'")
	_, err := p.Type("struct tusk_struct *")
	said[drgn.LookupError](t, err, "could not find 'struct tusk_struct *': there is no 'struct tusk_struct'")
	_, err = p.Symbol("schedool")
	said[drgn.LookupError](t, err, "could not find symbol with name 'schedool'")
	_, err = p.TypeIn("struct task_struct", "no/such/file.h")
	said[drgn.LookupError](t, err, "could not find 'struct task_struct' in 'no/such/file.h'")
	_, err = p.Thread(99999)
	said[drgn.LookupError](t, err, "thread with ID 99999 not found")
	_, err = p.StackTrace(99999)
	said[drgn.LookupError](t, err, "thread with ID 99999 not found")
	said[*types.MemberError](t, init.Member("mn").Err(), "'struct task_struct' has no member 'mn'")
	said[*types.MemberError](t, init.AddressOf().Member("mn").Err(), "'struct task_struct' has no member 'mn'")
	said[*types.NoMembersError](t, init.Member("pid").Member("x").Err(), "'pid_t' is not a structure, union, or class")
	var x struct {
		Name string `drgn:"name|comn"`
	}
	said[*types.MemberError](t, init.Decode(&x), "field Name", "'struct task_struct' has no member 'comn'")
}

func TestFaults(t *testing.T) {
	p := open(t)
	fault := func(err error, address uint64, words ...string) {
		t.Helper()
		said[*mem.FaultError](t, err, words...)
		var f *mem.FaultError
		if errors.As(err, &f) && f.Address != address {
			t.Errorf("fault at %#x, want %#x", f.Address, address)
		}
	}
	_, err := p.Read(0, 8, false)
	fault(err, 0, "address is not mapped: 0x0")
	_, err = p.Read(0x1234567890abcdef, 8, false)
	fault(err, 0x1234567890abcdef, "address is not canonical: 0x1234567890abcdef")
	_, err = p.Read(1<<45, 8, true)
	fault(err, 1<<45, "could not find physical memory segment: 0x200000000000")

	_, err = p.Variable("init_task").Member("mm").Member("pgd").Uint()
	off, _ := drgn.OffsetOf(must(p.Type("struct mm_struct")), "pgd")
	fault(err, off, "init_task.mm->pgd: address is not mapped: 0x")
	_, err = p.Variable("init_task").Member("mm").Deref().Bytes()
	fault(err, 0, "*init_task.mm: address is not mapped: 0x0")

	// A page that was not saved, by its physical and by a virtual address; a read that runs into it.
	base, err := p.Variable("page_offset_base").Uint()
	if err != nil {
		t.Fatal(err)
	}
	for at := uint64(1 << 20); ; at += 4096 {
		_, err := p.Read(at, 8, true)
		if err == nil {
			continue
		}
		fault(err, at, "page excluded by the dump filter")
		_, err = p.Read(base+at, 8, false)
		fault(err, base+at, "page excluded by the dump filter")
		_, err = p.Read(base+at-8, 16, false)
		fault(err, base+at, "page excluded by the dump filter")
		_, err = p.ObjectAt(must(p.Type("struct list_head")), base+at-8).Member("prev").Uint()
		fault(err, base+at, "*(struct list_head **)0x", "page excluded by the dump filter")
		break
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
