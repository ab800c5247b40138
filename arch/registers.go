package arch

import (
	"fmt"
	"math/bits"
)

// A Slot says where the value of a register is stored.
type Slot struct {
	Register int    // number of the register, [Arch.PC] included
	Offset   uint32 // in bytes
	Size     uint8  // in bytes; a smaller register is zero-extended
}

// A Layout says where the values of registers are stored in a structure.
type Layout []Slot

// Size returns the number of bytes up to the end of the last register.
func (l Layout) Size() int {
	end := 0
	for _, s := range l {
		end = max(end, int(s.Offset)+int(s.Size))
	}
	return end
}

// words lays out registers of the given size one after the other from offset; a negative number leaves a gap.
func words(offset uint32, size uint8, registers ...int) Layout {
	l := make(Layout, 0, len(registers))
	for _, r := range registers {
		if r >= 0 {
			l = append(l, Slot{r, offset, size})
		}
		offset += uint32(size)
	}
	return l
}

// run returns the n numbers from first on.
func run(first, n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = first + i
	}
	return s
}

// at returns the layout moved by an offset.
func (l Layout) at(offset uint32) Layout {
	moved := make(Layout, len(l))
	for i, s := range l {
		s.Offset += offset
		moved[i] = s
	}
	return moved
}

// Offsets in struct elf_prstatus (include/uapi/linux/elfcore.h), alike on all architectures of one word size.
const (
	prstatusPID64  = 32
	prstatusRegs64 = 112
	prstatusPID32  = 24
	prstatusRegs32 = 72
)

// Registers is a register file: the values of those registers that are known. Its indices are register numbers.
// The zero value knows none.
type Registers struct {
	known  uint64
	values [MaxRegisters]uint64
}

// Get returns a register's value, if it is known.
func (r *Registers) Get(register int) (uint64, bool) {
	if uint(register) >= MaxRegisters || r.known>>register&1 == 0 {
		return 0, false
	}
	return r.values[register], true
}

// Set makes a register known. Numbers outside the file are ignored.
func (r *Registers) Set(register int, value uint64) {
	if uint(register) < MaxRegisters {
		r.known |= 1 << register
		r.values[register] = value
	}
}

// Forget makes a register unknown.
func (r *Registers) Forget(register int) {
	if uint(register) < MaxRegisters {
		r.known &^= 1 << register
	}
}

// Reset makes all registers unknown.
func (r *Registers) Reset() { r.known = 0 }

// Known returns the set of known registers, bit i for register i.
func (r *Registers) Known() uint64 { return r.known }

// Len returns the number of known registers.
func (r *Registers) Len() int { return bits.OnesCount64(r.known) }

// A ShortError says that bytes end before the registers do.
type ShortError struct {
	What       string // what was to be read
	Want, Have int    // bytes
}

func (e *ShortError) Error() string {
	return fmt.Sprintf("registers are truncated: %s wants %d bytes, %d found", e.What, e.Want, e.Have)
}

// Load sets all registers of a layout from the bytes of the structure. It changes nothing when it fails, with a
// [*ShortError].
func (r *Registers) Load(p Platform, l Layout, data []byte) error {
	if want := l.Size(); want > len(data) {
		return &ShortError{"register structure", want, len(data)}
	}
	for _, s := range l {
		r.Set(s.Register, p.Uint(data[s.Offset:][:s.Size]))
	}
	return nil
}

// Uint decodes a number of up to 8 bytes: all of b.
func (p Platform) Uint(b []byte) uint64 {
	order := p.ByteOrder()
	switch len(b) {
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	case 8:
		return order.Uint64(b)
	}
	var v uint64
	for i, c := range b {
		if !p.IsLittleEndian() {
			i = len(b) - 1 - i
		}
		v |= uint64(c) << (8 * i)
	}
	return v
}

// PutUint encodes the low bytes of a number as all of b, up to 8 bytes.
func (p Platform) PutUint(b []byte, v uint64) {
	for i := range b {
		if p.IsLittleEndian() {
			b[i] = byte(v >> (8 * i))
		} else {
			b[len(b)-1-i] = byte(v >> (8 * i))
		}
	}
}

// An UnsupportedError says that a fact about an architecture is not known.
type UnsupportedError struct {
	Arch *Arch
	What string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is not supported for %s", e.What, e.Arch)
}

