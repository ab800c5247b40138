package elf

import (
	"bytes"
	"iter"
	"runtime"

	"github.com/godrgn/drgn/internal/bin"
)

// NT_GNU_BUILD_ID is the type of the note named "GNU" that holds the build ID.
const NT_GNU_BUILD_ID = 3

// GoNote and NT_GO_BUILD_ID are the name and the type of the note that holds the build ID of Go's linker.
const (
	GoNote         = "Go"
	NT_GO_BUILD_ID = 4
)

// A Note is an entry of a note section or segment.
type Note struct {
	Name string // without the NUL at its end
	Type uint32
	Desc []byte
}

// Notes iterates over the notes in data, which align (4 or 8; others count as 4) lays out. Section is what errors call
// data. An error is the last pair. A header of zeroes ends the notes: room that was reserved and never filled.
func Notes(section string, data []byte, big bool, align uint64) iter.Seq2[Note, error] {
	pad := 4
	if align == 8 {
		pad = 8
	}
	return func(yield func(Note, error) bool) {
		c := bin.New(section, data, big)
		for c.Len() >= 12 {
			namesz, descsz, typ := uint64(c.U32()), uint64(c.U32()), c.U32()
			if namesz == 0 && descsz == 0 && typ == 0 {
				return
			}
			name := c.Bytes(namesz)
			alignWithin(&c, pad)
			desc := c.Bytes(descsz)
			if c.Err() != nil {
				break
			}
			alignWithin(&c, pad)
			name, _, _ = bytes.Cut(name, []byte{0})
			if !yield(Note{string(name), typ, desc}, nil) {
				return
			}
		}
		if err := c.Err(); err != nil {
			yield(Note{}, err)
		}
	}
}

// alignWithin aligns the cursor, or moves it to the end where the last padding is left out.
func alignWithin(c *bin.Cursor, n int) {
	c.Skip(uint64(min(-c.Off&(n-1), c.Len())))
}

// SegmentNotes iterates over the notes in the file's PT_NOTE segments; an error is the last pair.
func (f *File) SegmentNotes() iter.Seq2[Note, error] {
	return func(yield func(Note, error) bool) {
		for i := range f.Segments {
			s := &f.Segments[i]
			if s.Type != PT_NOTE {
				continue
			}
			data, cut := f.SegmentData(s)
			for note, err := range Notes(f.Name+" notes", data, f.Big, s.Align) {
				if err != nil && cut != nil {
					err = cut // the cause
				}
				if !yield(note, err) || err != nil {
					return
				}
			}
			if cut != nil {
				yield(Note{}, cut)
				return
			}
		}
	}
}

// SectionNotes iterates over the notes in the file's SHT_NOTE sections that have contents; an error is the last pair.
func (f *File) SectionNotes() iter.Seq2[Note, error] {
	return func(yield func(Note, error) bool) {
		for i := range f.Sections {
			s := &f.Sections[i]
			if s.Type != SHT_NOTE || !s.HasData() {
				continue
			}
			data, err := s.Data()
			if err != nil {
				yield(Note{}, err)
				return
			}
			for note, err := range Notes(f.Name+" "+s.Name, data, f.Big, s.Addralign) {
				if !yield(note, err) || err != nil {
					return
				}
			}
		}
	}
}

// BuildID returns the file's GNU build ID, or nil if it has none that can be read.
func (f *File) BuildID() []byte {
	defer runtime.KeepAlive(f)
	for _, notes := range []iter.Seq2[Note, error]{f.SectionNotes(), f.SegmentNotes()} {
		if id, _ := BuildIDIn(notes); id != nil { // what can't be read has none
			return bytes.Clone(id)
		}
	}
	return nil
}

// GoBuildID returns the build ID that Go's linker has given the file, or nil if it has none that can be read.
func (f *File) GoBuildID() []byte {
	defer runtime.KeepAlive(f)
	id, _ := NoteIn(f.SectionNotes(), GoNote, NT_GO_BUILD_ID)
	return bytes.Clone(id)
}

// BuildIDIn returns the first GNU build ID among notes, or nil if there is none before their end or an error.
func BuildIDIn(notes iter.Seq2[Note, error]) ([]byte, error) {
	return NoteIn(notes, "GNU", NT_GNU_BUILD_ID)
}

// NoteIn returns what the first note of a name and type holds, or nil if there is none before their end or an error, or it is empty.
func NoteIn(notes iter.Seq2[Note, error], name string, kind uint32) ([]byte, error) {
	for note, err := range notes {
		if err != nil {
			return nil, err
		}
		if note.Name == name && note.Type == kind && len(note.Desc) > 0 {
			return note.Desc, nil
		}
	}
	return nil, nil
}
