package line

import (
	"math"
	"slices"

	"github.com/godrgn/drgn/internal/bin"
)

// Standard and extended opcodes (DWARF 5, section 7.22).
const (
	lnsCopy             = 1
	lnsAdvancePC        = 2
	lnsAdvanceLine      = 3
	lnsSetFile          = 4
	lnsSetColumn        = 5
	lnsNegateStmt       = 6
	lnsSetBasicBlock    = 7
	lnsConstAddPC       = 8
	lnsFixedAdvancePC   = 9
	lnsSetPrologueEnd   = 10
	lnsSetEpilogueBegin = 11
	lnsSetISA           = 12

	lneEndSequence = 1
	lneSetAddress  = 2
	lneDefineFile  = 3
)

// program is the state machine of a line program (DWARF 5, section 6.2.2).
type program struct {
	*header
	table   *Table
	address uint64
	opIndex uint64
	pos     Position
	first   int    // row that starts the present sequence
	base    uint64 // address of that row
	sorted  bool   // the sequence's rows are in order of address
	dead    bool   // the sequence belongs to code that was discarded
}

func (p *program) reset() {
	p.address, p.opIndex, p.pos = 0, 0, Position{File: 1, Line: 1}
	p.first, p.base, p.sorted, p.dead = len(p.table.rows), 0, true, false
}

func (p *program) run(c *bin.Cursor) {
	p.reset()
	for c.Len() > 0 {
		op := int(c.U8())
		switch {
		case op >= p.opcodeBase:
			p.special(c, uint64(op-p.opcodeBase))
		case op == 0:
			p.extended(c)
		default:
			p.standard(c, op)
		}
	}
	p.table.rows = p.table.rows[:p.first] // of a sequence without an end
}

// special appends a row after moving both address and line by the amounts that one byte holds.
func (p *program) special(c *bin.Cursor, adjusted uint64) {
	if p.lineRange == 0 {
		c.Fail("special opcode in a program whose line_range is 0")
		return
	}
	p.advance(adjusted / p.lineRange)
	p.pos.Line += uint32(p.lineBase + int64(adjusted%p.lineRange))
	p.row(c)
}

// advance moves by a number of operations, of which an instruction of a VLIW machine has several.
func (p *program) advance(ops uint64) {
	if p.maxOps == 1 {
		p.address += p.minInst * ops
		return
	}
	ops += p.opIndex
	p.address += p.minInst * (ops / p.maxOps)
	p.opIndex = ops % p.maxOps
}

func (p *program) standard(c *bin.Cursor, op int) {
	switch op {
	case lnsCopy:
		p.row(c)
	case lnsAdvancePC:
		p.advance(c.ULEB128())
	case lnsAdvanceLine:
		p.pos.Line += uint32(c.SLEB128())
	case lnsSetFile:
		p.pos.File = saturate(c.ULEB128())
	case lnsSetColumn:
		p.pos.Column = saturate(c.ULEB128())
	case lnsNegateStmt, lnsSetBasicBlock, lnsSetPrologueEnd, lnsSetEpilogueBegin:
	case lnsConstAddPC:
		if p.lineRange == 0 {
			c.Fail("DW_LNS_const_add_pc in a program whose line_range is 0")
			return
		}
		p.advance(uint64(255-p.opcodeBase) / p.lineRange)
	case lnsFixedAdvancePC:
		p.address += uint64(c.U16())
		p.opIndex = 0
	case lnsSetISA:
		c.ULEB128()
	default:
		for range p.lengths[op-1] {
			c.ULEB128()
		}
	}
}

func saturate(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }

func (p *program) extended(c *bin.Cursor) {
	n := c.ULEB128()
	if c.Err() == nil && n == 0 {
		return // padding
	}
	b := c.Bytes(n)
	if c.Err() != nil {
		return
	}
	o := bin.New(".debug_line", c.Data[:c.Off], c.Big)
	o.Seek(uint64(c.Off - len(b)))
	switch o.U8() {
	case lneEndSequence:
		p.end(c)
	case lneSetAddress:
		size := len(b) - 1
		if size > 8 || size == 0 {
			c.Fail("DW_LNE_set_address with an address of %d bytes", size)
			return
		}
		p.address, p.opIndex = o.Uint(size), 0
		if p.tombstone(size) {
			p.dead = true
		}
	case lneDefineFile:
		// Version 5 has no such opcode, but then its number is free for others.
		if p.version < 5 && readFile(&o, p.table) {
			return
		}
		if o.Err() != nil {
			c.Fail("DW_LNE_define_file: %v", o.Err())
		}
	}
}

// tombstone reports whether linkers write this address, of size bytes, for code they discarded.
func (p *program) tombstone(size int) bool {
	last := ^uint64(0) >> (64 - 8*size)
	return p.address >= last-1 || p.address == 0
}

// row appends a row. Of rows at one address the last holds: those before it cover no instruction.
func (p *program) row(c *bin.Cursor) {
	if p.dead {
		return
	}
	rows := p.table.rows
	if len(rows) == p.first {
		p.base = p.address
		p.table.rows = append(rows, row{0, p.pos})
		return
	}
	if p.address < p.base || p.address-p.base > math.MaxUint32 {
		c.Fail("row for %#x in a sequence that starts at %#x", p.address, p.base)
		return
	}
	r, last := row{uint32(p.address - p.base), p.pos}, &rows[len(rows)-1]
	switch {
	case r.off == last.off:
		last.Position = p.pos
		return
	case r.off < last.off:
		p.sorted = false
	case p.pos == last.Position:
		return
	}
	if len(rows) >= math.MaxUint32 {
		c.Fail("too many rows")
		return
	}
	p.table.rows = append(rows, r)
}

// end ends the present sequence at the present address.
func (p *program) end(c *bin.Cursor) {
	defer p.reset()
	t := p.table
	if p.dead || len(t.rows) == p.first {
		t.rows = t.rows[:p.first]
		return
	}
	if !p.sorted {
		slices.SortStableFunc(t.rows[p.first:], func(a, b row) int { return int(int64(a.off) - int64(b.off)) })
	}
	if p.address <= p.base {
		t.rows = t.rows[:p.first] // covers nothing
		return
	}
	if p.address-p.base > math.MaxUint32 {
		c.Fail("sequence from %#x to %#x", p.base, p.address)
		return
	}
	t.seqs = append(t.seqs, sequence{p.base, p.address, uint32(p.first), uint32(len(t.rows))})
}
