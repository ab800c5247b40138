package stack

import (
	"bytes"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
)

// A Copy is a stack as it was when its thread was stopped. The thread may run since.
type Copy struct {
	Address uint64
	Data    []byte
}

// Holds reports whether the copy has size bytes at an address, size > 0.
func (c *Copy) Holds(address, size uint64) bool {
	return c != nil && address >= c.Address && address-c.Address < uint64(len(c.Data)) && size <= uint64(len(c.Data))-(address-c.Address)
}

// Changed reports whether the memory of a frame is no longer what is in the copy: what lies between its stack pointer, or an address that is
// below it, and its CFA. read reads it.
func (c *Copy) Changed(f *Frame, a *arch.Arch, address uint64, read func(buf []byte, address uint64) error) (bool, error) {
	from, ok := f.Registers.Register(a.SP)
	from = min(from, address)
	to := f.Registers.CFA
	if !ok || !f.Registers.HasCFA || to <= from || !c.Holds(from, to-from) {
		return true, nil // it is not known to be what it was
	}
	now := make([]byte, to-from)
	if err := read(now, from); err != nil {
		return false, err
	}
	return !bytes.Equal(now, c.Data[from-c.Address:][:len(now)]), nil
}

// Over returns memory in which the copy lies over what is there now.
func (c *Copy) Over(memory cfi.Memory, p arch.Platform) cfi.Memory {
	if c == nil {
		return memory
	}
	return overlaid{memory, c, p}
}

type overlaid struct {
	cfi.Memory
	copy     *Copy
	platform arch.Platform
}

// Uint reads an integer.
func (o overlaid) Uint(address uint64, size int) (uint64, error) {
	if size <= 0 || size > 8 || !o.copy.Holds(address, uint64(size)) {
		return o.Memory.Uint(address, size)
	}
	return o.platform.Uint(o.copy.Data[address-o.copy.Address:][:size]), nil
}
