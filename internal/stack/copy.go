package stack

import (
	"bytes"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/mem"
)

// Changed reports whether the memory of a frame is no longer what it was when its stack was copied: what lies between its stack pointer, or an
// address that is below it, and its CFA. read reads it.
func Changed(c *mem.Copy, f *Frame, a *arch.Arch, address uint64, read func(buf []byte, address uint64) error) (bool, error) {
	from, ok := f.Registers.Register(a.SP)
	from = min(from, address)
	to := f.Registers.CFA
	if !ok || !f.Registers.HasCFA || to <= from {
		return true, nil
	}
	then := c.At(from, to-from)
	if then == nil {
		return true, nil // it is not known to be what it was
	}
	now := make([]byte, to-from)
	if err := read(now, from); err != nil {
		return false, err
	}
	return !bytes.Equal(now, then), nil
}

// over returns memory in which a copy, which may be nil, lies over what is there now.
func over(memory cfi.Memory, c *mem.Copy, p arch.Platform) cfi.Memory {
	if c == nil {
		return memory
	}
	return overlaid{memory, c, p}
}

type overlaid struct {
	cfi.Memory
	copy     *mem.Copy
	platform arch.Platform
}

// Uint reads an integer.
func (o overlaid) Uint(address uint64, size int) (uint64, error) {
	if size > 0 && size <= 8 {
		if b := o.copy.At(address, uint64(size)); b != nil {
			return o.platform.Uint(b), nil
		}
	}
	return o.Memory.Uint(address, size)
}
