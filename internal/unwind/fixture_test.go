package unwind

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/orc"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

const fixtureDir = "../../testdata/tiny-6.12"

// Offsets in the fixture's kernel, as its debug info has them.
const (
	offThreadSP = 0x898 // task_struct.thread.sp
	offOnCPU    = 0x34  // task_struct.on_cpu
)

// inactiveTaskFrame is the fixture's struct inactive_task_frame.
var inactiveTaskFrame = map[string]uint64{"r15": 0, "r14": 8, "r13": 16, "r12": 24, "rbx": 32, "rbp": 40, "pc": 48}

const inactiveTaskFrameSize = 56

// kernel is the fixture: a small kernel and its dump.
type kernel struct {
	platform arch.Platform
	image    *elf.File
	core     *target.Core
	space    *mem.Space
	dwarf    *cfi.Table
	orc      *orc.Table
	offset   uint64 // KASLR
	physBase uint64
	pgd      uint64 // physical address of the kernel's top page table
	symbols  []elf.Symbol
	names    func(elf.Symbol) []byte
}

var openKernel = sync.OnceValues(func() (*kernel, error) {
	packed, err := os.ReadFile(filepath.Join(fixtureDir, "vmlinux.zst"))
	if err != nil {
		return nil, err
	}
	zr, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer zr.Close()
	image, err := zr.DecodeAll(packed, nil)
	if err != nil {
		return nil, err
	}
	k := &kernel{}
	if k.image, err = elf.Parse("vmlinux", image); err != nil {
		return nil, err
	}
	if k.core, err = target.Open(filepath.Join(fixtureDir, "vmcore")); err != nil {
		return nil, err
	}
	if k.space, err = k.core.Space(); err != nil {
		return nil, err
	}
	k.platform = k.image.Platform()
	for line := range strings.Lines(string(k.core.VMCOREINFO)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "KERNELOFFSET":
			k.offset, err = strconv.ParseUint(value, 16, 64)
		case "NUMBER(phys_base)":
			var n int64
			n, err = strconv.ParseInt(value, 10, 64)
			k.physBase = uint64(n)
		case "SYMBOL(swapper_pg_dir)":
			k.pgd, err = strconv.ParseUint(value, 16, 64)
		}
		if err != nil {
			return nil, err
		}
	}
	k.pgd = k.pgd - 0xffffffff80000000 + k.physBase
	if err := k.openTables(); err != nil {
		return nil, err
	}
	return k, k.openSymbols()
})

func (k *kernel) section(name string) (*elf.Section, []byte, error) {
	s := k.image.Section(name)
	if s == nil {
		return nil, nil, fmt.Errorf("no section %s", name)
	}
	data, err := s.Data()
	return s, data, err
}

func (k *kernel) openTables() error {
	_, frames, err := k.section(".debug_frame")
	if err != nil {
		return err
	}
	k.dwarf, err = cfi.New(cfi.Section{Platform: k.platform, Name: ".debug_frame", Data: frames, Bias: k.offset})
	if err != nil {
		return err
	}
	ip, ips, err := k.section(".orc_unwind_ip")
	if err != nil {
		return err
	}
	_, entries, err := k.section(".orc_unwind")
	if err != nil {
		return err
	}
	_, header, err := k.section(".orc_header")
	if err != nil {
		return err
	}
	k.orc, err = orc.New(orc.Tables{IP: ips, IPAddress: ip.Addr, Entries: entries, Header: header, Bias: k.offset})
	return err
}

func (k *kernel) openSymbols() error {
	table, err := k.image.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		return err
	}
	for _, s := range table.All() {
		if s.Value != 0 && (s.Type() == elf.STT_FUNC || s.Type() == elf.STT_NOTYPE) {
			k.symbols = append(k.symbols, s)
		}
	}
	k.names = table.Name
	slices.SortStableFunc(k.symbols, func(a, b elf.Symbol) int { return cmp.Compare(a.Value, b.Value) })
	return nil
}

// functions returns the names of the function that holds an address, without suffixes such as .isra.0.
func (k *kernel) functions(pc uint64) []string {
	pc -= k.offset
	end, _ := slices.BinarySearchFunc(k.symbols, pc+1, func(s elf.Symbol, pc uint64) int { return cmp.Compare(s.Value, pc) })
	var names []string
	for i := end - 1; i >= 0 && (names == nil || k.symbols[i].Value == k.symbols[i+1].Value); i-- {
		if s := k.symbols[i]; pc < s.Value+s.Size {
			name, _, _ := strings.Cut(string(k.names(s)), ".")
			names = append(names, name)
		}
	}
	return names
}

// Uint implements [cfi.Memory]: it walks the kernel's page tables.
func (k *kernel) Uint(address uint64, size int) (uint64, error) {
	table := k.pgd
	for shift := 39; shift >= 12; shift -= 9 {
		entry, err := k.space.Uint(table+address>>shift&0x1ff*8, 8, false, true)
		if err != nil {
			return 0, err
		}
		if entry&1 == 0 {
			return 0, &mem.FaultError{Message: "page is not mapped", Address: address}
		}
		table = entry & 0x000ffffffffff000
		if shift == 12 || entry&0x80 != 0 {
			below := uint64(1)<<shift - 1
			return k.space.Uint(table&^below|address&below, size, false, true)
		}
	}
	panic("unreachable")
}

// stopped returns the registers of a task that is switched out.
func (k *kernel) stopped(t testing.TB, task uint64) *arch.Registers {
	t.Helper()
	sp, err := k.Uint(task+offThreadSP, 8)
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, inactiveTaskFrameSize)
	for off := uint64(0); off < inactiveTaskFrameSize; off += 8 {
		v, err := k.Uint(sp+off, 8)
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint64(frame[off:], v)
	}
	layout, err := k.platform.LayoutOf(inactiveTaskFrame)
	if err != nil {
		t.Fatal(err)
	}
	var regs arch.Registers
	if err := regs.Load(k.platform, layout, frame); err != nil {
		t.Fatal(err)
	}
	regs.Set(k.platform.Arch.SP, sp+inactiveTaskFrameSize)
	return &regs
}

// running returns the registers of the one task that runs in user space; the other CPU is idle.
func (k *kernel) running(t testing.TB) *arch.Registers {
	t.Helper()
	for desc := range k.core.Descs("CORE", target.NT_PRSTATUS) {
		var regs arch.Registers
		if _, err := k.platform.ParsePrStatus(desc, &regs); err != nil {
			t.Fatal(err)
		}
		if pc, _ := regs.Get(k.platform.Arch.PC); pc>>63 == 0 {
			return &regs
		}
	}
	t.Fatal("no CPU is in user space")
	return nil
}

// lines returns the lines of a file of expected values.
func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join(fixtureDir, "expected", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		all = append(all, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// tasks returns the addresses of all tasks by thread ID.
func tasks(t testing.TB) map[int]uint64 {
	t.Helper()
	m := map[int]uint64{}
	for _, line := range lines(t, "tasks.txt") {
		f := strings.Fields(line)
		pid, err := strconv.Atoi(f[0])
		if err != nil {
			t.Fatal(err)
		}
		if m[pid], err = strconv.ParseUint(f[len(f)-1], 0, 64); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func fixture(t testing.TB) *kernel {
	t.Helper()
	k, err := openKernel()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (k *kernel) combined() Finder { return orc.Combined{DWARF: k.dwarf, ORC: k.orc} }

func (k *kernel) unwinder(f ...Finder) *Unwinder {
	return New(k.platform, Chain(f), Options{})
}
