package python

/*
#include "bind.h"
*/
import "C"

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// A classID is a class's place in class.c's table.
type classID C.uint32_t

const (
	classProgram classID = C.C_PROGRAM
	classObject  classID = C.C_OBJECT
	classType    classID = C.C_TYPE
)

// ref takes a reference over.
func ref(o *C.PyObject) *pyRef {
	r := &pyRef{o}
	runtime.AddCleanup(r, dropRef, o)
	return r
}

// An instance is a Go value that Python sees as an instance of a class.
type instance struct {
	class classID
	prog  *drgn.Program // or nil
	value any
}

// Key implements [call.Keyed]: a thread is known by its ID.
func (v instance) Key() any {
	if t, ok := v.value.(*drgn.Thread); ok {
		return t.TID
	}
	return nil // one is as good as another
}

func (v instance) item() C.item {
	var i C.item
	i.tag, i.cls, i.kind = C.R_OBJ, C.uint32_t(v.class), C.K_HANDLE
	i.a = C.uint64_t(handleSlab.put(v.value))
	if _, ok := v.value.(holder); ok {
		i.flags = C.H_HOLDS
	}
	if v.prog != nil {
		i.prog = programObject(v.prog)
	}
	return i
}

// Instance returns an instance of a class.
func (c Call) Instance(v instance) error { c.res.i = v.item(); return nil }

// A program is what a Python Program stands for.
type program struct {
	prog *drgn.Program
	self *C.PyObject // borrowed: the instance drops this when it goes
	h    uint64

	pinned   runtime.Pinner // the counters that C looks at
	live     *mem.LiveFile  // the file that C reads memory from
	unopened *mem.LiveFile  // one that could not be opened for C
}

// programs finds the instance of a program. Under the GIL.
var programs = map[*drgn.Program]*program{}

// lastProgram is the one that was asked for last: nearly always the only one.
var lastProgram *program

// programObject returns the instance of a program: borrowed. One that Go has and Python does not know is never freed.
func programObject(p *drgn.Program) *C.PyObject {
	if lastProgram != nil && lastProgram.prog == p {
		return lastProgram.self
	}
	if b := programs[p]; b != nil {
		lastProgram = b
		return b.self
	}
	return newProgram(p)
}

// newProgram makes the instance of a program: owned.
func newProgram(p *drgn.Program) *C.PyObject {
	b := &program{prog: p}
	p.SetLogger(Log())
	p.SetBlocking(blocking)
	b.h = handleSlab.put(b)
	b.self = C.prog_new(C.uint64_t(b.h))
	generation, epoch := p.Generation(), p.Memory().Epoch()
	b.pinned.Pin(generation)
	b.pinned.Pin(epoch)
	C.sh_counters(b.self, unsafe.Pointer(generation), unsafe.Pointer(epoch))
	programs[p] = b
	return b.self
}

// programOf returns what an instance of Program stands for.
func programOf(self *C.PyObject) *program {
	if b := lastProgram; b != nil && b.self == self {
		return b
	}
	b := (*handleSlab.at(uint64((*C.Prog)(unsafe.Pointer(self)).h))).(*program)
	lastProgram = b
	return b
}

// goProgramFree closes a program that nothing in Python refers to any more: objects, types, threads and the like refer to
// their program.
//
//export goProgramFree
func goProgramFree(h C.uint64_t) {
	if h == 0 {
		return
	}
	b := (*handleSlab.at(uint64(h))).(*program)
	delete(programs, b.prog)
	if lastProgram == b {
		lastProgram = nil
	}
	C.sh_forget_members(b.self)
	C.sh_forget(b.self)
	b.pinned.Unpin()
	C.sh_flush_dead() // which would keep the program
	handleSlab.drop(uint64(h))
	_ = b.prog.Close() // it was only read
	collectSoon()
}

// collecting says that Go's garbage will be collected soon.
var collecting atomic.Bool

// collectSoon has Go's garbage collected, once for all programs that are freed in the next half second: what they have mapped
// is unmapped then. Python's collector knows nothing of that memory, and Go's might not run for long.
func collectSoon() {
	if !collecting.Swap(true) {
		time.AfterFunc(time.Second/2, func() {
			collecting.Store(false)
			runtime.GC()
		})
	}
}

//export goProgramMoved
func goProgramMoved(h C.uint64_t, self *C.PyObject) {
	b := (*handleSlab.at(uint64(h))).(*program)
	b.self = self
	lastProgram = nil
}

