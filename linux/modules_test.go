package linux

import (
	"maps"
	"testing"

	"github.com/godrgn/drgn/linux/module"
)

// The addresses are of dm_mod in a guest with Debian's 7.2, whose .init.text lay where squashfs has its data by now.
func TestFreedSections(t *testing.T) {
	sections := map[string]uint64{".text": 0xffffffffc03d0000, "__jump_table": 0xffffffffc03f6000, ".init.text": 0xffffffffc0404000,
		".init.data": 0xffffffffc03e0000, ".symtab": 0xffffffffc03f7000, ".exit.text": 0xffffffffc03dffff, ".empty": 0xffffffffc03e0000}
	want := maps.Clone(sections)
	for _, freed := range []string{".init.text", ".init.data", ".symtab"} {
		delete(want, freed)
	}
	leaveOutFreed(sections, []module.Region{{Address: 0xffffffffc03d0000, Size: 0x10000}, {Address: 0xffffffffc03f6000, Size: 0x1000}})
	if !maps.Equal(sections, want) {
		t.Errorf("%#x, want %#x", sections, want)
	}
}
