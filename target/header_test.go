package target

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
)

// TestDamagedHeaders has ELF cores whose first bytes are damaged: these are no cores, as drgn 0.3.0 says (a ValueError), too. Notes that say
// to be larger than any file are lost, and the memory can be read.
func TestDamagedHeaders(t *testing.T) {
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: f.Note(nil, "CORE", NT_PRPSINFO, make([]byte, 136))}, {Type: elf.PT_LOAD, Vaddr: 0x1000, Data: []byte("memory")}}
	write := func(change func(b []byte) []byte) string {
		path := filepath.Join(t.TempDir(), "core")
		if err := os.WriteFile(path, change(f.Bytes()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, change := range map[string]func(b []byte) []byte{
		"no class":           func(b []byte) []byte { return b[:4] },
		"no machine":         func(b []byte) []byte { return b[:16] },
		"cut":                func(b []byte) []byte { return b[:63] },
		"unknown class":      func(b []byte) []byte { b[4] = 3; return b },
		"unknown byte order": func(b []byte) []byte { b[5] = 0; return b },
		"unknown version":    func(b []byte) []byte { b[6] = 2; return b },
	} {
		var format *FormatError
		if _, err := Open(write(change)); !errors.As(err, &format) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := Open(write(func(b []byte) []byte {
		binary.LittleEndian.PutUint64(b[64+32:], 1<<62) // p_filesz
		return b
	}))
	if err != nil {
		t.Fatal(err)
	}
	if c.LostNotes() == nil || len(c.Notes) > 0 || len(c.Virtual) != 1 {
		t.Errorf("%v, %d notes, %d segments", c.LostNotes(), len(c.Notes), len(c.Virtual))
	}
}
