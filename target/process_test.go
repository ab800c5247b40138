package target

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/childtest"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/mem"
)

// await waits until a condition holds.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain until", what)
		}
	}
}

// program opens a child.
func program(t *testing.T, c *exec.Cmd) *Process {
	t.Helper()
	p, err := OpenProcess(c.Process.Pid)
	if err != nil {
		t.Skip(err) // where children can't be traced
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func readable(p *Process) (address uint64, err error) {
	ms, err := p.Mappings()
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 4)
	if err := p.Segment(^uint64(0)).Read(buf, ms[0].Start, 0, false); err != nil {
		return ms[0].Start, err
	}
	if string(buf) != "\x7fELF" {
		err = errors.New("no ELF header in " + ms[0].Path)
	}
	return ms[0].Start, err
}

func TestRunning(t *testing.T) {
	c, end := childtest.Answering(t, "cat")
	p := program(t, c)
	address, err := readable(p)
	if err != nil {
		t.Fatal(err)
	}
	read := p.Segment(^uint64(0)).Read
	tids, err := p.Tasks()
	if err != nil || !slices.Equal(tids, []uint64{uint64(c.Process.Pid)}) {
		t.Error(tids, err)
	}
	if name, err := p.Comm(tids[0]); name != "cat" || err != nil {
		t.Error(name, err)
	}
	if _, err := p.Comm(1); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "/proc/"+strconv.Itoa(p.PID)+"/task/1/comm") {
		t.Error(err)
	}
	auxv, err := p.File("auxv")
	if err != nil || ParseAuxv(auxv, true, false)[AT_PHDR] == 0 {
		t.Error(err)
	}
	for _, at := range []uint64{0, 4096, 1 << 62, 1 << 63, ^uint64(0), 0xffffffffff600000} {
		var fault *mem.FaultError
		if err := read(make([]byte, 1), at, 0, false); !errors.As(err, &fault) || fault.Address != at || fault.Message != "could not read memory" {
			t.Errorf("%#x: %v", at, err)
		}
	}
	// A read that runs into a hole says where.
	ms, err := p.Mappings()
	if err != nil {
		t.Fatal(err)
	}
	last := ms[0]
	for _, m := range ms {
		if m.Start == last.End {
			last = m
		}
	}
	var fault *mem.FaultError
	if err := read(make([]byte, 32<<20), last.Start, 0, false); !errors.As(err, &fault) || fault.Address < last.End || fault.Address%4096 != 0 {
		t.Error(err)
	}
	end()
	await(t, "cat ends", func() bool {
		tids, err := p.Tasks()
		return err != nil || len(tids) == 0 || isZombie(p)
	})
	gone := func(what string) {
		t.Helper()
		if err := read(make([]byte, 4), address, 0, false); !errors.As(err, &fault) || !strings.HasPrefix(fault.Message, "short read from memory file") {
			t.Errorf("%s: %v", what, err)
		}
	}
	gone("a zombie")
	if ms, err := p.Mappings(); len(ms) != 0 {
		t.Error("a zombie has memory", ms, err)
	}
	if _, err := OpenProcess(p.PID); !errors.Is(err, syscall.ESRCH) {
		t.Error("a zombie can be opened", err)
	}
	if err := c.Wait(); err != nil {
		t.Error(err)
	}
	gone("gone")
	if _, err := p.Mappings(); err == nil {
		t.Error("mappings of what is gone")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	_, tasksErr := p.Tasks()
	has, hasErr := p.HasTask(uint64(p.PID))
	_, mapsErr := p.Mappings()
	for _, err := range []error{tasksErr, hasErr, mapsErr} {
		if has || !errors.Is(err, failure.ErrClosed) {
			t.Error("closed:", has, err)
		}
	}
}

func isZombie(p *Process) bool {
	stat, err := p.File("stat")
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

// TestExec has a process that executes another program while it is open.
func TestExec(t *testing.T) {
	c, end := childtest.Answering(t, "sh", "-c", "read x; echo $x; read x; exec sleep 1000")
	p := program(t, c)
	address, err := readable(p)
	if err != nil {
		t.Fatal(err)
	}
	end()
	await(t, "sleep runs", func() bool { name, err := p.Comm(uint64(p.PID)); return err != nil || name == "sleep" })
	var fault *mem.FaultError
	if err := p.Segment(^uint64(0)).Read(make([]byte, 4), address, 0, false); !errors.As(err, &fault) || !strings.Contains(fault.Message, "executed another program") {
		t.Error(err)
	}
}

func TestNoProcess(t *testing.T) {
	for _, pid := range []int{0, -1, 1 << 30} {
		var path *os.PathError
		if _, err := OpenProcess(pid); !errors.As(err, &path) || !errors.Is(err, os.ErrNotExist) || !strings.HasSuffix(path.Path, "/mem") {
			t.Errorf("%d: %v", pid, err)
		}
	}
	if comm, err := os.ReadFile("/proc/2/comm"); err == nil && string(comm) == "kthreadd\n" {
		if _, err := OpenProcess(2); !errors.Is(err, syscall.ESRCH) && !errors.Is(err, os.ErrPermission) {
			t.Error(err)
		}
	}
	err := untraceable(&os.PathError{Op: "open", Path: "/proc/1/mem", Err: syscall.EACCES})
	// What the system says stays on top: Python's exception has its number and the file's name.
	if file, ok := err.(*os.PathError); !ok || file.Path != "/proc/1/mem" || !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "CAP_SYS_PTRACE") {
		t.Error(err)
	}
}

func TestMaps(t *testing.T) {
	ms, err := ParseMaps("maps", []byte("55d0000-55d2000 r--p 00001000 fd:01 1234     /usr/bin/a b\n"+
		"55d2000-55d3000 rw-p 00000000 00:00 0 \n7f000-80000 rw-p 00000000 00:00 0      [heap]\n"+
		"7f0000000000-7f0000001000 r-xp 00000000 103:0a 18446744073709551615 /tmp/new\\012line (deleted)\n"+
		"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]"))
	want := []Mapping{{0x55d0000, 0x55d2000, 0x1000, "/usr/bin/a b", FileID{0xfd<<32 | 1, 1234}, false},
		{0x7f0000000000, 0x7f0000001000, 0, "/tmp/new\nline (deleted)", FileID{0x103<<32 | 10, ^uint64(0)}, true}}
	if err != nil || !slices.Equal(ms, want) {
		t.Errorf("%+v, %v", ms, err)
	}
	for _, bad := range []string{"x", "1-2", "2-1 r--p 0 0:0 1 /a", "1-2 r--p g 0:0 1 /a", "1-2 r--p 0 0 1 /a", "\n"} {
		if ms, err := ParseMaps("maps", []byte(bad)); err == nil || ms != nil {
			t.Errorf("%q: %v", bad, ms)
		}
	}
}

// files makes an NT_FILE note.
func files(f *elftest.File, unit uint64, ms ...Mapping) []byte {
	b := f.Word(f.Word(nil, uint64(len(ms))), unit)
	for _, m := range ms {
		b = f.Word(f.Word(f.Word(b, m.Start), m.End), m.Offset)
	}
	for _, m := range ms {
		b = append(append(b, m.Path...), 0)
	}
	return b
}

func TestFiles(t *testing.T) {
	ms := []Mapping{{Start: 0x5000, End: 0x6000, Offset: 2, Path: "/b"}, {Start: 0x1000, End: 0x3000, Path: "/a"}}
	for _, is64 := range []bool{false, true} {
		for _, big := range []bool{false, true} {
			f := &elftest.File{Is64: is64, Big: big}
			note := files(f, 4096, ms...)
			got, err := ParseFiles(note, is64, big)
			want := []Mapping{{Start: 0x1000, End: 0x3000, Path: "/a"}, {Start: 0x5000, End: 0x6000, Offset: 0x2000, Path: "/b"}}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%+v, %v", got, err)
			}
			for n := range note { // cut anywhere, also in the last name
				if got, err := ParseFiles(note[:n], is64, big); err == nil || got != nil {
					t.Errorf("cut at %d: %+v", n, got)
				}
			}
			many := f.Word(f.Word(nil, ^uint64(0)>>1), 1)
			if _, err := ParseFiles(append(many, make([]byte, 100)...), is64, big); err == nil {
				t.Error("2^63 files")
			}
			if _, err := ParseFiles(files(f, 1<<31, Mapping{Start: 1, End: 2, Offset: 1 << 40, Path: "x"}), true, big); is64 && err == nil {
				t.Error("an offset of 2^71")
			}
			if _, err := ParseFiles(files(f, 1, Mapping{Start: 2, End: 2, Path: "x"}), is64, big); err == nil {
				t.Error("an empty mapping")
			}
		}
	}
}

