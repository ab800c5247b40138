package types

import (
	"slices"
	"strings"
)

// spellings are the names of C's number types (ISO C 6.7.2), each as compilers write it first.
var spellings = func() [CLongDouble + 1][]string {
	all := [CLongDouble + 1][]string{
		CChar:             {"char"},
		CSignedChar:       {"signed char"},
		CUnsignedChar:     {"unsigned char"},
		CShort:            {"short int", "short", "signed short", "signed short int"},
		CUnsignedShort:    {"short unsigned int", "unsigned short"},
		CInt:              {"int", "signed", "signed int"},
		CUnsignedInt:      {"unsigned int", "unsigned"},
		CLong:             {"long int", "long", "signed long", "signed long int"},
		CUnsignedLong:     {"long unsigned int", "unsigned long"},
		CLongLong:         {"long long int", "long long", "signed long long", "signed long long int"},
		CUnsignedLongLong: {"long long unsigned int", "unsigned long long"},
		CBool:             {"_Bool", "bool"},
		CFloat:            {"float"},
		CDouble:           {"double"},
		CLongDouble:       {"long double"},
	}
	for i, names := range all {
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

// Spellings returns the names under which debugging information may know a primitive type, the likeliest first, in each
// order of their words. It is nil for what is not an integer, boolean or floating-point type. The slice must not be changed.
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
