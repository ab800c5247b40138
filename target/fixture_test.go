package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/mem"
)

const fixture = "../testdata/tiny-6.12/"

func openFixture(t testing.TB) (*Core, *mem.Space) {
	t.Helper()
	c, err := Open(fixture + "vmcore")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := c.Space()
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

// info returns the value of a line of VMCOREINFO.
func info(t testing.TB, c *Core, key string, base int) uint64 {
	t.Helper()
	for line := range strings.Lines(string(c.VMCOREINFO)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			n, err := strconv.ParseInt(v, base, 64)
			if err != nil {
				t.Fatal(err)
			}
			return uint64(n)
		}
	}
	t.Fatalf("VMCOREINFO has no %s", key)
	return 0
}

// symbol returns the physical address and the size of a variable of the fixture's kernel.
func symbol(t testing.TB, c *Core, name string) (address, size uint64) {
	t.Helper()
	packed, err := os.ReadFile(fixture + "vmlinux.zst")
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	data, err := dec.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Parse("vmlinux", data)
	if err != nil {
		t.Fatal(err)
	}
	syms, err := f.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range syms.All() {
		if string(syms.Name(s)) == name {
			return s.Value + info(t, c, "KERNELOFFSET", 16) - 0xffffffff80000000 + info(t, c, "NUMBER(phys_base)", 10), s.Size
		}
	}
	t.Fatalf("no symbol %s", name)
	return 0, 0
}

