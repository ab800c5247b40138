package user_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

const data = "../testdata/process"

func openCore(t testing.TB, name string) *drgn.Program {
	t.Helper()
	core, err := target.Open(filepath.Join(data, name+".core.gz"))
	if err != nil {
		t.Fatal(err)
	}
	p := drgn.New(arch.Platform{})
	if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
		t.Fatal(err)
	}
	return p
}

// load gives the modules their files; the directories in which the cores were dumped are gone.
func load(t testing.TB, p *drgn.Program) {
	t.Helper()
	for m, err := range p.LoadedModules() {
		if err != nil {
			t.Fatal(err)
		}
		if err := m.TryFile(filepath.Join(data, filepath.Base(m.Name()))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCores(t *testing.T) {
	for _, test := range []struct {
		name, platform, modules, stacks string
		tids                            []uint64 // relative to the main thread's
		crashed                         uint64
		objects                         map[string]string
	}{
		{"threads", "X86_64 (IS_64_BIT|IS_LITTLE_ENDIAN)",
			`main /src/threads 128bebefde3001d858e06c5c5f4ca57f63f72e6e 0x400000-0x406fff 0x0
vdso linux-vdso.so.1 a599807156a2a62fe956a82e388aeeabc874119c 0x7fc0edcf6000-0x7fc0edcf7fff 0x0
`, `0 threads
#0  call (/src/threads.c:16:2)
#1  sleep_ms (/src/threads.c:22:2)
#2  begin (/src/threads.c:67:3)
#3  _start+0xb/0xc
1 
#0  call (/src/threads.c:16:2)
#1  waits (/src/threads.c:32:3)
#2  run (/src/threads.c:46:3)
#3  clone_thread+0x19/0x1a
2 
#0  call (/src/threads.c:16:2)
#1  waits (/src/threads.c:32:3)
#2  run (/src/threads.c:46:3)
#3  clone_thread+0x19/0x1a
3 
#0  call (/src/threads.c:16:2)
#1  waits (/src/threads.c:32:3)
#2  run (/src/threads.c:46:3)
#3  clone_thread+0x19/0x1a
4 
#0  crashes (/src/threads.c:40:9)
#1  crashes (/src/threads.c:39:10)
#2  crashes (/src/threads.c:39:10)
#3  run (/src/threads.c:50:12)
#4  clone_thread+0x19/0x1a
`, []uint64{0, 1, 2, 3, 4}, 4, map[string]string{"started": "(int)3", "message": `(const char *)0x4002e8 = "hello from a process"`}},
		{"crash32", "I386 (IS_LITTLE_ENDIAN)",
			`main /src/crash32 1227b94a6da49c2ea28ed42c08fb445d4e79ac11 0x8048000-0x8049fff 0x0
vdso linux-gate.so.1 e2d878c2bc617ad0d61067ded2909794c197ffe7 0xf7ff5000-0xf7ff6fff 0x0
`, `0 crash32
#0  crashes (/src/crash.c:7:42)
#1  crashes (/src/crash.c:7:17)
#2  crashes (/src/crash.c:7:17)
#3  begin (/src/crash.c:13:12)
#4  _start+0x7/0x8
`, []uint64{0}, 0, map[string]string{"point": "(struct point){\n\t.x = (int)3,\n\t.y = (int)2,\n}"}},
		{"dynamic", "X86_64 (IS_64_BIT|IS_LITTLE_ENDIAN)",
			`main /src/dynamic 2e568c04d6eb774fafa46637894500afd0426e9e 0x55fa86687000-0x55fa86689fff 0x55fa86687000
vdso linux-vdso.so.1 a599807156a2a62fe956a82e388aeeabc874119c 0x7fb068c9b000-0x7fb068c9cfff 0x0
shared library /src/libsmall.so 8aba2a35ce6bc2f58e5336715c7101f7f2105ac2 0x7fb068c90000-0x7fb068c92fff 0x7fb068c90000
`, `0 dynamic
#0  callback (/src/dynamic.c:11:9)
#1  library_call (/src/library.c:12:9)
#2  main (/src/dynamic.c:17:9)
#3  _start+0xb/0xc
`, []uint64{0}, 0, map[string]string{"answer": "(int)43", "pair": "(struct pair){\n\t.first = (int)3,\n\t.second = (int)4,\n}", "hidden": "(int)6"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := openCore(t, test.name)
			load(t, p)
			if p.Flags() != 0 || p.Platform().String() != test.platform || p.Language().Name() != "C" || !strings.HasSuffix(p.CoreDumpPath(), ".core.gz") {
				t.Error(p.Flags(), p.Platform(), p.Language(), p.CoreDumpPath())
			}
			var modules strings.Builder
			for m := range p.Modules() {
				r, _ := m.Ranges()
				fmt.Fprintf(&modules, "%s %s %x %#x-%#x %#x\n", m.Kind(), m.Name(), m.BuildID(), r[0].Min, r[0].Max, m.LoadedFile().Bias)
			}
			if modules.String() != test.modules {
				t.Errorf("modules:\n%s", &modules)
			}
			main, err := p.MainThread()
			if err != nil {
				t.Fatal(err)
			}
			var stacks strings.Builder
			for thread, err := range p.Threads() {
				if err != nil {
					t.Fatal(err)
				}
				trace, err := thread.StackTrace()
				if err != nil || trace.Err != nil {
					t.Fatal(err, trace.Err)
				}
				fmt.Fprintf(&stacks, "%d %s\n%s\n", thread.TID-main.TID, thread.Name, trace)
				if _, err := p.Thread(thread.TID); err != nil {
					t.Error(err)
				}
			}
			if stacks.String() != test.stacks {
				t.Errorf("stacks:\n%s", &stacks)
			}
			if crashed, err := p.CrashedThread(); err != nil || crashed.TID-main.TID != test.crashed {
				t.Error(crashed, err)
			}
			var missing drgn.LookupError
			if _, err := p.Thread(1); !errors.As(err, &missing) || err.Error() != "thread with ID 1 not found" {
				t.Error(err)
			}
			if err := main.Object.Err(); !errors.As(err, new(*drgn.UnsupportedError)) {
				t.Error(err)
			}
			for name, want := range test.objects {
				if got := p.Object(name).String(); got != want {
					t.Errorf("%s: %s", name, got)
				}
			}
			for _, err := range p.LoadedModules() { // once more
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestSignal has a crash in the handler of a signal that a call through a null pointer gave: what the handler returns to has
// its name, and below the frame at 0 is who made the call. gdb shows the same.
func TestSignal(t *testing.T) {
	p := openCore(t, "signal")
	load(t, p)
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := thread.StackTrace()
	if err != nil || trace.Err != nil {
		t.Fatal(err, trace.Err)
	}
	const want = `#0  handler (/src/signal.c:26:2)
#1  restore+0x0/0x7
#2  0x0
#3  inner (/src/signal.c:31:2)
#4  outer (/src/signal.c:35:60)
#5  begin (/src/signal.c:42:2)
#6  _start+0x7/0x8`
	if got := trace.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if n := trace.Frame(3).Object("n").String(); n != "(int)1" {
		t.Error(n)
	}
}

// TestLocals has parameters and variables in the frames of a library's caller.
func TestLocals(t *testing.T) {
	p := openCore(t, "dynamic")
	load(t, p)
	crashed, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := crashed.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for f := range trace.Frames() {
		names, err := f.Locals()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			got = append(got, fmt.Sprintf("%s.%s %s", f.Name(), n, strings.Join(strings.Fields(f.Object(n).String()), " ")))
		}
	}
	want := []string{"callback.n (int)43", "library_call.callback (int (*)(int))callback+0x0 = 0x55fa866873bc",
		"library_call.n (int)42", "library_call.local (struct pair){ .first = (int)42, .second = (int)5, }"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestPointerAuthentication has a core of an arm64 process whose return address is signed: NT_ARM_PAC_MASK says in which bits
// (arch/arm64/kernel/ptrace.c, pac_mask_get).
func TestPointerAuthentication(t *testing.T) {
	const fp, caller, code = 0x10010, 0x12345678, uint64(0x2a) << 48
	a := arch.AArch64
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: a.Machines[0]}
	status := make([]byte, a.PrStatus.Size()+8)
	for _, r := range a.PrStatus {
		switch r.Register {
		case a.FramePointer.Register:
			binary.LittleEndian.PutUint64(status[r.Offset:], fp)
		case a.SP:
			binary.LittleEndian.PutUint64(status[r.Offset:], 0x10000)
		case a.PC:
			binary.LittleEndian.PutUint64(status[r.Offset:], 0x5000)
		}
	}
	mask := f.Word(f.Word(nil, 0x7f<<48|0x7f<<56), 0x7f<<48) // of data, of instructions
	memory := make([]byte, 64)
	binary.LittleEndian.PutUint64(memory[0x18:], caller|code)
	open := func(masks ...[]byte) (*drgn.Program, error) {
		notes := f.Note(nil, "CORE", target.NT_PRSTATUS, status)
		for _, m := range masks {
			notes = f.Note(notes, "LINUX", a.PAC.Note, m)
		}
		f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: notes}, {Type: elf.PT_LOAD, Vaddr: 0x10000, Data: memory}}
		path := filepath.Join(t.TempDir(), "core")
		if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		core, err := target.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		p := drgn.New(arch.Platform{})
		return p, user.SetupCore(p, core, "core", core.Platform)
	}
	for _, test := range []struct {
		masks [][]byte
		want  uint64
	}{{[][]byte{mask, mask}, caller}, {nil, caller | code}} {
		p, err := open(test.masks...)
		if err != nil {
			t.Fatal(err)
		}
		// Where no code is known to lie, no return address is followed.
		code := drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: "code", Ranges: []mem.Range{{Min: 0x5000, Max: 0x5fff}, {Min: test.want - 0x100, Max: test.want}}}
		if _, _, err := p.AddModule(code); err != nil {
			t.Fatal(err)
		}
		thread, err := p.Thread(0)
		if err != nil {
			t.Fatal(err)
		}
		trace, err := thread.StackTrace()
		if err != nil || trace.Len() != 2 || trace.Frame(1).PC() != test.want {
			t.Errorf("%d masks: %v, %v; want a caller at %#x", len(test.masks), trace, err, test.want)
		}
	}
	var short *arch.ShortError
	p, err := open(mask[:15])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.StackTrace(0); !errors.As(err, &short) {
		t.Errorf("a truncated mask: %v", err)
	}
}

// TestLostNotes has cores whose notes end too early or are too short: what is whole is there, and what may have been in the rest is an
// error that says so. drgn 0.3.0 raises BadDataError for notes that are too short, and takes those that end too early for none.
func TestLostNotes(t *testing.T) {
	a := arch.X86_64
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: a.Machines[0]}
	status := func(tid uint32) []byte {
		desc := make([]byte, 336)
		binary.LittleEndian.PutUint32(desc[32:], tid)
		return desc
	}
	process := make([]byte, 136)
	binary.LittleEndian.PutUint32(process[24:], 7)
	seven := f.Note(nil, "CORE", target.NT_PRSTATUS, status(7))
	for name, c := range map[string]struct {
		notes         []byte
		seven         bool // whether the thread is there
		main, crashed bool
	}{
		"the second thread's is cut":   {f.Note(seven, "CORE", target.NT_PRSTATUS, status(8))[:700], true, false, true},
		"the second thread's is short": {f.Note(seven, "CORE", target.NT_PRSTATUS, status(8)[:35]), true, false, true},
		"the first thread's is short":  {append(f.Note(nil, "CORE", target.NT_PRSTATUS, status(8)[:35]), seven...), true, false, false},
		"the process's is cut":         {f.Note(seven, "CORE", target.NT_PRPSINFO, process)[:len(seven)+100], true, false, true},
		"the process's is short":       {f.Note(seven, "CORE", target.NT_PRPSINFO, process[:55]), true, false, true},
		"the process's is there": {f.Note(f.Note(seven, "CORE", target.NT_PRPSINFO, process), "CORE", target.NT_PRSTATUS, status(8)[:3]),
			true, true, true},
		"nothing is whole": {seven[:200], false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: slices.Clone(c.notes)}, {Type: elf.PT_LOAD, Vaddr: 0x1000, Data: []byte("memory")}}
			path := filepath.Join(t.TempDir(), "core")
			if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			core, err := target.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			p := drgn.New(arch.Platform{})
			if err := user.SetupCore(p, core, path, core.Platform); err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if b, err := p.Read(0x1000, 6, false); string(b) != "memory" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			check := func(what string, want bool, err error) {
				t.Helper()
				var lost *failure.DecodeError
				if (err == nil) != want || !want && !errors.As(err, &lost) {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err = p.Thread(7)
			check("thread 7", c.seven, err)
			_, err = p.StackTrace(7)
			check("its stack", c.seven, err)
			_, err = p.Thread(9)
			check("thread 9", false, err)
			_, err = p.MainThread()
			check("the main thread", c.main, err)
			_, err = p.CrashedThread()
			check("the crashed thread", c.crashed, err)
			n := 0
			for _, err = range p.Threads() {
				if n++; err != nil {
					break
				}
			}
			check("all threads", false, err)
			if (n == 2) != c.seven {
				t.Errorf("%d threads before the error", n)
			}
		})
	}
}

// TestMachines has cores of all machines whose registers are known: each register has another value.
func TestMachines(t *testing.T) {
	n := 0
	for _, a := range arch.All {
		if len(a.PrStatus) == 0 {
			continue
		}
		n++
		p, err := arch.NewPlatform(a)
		if err != nil {
			t.Fatal(err)
		}
		f := &elftest.File{Is64: p.Is64Bit(), Big: !p.IsLittleEndian(), Type: elf.ET_CORE, Machine: a.Machines[0]}
		status := func(tid uint32, base uint64) []byte {
			b := make([]byte, a.PrStatus.Size()+8)
			pr_pid := 24 // struct elf_prstatus
			if f.Is64 {
				pr_pid = 32
			}
			f.Order().PutUint32(b[pr_pid:], tid)
			for _, r := range a.PrStatus {
				v := f.Word(nil, base+uint64(r.Register))
				if !f.Big {
					copy(b[r.Offset:][:r.Size], v)
				} else {
					copy(b[r.Offset:][:r.Size], v[len(v)-int(r.Size):])
				}
			}
			return b
		}
		notes := f.Note(nil, "CORE", target.NT_PRSTATUS, status(7, 0x7000))
		notes = f.Note(notes, "CORE", target.NT_PRSTATUS, status(3, 0x3000))
		f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: notes}, {Type: elf.PT_LOAD, Vaddr: 0x10000, Data: make([]byte, 64)}}
		path := filepath.Join(t.TempDir(), "core")
		if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		core, err := target.Open(path)
		if err != nil {
			t.Fatal(a, err)
		}
		prog := drgn.New(arch.Platform{})
		if err := user.SetupCore(prog, core, "core", core.Platform); err != nil {
			t.Fatal(a, err)
		}
		if prog.Platform() != p {
			t.Errorf("%v: %v", a, prog.Platform())
		}
		var tids []uint64
		for thread, err := range prog.Threads() {
			if err != nil {
				t.Fatal(err)
			}
			tids = append(tids, thread.TID)
			trace, err := thread.StackTrace()
			if err != nil || trace.Len() == 0 {
				t.Fatal(a, err)
			}
			base := thread.TID << 12
			if pc := trace.Frame(0).PC(); pc != base+uint64(a.PC) && a != arch.S390 { // 31 bits
				t.Errorf("%v: pc %#x", a, pc)
			}
			for _, r := range a.PrStatus {
				if r.Register >= len(a.Registers) {
					continue
				}
				name := a.Registers[r.Register].Names[0]
				if v, err := trace.Frame(0).Register(name); err != nil || v != base+uint64(r.Register) {
					t.Errorf("%v: %s = %#x, %v", a, name, v, err)
				}
			}
		}
		if crashed, err := prog.CrashedThread(); err != nil || crashed.TID != 7 || !slices.Equal(tids, []uint64{3, 7}) {
			t.Error(a, tids, crashed, err)
		}
		if _, err := prog.MainThread(); !drgn.IsNotFound(err) { // nothing says which one it is
			t.Error(err)
		}
		for _, err := range prog.LoadedModules() {
			if err == nil || !strings.Contains(err.Error(), "core file is missing NT_AUXV") {
				t.Error(err)
			}
		}
	}
	if n < 9 {
		t.Error(n, "machines")
	}
}

func TestFaults(t *testing.T) {
	p := openCore(t, "threads")
	var fault *mem.FaultError
	for _, address := range []uint64{0, 0x400000 - 1, 1 << 63, ^uint64(0)} {
		if _, err := p.Read(address, 1, false); !errors.As(err, &fault) || fault.Address != address {
			t.Errorf("%#x: %v", address, err)
		}
	}
	if err := p.CheckUnopened(); err == nil {
		t.Error("can be opened again")
	}
	if _, err := user.Of(drgn.New(arch.Platform{})); err == nil {
		t.Error("nothing is a process")
	}
}

// TestArrays has arrays whose numbers of elements are known at run time only. The values are those that testdata/process/arrays.c gives them, and gdb
// shows; what compilers say nothing of is incomplete.
func TestArrays(t *testing.T) {
	const (
		one   = "{ 0, 10, 20, 30 }"
		two   = "(short [4][5]){ { 0, 1, 2, 3, 4 }, { 10, 11, 12, 13, 14 }, { 20, 21, 22, 23, 24 }, { 30, 31, 32, 33, 34 } }"
		fixed = "{ { 1, 2, 3 }, { 4, 5, 6 } }"
		mixed = "{ { 0, 1, 2 }, { 1000, 1001, 1002 }, { 2000, 2001, 2002 }, { 3000, 3001, 3002 } }"
	)
	gcc := map[string]string{"one": "(int [4])" + one, "two": two, "fixed": "(const int [2][3])" + fixed, "mixed": "(int [4][3])" + mixed,
		"to": "(int [4])" + one, "param": "(int [5]){ 0, 1, 2, 3, 4 }", "typed": "(named){ 0, 100, 200, 300 }"}
	clang := map[string]string{"one": "(int [4])" + one, "two": two, "fixed": "(const row [2])" + fixed, "mixed": "(row [4])" + mixed,
		"to": "(int []){}", "param": "(int []){}", "typed": "(named){}"}
	for _, name := range []string{"arrays.gcc-O0", "arrays.gcc-O2", "arrays.clang-O0", "arrays.clang-O2", "arrays.gcc-split", "arrays.clang-split"} {
		t.Run(name, func(t *testing.T) {
			p := openCore(t, name)
			load(t, p)
			thread, err := p.CrashedThread()
			if err != nil {
				t.Fatal(err)
			}
			var frame drgn.StackFrame
			for frame = range trace(t, thread).Frames() {
				if frame.Name() == "arrays" {
					break
				}
			}
			want := gcc
			if strings.Contains(name, "clang") {
				want = clang
			}
			for variable, want := range want {
				o := frame.Object(variable)
				if variable == "to" || variable == "param" {
					o = o.Deref()
				}
				if (name == "arrays.gcc-O2" || name == "arrays.gcc-split") && variable == "typed" {
					want = "(int []){}"
				}
				if got := o.String(); got != want {
					t.Errorf("%s: %s, want %s", variable, got, want)
				}
			}
			if n, err := frame.Object("two").Index(1).Index(2).Int(); n != 12 || err != nil {
				t.Error(n, err)
			}
		})
	}
}

// TestUnsaved reads constants and code that the core lacks, since they are as the file has them: the kernel writes segments without
// contents, gdb's gcore writes none.
func TestUnsaved(t *testing.T) {
	t.Run("kernel", func(t *testing.T) { testUnsaved(t, openCore(t, "literal")) })
	t.Run("gcore", func(t *testing.T) {
		core, err := target.Open(filepath.Join(data, "literal.core.gz"))
		if err != nil {
			t.Fatal(err)
		}
		core.Virtual = slices.DeleteFunc(slices.Clone(core.Virtual), func(s mem.Segment) bool { return s.Min == 0x401000 || s.Min == 0x402000 })
		p := drgn.New(arch.Platform{})
		if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
			t.Fatal(err)
		}
		testUnsaved(t, p)
	})
}

