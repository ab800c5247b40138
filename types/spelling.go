package types

import (
	"slices"
	"strings"
)

// spellings are the names of C's number types (ISO C 6.7.2) in the order in which finders are asked: the shortest first, each with its
// words in every order.
var spellings = func() [CLongDouble + 1][]string {
	all := [CLongDouble + 1][]string{
		CChar:             {"char"},
		CSignedChar:       {"signed char"},
		CUnsignedChar:     {"unsigned char"},
		CShort:            {"short", "signed short", "short int", "signed short int"},
		CUnsignedShort:    {"unsigned short", "unsigned short int"},
		CInt:              {"int", "signed", "signed int"},
		CUnsignedInt:      {"unsigned int", "unsigned"},
		CLong:             {"long", "signed long", "long int", "signed long int"},
		CUnsignedLong:     {"unsigned long", "unsigned long int"},
		CLongLong:         {"long long", "signed long long", "long long int", "signed long long int"},
		CUnsignedLongLong: {"unsigned long long", "unsigned long long int"},
		CBool:             {"_Bool", "bool"},
		CFloat:            {"float"},
		CDouble:           {"double"},
		CLongDouble:       {"long double"},
	}
	for i, names := range all {
		all[i] = nil
		for _, name := range names {
			all[i] = orders(all[i], "", strings.Fields(name))
		}
	}
	return all
}()

// spelled has the type of each spelling.
var spelled = func() map[string]Primitive {
	byName := map[string]Primitive{}
	for p, names := range spellings {
		for _, name := range names {
			byName[name] = Primitive(p)
		}
	}
	return byName
}()

// Spellings returns the names under which debugging information may know a primitive type, in each order of their words. It
// is nil for what is not an integer, boolean or floating-point type. The slice must not be changed.
func (p Primitive) Spellings() []string {
	if int(p) < len(spellings) {
		return spellings[p]
	}
	return nil
}

// SpelledPrimitive returns the number type of C that a name is a spelling of, with its words in any order: "long unsigned
// int"; else NotPrimitive.
func SpelledPrimitive(name string) Primitive {
	if p, ok := spelled[name]; ok {
		return p
	}
	if name == "" || name[0] == ' ' {
		return NotPrimitive
	}
	return spelled[strings.Join(strings.Fields(name), " ")]
}

// orders appends the names that begin with name and go on with words in any order, but those that names has.
func orders(names []string, name string, words []string) []string {
	if len(words) == 0 && !slices.Contains(names, name[1:]) {
		return append(names, name[1:])
	}
	for i, word := range words {
		names = orders(names, name+" "+word, slices.Delete(slices.Clone(words), i, i+1))
	}
	return names
}
