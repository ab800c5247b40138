package target

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/mem"
)

const info612 = "OSRELEASE=6.12\nPAGESIZE=4096\n"

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "core")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, data []byte) (*Core, *mem.Space) {
	t.Helper()
	c, err := Open(write(t, data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// vmcore returns an ELF core of a kernel with 4 KiB of bytes that say their physical address in pages.
func vmcore(is64, big bool, note string, loads ...elftest.Segment) *elftest.File {
	f := &elftest.File{Is64: is64, Big: big, Type: elf.ET_CORE, Machine: 62}
	notes := f.Note(nil, "CORE", NT_PRSTATUS, []byte("cpu 0"))
	notes = f.Note(notes, "CORE", NT_PRSTATUS, []byte("cpu 1"))
	if note != "" {
		notes = f.Note(notes, note, 0, []byte(info612))
	}
	f.Segments = append([]elftest.Segment{{Type: elf.PT_NOTE, Data: notes}}, loads...)
	return f
}

func pages(s string, n int) []byte { return bytes.Repeat([]byte(s)[:8], 512*n) }

// want reads eight bytes and holds them against a string, or against the message of a fault.
func want(t testing.TB, s *mem.Space, address uint64, physical bool, text string) {
	t.Helper()
	buf := make([]byte, 8)
	err := s.Read(buf, address, physical)
	got := string(buf)
	if err != nil {
		var fault *mem.FaultError
		if !errors.As(err, &fault) || fault.Address != address {
			t.Errorf("%#x: %v", address, err)
			return
		}
		got = fault.Message
	}
	if got != text {
		t.Errorf("%#x (physical %v): %q, want %q", address, physical, got, text)
	}
}

const (
	noVirtual  = "could not find memory segment"
	noPhysical = "could not find physical memory segment"
	excluded   = "page excluded by the dump filter"
	unsaved    = "memory not saved in core dump"
)

func TestVmcore(t *testing.T) {
	for _, big := range []bool{false, true} {
		f := vmcore(true, big, "VMCOREINFO",
			elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffffffff81000000, Paddr: 0x1000000, Data: pages("kerneltx", 2)},
			elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000000000, Paddr: 0, Data: pages("zerozero", 1)},
			elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000100000, Paddr: 0x100000, Data: pages("filtered", 1), Memsz: 0x3000})
		c, s := open(t, f.Bytes())
		if !c.Kernel || c.Kdump || c.Live || c.Truncated || !c.Is64 || c.Big != big || string(c.VMCOREINFO) != info612 || len(c.headers.loads) != 3 {
			t.Errorf("%+v", c)
		}
		var descs []string
		for d := range c.Descs("CORE", NT_PRSTATUS) {
			descs = append(descs, string(d))
		}
		if !slices.Equal(descs, []string{"cpu 0", "cpu 1"}) {
			t.Errorf("%q", descs)
		}
		want(t, s, 0xffffffff81001ff8, false, "kerneltx")
		want(t, s, 0xffffffff81002000, false, noVirtual)
		want(t, s, 0x1001000, true, "kerneltx")
		want(t, s, 0, true, "zerozero")
		want(t, s, 0xffff888000000000, false, "zerozero")
		want(t, s, 0, false, noVirtual)
		want(t, s, 0x100000, true, "filtered")
		want(t, s, 0x101000, true, excluded)
		want(t, s, 0xffff888000102ff8, false, excluded)
		want(t, s, 0x103000, true, noPhysical)
	}
}

// TestQEMU has dumps without the guest's page tables: virtual addresses mean nothing.
func TestQEMU(t *testing.T) {
	for _, sameVirtual := range []bool{false, true} {
		var loads []elftest.Segment
		for i, paddr := range []uint64{0, 0x100000} {
			l := elftest.Segment{Type: elf.PT_LOAD, Paddr: paddr, Data: pages(fmt.Sprint("memory ", i), 1)}
			if sameVirtual {
				l.Vaddr = paddr
			}
			loads = append(loads, l)
		}
		for _, note := range []string{"VMCOREINFO", "QEMU"} {
			c, s := open(t, vmcore(true, false, note, loads...).Bytes())
			if !c.Kernel || len(c.Virtual) != 0 || len(c.Physical) != 2 || (note == "QEMU") != (c.VMCOREINFO == nil) {
				t.Errorf("%+v", c)
			}
			want(t, s, 0, true, "memory 0")
			want(t, s, 0x100ff8, true, "memory 1")
			want(t, s, 0, false, noVirtual)
			want(t, s, 0x100000, false, noVirtual)
		}
	}
}

