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
	"github.com/godrgn/drgn/user"
)

// TestSignalsOfMachines has the same program on each machine, which crashed in the handler of a signal that came in the handler of another
// one; see testdata/process/machines.c. Functions, lines and values are those that gdb 13 shows, but on s390x and Arm, whose signals' frames
// it does not get through.
func TestSignalsOfMachines(t *testing.T) {
	for name, c := range map[string]struct{ platform, again, first, trap, second string }{
		"aarch64":     {"AARCH64 (IS_64_BIT|IS_LITTLE_ENDIAN)", "", "", "82", "5"},
		"riscv64":     {"RISCV64 (IS_64_BIT|IS_LITTLE_ENDIAN)", "__vdso_rt_sigreturn", "__vdso_rt_sigreturn", "82", "?"},
		"loongarch64": {"LOONGARCH64 (IS_64_BIT|IS_LITTLE_ENDIAN)", "__vdso_rt_sigreturn", "__vdso_rt_sigreturn", "82", "5"},
		"s390x":       {"S390X (IS_64_BIT)", "", "", "80", "?"}, // the processor has stepped over what is no instruction
		"ppc64le":     {"PPC64 (IS_64_BIT|IS_LITTLE_ENDIAN)", "", "", "82", "?"},
		"arm":         {"ARM (IS_LITTLE_ENDIAN)", "", "", "82", "4"},
		"i386":        {"I386 (IS_LITTLE_ENDIAN)", "__kernel_sigreturn", "__kernel_rt_sigreturn", "82", "4"},
	} {
		t.Run(name, func(t *testing.T) {
			p := openCore(t, "machines."+name)
			if got := p.Platform().String(); got != c.platform {
				t.Error(got)
			}
			for m, err := range p.LoadedModules() {
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(data, "machines."+name)
				if m.Kind() == drgn.VdsoModule {
					image, err := p.Personality().(*user.Process).Image(m.Module)
					path = filepath.Join(t.TempDir(), "vdso")
					if err := errors.Join(err, os.WriteFile(path, image, 0o600)); err != nil {
						t.Fatal(err)
					}
				}
				if err := m.TryFile(path); err != nil {
					t.Fatal(err)
				}
			}
			crashed, err := p.CrashedThread()
			if err != nil {
				t.Fatal(err)
			}
			main, err := p.MainThread()
			if err != nil || main.TID != crashed.TID {
				t.Error(main, crashed, err)
			}
			want := []string{
				"writes:66 to=0x0", "second:72 signal=" + c.second, c.again + ":0", "first:" + c.trap + " signal=11", c.first + ":0", "inner:88 p=0x0 n=6",
				"outer:94 n=5 local={5,-5}", "begin:112", "_start:0",
			}
			if got := frames(t, crashed); got != strings.Join(want, "\n") {
				t.Errorf("%s\nwant\n%s", got, strings.Join(want, "\n"))
			}
			n := 0
			for thread, err := range p.Threads() {
				if err != nil {
					t.Fatal(err)
				}
				n++
				if thread.TID == crashed.TID {
					continue
				}
				if got := frames(t, thread); got != "call:0\nwaits:59 n=7 local={7,8}\nrun:62\nclone_thread:0" {
					t.Error(got)
				}
			}
			if n != 2 {
				t.Errorf("%d threads", n)
			}
			point, err := p.Variable("point").Member("x").Int()
			if err != nil || point != 11 {
				t.Error(point, err)
			}
		})
	}
}

// frames returns the frames of a thread's stack in short: functions, lines, and the values of what is a number, a pointer or a struct point.
func frames(t *testing.T, thread *drgn.Thread) string {
	t.Helper()
	var all []string
	for f := range trace(t, thread).Frames() {
		source, _ := f.Source() // none of assembly
		name, known := f.FunctionName()
		if symbol, err := f.Symbol(); err == nil && !known {
			name = symbol.Name
		}
		s := fmt.Sprintf("%s:%d", name, source.Line)
		locals, err := f.Locals()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range locals {
			if name == "info" || name == "context" {
				continue
			}
			value := "?"
			o := f.Object(name)
			_, absent := o.Absent()
			switch {
			case absent:
			case name == "local":
				x, _ := o.Member("x").Int()
				y, _ := o.Member("y").Int()
				value = fmt.Sprintf("{%d,%d}", x, y)
			default:
				value = o.String()[strings.LastIndex(o.String(), ")")+1:]
			}
			s += " " + name + "=" + value
		}
		all = append(all, s)
	}
	return strings.Join(all, "\n")
}

// A register of a frame is known by each of its names.
func TestRegisterNames(t *testing.T) {
	crashed, err := openCore(t, "machines.arm").CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := crashed.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string][]string{}
	for _, r := range trace.Frame(0).Registers() {
		names[r.Name] = r.Names
	}
	for name, want := range map[string][]string{"r0": {"r0", "a1"}, "r9": {"r9", "v6", "sb"}, "r11": {"r11", "v8", "fp"}, "r14": {"r14", "lr"}} {
		if !slices.Equal(names[name], want) {
			t.Errorf("names of %s: %q; want %q", name, names[name], want)
		}
	}
}
