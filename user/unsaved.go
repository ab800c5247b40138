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
	saved   *mem.Space // the core's own memory
	process *Process
	program *drgn.Program
}

// leftOut is memory of which the core has nothing, not even that it was there: gdb's gcore writes no segment for it.
type leftOut struct{}

// View implements [mem.Viewer].
func (leftOut) View(address uint64) ([]byte, error) {
	return nil, &mem.FaultError{Message: target.NotSaved, Address: address}
}

// Next implements [mem.Sparse].
func (leftOut) Next(uint64) (uint64, bool) { return 0, false }

// mapped returns segments for all memory that files were mapped into, which the core's own are to come after.
func mapped(mappings []target.Mapping) []mem.Segment {
	var all []mem.Segment
	for _, m := range mappings {
		if m.Start < m.End {
			all = append(all, mem.Segment{Min: m.Start, Max: m.End - 1, View: leftOut{}})
		}
	}
	return all
}

// withFiles returns the memory of a process of a core: what the core has, and what can be read from the files that were mapped instead.
func withFiles(segments []mem.Segment, mappings []target.Mapping, u *Process, p *drgn.Program) ([]mem.Segment, error) {
	saved := mem.NewSpace()
	if err := saved.Add(segments...); err != nil {
		return nil, err
	}
	var all []mem.Segment
	for _, s := range append(mapped(mappings), segments...) {
		if s.View != nil && s.Read == nil {
			m := &unsaved{s.View, saved, u, p}
			if sparse, ok := s.View.(mem.Sparse); ok {
				s.Next = sparse.Next
			}
			s.View, s.Read = m, m.read
		}
		all = append(all, s)
	}
	return all, nil
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
		if !found.isOf(file.ELF, m.saved) {
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

// GoBuildID returns the build ID of Go's own that memory has of a module which has no other there, or nil. Go's linker has made a GNU build ID since Go 1.24, but
// leaves it out of the notes that are in memory.
func (u *Process) GoBuildID(m *drgn.Module) []byte {
	u.mu.Lock()
	f := u.modules[m]
	u.mu.Unlock()
	if f.image == nil || f.spec.BuildID != nil {
		return nil
	}
	return f.image.note(elf.GoNote, elf.NT_GO_BUILD_ID)
}

// isOf reports whether a module is of a file, by the build ID that memory has. What is
// read of memory for it must have been saved: a file can't tell that it is the right one.
func (m *found) isOf(file *elf.File, saved *mem.Space) bool {
	if id := m.spec.BuildID; id != nil || m.image == nil {
		return id != nil && bytes.Equal(id, file.BuildID())
	}
	image := *m.image
	image.memory = saved
	id := image.note(elf.GoNote, elf.NT_GO_BUILD_ID)
	return id != nil && bytes.Equal(id, file.GoBuildID())
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
