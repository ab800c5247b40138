package drgn

import "github.com/godrgn/drgn/internal/debugdata"

// EntityObject makes the object of what a module's debugging information says of a name.
func EntityObject(p *Program, m *Module, name string, e debugdata.Entity) Object {
	return p.entity(m, name, &e)
}
