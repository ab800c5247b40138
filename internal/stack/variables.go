package stack

import (
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debugdata"
)

// Variables is a frame as the places of its variables see it: a [debugdata.Frame].
type Variables struct {
	Frames  []Frame
	Index   int       // of the frame in Frames
	Vectors arch.Wide // what wide registers hold in the innermost frame
	Arch    *arch.Arch
	Memory  func(buf []byte, address uint64) error
}

func (v *Variables) frame() *Frame { return &v.Frames[v.Index] }

// Register returns a register's value by its DWARF number.
func (v *Variables) Register(number uint64) (uint64, bool) {
	n, ok := v.Arch.FromDWARF(number)
	if !ok {
		return 0, false
	}
	return v.frame().Registers.Register(n)
}

// Wide returns what a register holds, of which callers' frames are not known to have kept it.
func (v *Variables) Wide(number uint64) []byte {
	if v.Index < Callers(v.Frames) {
		return v.Vectors[number]
	}
	return nil
}

// LongDouble returns how many bits the significand of the machine's long double has.
func (v *Variables) LongDouble() int { return v.Arch.LongDouble }

// CFA returns the canonical frame address.
func (v *Variables) CFA() (uint64, bool) {
	r := &v.frame().Registers
	return r.CFA, r.HasCFA
}

// EntryValue asks the frame's caller what it called with.
func (v *Variables) EntryValue(entry uint64, a debugdata.Argument) (uint64, bool, error) {
	i, ok := Caller(v.Frames, v.Index)
	if !ok {
		return 0, false, nil
	}
	caller, m := *v, v.frame().Module
	caller.Index = i
	return caller.frame().Argument(debugdata.Callee{Entry: entry, Is: func(name string, external bool) bool {
		_, is := m.SymbolRank(name)(entry)
		return is && (external || len(m.Files().Symbols.Named(name)) == 1)
	}}, a, &caller)
}

// Read reads the program's memory.
func (v *Variables) Read(buf []byte, address uint64) error { return v.Memory(buf, address) }
