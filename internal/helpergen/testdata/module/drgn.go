// Package drgn stands for the real one: the generator looks at names only.
package drgn

type (
	Object   struct{}
	Program  struct{}
	Scope    interface{}
	TypeLike interface{}
	Symbol   struct{ Name string }
)
