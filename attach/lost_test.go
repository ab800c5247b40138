package attach_test

import (
	"bytes"
	"testing"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/target"
)

// TestLostNotes opens a core of a process as gdb writes it, with its notes at its end, that is cut before them: its memory can be read, and what
// the notes would have told of is an error that says so.
func TestLostNotes(t *testing.T) {
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	f.Segments = []elftest.Segment{
		{Type: elf.PT_LOAD, Vaddr: 0x400000, Data: []byte("memory")},
		{Type: elf.PT_NOTE, Data: f.Note(nil, "CORE", target.NT_PRSTATUS, bytes.Repeat([]byte{1}, 336))},
	}
	whole := f.Bytes()
	path := files{t, t.TempDir()}.write("core", whole[:len(whole)-100])
	p, warnings, err := attachTo(path, attach.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if len(warnings) != 2 {
		t.Fatal(warnings)
	}
	said[*target.LostNotesError](t, warnings[0], "notes of the core are lost", "core", "truncated")
	said[*target.LostNotesError](t, warnings[len(warnings)-1], "the modules of the program are not known")
	if b, err := p.Read(0x400000, 6, false); string(b) != "memory" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	for _, err := range p.Threads() {
		said[*target.LostNotesError](t, err, "notes of the core are lost")
	}
	_, err = p.StackTrace(1)
	said[*target.LostNotesError](t, err, "notes of the core are lost")
}