// objectItem returns an Object by value; what does not fit is a handle. A failed object is its error.
func objectItem(o drgn.Object) (C.item, error) {
	var i C.item
	if err := o.Err(); err != nil {
		return i, err
	}
	i.tag, i.cls = C.R_OBJ, C.C_OBJECT
	i.prog = programObject(o.Prog())
	if addr, ok := o.Address(); ok {
		i.kind, i.a, i.bitoff, i.bits = C.K_REF, C.uint64_t(addr), C.uint8_t(o.BitOffset()), C.uint8_t(o.BitFieldSize())
	} else if reason, ok := o.Absent(); ok && !o.KnownInParts() {
		i.kind, i.a, i.bits = C.K_ABSENT, C.uint64_t(reason), C.uint8_t(o.BitFieldSize())
	} else if o.BitFieldSize() == 0 && isShort(o.Type()) && o.IsValue() {
		v, err := o.Uint()
		if err != nil {
			return i, err
		}
		i.kind, i.a = C.K_VALUE, C.uint64_t(v)
		if n, _ := o.Type().Size(); n < 8 {
			i.a &= 1<<(8*n) - 1
		}
	} else {
		i.kind, i.a = C.K_HANDLE, C.uint64_t(handleSlab.put(o))
	}
	i._type = typeNumber(o.Type())
	return i, nil
}

// isShort reports whether values of the type are numbers of at most 64 bits.
func isShort(t *types.Type) bool {
	t = t.WithoutTypedefs()
	switch t.Kind() {
	case types.Int, types.Bool, types.Pointer:
		return t.OwnSize() <= 8
	case types.Enum:
		return t.IsComplete() && t.OwnSize() <= 8
	}
	return false
}

// objectOf returns the object an instance stands for.
func objectOf(self *C.PyObject) drgn.Object {
	o := (*C.Obj)(unsafe.Pointer(self))
	if o.kind == C.K_HANDLE {
		return (*handleSlab.at(uint64(o.a))).(drgn.Object)
	}
	p := programOf(o.prog).prog
	t := typeByNumber(o._type)
	switch o.kind {
	case C.K_REF:
		if o.bits|o.bitoff != 0 {
			return p.BitField(t, uint64(o.a), uint64(o.bitoff), uint64(o.bits))
		}
		return p.ObjectAt(t, uint64(o.a))
	case C.K_VALUE:
		if o.a > 1 && t.UnderlyingKind() == types.Bool { // it came from bytes, whose bits are kept
			size, _ := t.Size()
			data := make([]byte, size)
			bits.Insert(data, 0, size*8, t.Underlying().BigEndian(), uint64(o.a))
			return p.BytesValue(t, data)
		}
		return p.ScalarValue(t, uint64(o.a))
	}
	return p.AbsentBitField(t, drgn.AbsenceReason(o.a), uint64(o.bits))
}

func typeItem(p *drgn.Program, t *types.Type) C.item {
	var i C.item
	i.tag, i.cls, i.kind = C.R_OBJ, C.C_TYPE, C.K_VALUE
	i._type, i.prog = typeNumber(t), programObject(p)
	return i
}

// typeOf returns the type an instance stands for.
func typeOf(self *C.PyObject) (*drgn.Program, *types.Type) {
	o := (*C.Obj)(unsafe.Pointer(self))
	p := programOf(o.prog).prog
	return p, typeByNumber(o._type)
}

// instanceValue returns what an instance stands for as decodePy does.
func instanceValue(self *C.PyObject) any {
	o := (*C.Obj)(unsafe.Pointer(self))
	switch {
	case o.cls == C.C_OBJECT:
		return objectOf(self)
	case o.cls == C.C_TYPE:
		p, t := typeOf(self)
		return typeRef{p, t}
	}
	if o.kind == C.K_PART {
		return instance{class: classID(o.cls), value: symbolOf(self)}
	}
	v := instance{class: classID(o.cls), value: *handleSlab.at(uint64(o.a))}
	if o.prog != nil {
		v.prog = programOf(o.prog).prog
	}
	return v
}

// Object returns an Object; a failed one is its error.
func (c Call) Object(o drgn.Object) error {
	i, err := objectItem(o)
	c.res.i = i
	return err
}

// Type returns a Type.
func (c Call) Type(p *drgn.Program, t *types.Type) error { c.res.i = typeItem(p, t); return nil }

// Obj returns an argument that is an Object.
func (c Call) Obj(i int) drgn.Object { return objectOf(c.args[i].o) }

// Prog returns an argument that is a Program.
func (c Call) Prog(i int) *drgn.Program { return programOf(c.args[i].o).prog }

// TypeIn returns an argument that is a type, or the name of one, of a program.
func (c Call) TypeIn(i int, p *drgn.Program) (*types.Type, error) {
	if c.args[i].kind == C.A_OBJ {
		q, t := typeOf(c.args[i].o)
		if q != p {
			return nil, valueError("type is from different program")
		}
		return t, nil
	}
	return p.Type(c.Str(i))
}
