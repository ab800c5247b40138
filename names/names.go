// Package names says which names a program knows: those that may have been meant by one that it does not know, and those that
// begin with a text.
package names

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/types"
)

// maxNear is how many names are offered for one that is not known.
const maxNear = 3

// Near returns what may have been meant where an error says that a program has no type, object, symbol, module or member of a
// name: three names at most, the nearest first, none if none is near. A type is written as it was asked for: "struct zone *"
// for "struct zon *". All debugging information of the program is read.
func Near(p *drgn.Program, err error) []string {
	var (
		object *failure.ObjectNotFoundError
		typ    *failure.TypeNotFoundError
		symbol *failure.SymbolNotFoundError
		mod    *failure.ModuleNotFoundError
		member *types.MemberError
	)
	switch {
	case errors.As(err, &member):
		return Among(member.Name, members(member.Type))
	case p == nil:
		return nil
	case errors.As(err, &typ):
		return nearTypes(p, typ)
	case errors.As(err, &object):
		return nearObjects(p, object)
	case errors.As(err, &symbol):
		n := newNearest(symbol.Name)
		eachSymbol(p, func(_ drgn.SymbolKind, name []byte) bool { n.add("", name); return true })
		return n.best(func(candidate) bool { return true })
	case errors.As(err, &mod):
		var all []string
		for m := range p.Modules() {
			all = append(all, m.Name())
		}
		return Among(mod.Name, all)
	}
	return nil
}

// Among returns which of some names may have been meant by one that is not among them: three at most, the nearest first.
func Among(name string, all []string) []string {
	n := newNearest(name)
	for _, other := range all {
		n.add("", []byte(other))
	}
	return n.best(func(candidate) bool { return true })
}

// members returns the names of a type's members, and of those of its anonymous members.
func members(t *types.Type) (all []string) {
	var walk func(t *types.Type, depth int)
	walk = func(t *types.Type, depth int) {
		list, err := t.Underlying().Members()
		if err != nil || depth > 8 {
			return // what can't be read has nothing to offer
		}
		for _, m := range list {
			if m.Name != "" {
				all = append(all, m.Name)
			} else if inner, err := m.Slot(); err == nil {
				walk(inner.Type, depth+1)
			}
		}
	}
	walk(t, 0)
	return all
}

// keywords are what C and C++ write before the names of types.
var keywords = map[types.Kind]string{types.Struct: "struct ", types.Union: "union ", types.Class: "class ", types.Enum: "enum "}

// keywordOf returns the keyword that a type's name begins with, and the rest.
func keywordOf(name string) (keyword, rest string) {
	for _, k := range keywords {
		if rest, ok := strings.CutPrefix(name, k); ok {
			return k, rest
		}
	}
	return "", name
}

func nearTypes(p *drgn.Program, e *failure.TypeNotFoundError) []string {
	keyword, rest := keywordOf(e.Name)
	n := newNearest(rest)
	n.keyword = keyword
	eachName(p, func(of debugdata.NameOf, name []byte) bool {
		if of.IsType {
			n.add(keywords[of.Type], name)
		}
		return true
	})
	found := n.best(func(c candidate) bool {
		_, err := p.Type(c.keyword + c.name)
		return err == nil
	})
	for i := range found {
		found[i] = strings.Replace(e.TypeName, e.Name, found[i], 1)
	}
	return found
}

func nearObjects(p *drgn.Program, e *failure.ObjectNotFoundError) []string {
	flags := drgn.FindAny
	switch e.Kind {
	case "variable":
		flags = drgn.FindVariable
	case "function":
		flags = drgn.FindFunction
	case "constant":
		flags = drgn.FindConstant
	}
	n := newNearest(e.Name)
	eachObject(p, flags, func(name []byte) bool { n.add("", name); return true })
	return n.best(func(c candidate) bool { return p.FindObject(c.name, flags, "").Err() == nil })
}

// eachName calls f with the names in all debugging information until it returns false. What can't be read has no names.
func eachName(p *drgn.Program, f func(of debugdata.NameOf, name []byte) bool) {
	more := true
	for m := range p.Modules() {
		info, err := m.Info()
		if info == nil || err != nil {
			continue
		}
		if err := info.EachName(func(of debugdata.NameOf, name []byte) bool {
			more = f(of, name)
			return more
		}); err != nil {
			continue
		}
		if !more {
			return
		}
	}
}

