package module

import (
	"github.com/godrgn/drgn/types"
)

// A TypeChecker is a [Loader] that knows of some of the main module's types what memory says of them.
type TypeChecker interface {
	// CheckTypes returns an error if BTF, in which find finds types, is of another build.
	CheckTypes(btf []byte, find func(kinds types.KindSet, name string) (*types.Type, error)) error
}

// CheckTypes returns an error if BTF of the main module, in which find finds types, is not what memory says.
func (s *Set) CheckTypes(btf []byte, find func(kinds types.KindSet, name string) (*types.Type, error)) error {
	if c, ok := s.Loader().(TypeChecker); ok {
		return c.CheckTypes(btf, find)
	}
	return nil
}
