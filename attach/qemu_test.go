package attach_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/qmp/qmptest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// A machine is the bundled dump as if it were still there: its memory, with zeros where the dump has nothing.
type machine struct {
	blocks     []qmptest.Block
	vmcoreinfo []byte
	notes      []byte // of a dump of it
}

var bundled = sync.OnceValues(func() (*machine, error) {
	core, err := target.Open(filepath.Join(fixture, "vmcore"))
	if err != nil {
		return nil, err
	}
	space, err := core.Space()
	if err != nil {
		return nil, err
	}
	m := &machine{vmcoreinfo: core.VMCOREINFO}
	for r := range space.Ranges(true, 0, ^uint64(0)) {
		m.blocks = append(m.blocks, qmptest.Block{Address: r.Min, Data: make([]byte, r.Max-r.Min+1)})
	}
	for chunk, err := range space.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			return nil, err
		}
		for _, b := range m.blocks {
			if off := chunk.Address - b.Address; off < uint64(len(b.Data)) {
				copy(b.Data[off:], chunk.Data)
			}
		}
	}
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	for _, n := range core.Notes {
		m.notes = f.Note(m.notes, n.Name, n.Type, n.Desc)
	}
	m.notes = f.Note(m.notes, "VMCOREINFO", 0, core.VMCOREINFO)
	return m, nil
})

func bundledMachine(t *testing.T) *machine {
	t.Helper()
	m, err := bundled()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// qemu returns a QEMU in which the machine is, stopped.
func (m *machine) qemu(notes []byte) *qmptest.Server {
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: notes}, {Type: elf.PT_LOAD, Data: make([]byte, 4096)}}
	s := &qmptest.Server{Dump: f.Bytes()}
	for _, b := range m.blocks {
		b.Host = uint64(uintptr(unsafe.Pointer(&b.Data[0])))
		s.Blocks = append(s.Blocks, b)
	}
	return s
}

func serve(t *testing.T, s *qmptest.Server, network, address string) string {
	t.Helper()
	l, err := s.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func unixSocket(t *testing.T, s *qmptest.Server) string {
	return serve(t, s, "unix", filepath.Join(t.TempDir(), "qmp"))
}

// names returns the names of all tasks.
func names(t *testing.T, p *drgn.Program) string {
	t.Helper()
	var b strings.Builder
	for task, err := range pid.ForEachTask(p, true) {
		if err != nil {
			t.Fatal(err)
		}
		comm, err := task.Member("comm").CString()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(comm, '\n'))
	}
	return b.String()
}

func TestQEMU(t *testing.T) {
	m := bundledMachine(t)
	want := names(t, open(t))
	s := m.qemu(m.notes)
	options := attach.Options{CacheDir: "-", Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, Warn: func(err error) {
		if !strings.Contains(err.Error(), "kernel module") {
			t.Error(err)
		}
	}}
	p, err := attach.QEMU(unixSocket(t, s), options)
	if err != nil {
		t.Fatal(err)
	}
	if p.Flags() != drgn.IsLinuxKernel|drgn.IsLive || p.Platform().Arch != arch.X86_64 || p.CoreDumpPath() != "" {
		t.Errorf("flags %v, platform %v", p.Flags(), p.Platform())
	}
	if got := names(t, p); got != want {
		t.Errorf("tasks\n%s\nwant\n%s", got, want)
	}

	// A running task's registers are known as long as the guest is stopped.
	task := sched.CPUCurr(p, 0)
	got, err := p.StackTraceOf(task)
	if err != nil {
		t.Fatal(err)
	}
	original, err := open(t).StackTraceOf(sched.CPUCurr(open(t), 0))
	if err != nil || got.String() != original.String() {
		t.Errorf("%s\nwant\n%s%v", got, original, err)
	}
	s.Change(func() { s.Running = true })
	if _, err := p.StackTraceOf(task); !errors.As(err, new(*drgn.UnsupportedError)) || !strings.Contains(err.Error(), "cannot unwind stack of running task") {
		t.Error(err)
	}

	// What is read is never what was read before.
	at, ok := p.Variable("jiffies_64").Address()
	if !ok {
		t.Fatal("jiffies_64 is nowhere")
	}
	before, err := p.ReadUint(at, 8, false)
	if err != nil {
		t.Fatal(err)
	}
	core := open(t)
	physical := physicalOf(t, core, at)
	for _, b := range m.blocks {
		if off := physical - b.Address; off < uint64(len(b.Data)) {
			b.Data[off]++
			defer func() { b.Data[off]-- }()
		}
	}
	if after, err := p.ReadUint(at, 8, false); err != nil || after != before+1 {
		t.Errorf("%d, %v; want %d", after, err, before+1)
	}
	runtime.KeepAlive(m)
}

// physicalOf translates an address in the kernel's image.
func physicalOf(t *testing.T, p *drgn.Program, address uint64) uint64 {
	t.Helper()
	translator, ok := p.Personality().(interface {
		Translate(root, address uint64) (uint64, error)
	})
	if !ok {
		t.Fatal("not a kernel")
	}
	physical, err := translator.Translate(0, address)
	if err != nil {
		t.Fatal(err)
	}
	return physical
}

