package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/godrgn/drgn"
)

// The classes beside those of class.c, by their place in its table.
const (
	classMember classID = iota + 3
	classEnumerator
	classParameter
	classTemplateParameter
	classSymbol
	classThread
	classStackTrace
	classStackFrame
	classPlatform
	classRegister
	classLanguage
	classModule
	classMainModule
	classSharedLibraryModule
	classVdsoModule
	classRelocatableModule
	classExtraModule
	classSourceLocationList
	classMemorySearch
	classSymbolIndex
	classProcessStop
	classCount
)

const _ = uint(classLanguage-C.C_LANGUAGE) + uint(C.C_LANGUAGE-classLanguage) // they are the same
const _ = uint(classSymbol-C.C_SYMBOL) + uint(C.C_SYMBOL-classSymbol)

// A property is an attribute that is computed.
type property struct {
	name, doc string
	get       func(c Call) error
	set       func(c Call, v *C.PyObject) error // or nil
	symbol    C.int                             // of a symbol: what C answers by itself (SYMBOL_…); 0: nothing
	enum      enumID                            // the enumeration of that
	fixed     bool                              // made by readonly
}

// A slot is one of Python's special methods; x is its argument, or nil, and n the comparison.
type slots struct {
	repr, str, length, iter, hash func(c Call) error
	getitem, contains             func(c Call, x *C.PyObject) error
	compare                       func(c Call, x *C.PyObject, op int) error
}

// A class describes a class whose instances stand for a value of Go.
type class struct {
	id      classID
	name    string
	doc     string
	base    classID // 0: object
	new     *Func   // or nil: instances come from Go only
	methods []Func
	props   []property
	slots   slots
}

// classTable are the classes by their place; propTable the properties by their closure's number.
var (
	classTable [C.C_MAX]*class
	propTable  = []property{{}}
)

func (s *slots) mask() (m C.uint) {
	set := func(on bool, bit C.uint) {
		if on {
			m |= bit
		}
	}
	set(s.repr != nil, C.S_REPR)
	set(s.str != nil, C.S_STR)
	set(s.length != nil, C.S_LEN)
	set(s.getitem != nil, C.S_GETITEM)
	set(s.contains != nil, C.S_CONTAINS)
	set(s.iter != nil, C.S_ITER)
	set(s.hash != nil, C.S_HASH)
	set(s.compare != nil, C.S_COMPARE)
	return m
}

// create makes the class and adds it to module _drgn.
func (k *class) create(module *C.PyObject) error {
	classTable[k.id] = k
	methods := defineAll(k.methods, k.name)
	props := k.defineProps()
	newID := C.int(0)
	if k.new != nil {
		newID = C.int(define(new(C.PyMethodDef), k.new, ""))
	}
	doc, name := C.CString(k.classDoc()), C.CString("_drgn."+k.name)
	switch k.id {
	case classProgram:
		if C.program_class(methods, props, doc, newID) != 0 {
			return raisedError{}
		}
	case classObject:
		if C.object_class(methods, props, doc, newID) != 0 {
			return raisedError{}
		}
	default:
		base, mask := C.int(-1), k.slots.mask()
		if k.base != 0 {
			base = C.int(k.base)
		}
		if k.id == classModule {
			mask |= C.S_BASE
		}
		if k.id == classLanguage {
			mask |= C.S_MUTABLE // its own instances become attributes
		}
		if C.sh_class(C.int(k.id), name, doc, base, mask, methods, props, newID, nil) == nil {
			return raisedError{}
		}
	}
	cname := C.CString(k.name)
	defer C.free(unsafe.Pointer(cname))
	if C.sh_add(module, cname, (*C.PyObject)(unsafe.Pointer(C.sh_class_at(C.int(k.id))))) != 0 {
		return raisedError{}
	}
	return nil
}

// classDoc is what help() shows; inspect takes the signature from its first line.
func (k *class) classDoc() string {
	if k.new == nil {
		return k.doc
	}
	var d C.PyMethodDef
	saved := len(handlers)
	define(&d, k.new, "")
	handlers = handlers[:saved]
	sig := C.GoString(d.doc)
	end := 0
	for end < len(sig) && sig[end] != '\n' {
		end++
	}
	return sig[:end] + "\n--\n\n" + k.doc
}

