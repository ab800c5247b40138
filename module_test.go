package drgn_test

import (
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

func (m *mock) addModule(spec drgn.ModuleSpec) *drgn.Module {
	mod, _, err := m.AddModule(spec)
	if err != nil {
		panic(err)
	}
	return mod
}

func ranges(m *drgn.Module) []mem.Range {
	rs, _ := m.Ranges()
	return rs
}

func TestModules(t *testing.T) {
	m := newMock(t, arch.X86_64)
	spec := drgn.ModuleSpec{Kind: drgn.RelocatableModule, Name: "ext4", BuildID: []byte{1, 2}, Ranges: []mem.Range{{Min: 0x3000, Max: 0x3fff}, {Min: 0x1000, Max: 0x10ff}}}
	ext4 := m.addModule(spec)
	spec.BuildID[0], spec.Ranges[0].Min = 9, 0 // the module has its own
	lib := m.addModule(drgn.ModuleSpec{Kind: drgn.SharedLibraryModule, Name: "libc.so.6", Ranges: []mem.Range{{Min: 0x2000, Max: 0x2fff}}})
	kernel := m.addModule(drgn.ModuleSpec{Kind: drgn.MainModule, Name: "kernel"})
	if again, isNew, err := m.AddModule(drgn.ModuleSpec{Kind: drgn.SharedLibraryModule, Name: "libc.so.6", Ranges: []mem.Range{{Min: 0x2000, Max: 0x2fff}}}); again != lib || isNew || err != nil {
		t.Error("the same module twice")
	}
	if all := slices.Collect(m.Modules()); !slices.Equal(all, []*drgn.Module{kernel, ext4, lib}) {
		t.Error(all)
	}
	for at, want := range map[uint64]*drgn.Module{0xfff: nil, 0x1000: ext4, 0x10ff: ext4, 0x1100: nil, 0x2000: lib, 0x2fff: lib, 0x3000: ext4, 0x3fff: ext4, 0x4000: nil, ^uint64(0): nil} {
		got, err := m.ModuleAt(at)
		if got != want || (err == nil) != (want != nil) {
			t.Errorf("%#x: %v, %v", at, got, err)
		}
	}
	if got, err := m.MainModule(); err != nil || got != kernel || got.Kind() != drgn.MainModule || got.HasDebugInfo() || drgn.ModuleProgram(got) != m.Program {
		t.Error(got, err)
	}
	if got, err := m.ModuleNamed("ext4"); err != nil || got != ext4 || !slices.Equal(got.BuildID(), []byte{1, 2}) || ranges(got)[0].Min != 0x1000 || ranges(got)[1].Min != 0x3000 {
		t.Error(got, err)
	}
	if _, absent := drgn.ModuleObject(ext4).Absent(); !absent {
		t.Error("a module without an object has one")
	}
	if f := ext4.DebugFile(); f != (drgn.ModuleFile{}) {
		t.Error(f)
	}
	for id, want := range []string{"kernel", "kernel", "ext4"} { // of one name: that added last, but for the main module
		again, _, err := m.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: want, ID: uint64(9 - id)})
		if got, found := m.ModuleNamed(want); err != nil || found != nil || got != again {
			t.Error(got, err, found)
		}
	}
	_, err := m.ModuleNamed("xfs")
	wantErr[drgn.LookupError](t, err, "module not found: none is named 'xfs'")
	_, err = m.ModuleAt(0)
	wantErr[drgn.LookupError](t, err, "module not found: none contains 0x0")
	_, err = newMock(t, arch.X86_64).MainModule()
	wantErr[drgn.LookupError](t, err, "module not found: the program has no main module")
	if s := drgn.SharedLibraryModule.String() + drgn.ModuleKind(77).String(); s != "shared libraryModuleKind(77)" {
		t.Error(s)
	}
	// Nothing has debugging information: the user is told.
	wantErr[drgn.LookupError](t, m.Variable("init_task").Err(), "could not find variable 'init_task' (no debugging information is loaded)")
}

