package attach_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// A machineCore is a small core of a kernel for another machine, without a debug file, and what the guest said of itself.
type machineCore struct {
	dir    string
	arch   *arch.Arch
	within bool                                // the kernel's image lies in the mapping of all memory
	begin  []string                            // functions in which stacks of the kernel's own threads end
	direct func(physical, virtual uint64) bool // whether the address is that of a physical one in the mapping of all memory
	cpus   map[string]cpuFrames                // by name of the task that a CPU ran
}

// cpuFrames are the first and the last frame of a CPU's stack, how many there are, and what the trace says of its end.
type cpuFrames struct {
	first, last string
	count       int
	problem     string
}

var machineCores = []machineCore{
	{
		"debian-arm64", arch.AArch64, false, []string{"ret_from_fork"}, func(_, virtual uint64) bool { return virtual>>47 == 0x1fffe },
		// One CPU was stopped in a process, the other in an interrupt of the kernel, before it had saved anything: what that interrupted is
		// not known.
		map[string]cpuFrames{
			"spin-user":   {"#0 at 0x4011f0", "0x4011f0", 1, ""},
			"spin-kernel": {"vectors+0x280/0x800", "vectors", 1, "the dump does not have the register that says what that interrupted"},
		},
	},
	{
		"debian-s390x", arch.S390X, false, []string{"ret_from_fork"}, func(physical, virtual uint64) bool { return virtual == physical },
		// One CPU was stopped in an interrupt of a process, which it handles on the stack for interrupts, the other at the begin of a
		// system call, which has saved nothing: the lowcore tells where the process was.
		map[string]cpuFrames{
			"spin-user":   {"sched_balance_update_blocked_averages+0x564/0x640", "0x100150e", 7, ""},
			"spin-kernel": {"system_call+0x0/0xa0", "0x1028bda", 2, ""},
		},
	},
	{
		"debian-ppc64el", arch.PPC64, true, []string{"start_kernel_thread"}, func(physical, virtual uint64) bool { return virtual == physical|0xc<<60 },
		// One CPU was stopped in an interrupt of a process, before it had saved anything, the other at the end of a system call.
		map[string]cpuFrames{
			"spin-user":   {"exc_virt_0x4900_decrementer+0x0/0x80", "exc_virt_0x4900_decrementer", 1, ""},
			"spin-kernel": {"system_call_vectored_common+0x19c/0x2ec", "system_call_vectored_common", 1, ""},
		},
	},
}

// onMachines runs a test on each of the cores.
func onMachines(t *testing.T, test func(t *testing.T, m machineCore, p *drgn.Program)) {
	for _, m := range machineCores {
		t.Run(m.dir, func(t *testing.T) { test(t, m, m.open(t)) })
	}
}

func (m machineCore) open(t *testing.T) *drgn.Program {
	t.Helper()
	p, err := attach.Core(filepath.Join("../testdata", m.dir, "vmcore.xz"), attach.Options{NoDefaultSymbols: true, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() }) // was only read
	return p
}

// Modules are found before debugging information was looked for, by the kernel's own BTF and symbols: the walk comes to the first one, of
// which these small cores have not all.
func TestModulesBeforeLoading(t *testing.T) {
	onMachines(t, func(t *testing.T, m machineCore, _ *drgn.Program) {
		p := drgn.New(arch.Platform{})
		if err := attach.SetCore(p, filepath.Join("../testdata", m.dir, "vmcore.xz"), attach.Options{CacheDir: "-"}); err != nil {
			t.Fatal(err)
		}
		defer p.Close() // was only read
		if _, err := p.Type("struct module"); !drgn.IsNotFound(err) {
			t.Errorf("before, struct module: %v", err)
		}
		first, _, _ := strings.Cut(m.lines(t, "modules.txt")[0], " ")
		if err := p.CreateLoadedModules(); err == nil || !strings.Contains(err.Error(), "module "+first+": ") {
			t.Errorf("%v, want one that is of %s", err, first)
		}
	})
}