// TestOldHeaders moves the section headers before the program headers and spoils e_ehsize, as QEMU 7.2 does.
func TestOldHeaders(t *testing.T) {
	f := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Paddr: 0x1000, Data: pages("old QEMU", 1)})
	b := f.Bytes()
	phdrs := bytes.Clone(b[64 : 64+2*56])
	at := uint64(len(b))
	b = append(append(b, make([]byte, 64)...), phdrs...)
	binary.LittleEndian.PutUint64(b[32:], at+64)
	binary.LittleEndian.PutUint64(b[40:], at)
	binary.LittleEndian.PutUint16(b[52:], 8)
	binary.LittleEndian.PutUint16(b[58:], 64)
	binary.LittleEndian.PutUint16(b[60:], 1)
	_, s := open(t, b)
	want(t, s, 0x1000, true, "old QEMU")
}

func TestProcess(t *testing.T) {
	for _, is64 := range []bool{false, true} {
		f := &elftest.File{Is64: is64, Big: true, Type: elf.ET_CORE, Machine: 0x1234}
		notes := f.Note(nil, "CORE", NT_PRSTATUS, []byte("thread"))
		notes = f.Note(notes, "CORE", NT_AUXV, []byte("auxv"))
		notes = f.Note(notes, "CORE", NT_FILE, []byte("file"))
		f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: notes}, {Type: elf.PT_LOAD, Vaddr: 0x1000, Memsz: 0x1000},
			{Type: elf.PT_LOAD, Vaddr: 0x8000, Data: pages("the heap", 1)}, {Type: elf.PT_LOAD, Vaddr: 0xfffff000, Data: pages("the end.", 1)}}
		c, s := open(t, f.Bytes())
		if c.Kernel || len(c.Physical) != 0 || len(c.Virtual) != 3 || c.Is64 != is64 || !c.Big || c.Platform.Arch != arch.Unknown {
			t.Errorf("%+v", c)
		}
		want(t, s, 0x1000, false, unsaved)
		want(t, s, 0x8000, false, "the heap")
		want(t, s, 0x8000, true, noPhysical)
		want(t, s, 0xfffffff8, false, "the end.")
		if !is64 {
			want(t, s, 0xfffffffffffffff8, false, "the end.")
		}
	}
}

func TestTruncatedELF(t *testing.T) {
	f := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 1 << 63, Paddr: 0x1000, Data: pages("page one", 1)},
		elftest.Segment{Type: elf.PT_LOAD, Vaddr: 1<<63 + 0x2000, Paddr: 0x3000, Data: pages("page two", 1)})
	b := f.Bytes()
	cut := len(b) - 0x1000 - 0x800
	c, s := open(t, b[:cut])
	if !c.Truncated {
		t.Error("not truncated")
	}
	message := fmt.Sprintf("short read from memory file: %s is truncated at %#x", c.Path, cut)
	want(t, s, 0x1000, true, "page one")
	want(t, s, 0x1800, true, message)
	want(t, s, 0x3000, true, message)
	want(t, s, 1<<63+0x2000, false, message)
	if err := s.Read(make([]byte, 16), 0x17f8, true); err == nil || err.Error() != message+": 0x1800" {
		t.Error(err)
	}
	for n := 64 + 56*3; n < 64+56*3+100; n += 9 { // in its notes
		if c, _ := open(t, b[:n]); !c.Truncated || !c.Kernel || c.VMCOREINFO != nil || len(c.Problems) != 2 || !strings.Contains(c.Problems[0].Error(), "notes of the core are lost") {
			t.Errorf("%d bytes: %+v", n, c)
		}
	}
	for n := range 64 + 56*3 {
		if _, err := Open(write(t, b[:n])); err == nil {
			t.Fatalf("%d bytes are enough", n)
		} else if !strings.Contains(err.Error(), "core") {
			t.Error(err)
		}
	}
}