// TestQEMUWithoutNote has guests that do not say where their kernel lies.
func TestQEMUWithoutNote(t *testing.T) {
	m := bundledMachine(t)
	var warnings []string
	set := func(p *drgn.Program, address string) *drgn.Program {
		t.Helper()
		warnings = nil
		if err := attach.SetQEMU(p, address, attach.Options{Warn: func(err error) { warnings = append(warnings, err.Error()) }}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	// The note is found in memory.
	s := m.qemu((&elftest.File{Is64: true}).Note(nil, "QEMU", 0, nil))
	s.Arch = "x86_64"
	if p := set(drgn.New(arch.Platform{}), unixSocket(t, s)); p.Flags() != drgn.IsLinuxKernel|drgn.IsLive || len(warnings) != 0 {
		t.Errorf("flags %v, %q", p.Flags(), warnings)
	}
	// Over TCP nothing is searched, but it may be said.
	tcp := serve(t, s, "tcp", "127.0.0.1:0")
	p := set(drgn.New(arch.Platform{}), tcp)
	if p.Flags() != drgn.IsLive || p.Platform().Arch != arch.X86_64 || len(warnings) != 1 || !strings.Contains(warnings[0], "not known to run Linux") {
		t.Errorf("flags %v, platform %v, %q", p.Flags(), p.Platform(), warnings)
	}
	if b, err := p.Read(m.blocks[0].Address, 100, true); err != nil || string(b) != string(m.blocks[0].Data[:100]) {
		t.Errorf("%x, %v", b, err)
	}
	for range p.Threads() {
		t.Error("a guest that is not known has threads")
	}
	said := drgn.New(arch.Platform{})
	linux.SetVMCOREINFO(said, m.vmcoreinfo)
	if p := set(said, tcp); p.Flags() != drgn.IsLinuxKernel|drgn.IsLive || len(warnings) != 0 {
		t.Errorf("flags %v, %q", p.Flags(), warnings)
	}

	var value *drgn.ValueError
	if err := attach.SetQEMU(p, tcp); !errors.As(err, &value) {
		t.Error(err)
	}
	if err := attach.SetQEMU(drgn.New(arch.Platform{}), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := attach.SetQEMUFile(drgn.New(arch.Platform{}), 1<<20); err == nil {
		t.Error("there is no such file")
	}
}

// TestCustomKernel gives the physical memory by functions, before and after the program is opened.
func TestCustomKernel(t *testing.T) {
	m := bundledMachine(t)
	want := names(t, open(t))
	platform := open(t).Platform()
	for _, live := range []bool{false, true} {
		p := drgn.New(platform)
		reads := 0
		for i, b := range m.blocks {
			if i == 1 {
				if err := attach.SetCustomKernel(p, m.vmcoreinfo, live); err != nil {
					t.Fatal(err)
				}
			}
			err := p.Memory().Add(mem.Segment{Min: b.Address, Max: b.Address + uint64(len(b.Data)) - 1, Physical: true, Read: func(buf []byte, _, off uint64, _ bool) error {
				reads++
				copy(buf, b.Data[off:])
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(m.blocks) == 1 {
			if err := attach.SetCustomKernel(p, m.vmcoreinfo, live); err != nil {
				t.Fatal(err)
			}
		}
		flags := drgn.IsLinuxKernel
		if live {
			flags |= drgn.IsLive
		}
		if p.Flags() != flags {
			t.Errorf("flags %v, want %v", p.Flags(), flags)
		}
		if err := p.LoadDebugInfo(t.Context(), drgn.LoadDebugInfo{Paths: []string{filepath.Join(fixture, "vmlinux.zst")}}); err != nil {
			t.Fatal(err)
		}
		if got := names(t, p); got != want || reads == 0 {
			t.Errorf("tasks\n%s\nwant\n%s", got, want)
		}
		var value *drgn.ValueError
		if err := attach.SetCustomKernel(p, m.vmcoreinfo, live); !errors.As(err, &value) {
			t.Error(err)
		}
	}
	var value *drgn.ValueError
	if err := attach.SetCustomKernel(drgn.New(arch.Platform{}), m.vmcoreinfo, false); !errors.As(err, &value) {
		t.Error(err)
	}
	// Page tables that can't be found, and machines that are not known: only virtual memory can't be read.
	for _, platform := range []arch.Platform{platform, {Arch: arch.ARM, Flags: arch.IsLittleEndian}} {
		p := drgn.New(platform)
		if err := attach.SetCustomKernel(p, []byte("OSRELEASE=6\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a22000\n"), false); err != nil {
			t.Fatal(err)
		}
		if err := p.Memory().Add(mem.BytesSegment(0, make([]byte, 4096), true)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Read(0, 8, true); err != nil {
			t.Error(err)
		}
		var fault *mem.FaultError
		if _, err := p.Read(8, 8, false); !errors.As(err, &fault) || !strings.Contains(err.Error(), "cannot find the kernel's page tables") {
			t.Error(err)
		}
	}
	p := drgn.New(platform)
	if err := p.Memory().Add(mem.BytesSegment(0, []byte("x"), false)); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{attach.SetCustomKernel(p, m.vmcoreinfo, false), attach.SetKernel(p), attach.SetQEMU(p, "none")} {
		if !errors.As(err, &value) || err.Error() != "program memory was already initialized" {
			t.Error(err)
		}
	}
}