// eachObject calls f with the names of the objects of some kinds until it returns false. Variables of which debugging
// information does not know, but symbols do, are among them: a program's other finders may know their types.
func eachObject(p *drgn.Program, flags drgn.FindObjectFlags, f func(name []byte) bool) {
	wanted := [...]bool{debugdata.Variable: flags&drgn.FindVariable != 0, debugdata.Function: flags&drgn.FindFunction != 0,
		debugdata.Constant: flags&drgn.FindConstant != 0}
	more := true
	eachName(p, func(of debugdata.NameOf, name []byte) bool {
		if !of.IsType && wanted[of.Entity] {
			more = f(name)
		}
		return more
	})
	if macros, ok := p.Personality().(interface{ ConstantNames() []string }); ok && flags&drgn.FindConstant != 0 {
		for _, name := range macros.ConstantNames() {
			more = more && f([]byte(name))
		}
	}
	if more && flags&drgn.FindVariable != 0 {
		eachSymbol(p, func(kind drgn.SymbolKind, name []byte) bool { return kind != drgn.SymbolObject || f(name) })
	}
}

// eachSymbol calls f with the kinds and names of all symbols until it returns false.
func eachSymbol(p *drgn.Program, f func(kind drgn.SymbolKind, name []byte) bool) {
	table, err := p.AllSymbols()
	if err != nil {
		return
	}
	for _, s := range table.Symbols {
		if s.Name >= uint64(len(table.Strings)) {
			continue
		}
		name, _, _ := bytes.Cut(table.Strings[s.Name:], []byte{0})
		if !f(s.Kind, name) {
			return
		}
	}
}

// Types returns the names of types that begin with a text, sorted: limit at most. A text that begins with a keyword, as in
// "struct ta", is for types of that kind; one without is for all that are written without, and for keywords.
func Types(p *drgn.Program, text string, limit int) []string {
	keyword, rest := keywordOf(text)
	b := beginning{prefix: []byte(rest), limit: limit}
	if keyword == "" {
		for _, k := range keywords {
			b.add("", []byte(k))
		}
	}
	eachName(p, func(of debugdata.NameOf, name []byte) bool {
		if of.IsType && keywords[of.Type] == keyword {
			b.add(keyword, name)
		}
		return true
	})
	return b.sorted()
}

// Objects returns the names of variables, functions and constants that begin with a text, sorted: limit at most.
func Objects(p *drgn.Program, flags drgn.FindObjectFlags, text string, limit int) []string {
	b := beginning{prefix: []byte(text), limit: limit}
	eachObject(p, flags, func(name []byte) bool { b.add("", name); return true })
	return b.sorted()
}

// Symbols returns the names of symbols that begin with a text, sorted: limit at most.
func Symbols(p *drgn.Program, text string, limit int) []string {
	b := beginning{prefix: []byte(text), limit: limit}
	eachSymbol(p, func(_ drgn.SymbolKind, name []byte) bool { b.add("", name); return true })
	return b.sorted()
}

// TypesWith returns the names of types that have a text in them, whatever the case of its letters: limit at most, those first that are the text,
// then those that begin with it, then short ones.
func TypesWith(p *drgn.Program, text string, limit int) []string {
	w := newWithin(text)
	eachName(p, func(of debugdata.NameOf, name []byte) bool {
		if of.IsType {
			w.add(keywords[of.Type], name)
		}
		return true
	})
	return w.best(limit)
}

// SymbolsWith is [TypesWith] for symbols.
func SymbolsWith(p *drgn.Program, text string, limit int) []string {
	w := newWithin(text)
	eachSymbol(p, func(_ drgn.SymbolKind, name []byte) bool { w.add("", name); return true })
	return w.best(limit)
}

// A within gathers names that have a text in them.
type within struct {
	part []byte              // in lower case
	at   map[string][2]int64 // of each name: 0 if the text is its begin, else 1; how many bytes more the name has
}

func newWithin(text string) *within {
	return &within{bytes.ToLower([]byte(text)), map[string][2]int64{}}
}

func (w *within) add(keyword string, name []byte) {
	at := bytes.Index(bytes.ToLower(name), w.part)
	if at >= 0 {
		w.at[keyword+string(name)] = [2]int64{int64(min(at, 1)), int64(len(name) - len(w.part))}
	}
}

func (w *within) best(limit int) []string {
	all := slices.SortedFunc(maps.Keys(w.at), func(a, b string) int {
		return cmp.Or(cmp.Compare(w.at[a][0], w.at[b][0]), cmp.Compare(w.at[a][1], w.at[b][1]), cmp.Compare(a, b))
	})
	return all[:min(len(all), limit)]
}

// A beginning gathers names that begin with a text.
type beginning struct {
	prefix []byte
	limit  int
	seen   map[string]bool
}

// add takes a name if it begins so.
func (b *beginning) add(keyword string, name []byte) {
	if !bytes.HasPrefix(name, b.prefix) || b.seen[keyword+string(name)] {
		return
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	b.seen[keyword+string(name)] = true
}

func (b *beginning) sorted() []string {
	all := make([]string, 0, len(b.seen))
	for name := range b.seen {
		all = append(all, name)
	}
	slices.Sort(all)
	return all[:min(len(all), b.limit)]
}