func TestContainers(t *testing.T) {
	data := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Paddr: 0x1000, Data: pages("contents", 3)}).Bytes()
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 4, Compress: kdumptest.Snappy,
		VMCOREINFO: []byte(info612), Pages: map[uint64][]byte{1: pages("contents", 1), 3: pages("contents", 1)}}
	for name, b := range map[string][]byte{
		"plain": data, "gzip": gz.Bytes(), "flat": kdumptest.Flatten(kdumptest.Cut(data, 100)), "kdump": kd.Bytes(),
		"flat kdump": kdumptest.Flatten(kdumptest.Cut(kd.Bytes(), 5000)),
	} {
		c, s := open(t, b)
		if string(c.VMCOREINFO) != info612 || !c.Kernel || c.Platform.Arch != arch.X86_64 {
			t.Errorf("%s: %+v", name, c)
		}
		want(t, s, 0x1ff8, true, "contents")
		want(t, s, 0x3800, true, "contents")
		want(t, s, 0, true, noPhysical)
	}
}

func TestMachineHint(t *testing.T) {
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 4, VMCOREINFO: []byte(info612 + "NUMBER(kimage_voffset)=0x1\n")}
	if c, _ := open(t, kd.Bytes()); c.Platform.Arch != arch.AArch64 {
		t.Error(c.Platform)
	}
}

// QEMU's dumps of a mainframe: big-endian, with the machine's name in capitals, and without a note that says that it is QEMU's. Their
// memory begins at 0, as no process's does.
func TestMainframe(t *testing.T) {
	kd := kdumptest.Dump{Is64: true, Big: true, Version: 6, Machine: "S390X", BlockSize: 4096, MaxPFN: 4, Pages: map[uint64][]byte{1: pages("contents", 1)}}
	core := elftest.File{Is64: true, Big: true, Type: elf.ET_CORE, Machine: 22}
	core.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: core.Note(nil, "LINUX", 0x305, []byte{0, 0, 0, 0})}, {Type: elf.PT_LOAD, Data: pages("contents", 4)}}
	for name, b := range map[string][]byte{"kdump": kd.Bytes(), "ELF": core.Bytes()} {
		c, s := open(t, b)
		if !c.Kernel || !c.Big || c.Platform.Arch != arch.S390X || len(c.Virtual) != 0 {
			t.Errorf("%s: %+v", name, c)
		}
		want(t, s, 0x1ff8, true, "contents")
	}
}

// splitDump returns a dump of 64 pages, and its files with the pages of ranges of them.
func splitDump(ranges ...[2]uint64) (kd kdumptest.Dump, files [][]byte) {
	kd = kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 64, Split: true, VMCOREINFO: []byte(info612), Pages: map[uint64][]byte{}}
	for pfn := range kd.MaxPFN {
		kd.Pages[pfn] = pages(fmt.Sprintf("page %3d", pfn), 1)
	}
	for _, r := range ranges {
		kd.StartPFN, kd.EndPFN = r[0], r[1]
		files = append(files, kd.Bytes())
	}
	return kd, files
}

