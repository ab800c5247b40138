package attach_test

import (
	"bufio"
	"bytes"
	"fmt"
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
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
)

const arm64Fixture = "../testdata/debian-arm64"

func openArm64(t *testing.T) *drgn.Program {
	t.Helper()
	p, err := attach.Core(filepath.Join(arm64Fixture, "vmcore.xz"), attach.Options{NoDefaultSymbols: true, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() }) // was only read
	return p
}

func arm64Lines(t *testing.T, file string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(arm64Fixture, file))
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	return lines
}

// An aarch64 kernel's dump on any machine, without a debug file: what the guest said of itself.
func TestArm64(t *testing.T) {
	p := openArm64(t)
	if p.Platform().Arch != arch.AArch64 {
		t.Errorf("it is for %s", p.Platform())
	}
	var modules, want []string
	for m, err := range module.ForEach(p) {
		if err != nil {
			t.Fatal(err)
		}
		name, err := m.Member("name").CString()
		if err != nil {
			t.Fatal(err)
		}
		modules = append(modules, string(name))
	}
	for _, line := range arm64Lines(t, "modules.txt") {
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
	for _, line := range arm64Lines(t, "dmesg.txt") {
		if _, text, _ := strings.Cut(line, ">"); !slices.Contains(said, text) {
			t.Errorf("the log lacks %q", text)
		}
	}
	var mounted []string
	for m, err := range fs.ForEachMount(p, fs.MountFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		point, err := fs.MountPoint(m)
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
	if err != nil || alias == first || alias>>47 != 0x1fffe {
		t.Errorf("init_task, at %#x, is at %#x in the linear map, %v", first, alias, err)
	}
	name, err := p.Read(physical, 8, true)
	if again, e := p.Read(alias, 8, false); err != nil || e != nil || !bytes.Equal(name, again) {
		t.Errorf("init_task begins with %x, %v, in the linear map with %x, %v", name, err, again, e)
	}
}

var inStack = regexp.MustCompile(`^(\S+)\+0x([0-9a-f]+)/`)

// All addresses that /proc/PID/stack gives are in the stacks, in their order; those of processes end where the kernel was entered.
func TestArm64Stacks(t *testing.T) {
	p := openArm64(t)
	var trace *drgn.StackTrace
	var frames []drgn.StackFrame
	compared, users := 0, 0
	for _, line := range arm64Lines(t, "stacks.txt") {
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
			if last := frames[len(frames)-1]; last.PC() < 1<<48 {
				users++
			} else if last.Name() != "ret_from_fork" {
				t.Errorf("task %s: the stack ends in\n%s", id, trace)
			}
			continue
		}
		m := inStack.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("stacks.txt has %q", line)
		}
		offset, err := strconv.ParseUint(m[2], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		symbols, err := p.Symbols(drgn.SymbolQuery{Name: m[1], HasName: true})
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
	if compared < 500 || users < 20 {
		t.Errorf("only %d addresses compared, and %d stacks lead to processes", compared, users)
	}
}

// The CPUs were stopped in a process and, in an interrupt of the kernel, before it had saved anything: what that interrupted is not
// known, and the trace says so.
func TestArm64CPUs(t *testing.T) {
	p := openArm64(t)
	for comm, want := range map[string]struct{ frame, problem string }{
		"spin-user":   {"#0 at 0x4011f0", ""},
		"spin-kernel": {"vectors+0x280/0x800", "the dump does not have the register that says what that interrupted"},
	} {
		for task, err := range pid.ForEachTask(p, false) {
			if err != nil {
				t.Fatal(err)
			}
			if name, err := task.Member("comm").CString(); err != nil || string(name) != comm {
				continue
			}
			trace, err := p.StackTraceOf(task)
			if err != nil {
				t.Errorf("%s: %v", comm, err)
				continue
			}
			if trace.Len() != 1 || !strings.Contains(trace.Frame(0).String(), want.frame) || fmt.Sprint(trace.Err) == "<nil>" != (want.problem == "") || !strings.Contains(fmt.Sprint(trace.Err), want.problem) {
				t.Errorf("%s, first frame %s:\n%s\n%v", comm, trace.Frame(0), trace, trace.Err)
			}
		}
	}
}
