package dwarf

import (
	"github.com/godrgn/drgn/internal/dwarf/line"
	"github.com/godrgn/drgn/internal/lock"
)

// A Source is a position in the source code.
type Source struct {
	File   string // see [line.Table.File]; "": not known
	Line   int64  // 0: no line
	Column uint64 // 0: not known, or the whole line
}

// unitLines is a line table, which several units may share.
type unitLines struct {
	once  lock.Once
	table *line.Table
	err   error
}

// Lines returns the unit's line table, decoded once; nil when it has none. That of a unit of split DWARF is its skeleton's.
func (u *Unit) Lines() (*line.Table, error) {
	u, err := u.skeletonUnit()
	if err != nil || u.from.split {
		return nil, err
	}
	in, err := u.Info()
	if err != nil || !in.HasLines {
		return nil, err
	}
	f := u.File
	l, ok := f.scopes.lines.load(in.StmtList)
	if !ok {
		l = f.scopes.lines.add(in.StmtList, &unitLines{}, maxLineTables)
	}
	l.once.Do(func() {
		s := &line.Sections{Line: f.sec.Line, LineStr: f.sec.LineStr, Str: f.sec.Str, StrOffsets: f.sec.StrOffsets, Big: f.big}
		l.table, l.err = line.Decode(s, in.StmtList, line.Unit{AddressSize: int(u.AddrSize), CompDir: in.CompDir, StrOffsetsBase: in.StrBase})
	})
	return l.table, l.err
}

// Sources returns where in the source pc is, an address of the program: a position for each of [File.Functions] in the
// same order, which for all but the innermost is where the function before it was called. Code of no known function has
// one position, and none where no line table covers it; then the innermost of known functions has the zero Source.
// The slice must not be changed.
func (f *File) Sources(pc uint64) ([]Source, error) {
	p, err := f.place(pc)
	if err != nil {
		return nil, err
	}
	p.once.Do(func() {
		if at, ok := f.cfg.Addresses.ToFile(pc); ok && p.unit != nil {
			p.sources, p.err = p.findSources(at)
		}
	})
	return p.sources, p.err
}

func (p *place) findSources(pc uint64) ([]Source, error) {
	table, err := p.unit.Lines()
	if err != nil {
		return nil, err
	}
	if table == nil {
		return make([]Source, len(p.functions)), nil
	}
	at, ok := table.Lookup(pc)
	if !ok && len(p.functions) == 0 {
		return nil, nil
	}
	out := make([]Source, 1, max(1, len(p.functions)))
	if ok {
		out[0] = Source{table.File(uint64(at.File)), int64(int32(at.Line)), uint64(at.Column)}
	}
	for i := range p.functions {
		if fn := &p.functions[i]; fn.Inline {
			out = append(out, Source{table.File(fn.CallFile), int64(fn.CallLine), fn.CallColumn})
		}
	}
	return out, nil
}
