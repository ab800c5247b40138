package attach_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/slab"
)

// openBare opens the bundled core where no file of its kernel is to be found.
func openBare(t testing.TB) *drgn.Program {
	t.Helper()
	dir := t.TempDir()
	core, err := filepath.Abs(filepath.Join(fixture, "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(core, filepath.Join(dir, "vmcore")); err != nil {
		t.Fatal(err)
	}
	p, err := attach.Core(filepath.Join(dir, "vmcore"), attach.Options{NoDefaultSymbols: true, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() }) // was only read
	return p
}

// Without any file the kernel's symbols are those that it keeps of itself: the same as those of vmlinux, but for sizes and for
// what vmlinux has besides.
func TestSymbolsOfBareKernel(t *testing.T) {
	full, bare := open(t), openBare(t)
	all, err := bare.Symbols(drgn.SymbolQuery{})
	if err != nil || len(all) < 20000 {
		t.Fatal(len(all), err)
	}
	table, err := bare.AllSymbols()
	if err != nil || !slices.Equal(table.All(), all) {
		t.Errorf("the table of all symbols has others, %v", err)
	}
	m, err := bare.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	in, ok := m.Ranges()
	if !ok || len(in) != 1 {
		t.Fatalf("the kernel lies in %#x", in)
	}
	differ, named := 0, 0
	for _, s := range all {
		want, err := full.Symbols(drgn.SymbolQuery{Name: s.Name, HasName: true})
		if err != nil {
			t.Fatal(err)
		}
		// The linker script made two of the file's symbols numbers, which KASLR does not move; the kernel knows where they are.
		if s.Name != "__init_begin" && s.Name != "__per_cpu_load" && !slices.ContainsFunc(want, func(w drgn.Symbol) bool { return w.Address == s.Address }) {
			if differ++; differ < 10 {
				t.Errorf("%+v, not in the file: %+v", s, want)
			}
		}
		if got, err := bare.Symbol(s.Name); err != nil || got.Name != s.Name {
			t.Errorf("%s: %+v, %v", s.Name, got, err)
		}
		if s.Address < in[0].Min || s.Address > in[0].Max {
			continue
		}
		a, err := full.SymbolAt(s.Address)
		if err != nil {
			continue // a label at the end of a section
		}
		b, err := bare.SymbolAt(s.Address)
		if err != nil || b.Address != s.Address {
			t.Errorf("at %#x: %+v, %v", s.Address, b, err)
		}
		if a.Name != b.Name { // also labels in assembly code, which have no sizes in the file
			named++
		}
	}
	// Of several names of an address the file's is the first in the file, the kernel's the first in its table.
	t.Logf("%d of %d symbols are at an address that has another name in the file", named, len(all))
	if named > len(all)/100 {
		t.Errorf("%d symbols have another name", named)
	}
	for _, name := range []string{"", "no_such_symbol"} {
		if s, err := bare.Symbol(name); !drgn.IsNotFound(err) {
			t.Errorf("%q: %+v, %v", name, s, err)
		}
	}
	for _, address := range []uint64{0, 0x40, in[0].Min - 1, in[0].Max + 1, 1<<64 - 1} {
		if s, err := bare.SymbolAt(address); !drgn.IsNotFound(err) {
			t.Errorf("%#x: %+v, %v", address, s, err)
		}
	}
}

// Strings of the kernel have no symbol: those of the tables of symbols, which lie before them, end where the tables do.
func TestStringsOfBareKernel(t *testing.T) {
	bare := openBare(t)
	n := 0
	for cache, err := range slab.ForEachCache(bare) {
		if err != nil {
			t.Fatal(err)
		}
		name, err := cache.Member("name").Uint()
		if err != nil {
			t.Fatal(err)
		}
		if s, err := bare.SymbolAt(name); err == nil && strings.HasPrefix(s.Name, "kallsyms_") {
			t.Errorf("%#x is said to be in %+v", name, s)
		}
		n++
	}
	if n < 10 {
		t.Errorf("%d caches", n)
	}
}

// Unwind tables of the kernel's image are found in its memory.
func TestTablesOfBareKernel(t *testing.T) {
	bare := openBare(t)
	k := bare.Personality().(drgn.KernelCode)
	table, ok, err := k.ImageTable()
	if err != nil || !ok || table.Count < 10000 || table.Header == 0 {
		t.Fatalf("%+v, %v, %v", table, ok, err)
	}
	s, err := bare.Symbol("schedule")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok, err := k.TableAt(s.Address); got != table || !ok || err != nil {
		t.Errorf("%+v, %v, %v; want %+v", got, ok, err, table)
	}
	trace, err := bare.StackTraceFromPCs([]uint64{s.Address + 4})
	if err != nil {
		t.Fatal(err)
	}
	if got := trace.Frame(0).Name(); got != "schedule" {
		t.Errorf("frame of %s", got)
	}
}

// What the kernel's own symbols, BTF and ORC tables say is what vmlinux says: tasks, their stacks and variables.
func TestBareKernel(t *testing.T) {
	full, bare := open(t), openBare(t)
	if got := string(must(bare.Variable("init_task").Member("comm").CString())); got != "swapper/0" {
		t.Errorf("init_task.comm is %q", got)
	}
	tasks := func(p *drgn.Program) (all []drgn.Object) {
		for task, err := range pid.ForEachTask(p, true) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, task)
		}
		return all
	}
	want, got := tasks(full), tasks(bare)
	if len(want) != len(got) || len(want) < 30 {
		t.Fatalf("%d tasks, want %d", len(got), len(want))
	}
	pcs := func(task drgn.Object) (all []uint64, err error) {
		trace, err := task.Prog().StackTraceOf(task)
		if err != nil {
			return nil, err
		}
		for f := range trace.Frames() {
			if !f.IsInline() {
				all = append(all, f.PC())
			}
		}
		return all, trace.Err
	}
	for i := range want {
		a, errA := pcs(want[i])
		b, errB := pcs(got[i])
		if !slices.Equal(a, b) || (errA == nil) != (errB == nil) {
			t.Errorf("stack of task %d: %#x, %v; want %#x, %v", i, b, errB, a, errA)
		}
	}
	trace, err := bare.StackTrace(1)
	if err != nil {
		t.Fatal(err)
	}
	if name := trace.Frame(0).Name(); name != "__schedule" { // not the linker script's __sched_text_start, which lies there, too
		t.Errorf("the first frame is of %s", name)
	}
	for f := range trace.Frames() {
		if s, err := f.Symbol(); err != nil && f.PC() > 1<<63 {
			t.Errorf("frame %s has no name: %+v, %v", f, s, err)
		}
	}
	for _, name := range []string{"init_task", "init_mm", "init_uts_ns", "slab_caches", "runqueues", "jiffies", "__per_cpu_offset", "nr_cpu_ids", "init_pid_ns"} {
		a, b := full.Variable(name), bare.Variable(name)
		if a.Err() != nil || b.Err() != nil {
			t.Errorf("%s: %v, want %v", name, b.Err(), a.Err())
			continue
		}
		x, _ := a.Address()
		y, _ := b.Address()
		m, errA := a.Type().Size()
		n, errB := b.Type().Size()
		if b.Err() != nil || x != y || name != "__per_cpu_offset" && m != n || errA != nil || errB != nil {
			t.Errorf("%s is at %#x, %v, with %d bytes; want %#x, %d", name, y, b.Err(), n, x, m)
		}
	}
	if o := bare.Variable("no_such_variable"); !drgn.IsNotFound(o.Err()) {
		t.Error(o)
	}
}

// A debug file that is named later takes the place of what memory says.
func TestBareKernelGetsFile(t *testing.T) {
	p := openBare(t)
	m, err := p.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	if m.Fallback() == "" || m.HasLines() || !m.HasTypes() || m.DebugFile().Status != drgn.WantFile {
		t.Errorf("%q, %v", m.Fallback(), m.DebugFile())
	}
	before := p.Variable("init_task")
	vmlinux, err := plainVmlinux()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.TryFile(vmlinux); err != nil {
		t.Fatal(err)
	}
	if m.Fallback() != "" || !m.HasLines() {
		t.Errorf("%q, %v", m.Fallback(), m.DebugFile())
	}
	after := p.Variable("init_task")
	if after.Type() == before.Type() || after.Type().String() != before.Type().String() {
		t.Errorf("%s, was %s", after.Type(), before.Type())
	}
	for _, o := range []drgn.Object{before, after} {
		if got, err := o.Member("comm").CString(); err != nil || string(got) != "swapper/0" {
			t.Errorf("%s, %v", got, err)
		}
	}
	if s, err := p.Symbol("schedule"); err != nil || s.Size == 0 {
		t.Errorf("%+v, %v", s, err)
	}
}
