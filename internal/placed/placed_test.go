package placed_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/placed"
)

// TestExecutable asks of a linked file that is moved and of one whose sections lie each elsewhere, as those of a kernel module.
func TestExecutable(t *testing.T) {
	file := func(typ uint16, text, data uint64) *elf.File {
		t.Helper()
		f := &elftest.File{Is64: true, Type: typ, Machine: 62, Sections: []elftest.Section{
			{Name: ".text", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Addr: text, Addralign: 16, Data: make([]byte, 0x100)},
			{Name: ".data", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Addr: data, Addralign: 16, Data: make([]byte, 0x80)},
			{Name: ".comment", Type: elf.SHT_PROGBITS, Addralign: 1, Data: make([]byte, 0x4000)}, // is not loaded, whatever its address
		}}
		parsed, err := elf.Parse("made up", f.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	const exec, rel = 2, elf.ET_REL
	linked := placed.At(file(exec, 0x1000, 0x2000), 0x10000, nil)
	moved := placed.At(file(rel, 0, 0), 0, map[string]uint64{".text": 0x9000, ".data": 0x5000})
	nowhere := placed.At(file(rel, 0, 0), 0, nil)
	for _, c := range []struct {
		name              string
		file              *placed.File
		address           uint64
		executable, known bool
	}{
		{"before the code", linked, 0x10fff, false, false},
		{"code", linked, 0x11000, true, true},
		{"the last of the code", linked, 0x110ff, true, true},
		{"after the code", linked, 0x11100, false, false},
		{"data", linked, 0x12000, false, true},
		{"where the file says, unmoved", linked, 0x1000, false, false},
		{"code of a module", moved, 0x9000, true, true},
		{"the last of it", moved, 0x90ff, true, true},
		{"after it", moved, 0x9100, false, false},
		{"data of a module", moved, 0x507f, false, true},
		{"after that", moved, 0x5080, false, false},
		{"a module that is not loaded", nowhere, 0x10, false, false},
	} {
		executable, known := c.file.Executable(c.address)
		if executable != c.executable || known != c.known {
			t.Errorf("%s: %t, known %t; want %t, %t", c.name, executable, known, c.executable, c.known)
		}
	}
}
