package arch_test

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
)

func Example() {
	// e_machine, e_ident[EI_CLASS] and e_ident[EI_DATA] of an ELF file for 64-bit Arm.
	p := arch.PlatformOf(183, 2, 1)
	fmt.Println(p)
	n, _ := p.Arch.Register("lr")
	fmt.Println(p.Arch.Registers[n].Names)
	// Output:
	// AARCH64 (IS_64_BIT|IS_LITTLE_ENDIAN)
	// [x30 lr]
}