// wantPages checks which pages of a split dump can be read, and that the others are said to be missing.
func wantPages(t *testing.T, c *Core, there func(pfn uint64) bool, missing ...mem.Range) {
	t.Helper()
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	for pfn := range uint64(64) {
		text := "page is in a file of this split dump that is not open"
		if there(pfn) {
			text = fmt.Sprintf("page %3d", pfn)
		}
		want(t, s, pfn<<12, true, text)
	}
	var got []mem.Range
	for _, err := range c.Problems {
		var part *MissingPartError
		if errors.As(err, &part) {
			got = append(got, part.Range)
			if !strings.Contains(err.Error(), fmt.Sprintf("from %#x to %#x is missing", part.Range.Min, part.Range.Max)) {
				t.Error(err)
			}
		}
	}
	if !slices.Equal(got, missing) {
		t.Errorf("%#x are said to be missing, want %#x", got, missing)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestSplit opens a split dump by the names of its files, which lie in directories of their own.
func TestSplit(t *testing.T) {
	kd, files := splitDump([2]uint64{20, 50}, [2]uint64{0, 20}, [2]uint64{50, 64})
	var paths []string
	for _, data := range files {
		paths = append(paths, write(t, data))
	}
	low, high := mem.Range{Min: 0, Max: 0x13fff}, mem.Range{Min: 0x32000, Max: 0x3ffff}
	for n, missing := range map[int][]mem.Range{1: {low, high}, 2: {high}, 3: nil} {
		c, err := Open(paths[0], paths[1:n]...)
		if err != nil {
			t.Fatal(err)
		}
		wantPages(t, c, func(pfn uint64) bool { return (n >= 2 || pfn >= 20) && (n >= 3 || pfn < 50) }, missing...)
	}
	kd.VMCOREINFO = []byte("OSRELEASE=another\n")
	other := write(t, kd.Bytes())
	kd.Split = false
	for what, path := range map[string]string{"different dumps": other, "not a file of a split dump": write(t, kd.Bytes()), "no such file": "/nothing/here"} {
		if _, err := Open(paths[0], path); err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want %q", err, what)
		}
	}
}

// TestSplitSiblings opens a split dump by the name of any of its files, in a directory that holds other things.
func TestSplitSiblings(t *testing.T) {
	kd, files := splitDump([2]uint64{0, 20}, [2]uint64{20, 50}, [2]uint64{50, 64}, [2]uint64{64, 64})
	dir := t.TempDir()
	put := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kd.StartPFN, kd.EndPFN = 20, 50
	kd.Pages[30] = pages("another ", 1)
	delete(kd.Pages, 31) // the same kernel, dumped at another time
	put("a-another", kd.Bytes())
	put("b-truncated", files[1][:len(files[1])-5000])
	put("c-header", files[1][:500])
	put("d-empty", nil)
	put("e-other", []byte("hello"))
	if err := errors.Join(unix.Mkfifo(filepath.Join(dir, "f-fifo"), 0o600), os.Mkdir(filepath.Join(dir, "g-dir"), 0o700),
		os.Symlink("g-dir", filepath.Join(dir, "h-link"))); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i, data := range files {
		paths = append(paths, put(fmt.Sprintf("vmcore.%d", i), data))
	}
	paths = append(paths, filepath.Join(t.TempDir(), "link"))
	if err := os.Symlink(paths[1], paths[4]); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		c, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if c.Truncated {
			t.Errorf("%s: the truncated copy was taken", path)
		}
		wantPages(t, c, func(uint64) bool { return true })
	}
	if err := os.Remove(paths[2]); err != nil {
		t.Fatal(err)
	}
	c, err := Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	wantPages(t, c, func(pfn uint64) bool { return pfn < 50 }, mem.Range{Min: 0x32000, Max: 0x3ffff})
	if len(c.Problems) != 2 || !strings.Contains(c.Problems[0].Error(), "c-header") { // it has the dump's header, and ends in it
		t.Errorf("%q", c.Problems)
	}
}

