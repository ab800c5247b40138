package call

import (
	"fmt"
	"slices"
)

// given are the elements of a walk that its caller has, for a second walk to pass over.
//
// While nothing changes, these are the first elements of every walk. Where something does change, as in a live kernel, an
// element is known again by what it is: an object by its address, or the address that it holds; a number or text by itself;
// a tuple or record by its first part if the rest has changed (the index of an entry, the number of a file). What can't be
// compared counts as known in its turn.
type given struct {
	count int        // elements to pass over, whatever they are
	keys  []givenKey // elements to look for, in order
}

// A givenKey is what an element is known by. The zero givenKey is that of what can't be compared.
type givenKey struct{ whole, first identity }

// An identity tells one value from others. It is comparable.
type identity struct {
	tag  Tag
	num  uint64
	text string
	any  any
}

// A Keyed value of [Other] is known by its key, which must be comparable.
type Keyed interface{ Key() any }

// givenElements returns what elements are known by.
func givenElements(elements ...[]Value) given {
	var g given
	for _, e := range elements {
		for _, v := range e {
			g.keys = append(g.keys, keyOf(v))
		}
	}
	return g
}

// clone returns a copy for one more walk.
func (g given) clone() given { return given{g.count, slices.Clone(g.keys)} }

// pass reports whether an element was given. Each of those that were is passed over once.
func (g *given) pass(v Value) bool {
	if g.count > 0 {
		g.count--
		return true
	}
	if len(g.keys) == 0 {
		return false
	}
	key := keyOf(v)
	i := slices.Index(g.keys, key)
	if i < 0 && g.keys[0].first == key.first { // it has changed
		i = 0
	}
	if i < 0 {
		return false
	}
	g.keys = slices.Delete(g.keys, i, i+1)
	return true
}

func keyOf(v Value) givenKey {
	whole, ok := identityOf(v)
	if !ok {
		return givenKey{}
	}
	first := whole
	for elems := v.Elems(); len(elems) > 0; elems = elems[0].Elems() {
		if first, ok = identityOf(elems[0]); !ok {
			return givenKey{}
		}
	}
	return givenKey{whole, first}
}

// identityOf returns what a value is told by; ok is false for one that can't be compared.
func identityOf(v Value) (id identity, ok bool) {
	id.tag, id.num = v.tag, v.num
	switch v.tag {
	case TagStr, TagBytes:
		id.text = v.Text()
	case TagObject:
		return objectIdentity(v)
	case TagList, TagTuple, TagDict, TagReadOnly, TagRecord:
		var b []byte
		for _, e := range v.Elems() {
			part, ok := identityOf(e)
			if !ok || part.any != nil {
				return identity{}, false
			}
			b = fmt.Appendf(b, "%d:%x:%d:%s;", part.tag, part.num, len(part.text), part.text)
		}
		id.text = string(b)
	case TagOther:
		k, ok := v.x.(Keyed)
		if !ok {
			return identity{}, false
		}
		id.any = k.Key()
	case TagIter, TagError:
		return identity{}, false
	}
	return id, true
}

// objectIdentity tells an object in memory by its address, and a value by what it is.
func objectIdentity(v Value) (id identity, ok bool) {
	id.tag = TagObject
	if address, ok := v.obj.Address(); ok {
		id.num, id.text = address, string(rune('0'+v.obj.BitOffset()))
		return id, true
	}
	if _, absent := v.obj.Absent(); absent {
		return id, true
	}
	b, err := v.obj.Bytes()
	if err != nil {
		return identity{}, false
	}
	id.text = "value " + string(b)
	return id, true
}
