package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/godrgn/drgn/helper/call"
)

// A Func describes a function or method that Python sees.
//
// Sig is its name and parameters: "read(address: index, size: index, physical: bool = False)". A parameter after "*" is
// given by keyword only, "*name" takes all that is left as a tuple, those before "/" have no keyword. The kinds of
// parameters are
//
//	index    an integer or integer Object, as uint64      int      the same, as int64
//	word     the same, modulo 2⁶⁴                         literal  a word of at most 64 bits beside its sign
//	bool     anything, by its truth                       str      a str
//	bytes    a bytes object                               text     str or bytes
//	path     str, bytes or a path object                  any      any object
//	object   a drgn.Object                                type     a drgn.Type or the name of one
//	prog     a drgn.Program                               scope    a Program or an Object
//	address  an address or a name                         thread   an Object or an integer
//	enum     a member of an enumeration, or its number
//	file     a path, or the number of an open file
//	size     an index; maxsize the same, for max_size
//	onlytype a drgn.Type                                  lang     a drgn.Language
//	name     a str that is looked for                     bytename a name as a str or bytes
//	place    an int that is no Object                     width    an index, in columns
//	bits     an index; a negative one is a ValueError     typename a type, of which an error has other words
//
// or the name of an enumeration: Qualifiers,
// with "?" behind where None is allowed. A first parameter "prog: prog = ~" may be left out: it is the default program then;
// "ns: scope = ~" likewise takes an Object, a Program or nothing.
type Func struct {
	Sig, Doc string
	Late     func() string // returns Sig once the function is called; Sig is then its name, and it has no text for help()
	Class    bool          // a class method
	Python   bool          // wrong calls are told as of a function that was written in Python
	Do       func(c Call) error
}

var kindLetters = map[string]byte{"index": 'u', "word": 'W', "literal": 'l', "int": 'i', "bool": 'b', "str": 's', "bytes": 'y', "text": 'z', "path": 'p', "file": 'f', "any": 'O',
	"object": 'V', "type": 'T', "typename": 'Y', "prog": 'P', "scope": 'S', "address": 'A', "thread": 'X', "enum": 'e',
	"onlytype": 't', "name": 'N', "bytename": 'B', "place": 'd', "width": 'w', "bits": 'a', "size": 'n', "maxsize": 'm', "lang": 'L', "Architecture": '0' + byte(enumArchitecture), "PlatformFlags": '0' + byte(enumPlatformFlags),
	"FindObjectFlags": '0' + byte(enumFindObjectFlags), "Qualifiers": '0' + byte(enumQualifiers),
	"AbsenceReason": '0' + byte(enumAbsenceReason), "SymbolBinding": '0' + byte(enumSymbolBinding), "SymbolKind": '0' + byte(enumSymbolKind)}

// handlers are the functions by the number of their trampoline; 0 stands for no function.
var handlers = []func(Call) error{nil}

// late are those among them that have not been called yet and whose parameters C does not know. Under the GIL.
var late = map[int]*Func{}

//export goDescribe
func goDescribe(id C.int) {
	f := late[int(id)]
	delete(late, int(id))
	describe(int(id), nil, &Func{Sig: f.Late(), Python: f.Python}, "")
}

// define fills d and gives f its number. class is that whose method it is; a function has none.
//
// There are NFUNC trampolines, which is more than this program has functions: each is defined once, however often Python
// code imports a module again, so a script can't use them up.
func define(d *C.PyMethodDef, f *Func, class string) int {
	id := len(handlers)
	if id >= C.NFUNC {
		panic(fmt.Sprintf("python: %s is function %d; call.c has %d trampolines: raise NFUNC and RALL there", f.Sig, id, C.NFUNC))
	}
	handlers = append(handlers, f.Do)
	if f.Late != nil {
		late[id] = f
		C.sh_late(C.int(id), d, C.CString(f.Sig))
	} else {
		describe(id, d, f, class)
	}
	return id
}