func testUnsaved(t *testing.T, p *drgn.Program) {
	literal := func() (string, error) {
		pointer, err := p.ReadUint(0x403000, 8, false)
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.Memory().CString(pointer, 100, false)
		return string(b), err
	}
	var fault *mem.FaultError
	if s, err := literal(); !errors.As(err, &fault) || !strings.Contains(err.Error(), "memory not saved in core dump: it is that of /src/literal at offset 0x2006") {
		t.Errorf("%q %v", s, err)
	}
	load(t, p)
	if s, err := literal(); s != "not in the core" || err != nil {
		t.Errorf("%q %v", s, err)
	}
	for name, want := range map[string]string{
		"table": "(const int [3]){ 1, 2, 3 }", "literal": `(const char *)0x402006 = "not in the core"`, "moved": `(const char * volatile)0x402006 = "not in the core"`,
	} {
		if got := p.Object(name).String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	file, err := os.ReadFile(filepath.Join(data, "literal"))
	if err != nil {
		t.Fatal(err)
	}
	code, err := p.Read(0x401000, 16, false)
	if err != nil || string(code) != string(file[0x1000:0x1010]) {
		t.Errorf("%x %v", code, err)
	}
	// It ends where what the file has of it ends.
	if _, err := p.Read(0x402000, 0x1000, false); !errors.As(err, &fault) || fault.Address <= 0x402000 || fault.Address >= 0x403000 {
		t.Error(err)
	}
}

// TestUnsavedElsewhere has a file of another build, whose constants are not those of the process.
func TestUnsavedElsewhere(t *testing.T) {
	p := openCore(t, "literal")
	file, err := os.ReadFile(filepath.Join(data, "literal"))
	if err != nil {
		t.Fatal(err)
	}
	main, err := p.MainModule()
	if drgn.IsNotFound(err) {
		for m, err := range p.LoadedModules() {
			if err != nil {
				t.Fatal(err)
			}
			if main == nil {
				main = m.Module
			}
		}
	}
	other := filepath.Join(t.TempDir(), "literal")
	if err := os.WriteFile(other, bytes.ReplaceAll(file, main.BuildID(), make([]byte, 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	main.SetBuildID(nil)
	if err := main.TryFile(other); err != nil || main.LoadedFile().Path == "" {
		t.Fatal(err, main.LoadedFile())
	}
	var fault *mem.FaultError
	if b, err := p.Read(0x401000, 4, false); !errors.As(err, &fault) {
		t.Errorf("%x %v", b, err)
	}
}

// TestFrameWithoutFile has a frame in a program whose file is not at hand: which module it is in is known.
func TestFrameWithoutFile(t *testing.T) {
	p := openCore(t, "threads")
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	first := func() string {
		trace, err := thread.StackTrace()
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(trace.String(), "\n")
		return line
	}
	pc := uint64(0)
	if n, err := fmt.Sscanf(first(), "#0  %v", &pc); n != 1 || err != nil {
		t.Error(first(), err)
	}
	for _, err := range p.LoadedModules() {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, want := first(), fmt.Sprintf("#0  threads+%#x", pc-0x400000); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