func TestFixture(t *testing.T) {
	c, s := openFixture(t)
	if !c.Kdump || !c.Kernel || c.Live || c.Truncated || !c.Is64 || c.Big || c.Platform.Arch != arch.X86_64 {
		t.Errorf("%+v", c)
	}
	n := 0
	for desc := range c.Descs("CORE", NT_PRSTATUS) {
		n++
		if len(desc) != 336 {
			t.Errorf("NT_PRSTATUS of %d bytes", len(desc))
		}
	}
	if n != 2 {
		t.Errorf("%d CPUs", n)
	}
	address, _ := symbol(t, c, "linux_banner")
	banner, err := s.CString(address, 1000, true)
	if err != nil || !bytes.HasPrefix(banner, []byte("Linux version 6.12.117-godrgn ")) {
		t.Errorf("%q, %v", banner, err)
	}
	if info(t, c, "PAGESIZE", 10) != 4096 {
		t.Error("page size")
	}
	// Every page can be read, was left out, or does not exist.
	var read, excluded int
	buf := make([]byte, 4096)
	for r := range s.Ranges(true, 0, ^uint64(0)) {
		for a := r.Min; a < r.Max; a += 4096 {
			var fault *mem.FaultError
			switch err := s.Read(buf, a, true); {
			case err == nil:
				read++
			case errors.As(err, &fault) && fault.Message == "page excluded by the dump filter" && fault.Address == a:
				excluded++
			default:
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d pages, %d excluded", read, excluded)
	if read < 1000 || excluded < 1000 {
		t.Errorf("%d pages, %d excluded", read, excluded)
	}
	for _, physical := range []bool{false, true} {
		var fault *mem.FaultError
		if err := s.Read(buf, 1<<40+1, physical); !errors.As(err, &fault) || fault.Address != 1<<40+1 {
			t.Error(err)
		}
	}
}

func TestFindVMCOREINFO(t *testing.T) {
	c, s := openFixture(t)
	last, all := uint64(0), uint64(0)
	found, err := FindVMCOREINFO(t.Context(), s, func(done, total uint64) {
		if done < last || done > total {
			t.Errorf("%d bytes of %d done, before that %d", done, total, last)
		}
		last, all = done, total
	})
	if err != nil || len(found) != 1 || !bytes.Equal(found[0].Text, c.VMCOREINFO) || last != all || all == 0 {
		t.Errorf("%+v, %v; %d bytes of %d", found, err, last, all)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FindVMCOREINFO(ctx, s, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestFindVMCOREINFOBoundaries finds texts that lie across pages, at the end of memory, across the pieces in which memory is
// searched, and the longer of two that begin alike.
func TestFindVMCOREINFOBoundaries(t *testing.T) {
	text := func(name, more string) string {
		return "OSRELEASE=" + name + "\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a22000\n" + more
	}
	const size = 40 << 20
	data := make([]byte, size)
	places := map[uint64]string{5: text("1", "") + "cut", 4096 - 3: text("2", ""), 16<<20 - 4: text("3", ""), 32<<20 - 10: text("4", "CRASHTIME=1\n"),
		33 << 20: text("4", ""), 34 << 20: "OSRELEASE=5\nPAGESIZE=4096\n", size - uint64(len(text("6", ""))): text("6", ""), 20 << 20: text("long", strings.Repeat("A=1\n", 3000))}
	for at, s := range places {
		copy(data[at:], s)
	}
	s := mem.NewSpace()
	if err := s.Add(mem.BytesSegment(0x1000, data, true)); err != nil {
		t.Fatal(err)
	}
	found, err := FindVMCOREINFO(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	var want []FoundVMCOREINFO
	for _, at := range slices.Sorted(maps.Keys(places)) {
		switch at {
		case 5:
			want = append(want, FoundVMCOREINFO{0x1000 + at, []byte(text("1", ""))})
		case 33 << 20, 34 << 20:
		default:
			want = append(want, FoundVMCOREINFO{0x1000 + at, []byte(places[at])})
		}
	}
	if !slices.EqualFunc(found, want, func(a, b FoundVMCOREINFO) bool { return a.Address == b.Address && bytes.Equal(a.Text, b.Text) }) {
		t.Errorf("%d found, want %d: %+v", len(found), len(want), found)
	}
}

func FuzzFindVMCOREINFO(f *testing.F) {
	f.Add([]byte("xxxOSRELEASE=6\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a22000\n\x00"), uint64(0x1000))
	f.Add([]byte("OSRELEASE=OSRELEASE=\n"), ^uint64(0)-100)
	f.Fuzz(func(t *testing.T, data []byte, address uint64) {
		if len(data) == 0 || uint64(len(data))-1 > ^uint64(0)-address {
			return
		}
		s := mem.NewSpace()
		if err := s.Add(mem.BytesSegment(address, data, true)); err != nil {
			t.Fatal(err)
		}
		found, err := FindVMCOREINFO(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range found {
			if !bytes.HasPrefix(data[one.Address-address:], one.Text) || !bytes.HasPrefix(one.Text, []byte("OSRELEASE=")) {
				t.Errorf("%+v", one)
			}
		}
	})
}

// TestTooManyVMCOREINFO gives up where memory is full of what looks like it.
func TestTooManyVMCOREINFO(t *testing.T) {
	var data []byte
	for i := range maxFound + 1 {
		data = fmt.Appendf(data, "OSRELEASE=%d\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff82a22000\n\x00", i)
	}
	s := mem.NewSpace()
	if err := s.Add(mem.BytesSegment(0, append(data, make([]byte, 4096-len(data)%4096)...), true)); err != nil {
		t.Fatal(err)
	}
	if _, err := FindVMCOREINFO(t.Context(), s, nil); err == nil || !strings.Contains(err.Error(), "more than 256") {
		t.Error(err)
	}
}

func BenchmarkFindVMCOREINFO(b *testing.B) {
	_, s := openFixture(b)
	for b.Loop() {
		if _, err := FindVMCOREINFO(b.Context(), s, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAllPages opens the fixture and decompresses every page of it.
func BenchmarkAllPages(b *testing.B) {
	n := 0
	for b.Loop() {
		c, err := Open(fixture + "vmcore")
		if err != nil {
			b.Fatal(err)
		}
		s, err := c.Space()
		if err != nil {
			b.Fatal(err)
		}
		for _, err := range s.Chunks(true, 0, ^uint64(0)) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/page")
}

func BenchmarkKdumpUint(b *testing.B) {
	c, s := openFixture(b)
	address, _ := symbol(b, c, "linux_banner")
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if _, err := s.Uint(address, 8, false, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenFixture(b *testing.B) {
	for b.Loop() {
		c, err := Open(fixture + "vmcore")
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// BenchmarkELFUint reads eight bytes here and there from an ELF core of 8 MiB that is mapped.
func BenchmarkELFUint(b *testing.B) {
	f := vmcore(true, false, "VMCOREINFO", elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888000000000, Paddr: 0, Data: pages("contents", 1024)},
		elftest.Segment{Type: elf.PT_LOAD, Vaddr: 0xffff888001000000, Paddr: 1 << 24, Data: pages("contents", 1024)})
	_, s := open(b, f.Bytes())
	b.ReportAllocs()
	at := uint64(0)
	for b.Loop() {
		at = (at + 4096*37 + 8) & (1<<22 - 8)
		if _, err := s.Uint(0xffff888001000000+at, 8, false, false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKdumpUintAll reads eight bytes of every page of the fixture in turn, all of them decompressed before.
func BenchmarkKdumpUintAll(b *testing.B) {
	_, s := openFixture(b)
	var addresses []uint64
	for c, err := range s.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			b.Fatal(err)
		}
		addresses = append(addresses, c.Address+c.Address>>6&4088)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := s.Uint(addresses[i], 8, false, true); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(addresses) {
			i = 0
		}
	}
}