func (k *class) defineProps() *C.PyGetSetDef {
	defs := (*C.PyGetSetDef)(C.calloc(C.size_t(len(k.props)+1), C.sizeof_PyGetSetDef))
	for i, p := range k.props {
		d := &unsafe.Slice(defs, len(k.props)+1)[i]
		d.name, d.doc = C.CString(p.name), C.CString(p.doc)
		if C.sh_property(d, C.int(len(propTable)), cbool(p.set != nil)); p.symbol != 0 {
			C.sh_symbol_property(d, C.int(len(propTable)), p.symbol, C.int(p.enum))
		}
		propTable = append(propTable, p)
	}
	return defs
}

//export goModuleInit
func goModuleInit(m *C.PyObject) C.int {
	for _, k := range allClasses() {
		if err := k.create(m); err != nil {
			raise(err)
			return -1
		}
	}
	name := C.CString("_drgn")
	defer C.free(unsafe.Pointer(name))
	return goBindModule(name, C.sh_dict(m))
}

//export goGet
func goGet(id C.int, self *C.PyObject, r *C.res) {
	defer guard(entered(r))
	c := Call{self: self, res: r}
	c.finish(propTable[id].get(c))
}

//export goSet
func goSet(id C.int, self, v *C.PyObject, r *C.res) {
	defer guard(entered(r))
	r.i.tag = C.R_NONE
	p := &propTable[id]
	if v == nil && !p.fixed {
		finish(r, &pyErr{excAttributeError, "can't delete '" + p.name + "' attribute"})
		return
	}
	finish(r, p.set(Call{self: self, res: r}, v))
}

// readonly makes a property one that CPython says of what it says of the fields of a C structure.
func readonly(p property) property {
	p.fixed = true
	p.set = func(Call, *C.PyObject) error { return &pyErr{excAttributeError, "readonly attribute"} }
	return p
}

//export goSlot
func goSlot(slot C.int, self, x *C.PyObject, n C.int64_t, r *C.res) {
	defer guard(entered(r))
	c := Call{self: self, res: r}
	c.finish(callSlot(slot, c, x, int(n)))
}

func callSlot(slot C.int, c Call, x *C.PyObject, n int) error {
	var k *class
	if isProgram(c.self) {
		k = classTable[classProgram]
	} else {
		k = classTable[(*C.Obj)(unsafe.Pointer(c.self)).cls]
	}
	switch slot {
	case C.S_REPR:
		return k.slots.repr(c)
	case C.S_STR:
		return k.slots.str(c)
	case C.S_LEN:
		return k.slots.length(c)
	case C.S_GETITEM:
		return k.slots.getitem(c, x)
	case C.S_CONTAINS:
		return k.slots.contains(c, x)
	case C.S_ITER:
		return k.slots.iter(c)
	case C.S_HASH:
		return k.slots.hash(c)
	case C.S_COMPARE:
		return k.slots.compare(c, x, n)
	case C.S_GETATTR:
		return memberNames(c)
	}
	return fmt.Errorf("unknown slot %d", slot)
}

// isProgram tells programs from instances of the binding's other classes. It mostly needs no call of C: an instance says
// which class it is of, and a program is large enough to be looked at as one.
func isProgram(o *C.PyObject) bool {
	if o.ob_type == C.classes[C.C_PROGRAM] {
		return true
	}
	if cls := (*C.Obj)(unsafe.Pointer(o)).cls; cls < C.C_MAX && o.ob_type == C.classes[cls] {
		return false
	}
	return C.sh_is_program(o) != 0 // of a class that a script has derived
}

// selfProg returns the program a method was called on, or the one its instance is of.
func (c Call) selfProg() *drgn.Program {
	if isProgram(c.self) {
		return programOf(c.self).prog
	}
	if p := (*C.Obj)(unsafe.Pointer(c.self)).prog; p != nil {
		return programOf(p).prog
	}
	return nil
}

// selfOrNil is selfProg for a function too, which has none.
func (c Call) selfOrNil() *drgn.Program {
	if k := c.keep(); k != nil {
		return Call{self: k}.selfProg()
	}
	return nil
}

// index converts a subscript to an index of a sequence of n elements; ok is false for what is no integer.
func index(x *C.PyObject, n int, what string) (int, error) {
	if C.sh_is_index(x) == 0 {
		return 0, typeError("sequence index must be integer, not '" + className(x) + "'")
	}
	var a C.arg
	if C.convert(&a, x, 'j', nil, 0) != 0 {
		return 0, raisedError{}
	}
	i := int(int64(a.i))
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return 0, &pyErr{excIndexError, what + " index out of range"}
	}
	return i, nil
}