func TestStackTraceFromPCs(t *testing.T) {
	m := newMock(t, arch.X86_64)
	if err := m.RegisterSymbolFinder("f", func(_ *drgn.Program, q drgn.SymbolQuery) ([]drgn.Symbol, error) {
		for _, s := range []drgn.Symbol{{Name: "f", Address: 0x1000, Size: 0x10}, {Name: "g", Address: 0x1010, Size: 0x10}} {
			if q.HasAddress && q.Address-s.Address < s.Size {
				return []drgn.Symbol{s}, nil
			}
		}
		return nil, nil
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	// The first address is behind a call that ends f.
	trace, err := m.StackTraceFromPCs([]uint64{0x1010, 0x1010, 0x5})
	if err != nil || trace.Len() != 3 || trace.Err != nil || trace.Prog() != m.Program {
		t.Fatal(trace, err)
	}
	if s := trace.String(); s != "#0  f+0x10/0x10\n#1  f+0x10/0x10\n#2  0x5" {
		t.Error(s)
	}
	code, err := m.CodeAt(0x1010)
	if err != nil || code.String() != "#0  g+0x0/0x10" || !code.Frame(0).Interrupted() {
		t.Error(code, err)
	}
	f := trace.Frame(1)
	if f.Name() != "f" || f.PC() != 0x1010 || f.Interrupted() || f.IsInline() || f.Index() != 1 || f.Trace() != trace || len(f.Registers()) != 0 {
		t.Error(f)
	}
	if f.String() != "#1 at 0x1010 (f+0x10/0x10)" {
		t.Error(f)
	}
	if _, ok := f.SP(); ok {
		t.Error("stack pointer")
	}
	if _, err := f.Source(); err == nil {
		t.Error("source")
	}
	if _, ok := f.FunctionName(); ok {
		t.Error("function")
	}
	_, err = f.Register("rip")
	wantErr[drgn.LookupError](t, err, "register value is not known: 'rip'")
	_, err = f.Register("x31")
	wantErr[*drgn.ValueError](t, err, "unknown register 'x31'")
	if names, err := f.Locals(); err != nil || len(names) != 0 {
		t.Error(names, err)
	}
	wantErr[drgn.LookupError](t, f.Object("x").Err(), "could not find 'x'")
}

// personality has one thread.
type personality struct{ task drgn.Object }

func (s personality) thread() *drgn.Thread { return &drgn.Thread{TID: 1, Name: "init", Object: s.task} }

func (s personality) Threads(*drgn.Program) drgn.ThreadSeq {
	return func(yield func(*drgn.Thread, error) bool) { yield(s.thread(), nil) }
}

func (s personality) FindThread(_ *drgn.Program, tid uint64) (*drgn.Thread, error) {
	if tid != 1 {
		return nil, &drgn.ThreadNotFoundError{ID: tid}
	}
	return s.thread(), nil
}

func (s personality) MainThread(*drgn.Program) (*drgn.Thread, error) { return s.thread(), nil }

func (s personality) LoadedModules(*drgn.Program) drgn.LoadedModuleSeq {
	return func(func(drgn.LoadedModule, error) bool) {}
}

func (s personality) CrashedThread(*drgn.Program) (*drgn.Thread, error) { return s.thread(), nil }

func (s personality) Stopped(*drgn.Program, *drgn.Thread) (drgn.Stopped, error) {
	r := &arch.Registers{}
	rip, _ := arch.X86_64.Register("rip")
	r.Set(rip, 0x1234)
	return drgn.Stopped{Registers: r, Interrupted: true}, nil
}

func (s personality) ThreadOf(o drgn.Object) *drgn.Thread {
	if o.Type() != s.task.Type() {
		return nil
	}
	return &drgn.Thread{Object: o}
}

func (s personality) InUserMode() bool { return false }
func (s personality) PACMask() uint64  { return 0 }

func (s personality) Language() *c.Language { return c.C }

var _ interface {
	drgn.Stacks
	drgn.SourceLanguage
} = personality{}

var _ iter.Seq2[*drgn.Thread, error] = drgn.ThreadSeq(nil)

func TestThreads(t *testing.T) {
	m := newMock(t, arch.X86_64)
	task := m.Types().IncompleteCompound(lang, types.Struct, "task_struct")
	pointer := m.ScalarValue(m.PointerTo(task), 0x1000)
	for range m.Threads() {
		t.Error("a thread of nothing")
	}
	_, err := m.Thread(1)
	wantErr[drgn.LookupError](t, err, "thread with ID 1 not found")
	_, err = m.CrashedThread()
	wantErr[drgn.LookupError](t, err, "crashed thread not found")
	_, err = m.MainThread()
	wantErr[drgn.LookupError](t, err, "main thread not found")
	_, err = m.StackTrace(1)
	wantErr[drgn.LookupError](t, err, "thread with ID 1 not found")
	_, err = (&drgn.Thread{Object: pointer}).StackTrace()
	wantErr[*drgn.ThreadNotFoundError](t, err, "thread with ID 0 not found")
	if _, err = (&drgn.Thread{}).StackTrace(); err == nil {
		t.Error("stack of no thread")
	}
	kernel := drgn.Setup{Flags: drgn.IsLinuxKernel, Personality: personality{pointer}, CoreDumpPath: "core"}
	if err := m.Setup(kernel); err != nil {
		t.Fatal(err)
	}
	wantErr[*drgn.ValueError](t, m.Setup(kernel), "program memory was already initialized")
	if m.CoreDumpPath() != "core" || m.Flags() != drgn.IsLinuxKernel {
		t.Error("setup")
	}
	if main, err := m.MainThread(); err != nil || main.TID != 1 {
		t.Error(main, err)
	}
	one := m.ScalarValue(m.typ("unsigned long"), 1)
	for _, o := range []drgn.Object{pointer, one} {
		trace, err := m.StackTraceOf(o)
		if err != nil || trace.Len() == 0 || trace.Frame(0).PC() != 0x1234 || !trace.Frame(0).Interrupted() {
			t.Error(trace, err)
		}
	}
	_, err = m.StackTrace(2)
	wantErr[drgn.LookupError](t, err, "thread with ID 2 not found")
	_, err = m.StackTraceOf(one.Cast(m.typ("void *")))
	wantErr[*drgn.TypeError](t, err, "expected struct pt_regs, struct pt_regs *, struct task_struct *, or int, not 'void *'")
	_, err = newMock(t, arch.X86_64).StackTraceOf(pointer)
	wantErr[*drgn.ValueError](t, err, "object is from another program")
	regs := m.structure("pt_regs", 8)
	if _, err = m.StackTraceOf(m.BytesValue(regs, make([]byte, 8))); !errors.As(err, new(*arch.ShortError)) {
		t.Error(err)
	}
	_, err = m.StackTraceOf(m.ScalarValue(m.PointerTo(regs), 0x10))
	wantErr[*mem.FaultError](t, err, "*(struct pt_regs *)0x10: could not find memory segment: 0x10")
	live := newMock(t, arch.X86_64)
	if err := live.Setup(drgn.Setup{Flags: drgn.IsLive, Personality: personality{pointer}}); err != nil {
		t.Fatal(err)
	}
	_, err = live.CrashedThread()
	wantErr[*drgn.UnsupportedError](t, err, "crashed thread is only defined for core dumps")
}