func TestNotes(t *testing.T) {
	for _, is64 := range []bool{false, true} {
		f := &elftest.File{Is64: is64, Big: true}
		var auxv []byte
		for _, v := range []uint64{AT_PHDR, 0x40, AT_PHNUM, 7, AT_PHDR, 0x50, 0, 0, AT_ENTRY, 1} {
			auxv = f.Word(auxv, v)
		}
		got := ParseAuxv(auxv, is64, true)
		if len(got) != 2 || got[AT_PHDR] != 0x40 || got[AT_PHNUM] != 7 {
			t.Error(got)
		}
		if got := ParseAuxv(auxv[:len(auxv)/4+1], is64, true); len(got) == 0 {
			t.Error("what is there of a cut vector is gone")
		}
	}
	for _, n := range []struct {
		is64            bool
		size, pid, comm int
	}{{true, 136, 24, 40}, {false, 124, 12, 28}, {false, 128, 16, 32}} {
		b := make([]byte, n.size)
		b[n.pid] = 42
		copy(b[n.comm:], "fifteen letters!and arguments")
		p, err := ParsePsInfo(b, n.is64, false)
		if err != nil || p.PID != 42 || p.Comm != "fifteen letters!" {
			t.Errorf("%+v %v", p, err)
		}
		if _, err := ParsePsInfo(b[:20], n.is64, false); err == nil {
			t.Error("cut")
		}
	}
}

func FuzzProcessNotes(f *testing.F) {
	for _, is64 := range []bool{false, true} {
		e := &elftest.File{Is64: is64}
		f.Add(files(e, 4096, Mapping{Start: 1 << 12, End: 2 << 12, Offset: 1, Path: "/bin/a"}), is64)
		f.Add(files(e, 1), is64)
	}
	f.Add([]byte("55d0000-55d2000 r--p 00001000 fd:01 1234     /usr/bin/a b\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, is64 bool) {
		for _, big := range []bool{false, true} {
			ms, err := ParseFiles(data, is64, big)
			if err != nil && ms != nil {
				t.Fatal(ms, err)
			}
			for i, m := range ms {
				if m.Start >= m.End || i > 0 && ms[i-1].Start > m.Start {
					t.Fatal(ms)
				}
			}
			if n := len(ParseAuxv(data, is64, big)); n > maxAuxv {
				t.Fatal(n)
			}
			if p, err := ParsePsInfo(data, is64, big); err == nil && len(p.Comm) > 16 {
				t.Fatal(p)
			}
		}
		if ms, err := ParseMaps("maps", data); err != nil && ms != nil {
			t.Fatal(ms, err)
		}
	})
}
