package user

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// unsaved is memory of which the core has not all: the kernel leaves out what is as it was mapped from a file (core(5)), such as code and string
// literals. That is read from the module's file once that is known to be the same file.
type unsaved struct {
	mem.Viewer
	process *Process
	program *drgn.Program
}

// withFiles returns a core's memory with what can be read from files instead.
func withFiles(segments []mem.Segment, u *Process, p *drgn.Program) []mem.Segment {
	all := make([]mem.Segment, len(segments))
	for i, s := range segments {
		if s.View != nil && s.Read == nil {
			m := &unsaved{s.View, u, p}
			if sparse, ok := s.View.(mem.Sparse); ok {
				s.Next = sparse.Next
			}
			s.View, s.Read = m, m.read
		}
		all[i] = s
	}
	return all
}

// View implements [mem.Viewer]: memory that was saved.
func (m *unsaved) View(address uint64) ([]byte, error) {
	b, err := m.Viewer.View(address)
	if err != nil {
		return nil, nil // read tries more
	}
	return b, nil
}

// read is a [mem.ReadFunc].
func (m *unsaved) read(buf []byte, address, _ uint64, _ bool) error {
	for len(buf) > 0 {
		b, err := m.Viewer.View(address)
		n := copy(buf, b)
		if err != nil {
			if n = m.fromFile(buf, address); n == 0 {
				return m.explain(err, address)
			}
		}
		buf, address = buf[n:], address+uint64(n)
	}
	return nil
}

// fromFile copies what lies at an address from the file of the module that is there, and returns how many bytes; 0 if that can't be
// trusted to be the same.
func (m *unsaved) fromFile(buf []byte, address uint64) int {
	module, err := m.program.ModuleAt(address)
	if err != nil {
		return 0
	}
	files := module.Files()
	if files == nil {
		return 0
	}
	file := files.Debug
	if files.Loaded != nil {
		file = files.Loaded
	}
	m.process.mu.Lock()
	found, same := m.process.modules[module], m.process.same[module] == file.ELF
	m.process.mu.Unlock()
	if !same {
		if !found.isOf(file.ELF) {
			return 0
		}
		m.process.mu.Lock()
		m.process.same[module] = file.ELF
		m.process.mu.Unlock()
	}
	defer runtime.KeepAlive(files)
	at := address - file.Bias
	for i := range file.ELF.Sections {
		// Of sections that can be written to, memory has what the process has made of them.
		s := &file.ELF.Sections[i]
		if s.Flags&elf.SHF_ALLOC == 0 || s.Flags&elf.SHF_WRITE != 0 || s.Type == elf.SHT_NOBITS || at < s.Addr || at-s.Addr >= s.Size {
			continue
		}
		size := uint64(len(file.ELF.Data))
		if s.Offset > size || s.Size > size-s.Offset {
			return 0
		}
		return copy(buf, file.ELF.Data[s.Offset+at-s.Addr:s.Offset+s.Size])
	}
	return 0
}

// isOf reports whether a module is of a file, by the build ID that memory has. Go's linker has made a GNU build ID since Go 1.24, but leaves it out of
// the notes that are in memory: there its own is.
func (m *found) isOf(file *elf.File) bool {
	if id := m.spec.BuildID; id != nil || m.image == nil {
		return id != nil && bytes.Equal(id, file.BuildID())
	}
	const name, kind = "Go", elf.NT_GO_BUILD_ID
	id := m.image.note(name, kind)
	if id == nil {
		return false
	}
	of, err := elf.NoteIn(file.SectionNotes(), name, kind)
	return err == nil && bytes.Equal(id, of)
}

// explain adds to the fault of an address which file has what was not saved.
func (m *unsaved) explain(err error, address uint64) error {
	var fault *mem.FaultError
	if !errors.As(err, &fault) || fault.Message != target.NotSaved {
		return err
	}
	mappings, e := m.process.source.mappings(m.program.Platform())
	if e != nil {
		return err
	}
	f := finder{mappings: mappings}
	if found := f.mapping(address); found != nil {
		more := *fault
		more.Message = fmt.Sprintf("%s: it is that of %s at offset %#x", fault.Message, found.Path, address-found.Start+found.Offset)
		return &more
	}
	return err
}