// TestErased opens dumps of which makedumpfile --config erased parts: its lines, as 1.7.8 writes them, are listed.
func TestErased(t *testing.T) {
	lines := "erase saved_command_line size 66\nerase init_uts_ns.name.nodename size 65\n"
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 4, VMCOREINFO: []byte(info612), Erased: []byte(lines),
		Pages: map[uint64][]byte{1: pages("contents", 1)}}
	core := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Paddr: 0x1000, Data: pages("contents", 1)})
	core.Segments[0].Data = core.Note(core.Segments[0].Data, "ERASEINFO", 0, []byte(lines))
	many := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Paddr: 0x1000, Data: pages("contents", 1)})
	many.Segments[0].Data = many.Note(many.Segments[0].Data, "ERASEINFO", 0, bytes.Repeat([]byte("erase a size 1\n"), 50))
	for _, test := range []struct {
		data  []byte
		n     int
		words string
	}{{kd.Bytes(), 2, "read as letters X: erase saved_command_line size 66, erase init_uts_ns.name.nodename size 65"}, {core.Bytes(), 2, "saved_command_line"},
		{many.Bytes(), 50, "erase a size 1 and 30 more"}} {
		c, s := open(t, test.data)
		want(t, s, 0x1000, true, "contents")
		var erased *ErasedError
		if len(c.Problems) != 1 || !errors.As(c.Problems[0], &erased) || len(erased.Erased) != test.n || !strings.Contains(erased.Error(), test.words) {
			t.Errorf("%q", c.Problems)
		}
	}
	if b := kd.Bytes(); !func() bool { c, _ := open(t, b[:len(b)-5]); return c.Truncated }() {
		t.Error("what was erased is cut, and the file is not said to be truncated")
	}
	kd.Status, kd.Erased = 8, nil
	if c, _ := open(t, kd.Bytes()); len(c.Problems) != 1 || !strings.Contains(c.Problems[0].Error(), "incomplete") {
		t.Errorf("%q", c.Problems)
	}
}

