package drgn

import "github.com/godrgn/drgn/internal/elf"

// AttachFile gives a module a file that a test made, laid at a place of the test's choice.
func AttachFile(m *Module, f *elf.File, bias uint64) error {
	_, err := m.attachAt(f, nil, nil, bias)
	return err
}
