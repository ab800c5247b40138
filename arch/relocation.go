package arch

import "slices"

// A Relocation says what a type of relocation does to a number in data. The zero Relocation does nothing.
type Relocation struct {
	Size uint8 // of the number in bytes; 0 if there is nothing to do, 1 for the first byte of a ULEB128 number
	Op   RelocationOp
}

// A RelocationOp says what becomes of a number. In the comments, S is the address of the symbol, A the addend, P the
// address of the number and V the number itself.
type RelocationOp uint8

const (
	// RelocateAbs makes it S + A.
	RelocateAbs RelocationOp = iota
	// RelocatePC makes it S + A - P.
	RelocatePC
	// RelocateAdd makes it V + S + A.
	RelocateAdd
	// RelocateSub makes it V - S - A.
	RelocateSub
	// RelocateSet6 makes the low six bits of a byte S + A.
	RelocateSet6
	// RelocateSub6 subtracts S + A from the low six bits of a byte.
	RelocateSub6
	// RelocateSetULEB makes a padded ULEB128 number S + A.
	RelocateSetULEB
	// RelocateAddULEB adds S + A to a padded ULEB128 number.
	RelocateAddULEB
	// RelocateSubULEB subtracts S + A from a padded ULEB128 number.
	RelocateSubULEB
)

// Relocations are the relocations, by type, which a processor supplement allows in data: debugging information, unwind
// tables, pointers. Those of instructions never occur there.
type Relocations map[uint32]Relocation

// RelocationsOf returns the relocations of an ELF machine number (e_machine), or nil if they are not known.
func RelocationsOf(machine uint16) Relocations {
	for _, a := range All {
		if slices.Contains(a.Machines, machine) {
			return a.Relocations
		}
	}
	if machine == ppc32Machine {
		return ppc32Relocations
	}
	return nil
}

var (
	abs8, abs16, abs32, abs64 = Relocation{1, RelocateAbs}, Relocation{2, RelocateAbs}, Relocation{4, RelocateAbs}, Relocation{8, RelocateAbs}
	pc8, pc16, pc32, pc64     = Relocation{1, RelocatePC}, Relocation{2, RelocatePC}, Relocation{4, RelocatePC}, Relocation{8, RelocatePC}
	add8, add16, add32, add64 = Relocation{1, RelocateAdd}, Relocation{2, RelocateAdd}, Relocation{4, RelocateAdd}, Relocation{8, RelocateAdd}
	sub8, sub16, sub32, sub64 = Relocation{1, RelocateSub}, Relocation{2, RelocateSub}, Relocation{4, RelocateSub}, Relocation{8, RelocateSub}
)
