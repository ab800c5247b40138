package machine_test

import (
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/orc"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/mem"
)

// words reads a program's memory.
type words struct{ *drgn.Program }

func (w words) Uint(address uint64, size int) (uint64, error) {
	return w.ReadUint(address, size, false)
}

// What instructions tell of a kernel's functions is what objtool has found out and written to its ORC tables, at all places of which it tells
// anything. Code that is interrupted or entered, which begins with something else on the stack, is left out.
func TestX86FramesAsORC(t *testing.T) {
	p, err := attach.Core("../../../testdata/tiny-6.12/vmcore", attach.Options{NoDefaultSymbols: true, CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	k, err := linux.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	table, _, err := k.ImageTable()
	if err != nil {
		t.Fatal(err)
	}
	layout, err := orc.RecognizeInMemory(words{p}, table.Header, table.Entries, table.Count)
	if err != nil {
		t.Fatal(err)
	}
	tables := orc.InMemory{Memory: words{p}, Layout: layout, IP: table.IP, Entries: table.Entries, Count: table.Count}
	var bounds [2]uint64
	for i, name := range []string{"_stext", "_etext"} {
		s, err := p.Symbol(name)
		if err != nil {
			t.Fatal(err)
		}
		bounds[i] = s.Address
	}
	const every = 16 // functions
	functions, places, untold := 0, 0, 0
	for pc := bounds[0]; pc < bounds[1]; {
		s, err := p.SymbolAt(pc)
		if err != nil {
			t.Fatal(err)
		}
		pc = s.Address + s.Size
		if functions++; functions%every != 0 {
			continue
		}
		code, err := p.Read(s.Address, s.Size, false)
		if err != nil {
			t.Fatal(err)
		}
		rows := rowsOf(t, tables, s)
		if slices.ContainsFunc(rows, func(r *cfi.Row) bool { return r.Signal || r.Outermost }) {
			continue
		}
		for _, row := range rows {
			fn := machine.Function{Name: s.Name, Start: s.Address, Code: code, Gap: mem.Range{Max: ^uint64(0)}}
			got := machine.X86Untold(fn, min(row.End, pc)-1)
			if places++; got == nil {
				untold++
				continue
			}
			// One of the two may go by the frame pointer.
			if int(row.CFA.Register) == got.Base && row.CFA.Offset != got.Offset {
				t.Errorf("%s+%#x: register %d%+d, ORC has register %d%+d", s.Name, min(row.End, pc)-1-s.Address, got.Base, got.Offset,
					row.CFA.Register, row.CFA.Offset)
			}
		}
	}
	if places < 4000 || untold > places/10 {
		t.Errorf("of %d places in %d functions %d are untold", places, functions/every, untold)
	}
}

// rowsOf returns the rows of a function.
func rowsOf(t *testing.T, tables orc.InMemory, s drgn.Symbol) (rows []*cfi.Row) {
	for at := s.Address; at < s.Address+s.Size; {
		row, err := tables.FindRow(at)
		if err != nil {
			t.Fatal(err)
		}
		if row != nil {
			rows = append(rows, row)
			at = row.End
			continue
		}
		_, last, err := tables.Gap(at)
		if err != nil {
			t.Fatal(err)
		}
		at = last + 1
	}
	return rows
}