// PrStatusPID returns the thread's ID in the contents of an NT_PRSTATUS note. It needs no more of the architecture than its
// word size. It fails with a [*ShortError].
func (p Platform) PrStatusPID(desc []byte) (int32, error) {
	offset := prstatusPID32
	if p.Is64Bit() {
		offset = prstatusPID64
	}
	if want := offset + 4; want > len(desc) {
		return 0, &ShortError{"NT_PRSTATUS", want, len(desc)}
	}
	return int32(p.Uint(desc[offset:][:4])), nil
}

// ParsePrStatus reads the contents of an NT_PRSTATUS note: the thread's ID and its registers. It fails with an
// [*UnsupportedError] or a [*ShortError].
func (p Platform) ParsePrStatus(desc []byte, regs *Registers) (pid int32, err error) {
	if p.Arch == nil || len(p.Arch.PrStatus) == 0 {
		return 0, &UnsupportedError{p.archOrUnknown(), "NT_PRSTATUS"}
	}
	layout := p.Arch.PrStatus
	if want := layout.Size(); want > len(desc) {
		return 0, &ShortError{"NT_PRSTATUS", want, len(desc)}
	}
	if pid, err = p.PrStatusPID(desc); err != nil {
		return 0, err
	}
	return pid, regs.Load(p, layout, desc)
}

// ParseRegisterSet reads the register set NT_PRSTATUS as ptrace(2) has it: what lies in the note between the process's ID and the end. It fails
// with an [*UnsupportedError] or a [*ShortError].
func (p Platform) ParseRegisterSet(data []byte, regs *Registers) error {
	if p.Arch == nil || len(p.Arch.PrStatus) == 0 {
		return &UnsupportedError{p.archOrUnknown(), "the register set NT_PRSTATUS"}
	}
	offset := uint32(prstatusRegs32)
	if p.Is64Bit() {
		offset = prstatusRegs64
	}
	layout := p.Arch.PrStatus.at(-offset)
	if want := layout.Size(); want > len(data) {
		return &ShortError{"register set NT_PRSTATUS", want, len(data)}
	}
	return regs.Load(p, layout, data)
}

// ParsePtRegs reads registers from the bytes of the kernel's struct pt_regs. It fails with an [*UnsupportedError] or
// a [*ShortError].
func (p Platform) ParsePtRegs(data []byte, regs *Registers) error {
	if p.Arch == nil || len(p.Arch.PtRegs) == 0 {
		return &UnsupportedError{p.archOrUnknown(), "struct pt_regs"}
	}
	if want := p.Arch.PtRegs.Size(); want > len(data) {
		return &ShortError{"struct pt_regs", want, len(data)}
	}
	return regs.Load(p, p.Arch.PtRegs, data)
}

func (p Platform) archOrUnknown() *Arch {
	if p.Arch == nil {
		return Unknown
	}
	return p.Arch
}

// LayoutOf builds a layout from offsets of registers by name, for a structure whose layout debug info tells (for
// example, x86's struct inactive_task_frame). Every value has the size of an address. It fails on a name that is not a
// register's ("pc" is the program counter on every architecture).
func (p Platform) LayoutOf(offsets map[string]uint64) (Layout, error) {
	layout := make(Layout, 0, len(offsets))
	for name, off := range offsets {
		n, ok := p.archOrUnknown().Register(name)
		if !ok && name == "pc" {
			n, ok = p.archOrUnknown().PC, p.archOrUnknown().PC >= 0
		}
		if !ok {
			return nil, fmt.Errorf("%s has no register %q", p.archOrUnknown(), name)
		}
		if off > 1<<16 {
			return nil, fmt.Errorf("offset %#x of register %q is out of range", off, name)
		}
		layout = append(layout, Slot{n, uint32(off), uint8(p.AddressSize())})
	}
	return layout, nil
}

// ParsePACMask returns the bits of return addresses that a pointer authentication code takes, from the contents of the
// note [PAC.Note]: struct user_pac_mask (arch/arm64/include/uapi/asm/ptrace.h) has a mask for data and one for
// instructions. It fails with a [*ShortError].
func (p Platform) ParsePACMask(desc []byte) (uint64, error) {
	if len(desc) < 16 {
		return 0, &ShortError{"NT_ARM_PAC_MASK", 16, len(desc)}
	}
	return p.Uint(desc[8:16]), nil
}

// StripPAC removes a pointer authentication code: mask has the bits that the code occupies (0 where there is none),
// bit 55 tells which half of the address space the address lies in (Arm Architecture Reference Manual, D8.9).
func StripPAC(address, mask uint64) uint64 {
	if address>>55&1 != 0 {
		return address | mask
	}
	return address &^ mask
}
