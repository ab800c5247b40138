package target

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/mem"
)

// kcore is a file as /proc/kcore is: it reads, but in places it fails.
type kcore struct {
	data []byte
	hole int64
}

func (k kcore) ReadAt(b []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	if off >= int64(len(k.data)) {
		return 0, io.EOF
	}
	n := copy(b, k.data[off:])
	if off+int64(n) > k.hole {
		if n = int(k.hole - off); n < 0 {
			n = 0
		}
		return n, errors.New("bad address")
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (k kcore) Close() error { return nil }

func TestLive(t *testing.T) {
	f := vmcore(true, false, "", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffffffff81000000, Paddr: 0x1000000, Data: pages("kerneltx", 1)},
		elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffffc90000000000, Paddr: ^uint64(0), Data: pages("vmalloc.", 1)},
		elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000001000, Paddr: 0x1000, Data: pages("memory..", 2)})
	f.Segments[0].Data = f.Note(f.Segments[0].Data, "CORE", NT_TASK, []byte("task"))
	b := f.Bytes()
	c, err := parseLive("/proc/kcore", oneOpening(kcore{b, int64(len(b)) - 0x1000}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Live || !c.Kernel || len(c.Virtual) != 3 || len(c.Physical) != 2 {
		t.Errorf("%+v", c)
	}
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, 0xffffffff81000000, false, "kerneltx")
	want(t, s, 0x1000000, true, "kerneltx")
	want(t, s, 0xffffc90000000ff8, false, "vmalloc.")
	want(t, s, 0x1ff8, true, "memory..")
	want(t, s, 0x2000, true, "the running kernel can't read its memory (bad address)")
	if err := s.Read(make([]byte, 0x2000), 0x1000, true); err.(*mem.FaultError).Address != 0x2000 {
		t.Error(err)
	}
	if _, err := parseLive("x", oneOpening(kcore{b[:50], 1 << 40}), nil); err == nil {
		t.Error("cut")
	}
}

// TestOldKcore has a kernel whose core file lacks the note: where it lies is said elsewhere.
func TestOldKcore(t *testing.T) {
	f := vmcore(true, false, "")
	note := f.Note(nil, "VMCOREINFO", 0, []byte(info612))
	page := append(note, make([]byte, 2*4096-len(note))...)
	f = vmcore(true, false, "", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000002000, Paddr: 0x2000, Data: page})
	b := f.Bytes()
	c, err := parseLive("/proc/kcore", oneOpening(kcore{b, int64(len(b))}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Live {
		t.Error("/proc/vmcore is taken for the running kernel")
	}
	for text, problem := range map[string]string{
		"0x2000 1024\n":             "",
		"2000 400\n":                "not where VMCOREINFO lies",
		"0x2800 400\n":              "there is no VMCOREINFO",
		"0x9000 400\n":              "cannot read the VMCOREINFO",
		"0x2000 0\n":                "not where VMCOREINFO lies",
		"":                          "not where VMCOREINFO lies",
		"0x2000 ffffffffffffffff\n": "not where VMCOREINFO lies",
	} {
		got, err := c.noteOfSysfs(write(t, []byte(text)))
		if problem == "" && (err != nil || string(got) != info612) {
			t.Errorf("%q: %q, %v", text, got, err)
		} else if problem != "" && (err == nil || !strings.Contains(err.Error(), problem)) {
			t.Errorf("%q: %q, %v; want %s", text, got, err, problem)
		}
	}
	if got, err := c.noteOfSysfs(filepath.Join(t.TempDir(), "none")); got != nil || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestOpenKcore has the ways in which there may be no memory of the running kernel.
func TestOpenKcore(t *testing.T) {
	root := t.TempDir()
	fails := func(want error, hint string) {
		t.Helper()
		_, err := OpenKcore(root)
		var file *os.PathError
		if !errors.As(err, &file) || !errors.Is(err, want) || !strings.Contains(err.Error(), hint) {
			t.Errorf("%v; want %v and %s", err, want, hint)
		}
	}
	for _, dir := range []string{"proc", "sys/kernel/security"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	fails(os.ErrNotExist, "no proc file system")
	if err := os.Mkdir(filepath.Join(root, "proc/self"), 0o700); err != nil {
		t.Fatal(err)
	}
	fails(os.ErrNotExist, "CONFIG_PROC_KCORE")
	for lockdown, hint := range map[string]string{
		"none integrity [confidentiality]\n": "kernel_lockdown(7)",
		"[none] integrity confidentiality\n": "read the running kernel's memory",
	} {
		if err := os.WriteFile(filepath.Join(root, "sys/kernel/security/lockdown"), []byte(lockdown), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := kcoreHint(root, os.ErrPermission); !strings.Contains(got, hint) {
			t.Errorf("%q: %s", lockdown, got)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "proc/kcore"), []byte("no core"), 0o600); err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	if _, err := OpenKcore(root); !errors.As(err, &format) {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(root, "proc/kcore"), vmcore(true, false, "VMCOREINFO").Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKcore(root); !errors.As(err, &format) || !strings.Contains(err.Error(), "not the memory of the running kernel") {
		t.Error(err)
	}
}

// FuzzKcore reads the headers of a file as /proc/kcore is.
func FuzzKcore(f *testing.F) {
	file := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000001000, Paddr: 0x1000, Data: pages("memory..", 1)[:64], Memsz: 4096})
	file.Segments[0].Data = file.Note(file.Segments[0].Data, "CORE", NT_TASK, []byte("task"))
	f.Add(file.Bytes(), uint64(0x1000))
	f.Fuzz(func(t *testing.T, data []byte, address uint64) {
		c, err := parseLive("/proc/kcore", oneOpening(kcore{data, int64(len(data))}), nil)
		if (c == nil) == (err == nil) {
			t.Fatal(c, err)
		}
		if err != nil {
			return
		}
		s, err := c.Space()
		if err != nil {
			return
		}
		for _, physical := range []bool{false, true} {
			var fault *mem.FaultError
			if err := s.Read(make([]byte, 8), address, physical); err != nil && !errors.As(err, &fault) {
				t.Error(err)
			}
		}
	})
}