// QEMU's kdump files of a machine that it has no name for say "Unknown", and have no VMCOREINFO without its device: that in memory, or
// one that is given, says what machine it is.
func TestUnknownMachine(t *testing.T) {
	core, err := target.Open(filepath.Join("../testdata", "debian-arm64", "vmcore.xz"))
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	s, err := core.Space()
	if err != nil {
		t.Fatal(err)
	}
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "Unknown", BlockSize: 4096, Compress: kdumptest.Zlib, Pages: map[uint64][]byte{}}
	for chunk, err := range s.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at+4096 <= len(chunk.Data); at += 4096 {
			pfn := (chunk.Address + uint64(at)) >> 12
			kd.Pages[pfn], kd.MaxPFN = bytes.Clone(chunk.Data[at:at+4096]), max(kd.MaxPFN, pfn+2)
		}
	}
	f := files{t, t.TempDir()}
	without := f.write("without", kd.Bytes())
	page := make([]byte, 4096)
	copy(page, core.VMCOREINFO)
	kd.Pages[kd.MaxPFN-1] = page
	within := f.write("within", kd.Bytes())
	for path, given := range map[string][]byte{within: nil, without: core.VMCOREINFO} {
		p := drgn.New(arch.Platform{})
		if given != nil {
			linux.SetVMCOREINFO(p, given)
		}
		if err := attach.SetCore(p, path); err != nil {
			t.Error(err)
			continue
		}
		if a := p.Platform().Arch; a != arch.AArch64 {
			t.Errorf("%s is of %s", path, p.Platform())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

func (m machineCore) lines(t *testing.T, file string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../testdata", m.dir, file))
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

// Kernels' dumps of other machines, without debug files: what the guests said of themselves.
func TestMachines(t *testing.T) { onMachines(t, testMachine) }

func testMachine(t *testing.T, m machineCore, p *drgn.Program) {
	if p.Platform().Arch != m.arch {
		t.Errorf("it is for %s", p.Platform())
	}
	var modules, want []string
	for mod, err := range module.ForEach(p) {
		if err != nil {
			t.Fatal(err)
		}
		name, err := mod.Member("name").CString()
		if err != nil {
			t.Fatal(err)
		}
		modules = append(modules, string(name))
	}
	for _, line := range m.lines(t, "modules.txt") {
		name, _, _ := strings.Cut(line, " ")
		want = append(want, name)
	}
	if !slices.Equal(modules, want) {
		t.Errorf("modules %q, the guest says %q", modules, want)
	}
	log, err := printk.Dmesg(p, true)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Split(string(log), "\n")
	for _, line := range m.lines(t, "dmesg.txt") {
		if _, text, _ := strings.Cut(line, ">"); !slices.Contains(said, text) {
			t.Errorf("the log lacks %q", text)
		}
	}
	var mounted []string
	for mount, err := range fs.ForEachMount(p, fs.MountFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		point, err := fs.MountPoint(mount)
		if err != nil {
			t.Fatal(err)
		}
		mounted = append(mounted, string(point))
	}
	for _, point := range []string{"/proc", "/sys/fs/cgroup", "/mnt/merged"} {
		if !slices.Contains(mounted, point) {
			t.Errorf("nothing is mounted on %s of %q", point, mounted)
		}
	}
	for cpu, err := range cpumask.ForEachOnlineCPU(p) {
		if err != nil {
			t.Fatal(err)
		}
		if n, err := percpu.PerCPU(p.Variable("runqueues"), cpu).Member("cpu").Uint(); err != nil || n != cpu {
			t.Errorf("run queue of CPU %d says %d, %v", cpu, n, err)
		}
	}
	first, err := p.Variable("init_task").AddressOf().Uint()
	if err != nil {
		t.Fatal(err)
	}
	physical, err := mm.VirtToPhys(p, first).Uint()
	if err != nil {
		t.Fatal(err)
	}
	// The same in the linear map.
	alias, err := mm.PhysToVirt(p, physical).Uint()
	if err != nil || (alias == first) != m.within || !m.direct(physical, alias) {
		t.Errorf("init_task, at %#x, is at %#x in the linear map, %v", first, alias, err)
	}
	name, err := p.Read(physical, 8, true)
	if again, e := p.Read(alias, 8, false); err != nil || e != nil || !bytes.Equal(name, again) {
		t.Errorf("init_task begins with %x, %v, in the linear map with %x, %v", name, err, again, e)
	}
}

var inStack = regexp.MustCompile(`^(\S+)\+0x([0-9a-f]+)/`)

// All addresses that /proc/PID/stack gives are in the stacks, in their order; those of processes end where the kernel was entered.
func TestMachineStacks(t *testing.T) { onMachines(t, testMachineStacks) }

func testMachineStacks(t *testing.T, m machineCore, p *drgn.Program) {
	var trace *drgn.StackTrace
	var frames []drgn.StackFrame
	compared, users := 0, 0
	for _, line := range m.lines(t, "stacks.txt") {
		if id, ok := strings.CutPrefix(line, "@ "); ok {
			number, comm, _ := strings.Cut(id, " ")
			n, err := strconv.ParseUint(number, 10, 32)
			if err != nil {
				t.Fatal(err)
			}
			task := pid.FindTask(p, n)
			got, err := task.Member("comm").CString()
			if err != nil || !strings.HasPrefix(comm, string(got)) {
				t.Errorf("task %d is %q, %v; the guest says %q", n, got, err, comm)
			}
			if trace, err = p.StackTraceOf(task); err != nil {
				t.Fatalf("task %s: %v", id, err)
			}
			if err := trace.Err; err != nil {
				t.Errorf("task %s: %v", id, err)
			}
			frames = slices.Collect(trace.Frames())
			if last := frames[len(frames)-1]; strings.HasPrefix(last.Name(), "0x") {
				users++ // there is no code of the kernel
			} else if !slices.Contains(m.begin, last.Name()) {
				t.Errorf("task %s: the stack ends in\n%s", id, trace)
			}
			continue
		}
		parts := inStack.FindStringSubmatch(line)
		if parts == nil {
			t.Fatalf("stacks.txt has %q", line)
		}
		offset, err := strconv.ParseUint(parts[2], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := p.Symbols(drgn.SymbolQuery{Name: parts[1], HasName: true})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(frames, func(f drgn.StackFrame) bool {
			return slices.ContainsFunc(symbols, func(s drgn.Symbol) bool { return s.Address+offset == f.PC() })
		})
		if i < 0 {
			t.Errorf("%s is not in its place in\n%s", line, trace)
			continue
		}
		frames = frames[i+1:]
		compared++
	}
	if compared < 400 || users < 20 {
		t.Errorf("only %d addresses compared, and %d stacks lead to processes", compared, users)
	}
}

// CPUs' stacks begin where they were stopped, lead through interrupts, and end in processes.
func TestMachineCPUs(t *testing.T) {
	onMachines(t, func(t *testing.T, m machineCore, p *drgn.Program) {
		for task, err := range pid.ForEachTask(p, false) {
			if err != nil {
				t.Fatal(err)
			}
			name, err := task.Member("comm").CString()
			if err != nil {
				t.Fatal(err)
			}
			want, ok := m.cpus[string(name)]
			if !ok {
				continue
			}
			trace, err := p.StackTraceOf(task)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			said := ""
			if trace.Err != nil {
				said = trace.Err.Error()
			}
			if trace.Len() != want.count || !strings.Contains(trace.Frame(0).String(), want.first) || trace.Frame(want.count-1).Name() != want.last ||
				(said == "") != (want.problem == "") || !strings.Contains(said, want.problem) {
				t.Errorf("%s:\n%s\n%s", name, trace, said)
			}
		}
	})
}

// Where the list of modules can't be followed to its end, that is said, and besides what the kernel, which has no debug file, answers from.
func TestModulesCut(t *testing.T) {
	_, warnings, err := attachTo(filepath.Join("../testdata", machineCores[0].dir, "vmcore.xz"), attach.Options{CacheDir: "-"})
	if err != nil || len(warnings) != 2 {
		t.Fatal(err, warnings)
	}
	said[*mem.FaultError](t, warnings[0], "module dm_mod: ") // the first, of which not all is in the small core
	said[*linux.NoDebugFileError](t, warnings[1], "no debug file of kernel 6.12.117+deb13-cloud-arm64: types: BTF of the kernel's memory")
}

// What a kernel has loaded is in memory: no loaded files are wanted of it.
func TestWantedOfKernels(t *testing.T) {
	dir, err := coretest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	p, err := attach.Core(filepath.Join(dir, "vmcore"), attach.Options{NoDefaultSymbols: true, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close() // was only read
	for kind, want := range map[drgn.ModuleKind]bool{drgn.RelocatableModule: false, drgn.VdsoModule: true, drgn.ExtraModule: true} {
		m, _, err := p.AddModule(drgn.ModuleSpec{Kind: kind, Name: "made"})
		if err != nil || m.WantsLoadedFile() != want {
			t.Errorf("%v module: %v, wants a loaded file: %v", kind, err, m.WantsLoadedFile())
		}
		if kind != drgn.VdsoModule {
			continue
		}
		if err := m.TryFile(filepath.Join(dir, "vmlinux.zst")); err != nil || !m.WantsDebugFile() {
			t.Errorf("a vDSO from a file without a dynamic segment: %v", err)
		}
	}
}
