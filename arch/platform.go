package arch

import (
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"
)

// Flags are the properties of a platform that its instruction set does not determine.
type Flags uint8

const (
	// Is64Bit means that addresses have 64 bits; they have 32 otherwise.
	Is64Bit Flags = 1 << iota
	// IsLittleEndian means that numbers are stored with their least significant byte first.
	IsLittleEndian
)

// String names the flags as drgn does, for example "IS_64_BIT|IS_LITTLE_ENDIAN"; it is "0" for none.
func (f Flags) String() string {
	var names []string
	if f&Is64Bit != 0 {
		names = append(names, "IS_64_BIT")
	}
	if f&IsLittleEndian != 0 {
		names = append(names, "IS_LITTLE_ENDIAN")
	}
	if names == nil {
		return "0"
	}
	return strings.Join(names, "|")
}

// A Platform is an instruction set with a word size and a byte order. Platforms are compared with ==.
// The zero Platform means "not known at all".
type Platform struct {
	Arch  *Arch
	Flags Flags
}

// ErrNoDefaultFlags says that the word size and byte order of [Unknown] must be given.
var ErrNoDefaultFlags = errors.New("cannot get default platform flags of unknown architecture")

// NewPlatform returns the platform with the default flags of an architecture. It fails with [ErrNoDefaultFlags] for
// [Unknown].
func NewPlatform(a *Arch) (Platform, error) {
	if a == nil || a == Unknown {
		return Platform{}, ErrNoDefaultFlags
	}
	return Platform{Arch: a, Flags: a.DefaultFlags}, nil
}

// Values of e_ident[EI_CLASS] and e_ident[EI_DATA] in ELF headers (System V gABI, chapter 4).
const (
	elfClass64 = 2
	elfDataLSB = 1
)

// PlatformOf returns the platform of an ELF file from its header: machine is e_machine, class e_ident[EI_CLASS] and
// data e_ident[EI_DATA]. See [ByMachine].
func PlatformOf(machine uint16, class, data byte) Platform {
	return ByMachine(machine, FlagsOf(class == elfClass64, data != elfDataLSB))
}

// FlagsOf returns the flags of a word size and a byte order.
func FlagsOf(is64, big bool) Flags {
	var flags Flags
	if is64 {
		flags |= Is64Bit
	}
	if !big {
		flags |= IsLittleEndian
	}
	return flags
}

// ByMachine returns the platform of an ELF machine number (e_machine) with the flags of the file's header. An unknown
// machine gives [Unknown].
func ByMachine(machine uint16, flags Flags) Platform {
	for _, a := range All {
		// RISC-V and S/390 have one machine number for 32 and 64 bits. An x86-64 file of class 32 (x32) is still x86-64.
		if slices.Contains(a.Machines, machine) && (a.DefaultFlags&Is64Bit == flags&Is64Bit || uniqueMachine(machine)) {
			if a.DefaultFlags&Is64Bit == 0 {
				flags &^= Is64Bit // of class 64 are dumps that may have physical memory above 4 GiB
			}
			return Platform{a, flags}
		}
	}
	return Platform{Unknown, flags}
}

// uniqueMachine says whether just one architecture has the machine number.
func uniqueMachine(machine uint16) bool {
	n := 0
	for _, a := range All {
		if slices.Contains(a.Machines, machine) {
			n++
		}
	}
	return n == 1
}

// WithByteOrderOf returns a platform with the byte order that a machine's name by uname(2) tells, for example "ppc64le"; the platform
// itself where the name does not tell it.
func (p Platform) WithByteOrderOf(machine string) Platform {
	switch {
	case p.Arch == nil:
	case slices.Contains(p.Arch.Names.Little, machine):
		p.Flags |= IsLittleEndian
	case slices.Contains(p.Arch.Names.Big, machine):
		p.Flags &^= IsLittleEndian
	}
	return p
}

// Host returns the platform on which this program runs.
func Host() Platform {
	p := Platform{Arch: find(func(a *Arch) bool { return slices.Contains(a.Names.GOARCH, runtime.GOARCH) })}
	if p.Arch == nil {
		p.Arch = Unknown
	}
	if ^uint(0)>>32 != 0 {
		p.Flags |= Is64Bit
	}
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		p.Flags |= IsLittleEndian
	}
	return p
}

// Known says whether the platform is set at all.
func (p Platform) Known() bool { return p.Arch != nil }

// Alignments returns [Arch.Alignments]; those of a platform that is not known are 0.
func (p Platform) Alignments() [5]uint8 { return p.archOrUnknown().Alignments }

// Is64Bit says whether addresses have 64 bits.
func (p Platform) Is64Bit() bool { return p.Flags&Is64Bit != 0 }

// IsLittleEndian says whether the least significant byte of a number comes first.
func (p Platform) IsLittleEndian() bool { return p.Flags&IsLittleEndian != 0 }

// AddressSize returns the size of an address in bytes, 8 or 4.
func (p Platform) AddressSize() int {
	if p.Is64Bit() {
		return 8
	}
	return 4
}

// AddressMask returns the greatest address.
func (p Platform) AddressMask() uint64 {
	if p.Is64Bit() {
		return 1<<64 - 1
	}
	return 1<<32 - 1
}

// ByteOrder returns the order of bytes in numbers.
func (p Platform) ByteOrder() binary.ByteOrder {
	if p.IsLittleEndian() {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// String describes the platform, for example "X86_64 (IS_64_BIT|IS_LITTLE_ENDIAN)".
func (p Platform) String() string {
	if p.Arch == nil {
		return "no platform"
	}
	return p.Arch.Name + " (" + p.Flags.String() + ")"
}