// describe tells C of the parameters of a function and, if d is not nil, fills that.
func describe(id int, d *C.PyMethodDef, f *Func, class string) {
	name, rest, ok := strings.Cut(f.Sig, "(")
	params, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		panic("python: bad signature " + f.Sig)
	}
	var shown, names []string
	var kinds strings.Builder
	nreq, npos, flags := 0, -1, 0
	if class != "" {
		shown = append(shown, map[bool]string{true: "$type", false: "$self"}[f.Class])
	}
	for _, p := range splitParams(params) {
		if p == "/" || p == "*" {
			shown = append(shown, p)
			switch {
			case p == "*":
				npos = len(names)
			case len(names) == 1 && nreq == 1:
				flags |= C.F_NO_KEYWORDS | C.F_ONE
			default:
				flags |= C.F_NO_KEYWORDS
			}
			continue
		}
		if strings.HasPrefix(p, "*") {
			shown = append(shown, p)
			npos = len(names)
			flags |= C.F_VARARGS
			names = append(names, p[1:])
			kinds.WriteString("O ")
			continue
		}
		decl, def, optional := strings.Cut(p, " = ")
		param, kind, _ := strings.Cut(decl, ": ")
		none := byte(' ')
		if strings.HasSuffix(kind, "?") {
			kind, none = kind[:len(kind)-1], '?'
		}
		letter, ok := kindLetters[kind]
		if !ok {
			panic(fmt.Sprintf("python: unknown kind %q in %s", kind, f.Sig))
		}
		switch {
		case def == "~" && letter == 'P':
			flags |= C.F_PROG
			shown, nreq = append(shown, param+"=None"), len(names)+1
		case def == "~":
			flags |= C.F_SCOPE
			shown, nreq = append(shown, param+"=None"), len(names)+1
		case optional:
			shown = append(shown, param+"="+def)
		default:
			shown = append(shown, param)
			if npos >= 0 {
				panic("python: a required keyword-only parameter in " + f.Sig)
			}
			nreq = len(names) + 1
		}
		names = append(names, param)
		kinds.WriteByte(letter)
		kinds.WriteByte(none)
	}
	if npos < 0 {
		npos = len(names)
	}
	if len(names) == 0 {
		flags |= C.F_NO_KEYWORDS
	}
	owner := class
	if owner == "" {
		owner = "_drgn"
		flags |= C.F_FUNCTION
	}
	if len(names) > C.MAXARG {
		panic("python: too many parameters in " + f.Sig)
	}
	if flags&(C.F_PROG|C.F_SCOPE) != 0 { // a required parameter may follow: let the signature stay well-formed
		for i, s := range shown {
			if i > 0 && s != "*" && !strings.Contains(s, "=") {
				shown[0] = strings.TrimSuffix(shown[0], "=None")
			}
		}
	}
	if f.Class {
		flags |= C.F_CLASS
	}
	if f.Python {
		flags |= C.F_PYTHON
	}
	doc := ""
	if d != nil {
		doc = name + "(" + strings.Join(shown, ", ") + ")\n--\n\n" + call.WithParameters(f.Doc, names)
	}
	text := strings.Join(append([]string{name, owner, kinds.String(), doc}, names...), "\x00") // one crossing, not one for each
	C.sh_def(C.int(id), d, C.CString(text), C.int(nreq), C.int(npos), C.int(len(names)), C.int(flags))
}

// splitParams splits at the commas outside quotes.
func splitParams(s string) []string {
	var out []string
	quoted, start := false, 0
	for i := range len(s) {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		out = append(out, last)
	}
	return out
}

// defineAll makes the table of methods that a class keeps, or of a module's functions.
func defineAll(fs []Func, class string) *C.PyMethodDef {
	defs := (*C.PyMethodDef)(C.calloc(C.size_t(len(fs)+1), C.sizeof_PyMethodDef))
	for i := range fs {
		define(&unsafe.Slice(defs, len(fs)+1)[i], &fs[i], class)
	}
	return defs
}

// functions are the functions that modules have from Go, by module; moduleDocs what the modules are for.
var (
	functions  = map[string][]Func{}
	moduleDocs = map[string]string{}
)

// bound are the tables of methods of the modules that were imported. Under the GIL.
//
// A module that is imported again, or of which there is a second copy, gets the functions it had: their tables and
// trampolines can't be freed while a script may still hold one of the functions.
var bound = map[string][]C.PyMethodDef{}

// compiledHelpers are the helpers that the reference has in C, all others are Python there.
var compiledHelpers = []string{"per_cpu_ptr", "pid_task", "task_cpu", "task_on_cpu", "task_thread_info"}

// register adds functions to a module; it is called while the program starts.
func register(module string, fs ...Func) {
	for i := range fs {
		name, _, _ := strings.Cut(fs[i].Sig, "(")
		fs[i].Python = strings.HasPrefix(module, "drgn.helpers.") && !slices.Contains(compiledHelpers, name)
	}
	functions[module] = append(functions[module], fs...)
}

//export goBindModule
func goBindModule(name *C.char, dict *C.PyObject) C.int {
	module := C.GoString(name)
	fs := functions[module]
	if len(fs) == 0 {
		return 0
	}
	defs := bound[module]
	if defs == nil {
		defs = unsafe.Slice(defineAll(fs, ""), len(fs))
		bound[module] = defs
	}
	for i := range defs {
		if C.sh_add_function(dict, &defs[i], name) != 0 {
			return -1
		}
	}
	return 0
}
