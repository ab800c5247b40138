package machine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/mem"
)

// x86Alignment is how the kernel's image is aligned in physical memory at least, in bytes (MIN_KERNEL_ALIGN): phys_base is a
// multiple of it.
const x86Alignment = 2 << 20

// x86MaxPlaces is at how many places the image is looked for at most: those of 2 TiB of memory.
const x86MaxPlaces = 1 << 20

// UTSSize is how much of init_uts_ns is looked at, in bytes: six names of 65 bytes each, which follow a reference count in kernels
// before v5.11 (commit 9a56493f6942).
const UTSSize = 512

// Erased is what one of the names in init_uts_ns is where makedumpfile --config was told to erase it.
var Erased = bytes.Repeat([]byte{'X'}, 65)

// A MovedError says that the kernel's image lies at more than one place in physical memory, of which nothing tells which one is
// that of the kernel that ran last: another kernel of the same build ran before it.
type MovedError struct {
	PhysBases []uint64 // x86's phys_base for each
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("nothing says phys_base, and the kernel's image lies at several places in memory: phys_base may be one of %#x", e.PhysBases)
}

// x86FindPhysBase returns phys_base of a kernel whose VMCOREINFO does not say it (before v4.10): as the dump's headers say, if
// the kernel's name or the variable phys_base lies where they lead to, or else as found in memory. It returns nil if neither can
// be had, and a [*MovedError] if memory has several.
//
// QEMU writes 0 to the sub-header of its kdump files for such a kernel, wherever it lies.
func x86FindPhysBase(k Kernel, memory []mem.Segment) (*uint64, error) {
	if _, err := k.Info.Number("phys_base"); err == nil {
		return nil, nil // it is in VMCOREINFO
	}
	said, err := x86PhysBase(k)
	possible := err == nil
	if possible {
		switch k.x86IsAt(said) {
		case yes:
			return &said, nil
		case no:
			possible = false
		}
	}
	first, err := k.Info.Symbol("init_uts_ns")
	if err != nil {
		return nil, nil // nothing to look for
	}
	offset := first - x86StartKernelMap
	var found []uint64
	places := 0
	for _, s := range memory {
		// phys_base is less than 0 where the image lies lower than it was linked for: all is computed modulo 2⁶⁴.
		at := (s.Min-offset+x86Alignment-1)&^(x86Alignment-1) + offset
		for ; s.Physical && at >= s.Min && at <= s.Max; at += x86Alignment {
			if places++; places > x86MaxPlaces {
				return nil, errors.New("nothing says phys_base, and there is too much memory to look for the kernel's image")
			}
			if base := at - offset; k.x86IsAt(base) == yes && !slices.Contains(found, base) {
				found = append(found, base)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return &found[0], nil
	}
	if possible {
		return nil, nil // what headers say, then
	}
	slices.Sort(found)
	return nil, &MovedError{found}
}

// An answer is what memory says: nothing where it can't be read.
type answer int

const (
	unknown answer = iota
	yes
	no
)

// x86IsAt says whether the kernel's image lies where a phys_base leads to: its release and, where VMCOREINFO says where that is,
// the variable phys_base are there.
func (k Kernel) x86IsAt(base uint64) answer {
	is := unknown
	if at, err := k.Info.Symbol("init_uts_ns"); err == nil {
		names := make([]byte, UTSSize)
		release, ok := k.Info.String("OSRELEASE")
		switch err := k.Physical.Read(names, at-x86StartKernelMap+base, true); {
		case err != nil || !ok || bytes.Contains(names, Erased):
		case !bytes.Contains(names, []byte("\x00"+release+"\x00")):
			return no
		default:
			is = yes
		}
	}
	if at, err := k.Info.Symbol("phys_base"); err == nil {
		switch said, err := k.Physical.Uint(at-x86StartKernelMap+base, 8, false, true); {
		case err != nil:
		case said != base:
			return no
		default:
			is = yes
		}
	}
	return is
}
