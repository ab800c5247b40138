package stack

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/orc"
	"github.com/godrgn/drgn/internal/unwind"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// memoryRows finds rows by the tables in the kernel's memory.
type memoryRows struct {
	config *Config
	files  unwind.Finder // knows the rows of files
	layout lock.First[*orc.Layout]
}

// FindRow returns nil if no code is known at an address, it keeps frame pointers, or the kernel doesn't unwind by such tables. Where it does and none
// tells, it fails: frame pointers, which such a kernel doesn't keep, would lead past frames.
func (r *memoryRows) FindRow(pc uint64) (*cfi.Row, error) {
	if r.config.Code == nil {
		return nil, nil
	}
	t, ok, err := r.config.Code.TableAt(pc)
	if err != nil || !ok || t.FramePointers {
		return nil, err
	}
	if t.Registers {
		return orc.PtRegsRow(pc), nil
	}
	if t.CopyOf != 0 {
		pc = t.CopyOf
		if row, err := r.files.FindRow(pc); row != nil || err != nil {
			return row, err
		}
		if t, ok, err = r.config.Code.TableAt(pc); err != nil {
			return nil, err
		}
		if !ok || t.CopyOf != 0 {
			return nil, &unwind.NoRowError{PC: pc, Text: ok}
		}
	}
	layout, err := r.layout.Do(r.findLayout)
	if err != nil {
		return nil, fmt.Errorf("cannot use the unwind tables of %s: %w", t.Name, err)
	}
	if layout == nil {
		return r.byInstructions(pc, mem.Range{})
	}
	table := orc.InMemory{Memory: r.config.Memory, Layout: layout, IP: t.IP, Entries: t.Entries, Count: t.Count}
	row, err := table.FindRow(pc)
	var gap mem.Range
	if row == nil && err == nil && t.Count != 0 {
		gap.Min, gap.Max, err = table.Gap(pc)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the unwind tables of %s: %w", t.Name, err)
	}
	if gap != (mem.Range{}) {
		row, err = r.byInstructions(pc, gap)
	}
	if row == nil && err == nil {
		err = &unwind.NoRowError{PC: pc, Text: true}
	}
	return row, err
}

// byInstructions finds the row of code that no table describes; nil if it does not tell. gap is where its table has nothing; the zero Range if
// there is no table.
func (r *memoryRows) byInstructions(pc uint64, gap mem.Range) (*cfi.Row, error) {
	row, err := r.config.Code.RowAt(pc, gap)
	if row == nil || err != nil {
		return nil, err
	}
	return rowOf(row, r.config.Platform, pc), nil
}

// constant8 is DW_OP_const8u (DWARF 5, section 7.7.1): the eight bytes after it are the value.
const constant8 = 0x0e

// rowOf makes a row for a program counter of what a kernel says.
func rowOf(from *module.UnwindRow, p arch.Platform, pc uint64) *cfi.Row {
	row := &cfi.Row{Start: pc, End: pc + 1, ReturnAddress: from.Return, Signal: from.Interrupted, Outermost: from.Outermost, Landing: from.Landing}
	if from.Between != nil {
		row.Between, row.ReturnAddress = from.Between, -1
		return row
	}
	if from.Outermost {
		row.ReturnAddress = -1
		return row
	}
	row.CFA = cfi.Rule{Kind: cfi.RegisterPlus, Register: uint8(from.Base), Offset: from.Offset}
	if from.Deref {
		row.CFA.Kind = cfi.RegisterAt
	}
	ruled := from.Lost
	for _, s := range from.Saved {
		rule := cfi.Rule{Kind: cfi.CFAPlusAt, Offset: s.Offset}
		switch {
		case s.InRegister:
			rule = cfi.Rule{Kind: cfi.RegisterPlus, Register: uint8(s.In)}
		case s.IsValue:
			value := make([]byte, 8)
			p.PutUint(value, s.Value)
			rule = cfi.Rule{Kind: cfi.Expression, Expr: append([]byte{constant8}, value...)}
		}
		row.Rules = append(row.Rules, cfi.RegisterRule{Register: uint8(s.Register), Rule: rule})
		ruled |= 1 << s.Register
	}
	row.Default(p.Arch, ruled)
	return row
}

// findLayout returns the layout that the kernel's file or the kernel itself says its tables have, which is that of all
// modules; nil if neither has any.
func (r *memoryRows) findLayout() (*orc.Layout, error) {
	if m, err := r.config.Modules.Main(); err == nil {
		tables, err := r.config.Tables.of(m, r.config.Platform)
		if err != nil {
			return nil, err
		}
		if tables.err != nil {
			return nil, tables.err
		}
		if tables.orc != nil {
			return tables.orc.Layout(), nil
		}
	}
	t, ok, err := r.config.Code.ImageTable()
	if err != nil || !ok || t.Count == 0 {
		return nil, err
	}
	return orc.RecognizeInMemory(r.config.Memory, t.Header, t.Entries, t.Count)
}

// isText reports whether code is known to lie at an address.
func (r *memoryRows) isText(pc uint64) bool {
	if m := r.config.Modules.At(pc); m != nil {
		if files := m.Files(); files != nil {
			if text, known := files.Debug.Executable(pc); known {
				return text
			}
		}
		if r.config.Code == nil {
			return true
		}
	}
	if r.config.Code == nil {
		return r.config.Executable != nil && r.config.Executable(pc)
	}
	_, ok, err := r.config.Code.TableAt(pc)
	return ok && err == nil
}