// TestPipe opens a flattened dump from a pipe, as makedumpfile -F writes it. One that is larger than may be kept is refused.
func TestPipe(t *testing.T) {
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 4, VMCOREINFO: []byte(info612), Pages: map[uint64][]byte{1: pages("contents", 1)}}
	data := kdumptest.Flatten(kdumptest.Cut(kd.Bytes(), 5000))
	pipe := func() *os.File {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		go func() {
			defer w.Close()
			w.Write(data) // fails where the test reads no more
		}()
		return r
	}
	t.Setenv("TMPDIR", t.TempDir())
	c, err := Open(fmt.Sprintf("/dev/fd/%d", pipe().Fd()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	want(t, s, 0x1000, true, "contents")
	if c.Truncated || len(c.Problems) > 0 {
		t.Errorf("%+v", c)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	go os.WriteFile(fifo, data[:len(data)-16], 0) // waits for Open
	if c, err := Open(fifo); err != nil || !c.Truncated {
		t.Error(c, err)
	}
	if _, err := spoolUpTo(pipe(), os.TempDir(), int64(len(data)-1)); err == nil || !strings.Contains(err.Error(), "write it to a file") {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

func TestNoCore(t *testing.T) {
	exe := &elftest.File{Is64: true, Type: elf.ET_EXEC}
	bz := make([]byte, 0x300)
	copy(bz[0x1fe:], "\x55\xaa\x00\x00HdrS")
	for what, data := range map[string][]byte{
		"an empty file": nil, "LiME": []byte("EMiL\x01\x00\x00\x00"), "ELF executable": exe.Bytes(), "no format known": []byte("hello"),
		"bootable kernel": bz, "Windows": []byte("PAGEDU64"), "no format": kdumptest.Flatten([]kdumptest.Piece{{Data: []byte("hello")}}),
		"no format ": kdumptest.Flatten(nil),
	} {
		path := write(t, data)
		_, err := Open(path)
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), strings.TrimSpace(what)) || !strings.HasPrefix(err.Error(), "not a core dump: "+path+" is ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	var format *FormatError
	if _, err := Open(t.TempDir()); !errors.As(err, &format) {
		t.Error(err)
	}
	if _, err := Open("/proc/version"); !errors.As(err, &format) {
		t.Error(err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	load := elftest.Segment{Type: elf.PT_LOAD, Vaddr: 1 << 31, Paddr: 0x1000, Data: pages("contents", 1)[:64], Memsz: 100}
	for _, is64 := range []bool{false, true} {
		core := vmcore(is64, !is64, "VMCOREINFO", load).Bytes()
		f.Add(core)
		f.Add(kdumptest.Flatten(kdumptest.Cut(core, 100)))
	}
	kd := kdumptest.Dump{Is64: true, Version: 6, BlockSize: 512, MaxPFN: 4, Pages: map[uint64][]byte{1: make([]byte, 512)}}
	f.Add(kd.Bytes())
	kd.Erased = []byte("erase a size 1\n")
	f.Add(kd.Bytes())
	kd.Split, kd.StartPFN, kd.EndPFN = true, 1, 3
	f.Add(kd.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parse("fuzz", data, new(mem.Mapping))
		if (c == nil) == (err == nil) {
			t.Fatal(c, err)
		}
		if err != nil {
			return
		}
		defer c.Close()
		if c.headers.part != nil {
			if c, err = join([]*Core{c}); err != nil {
				t.Fatal(err)
			}
		}
		for _, problem := range c.Problems {
			if problem.Error() == "" {
				t.Error("a problem that says nothing")
			}
		}
		s, err := c.Space()
		if err != nil {
			t.Fatal(err)
		}
		for _, physical := range []bool{false, true} {
			n := 0
			for r := range s.Ranges(physical, 0, ^uint64(0)) {
				for _, a := range []uint64{r.Min, r.Min + (r.Max-r.Min)/2, r.Max} {
					var fault *mem.FaultError
					if err := s.Read(make([]byte, 1), a, physical); err != nil && (!errors.As(err, &fault) || fault.Address != a) {
						t.Fatal(err)
					}
				}
				if n++; n > 100 {
					break
				}
			}
		}
	})
}

// What a segment has in the file beyond its size in memory is no memory (ELF specification: p_filesz may not be greater than p_memsz).
func TestFileLargerThanMemory(t *testing.T) {
	f := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000001000, Paddr: 0x1000, Data: bytes.Repeat([]byte("memory.."), 0x400), Memsz: 0x1000})
	path := filepath.Join(t.TempDir(), "vmcore")
	if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct {
		address  uint64
		physical bool
	}{{0xffff888000001fff, false}, {0x1fff, true}} {
		if _, err := s.Uint(at.address, 1, false, at.physical); err != nil {
			t.Error(err)
		}
		if v, err := s.Uint(at.address+1, 1, false, at.physical); err == nil {
			t.Errorf("%#x past the end of memory", v)
		}
	}
}

// The address of an image is decimal unless 0x is in front: a zero does not make it octal.
func TestImageNames(t *testing.T) {
	for name, want := range map[string]uint64{"ram@010": 10, "ram@0x10": 16, "a@b@7": 7} {
		if _, address, ok := cutAddress(name); !ok || address != want {
			t.Errorf("%s: %d, %v, want %d", name, address, ok, want)
		}
	}
	for _, name := range []string{"ram", "ram@", "@1", "ram@x", "ram@0x", "ram@-1", "ram@0b1", "ram@1_0"} {
		if _, address, ok := cutAddress(name); ok {
			t.Errorf("%s: %d", name, address)
		}
	}
}

// Dumps in the kdump-compressed format say what was left out of them; others don't.
func TestDumpLevel(t *testing.T) {
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, MaxPFN: 4, Pages: map[uint64][]byte{1: pages("contents", 1)}}
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{"kdump": {kd.Bytes(), true}, "flat": {kdumptest.Flatten(kdumptest.Cut(kd.Bytes(), 5000)), false}, "nothing": {nil, false}} {
		path := filepath.Join(t.TempDir(), "vmcore")
		if err := os.WriteFile(path, c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		level, ok, err := DumpLevel(path)
		if ok != c.ok || err != nil || ok && level != 31 {
			t.Errorf("%s: %d, %v, %v", name, level, ok, err)
		}
	}
	path := filepath.Join(t.TempDir(), "vmcore")
	if err := os.WriteFile(path, kd.Bytes()[:600], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := DumpLevel(path); err == nil {
		t.Error("a header that is cut is one")
	}
	if _, _, err := DumpLevel(path + "x"); err == nil {
		t.Error("a file that is not there has a level")
	}
}
