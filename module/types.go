package module

import (
	"github.com/godrgn/drgn/types"
)

// A TypeChecker is a [Loader] that knows of some of the main module's types what memory says of them.
type TypeChecker interface {
	// CheckTypes returns an error if the types that find finds are not those: they are of another build.
	CheckTypes(find func(kinds types.KindSet, name string) (*types.Type, error)) error
}

// CheckTypes returns an error if the types of the main module that find finds are not what memory says.
func (s *Set) CheckTypes(find func(kinds types.KindSet, name string) (*types.Type, error)) error {
	if c, ok := s.Loader().(TypeChecker); ok {
		return c.CheckTypes(find)
	}
	return nil
}
