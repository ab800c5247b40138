package goroutine

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// Is reports whether an object is what Go's runtime knows of a goroutine: a runtime.g or a pointer to one.
func Is(o drgn.Object) bool {
	if o.Err() != nil {
		return false
	}
	t := o.Type().Underlying()
	if t.Kind() == types.Pointer {
		t = t.Elem().Underlying()
	}
	return t.Kind() == types.Struct && t.Tag() == "runtime.g"
}

// A Place is where the stack of a goroutine is.
type Place struct {
	TID   uint64    // of the thread that runs it; 0: none does
	Stack mem.Range // where its stack lies
	// Saved is where it was when it left its stack, be it to wait or for the runtime's own stack, on which its thread runs then; Interrupted says that it
	// is between two instructions there. It is nil if the thread has not left the stack.
	Saved       *arch.Registers
	Interrupted bool
}

// Of returns where the stack of a goroutine is. One that has ended, or whose stack is being moved, has none: a [*drgn.NoStackError]. The threads of a running process
// must be stopped.
func Of(g drgn.Object) (place Place, err error) {
	if !Is(g) {
		return place, &drgn.TypeError{Problem: fmt.Sprintf("runtime.g * is needed, not '%s'", g.Type())}
	}
	if g.Type().Underlying().Kind() == types.Struct {
		g = g.AddressOf()
	}
	g = g.Read()
	s, err := status(g)
	if err != nil {
		return place, err
	}
	switch s {
	case idle, dead, deadExtra:
		return place, &drgn.NoStackError{Reason: "the goroutine has ended: it has no stack"}
	case copying:
		return place, &drgn.NoStackError{Reason: "the runtime is moving the goroutine's stack"}
	}
	if place.Stack, err = stackOf(g); err != nil {
		return place, err
	}
	m, runs, err := threadOf(g)
	if err != nil {
		return place, err
	}
	if runs {
		if place.TID, err = m.Member("procid").Uint(); err != nil {
			return place, err
		}
		if place.TID == 0 {
			return place, &drgn.NoStackError{Reason: "the runtime does not know yet which thread runs the goroutine"}
		}
	}
	return place, place.readSaved(g)
}

// stackOf returns where a goroutine's stack lies.
func stackOf(g drgn.Object) (r mem.Range, err error) {
	if r.Min, err = g.Member("stack").Member("lo").Uint(); err != nil {
		return r, err
	}
	end, err := g.Member("stack").Member("hi").Uint()
	if err == nil && end <= r.Min {
		err = fmt.Errorf("the stack of a goroutine ends at %#x, before it begins, at %#x", end, r.Min)
	}
	r.Max = end - 1
	return r, err
}

// readSaved reads where a goroutine has left its stack (struct gobuf of runtime/runtime2.go).
func (place *Place) readSaved(g drgn.Object) error {
	p := g.Prog()
	a := p.Platform().Arch
	var r arch.Registers
	for _, saved := range []struct {
		member   string
		register int
	}{{"lr", a.ReturnAddress}, {"bp", a.FramePointer.Register}, {"sp", a.SP}, {"pc", a.PC}} {
		if saved.register < 0 || saved.member == "lr" && saved.register == a.PC {
			continue
		}
		v, err := g.Member("sched").Member(saved.member).Uint()
		if err != nil {
			return err
		}
		if v != 0 {
			r.Set(saved.register, v)
		}
	}
	// What goes on on its stack takes the stack pointer away (gogo of runtime/asm_*.s).
	sp, _ := r.Get(a.SP)
	pc, ok := r.Get(a.PC)
	if !ok || sp < place.Stack.Min || sp > place.Stack.Max {
		return nil
	}
	place.Saved = &r
	// One that has not begun, or is in a function that only marks a change of stacks, is at the first instruction of a function, not behind a call.
	entry, err := p.SymbolAt(pc)
	if err != nil && !drgn.IsNotFound(err) {
		return err
	}
	place.Interrupted = err == nil && entry.Address == pc
	return nil
}
