package machine

import (
	"errors"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// The kernel and each process have address spaces of their own on s390x, which all begin at 0: an address alone does not tell whose
// it is.
var s390x = &Machine{
	Arch:          arch.S390X,
	PageSizes:     []uint64{4 << 10},
	NewTranslator: newS390Translator,
	DirectMap: func(k Kernel, _ *drgn.Program) (DirectMap, error) {
		return DirectMap{Virtual: s390Identity(k.Info)}, nil
	},
	Vmemmap:         s390Vmemmap,
	SwitchedOut:     s390SwitchedOut,
	IsKernelAddress: func(address uint64) bool { return address >= s390Lowcore && address < s390End },
	ImageToPhysical: func(k Kernel, address uint64) (uint64, bool) { return s390ImageToPhysical(k.Info, address) },
	Fixed:           s390Fixed,
	Rows:            Rows{All: s390Row},
	TaskStart:       []string{"ret_from_fork"},
	ThreadSize:      16 << 10, // since v4.20, commit 32ce55a6592c; four times that with KASAN
}

const (
	// s390Lowcore is the size in bytes of the lowcore, which each CPU has at real address 0: prefixing makes of its addresses those
	// of absolute memory that the CPU's prefix register says ("z/Architecture Principles of Operation", chapter 3, "Prefixing").
	s390Lowcore = 8 << 10

	// s390End is where the kernel's address space ends that has as many levels of tables as the kernel uses (_REGION1_SIZE).
	s390End = 1 << 53
)

// PerCPU is the message of a fault at an address at which each CPU has memory of its own.
const PerCPU = "the memory at this address is another one for each CPU: its lowcore"

// s390Identity returns where all physical memory is mapped: at 0 before v6.10 (commit c98d2ecae08f), where the configuration does not
// say otherwise also later.
func s390Identity(info Info) uint64 {
	base, err := info.Hex("IDENTITYBASE")
	if err != nil {
		return 0
	}
	return base
}

// s390ImageToPhysical tells the physical address of one in the kernel's image, which was mapped with all other memory before v6.10,
// commit c98d2ecae08f. It lies above all else since.
func s390ImageToPhysical(info Info, address uint64) (uint64, bool) {
	virtual, err := info.Hex("KERNELOFFSET")
	if err != nil {
		return 0, false
	}
	physical, err := info.Hex("KERNELOFFPHYS")
	return address - virtual + physical, err == nil && address >= virtual && address < s390End
}

// s390Vmemmap reads the variable vmemmap, which every kernel has that struct pages are mapped for (VMCOREINFO says what it holds, too).
func s390Vmemmap(_ Kernel, p *drgn.Program) (uint64, error) {
	s, err := p.Symbol("vmemmap")
	if err != nil {
		return 0, err
	}
	return p.ReadUint(s.Address, 8, false)
}

// s390Fixed tells the image and the mapping of all physical memory from the rest.
func s390Fixed(k Kernel) func(address uint64) bool {
	identity := s390Identity(k.Info)
	vmemmap, err := k.Info.Symbol("vmemmap")
	if err != nil {
		vmemmap = identity
	}
	return func(address uint64) bool {
		_, image := s390ImageToPhysical(k.Info, address)
		return image || address >= identity+s390Lowcore && address < vmemmap
	}
}

type s390FrameKey struct{}

// s390Frame returns where the registers lie in a struct stack_frame (arch/s390/include/asm/stacktrace.h), on top of the stack of a task
// that was switched out. What its r14 holds is where the task goes on.
func s390Frame(p *drgn.Program) (arch.Layout, error) {
	t, err := p.Type("struct stack_frame")
	if err != nil {
		return nil, err
	}
	first, err := drgn.OffsetOf(t, "gprs")
	if err != nil {
		return nil, err
	}
	const r6, r14, r15 = 6, 14, 15
	var layout arch.Layout
	for r := r6; r <= r15; r++ {
		layout = append(layout, arch.Slot{Register: r, Offset: uint32(first) + 8*uint32(r-r6), Size: 8})
	}
	return append(layout, arch.Slot{Register: p.Platform().Arch.PC, Offset: uint32(first) + 8*(r14-r6), Size: 8}), nil
}

// s390SwitchedOut reads what __switch_to has saved at thread.ksp.
func s390SwitchedOut(task drgn.Object) (*arch.Registers, error) {
	p := task.Prog()
	layout, err := drgn.Memo(p, s390FrameKey{}, func() (arch.Layout, error) { return s390Frame(p) })
	if err != nil {
		return nil, err
	}
	sp, err := task.Member("thread").Member("ksp").Uint()
	if err != nil {
		return nil, err
	}
	data, err := p.Read(sp, uint64(layout.Size()), false)
	if err != nil {
		return nil, err
	}
	regs := &arch.Registers{}
	return regs, regs.Load(p.Platform(), layout, data)
}

const (
	s390PageInvalid = 1 << 10 // in a page table
	s390PagePresent = 1 << 0  // by which the kernel knows those that are not to be accessed, or are to be seen when they are

	s390Invalid = 1 << 5  // in tables above that
	s390Large   = 1 << 10 // segments of 1 MiB and third regions of 2 GiB that are not divided (EDAT)
	s390Common  = 1 << 4  // in an invalid entry, that of what was swapped out or is moved

	s390Type = 3 << 2 // in all entries of a table: which one it is
)

func newS390Translator(k Kernel) (Translator, error) {
	top, err := k.Info.Symbol("swapper_pg_dir")
	if err != nil {
		return nil, err
	}
	if k.Platform.IsLittleEndian() {
		return nil, errors.New("the machine has no other byte order than the big-endian one")
	}
	root, ok := s390ImageToPhysical(k.Info, top)
	if !ok {
		root = top - s390Identity(k.Info)
	}
	return s390Walk(k.Physical, root), nil
}

// s390Walk returns a walk of the tables of dynamic address translation ("z/Architecture Principles of Operation", chapter 3, "Dynamic
// Address Translation"): a page table, a segment table above it, and up to three region tables. They lead to real addresses, and dumps
// have those of absolute memory, which differ in the lowcore only.
func s390Walk(physical *mem.Space, root uint64) *tableWalk {
	levels := []tableLevel{{53, 11}, {42, 11}, {31, 11}, {20, 11}, {12, 8}}
	return &tableWalk{
		physical: physical, root: root, perCPU: s390Lowcore, big: true, word: 8, levels: levels, read: s390TableEntry,
		// The first entry of the topmost table says which one it is: the kernel writes that into the invalid ones, too.
		space: func(root, _ uint64) (uint64, *tableSpace) {
			entry, err := physical.Uint(root, 8, true, true)
			if err != nil {
				return root, &tableSpace{level: 3, err: err}
			}
			level := 3 - int(entry&s390Type>>2)
			space := &tableSpace{level: level, last: ^uint64(0)}
			if level > 0 {
				space.last = 1<<levels[level-1].shift - 1
			}
			return root, space
		},
	}
}

// s390TableEntry reads an entry of a table of a level: 0 to 2 are region tables, 3 is a segment table, 4 a page table.
func s390TableEntry(entry uint64, level int) tableEntry {
	switch {
	case level == 4:
		return tableEntry{mapped: entry&s390PageInvalid == 0 || entry&s390PagePresent != 0, at: entry}
	case level >= 2 && entry&s390Large != 0:
		size := uint64(1) << (20 + 11*(3-level))
		return tableEntry{mapped: entry&s390Invalid == 0 || entry&s390Common == 0 && entry >= size, at: entry}
	case entry&s390Invalid != 0 || level < 3 && entry&s390Type>>2 != uint64(3-level):
		return tableEntry{}
	case level == 3:
		return tableEntry{table: true, at: entry &^ 0x7ff}
	}
	return tableEntry{table: true, at: entry &^ 0xfff}
}
