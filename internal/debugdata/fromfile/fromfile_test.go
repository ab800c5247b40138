package fromfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/module"
)

// openCore opens a copy of the bundled core, without its vmlinux beside it, with a file of debugging information.
func openCore(t *testing.T, symbols string) *drgn.Program {
	t.Helper()
	dir, err := coretest.Dir()
	if err != nil {
		t.Fatal(err)
	}
	core := filepath.Join(t.TempDir(), "vmcore")
	if err := os.Symlink(filepath.Join(dir, "vmcore"), core); err != nil {
		t.Fatal(err)
	}
	p, err := attach.Core(core, attach.Options{Symbols: []string{symbols}, NoDefaultSymbols: true, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// A file of the kernel's BTF, as in /sys/kernel/btf/vmlinux, is a source of types; it has no symbols.
func TestDetached(t *testing.T) {
	data := coretest.BTF(t)
	path := filepath.Join(t.TempDir(), "vmlinux")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p := openCore(t, path)
	main, err := p.MainModule()
	if err != nil {
		t.Fatal(err)
	}
	if !main.HasTypes() || main.HasCode() || main.DebugFile().Path != path || main.DebugFile().Status != module.HaveFile {
		t.Errorf("types %v, code %v, file %+v", main.HasTypes(), main.HasCode(), main.DebugFile())
	}
	// Of another build of the same kernel, all sizes that VMCOREINFO has are the same.
	other := bytes.Replace(data, []byte("\x00task_struct\x00"), []byte("\x00task_strukt\x00"), 1)
	otherPath := filepath.Join(t.TempDir(), "vmlinux")
	if err := os.WriteFile(otherPath, other, 0o600); err != nil {
		t.Fatal(err)
	}
	var wrong *linux.OtherBTFError
	if _, err := openCore(t, otherPath).Type("struct page"); !errors.As(err, &wrong) || wrong.Size != uint64(len(data)) {
		t.Errorf("BTF of another build: %v", err)
	}
	with := coretest.Open(t)
	for _, name := range []string{"struct task_struct", "struct page", "union sigval", "enum pid_type", "atomic_t", "unsigned long", "char", "struct list_head *(*)[2]"} {
		a, err := p.Type(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := with.Type(name)
		if err != nil {
			t.Fatal(err)
		}
		x, errX := a.Language().Definition(a)
		y, errY := b.Language().Definition(b)
		if x != y || errX != nil || errY != nil {
			t.Errorf("%s is by BTF\n%s, %v\nand by DWARF\n%s, %v", name, x, errX, y, errY)
		}
	}
	if o := p.Constant("PIDTYPE_SID"); o.Err() != nil || o.Type().String() != "enum pid_type" {
		t.Error(o.Err())
	}
	if _, err := p.TypeIn("struct task_struct", "sched.h"); !drgn.IsNotFound(err) {
		t.Errorf("a type in a file: %v", err)
	}
}

// BTF of another kernel is refused: VMCOREINFO has other sizes of structures.
func TestOtherKernel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vmlinux")
	if err := os.WriteFile(path, coretest.KernelBTF(t, "7.2"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := openCore(t, path).Type("struct task_struct")
	if err == nil || !strings.Contains(err.Error(), "vmlinux is of another build: ") || !strings.Contains(err.Error(), " by the kernel's VMCOREINFO") {
		t.Error(err)
	}
}
