package types

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/godrgn/drgn/failure"
)

// A declaration is what is known of a type that debugging information only declares. Where it is defined is looked for when something
// depends on it: a name, or a pointer to it, does not.
type declaration struct {
	name  string // with the namespaces and classes around it
	found atomic.Pointer[foundDefinition]
}

// A foundDefinition is good as long as nothing changes where definitions are looked for: another one may come that is different.
type foundDefinition struct {
	t          *Type
	generation uint64
}

// A DefinitionError says that a type is only declared where it was met, and has definitions elsewhere of which none is the right one for certain.
type DefinitionError struct {
	Name   string   // with the namespaces and classes around it
	Places []string // the modules that have a definition; there is one if it has several itself
}

func (e *DefinitionError) Error() string {
	const most = 4
	list, more := e.Places, ""
	switch n := len(list); {
	case n == 1:
		return fmt.Sprintf("'%s' is only declared here, and %s has different definitions of it", e.Name, list[0])
	case n > most:
		list, more = list[:most], fmt.Sprintf(" and %d more", n-most)
	default:
		list, more = list[:n-1], " and "+list[n-1]
	}
	return fmt.Sprintf("'%s' is only declared here, and %s%s have different definitions of it", e.Name, strings.Join(list, ", "), more)
}

// SetDefinitions sets what finds the definitions of types that are only declared, by their names with the namespaces and classes around
// them: nil where there is none, a [*DefinitionError] where there are several. generation goes up when it may find something else than
// before. It must be set before types are made.
func (s *Set) SetDefinitions(generation *atomic.Uint64, find func(kinds KindSet, name string) (*Type, error)) {
	s.definitions, s.generation = find, generation
}

// Declared returns a structure, union, class or enumerated type that debugging information only declares: it becomes complete once
// something depends on that and a definition is found. name is the tag with the namespaces and classes around it, or "" if there can be no
// definition elsewhere. load gives the template parameters of a declaration that has some, else it is nil.
func (s *Set) Declared(lang Language, kind Kind, tag, name string, load func() (Detail, error)) *Type {
	if !kind.IsCompound() && kind != Enum {
		panic(fmt.Sprintf("types: Declared of kind %s", kind))
	}
	b := &body{kind: kind, lang: lang, name: tag, detail: newDetail(load)}
	if name != "" {
		b.detail.declared = &declaration{name: name}
	}
	if load != nil {
		return s.unique(b)
	}
	return s.shared(b)
}

// definition returns what a type that was only declared is defined as, without qualifiers; the type itself if it is no such type, or there is no definition.
func (t *Type) definition() (*Type, error) {
	if t.complete || t.detail == nil || t.detail.declared == nil || t.set.definitions == nil {
		return t, nil
	}
	d := t.detail.declared
	generation := t.set.generation.Load() // before it is looked for
	before := d.found.Load()
	if before != nil && before.generation == generation {
		return before.t, nil
	}
	to, err := t.set.definitions(definingKinds(t.kind), d.name)
	switch {
	case errors.Is(err, failure.ErrClosed) && before != nil:
		return before.t, nil // as what else was read stays
	case err != nil:
		return t, err
	case to != nil && to.complete:
	case before != nil:
		to = before.t // its file is gone, what it said is still true
	default:
		return t, nil
	}
	d.found.CompareAndSwap(before, &foundDefinition{to, generation})
	return to, nil
}

// definingKinds are the kinds of types that define one which is declared as one of kind: C++ lets a structure and a class declare each other.
func definingKinds(kind Kind) KindSet {
	if kind == Struct || kind == Class {
		return KindsOf(Struct, Class)
	}
	return KindsOf(kind)
}

// defined is definition for what has no error to return.
func (t *Type) defined() *Type {
	if t.complete || t.detail == nil {
		return t
	}
	to, _ := t.definition() // Size says why there is none
	return to
}

// resolve is definition for what takes a type that has several definitions as one that has none.
func (t *Type) resolve() (*Type, error) {
	to, err := t.definition()
	if err != nil && errors.As(err, new(*DefinitionError)) { // mostly there is no error, and nothing must be allocated
		err = nil
	}
	return to, err
}
