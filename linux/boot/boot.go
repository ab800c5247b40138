// Package boot tells how the kernel was set up at boot.
package boot

import "github.com/godrgn/drgn"

// A kernel is what the program's personality knows.
type kernel interface{ KASLROffset() uint64 }

// KASLROffset returns by how much the kernel lies above the addresses it was linked for; 0 if it was not moved.
//
//drgn:helper kaslr_offset
func KASLROffset(p *drgn.Program) (uint64, error) {
	k, ok := p.Personality().(kernel)
	if !ok {
		return 0, &drgn.ValueError{Problem: "program is not the Linux kernel"}
	}
	return k.KASLROffset(), nil
}

// PgtableL5Enabled reports whether page tables have five levels.
//
//drgn:helper pgtable_l5_enabled
func PgtableL5Enabled(p *drgn.Program) (bool, error) {
	// x86 only, since v4.17, commit ad3fe525b950, and gone where the number of levels is fixed.
	enabled, err := p.Variable("__pgtable_l5_enabled").Bool()
	if drgn.IsNotFound(err) {
		return false, nil
	}
	return enabled, err
}
