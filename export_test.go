package drgn

import (
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
)

// AttachFile gives a module a file that a test made, laid at a place of the test's choice.
func AttachFile(m *Module, f *elf.File, bias uint64) error {
	_, err := m.attachAt(f, nil, nil, bias)
	return err
}

// EntityObject makes the object of what a module's debugging information says of a name.
func EntityObject(p *Program, m *Module, name string, e debugdata.Entity) Object {
	return p.entity(m, name, &e)
}
