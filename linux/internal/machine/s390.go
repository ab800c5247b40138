package machine

import (
	"encoding/binary"
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

// s390Translator walks the tables of dynamic address translation ("z/Architecture Principles of Operation", chapter 3, "Dynamic Address
// Translation"). Level 1 is a page table, 2 a segment table, 3 to 5 are the region tables.
type s390Translator struct {
	physical *mem.Space
	root     uint64 // physical address of swapper_pg_dir
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
	return &s390Translator{physical: k.Physical, root: root}, nil
}

// s390Shift returns how many bits of an address lie below the index into a table of a level.
func s390Shift(level uint) uint {
	if level == 1 {
		return 12
	}
	return 20 + 11*(level-2)
}

// s390Size returns how many bytes of address space a table of a level spans; 0 if it is all of it.
func s390Size(level uint) uint64 { return 1 << s390Shift(level+1) }

// s390Slot returns the physical address of the entry for an address in a table of a level.
func s390Slot(table, address uint64, level uint) uint64 {
	return table + address&(s390Size(level)-1)>>s390Shift(level)*8
}

// level returns that of the topmost table of an address space, by its first entry: the kernel writes into the invalid ones, too, which
// table they are in.
func (t *s390Translator) level(root uint64) (uint, error) {
	entry, err := t.physical.Uint(root, 8, true, true)
	return 2 + uint(entry&s390Type>>2), err
}

// kind says what an entry in a table of a level is: the physical address of what it leads to, and whether that is a table or mapped.
func s390Kind(entry uint64, level uint) (at uint64, table, mapped bool) {
	switch {
	case level == 1:
		return entry &^ 0xfff, false, entry&s390PageInvalid == 0 || entry&s390PagePresent != 0
	case level <= 3 && entry&s390Large != 0:
		at = entry &^ (1<<s390Shift(level) - 1)
		return at, false, entry&s390Invalid == 0 || entry&s390Common == 0 && at != 0
	case entry&s390Invalid != 0 || level > 2 && entry&s390Type>>2 != uint64(level-2):
		return 0, false, false
	case level == 2:
		return entry &^ 0x7ff, true, false
	}
	return entry &^ 0xfff, true, false
}

// Translate walks the tables down from root.
func (t *s390Translator) Translate(root, address uint64) (physical, contiguous uint64, err error) {
	if root == 0 {
		root = t.root
	}
	top, err := t.level(root)
	if err != nil {
		return 0, 0, unreadable(err, int(top), address)
	}
	if size := s390Size(top); size != 0 && address >= size {
		return 0, 0, &mem.FaultError{Message: NotCanonical, Address: address}
	}
	at := root
	for level := top; level > 0; level-- {
		entry, err := t.physical.Uint(s390Slot(at, address, level), 8, true, true)
		if err != nil {
			return 0, 0, unreadable(err, int(level), address)
		}
		next, table, mapped := s390Kind(entry, level)
		switch {
		case mapped:
			in := address & (1<<s390Shift(level) - 1)
			return s390Absolute(next+in, 1<<s390Shift(level)-in, address)
		case !table:
			return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
		}
		at = next
	}
	return 0, 0, &mem.FaultError{Message: NotMapped, Address: address}
}

// s390Absolute makes of a real address, which tables lead to, that of absolute memory, which dumps have: they differ in the lowcore only.
func s390Absolute(real, contiguous, address uint64) (uint64, uint64, error) {
	if real < s390Lowcore {
		return 0, 0, &mem.FaultError{Message: PerCPU, Address: address}
	}
	return real, contiguous, nil
}

// Next walks the tables, and looks for the next entry in the table where the walk ends.
func (t *s390Translator) Next(root, address uint64) (uint64, bool) {
	if root == 0 {
		root = t.root
	}
	top, err := t.level(root)
	if err != nil {
		return 0, false
	}
	for {
		if size := s390Size(top); size != 0 && address >= size {
			return 0, false
		}
		mapped, next := t.walk(root, address, top)
		if mapped {
			return address, true
		}
		if next <= address {
			return 0, false // the end of the address space
		}
		address = next
	}
}

// walk reports whether an address is mapped and, if not, the next that may be.
func (t *s390Translator) walk(at, address uint64, level uint) (mapped bool, next uint64) {
	for ; level > 0; level-- {
		shift := s390Shift(level)
		slot := s390Slot(at, address, level)
		end := at + s390Size(level)>>shift*8
		if s390Size(level) == 0 {
			end = at + 2048*8
		}
		data := make([]byte, end-slot)
		if err := t.physical.Read(data[:8], slot, true); err != nil { // of a table that is not there, no entry is
			return false, address&^(s390Size(level)-1) + s390Size(level)
		}
		below, table, mapped := s390Kind(binary.BigEndian.Uint64(data), level)
		if mapped && below+address&(1<<shift-1) < s390Lowcore {
			return false, address&^(s390Lowcore-1) + s390Lowcore
		}
		if mapped {
			return true, 0
		}
		if table {
			at = below
			continue
		}
		next = address>>shift<<shift + 1<<shift
		if err := t.physical.Read(data[8:], slot+8, true); err != nil {
			return false, next
		}
		for data = data[8:]; len(data) > 0; data = data[8:] {
			if _, table, mapped := s390Kind(binary.BigEndian.Uint64(data), level); table || mapped {
				break
			}
			next += 1 << shift
		}
		return false, next
	}
	return false, 0
}
