package drgn

// A Scope is where something is looked for: an [Object], such as a namespace, or a [*Program], for the initial one there
// is.
type Scope interface {
	// Scope returns the program, and the object when it is one.
	Scope() (p *Program, o Object, isObject bool)
}

// Scope makes an object the place where something is looked for.
func (o Object) Scope() (*Program, Object, bool) { return o.prog, o, true }

// Scope makes a program the place where something is looked for.
func (p *Program) Scope() (*Program, Object, bool) { return p, Object{}, false }

// ScopeOr returns the object that a scope is or, for a program, a pointer to its variable of the given name.
func ScopeOr(s Scope, variable string) Object {
	p, o, isObject := s.Scope()
	if isObject {
		return o
	}
	return p.Variable(variable).AddressOf()
}
