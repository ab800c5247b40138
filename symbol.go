package drgn

import (
	"cmp"
	"slices"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/symtab"
)

// A Symbol is an entry of a symbol table.
type Symbol struct {
	Name    string
	Address uint64
	Size    uint64 // 0: not known
	Binding SymbolBinding
	Kind    SymbolKind
}

// A SymbolBinding says how a symbol is seen outside its file; the numbers are one more than ELF's STB_*.
type SymbolBinding uint8

// The bindings of symbols.
const (
	BindUnknown SymbolBinding = iota
	BindLocal
	BindGlobal
	BindWeak
	BindUnique SymbolBinding = 11
)

// A SymbolKind says what a symbol stands for; the numbers are ELF's STT_*.
type SymbolKind uint8

// The kinds of symbols.
const (
	SymbolUnknown SymbolKind = 0
	SymbolObject  SymbolKind = 1
	SymbolFunc    SymbolKind = 2
	SymbolSection SymbolKind = 3
	SymbolFile    SymbolKind = 4
	SymbolCommon  SymbolKind = 5
	SymbolTLS     SymbolKind = 6
	SymbolIFunc   SymbolKind = 10
)

// A SymbolQuery asks a finder for symbols. Name and Address are constraints where the Has fields say so; One asks for
// the best one only.
type SymbolQuery struct {
	Name       string
	Address    uint64
	HasName    bool
	HasAddress bool
	One        bool
}

// A SymbolFinder gives the symbols it knows of a query; none is no error.
type SymbolFinder func(p *Program, q SymbolQuery) ([]Symbol, error)

// RegisterSymbolFinder adds a symbol finder; at is its place among the enabled finders: an index, EnableLast or Disabled.
func (p *Program) RegisterSymbolFinder(name string, fn SymbolFinder, at int) error {
	defer p.generation.Add(1)
	return p.symbolFinders.Register(name, fn, at)
}

// A knownSymbol is what was found for the name of a symbol.
type knownSymbol struct {
	symbol  Symbol
	missing bool // no finder knows one
}

// Symbol finds the symbol of a name; a global one before a weak one before a local one. What the program's own finders find
// is remembered for one generation.
func (p *Program) Symbol(name string) (Symbol, error) {
	now := p.now()
	known, ok := now.symbols.Load(name)
	if !ok {
		keep := p.symbolFinders.AllSteady()
		s, err := p.oneSymbol(SymbolQuery{Name: name, HasName: true, One: true})
		if err != nil {
			return Symbol{}, err
		}
		if known = (knownSymbol{missing: s == nil}); s != nil {
			known.symbol = *s
		}
		if keep {
			now.symbols.LoadOrStore(name, known)
		}
	}
	if known.missing {
		return Symbol{}, &SymbolNotFoundError{Name: name, NoDebugInfo: p.lacksDebugInfo()}
	}
	return known.symbol, nil
}

// SymbolAt finds the symbol that contains an address, or the nearest one before it when that has no size.
func (p *Program) SymbolAt(address uint64) (Symbol, error) {
	s, err := p.oneSymbol(SymbolQuery{Address: address, HasAddress: true, One: true})
	if err != nil {
		return Symbol{}, err
	}
	if s == nil {
		return Symbol{}, &NoSymbolAtError{Address: address}
	}
	return *s, nil
}

// oneSymbol returns the symbol of the first finder that knows one, or nil.
func (p *Program) oneSymbol(q SymbolQuery) (*Symbol, error) {
	for _, f := range p.symbolFinders.Enabled() {
		s, err := f.Find(p, q)
		if err = p.unlessClosed(err); err != nil {
			return nil, err
		}
		if len(s) > 0 {
			return &s[0], nil
		}
	}
	return nil, p.unlessClosed(nil)
}

// Symbols returns all symbols of a query.
func (p *Program) Symbols(q SymbolQuery) ([]Symbol, error) {
	q.One = false
	var all []Symbol
	for _, f := range p.symbolFinders.Enabled() {
		s, err := f.Find(p, q)
		if err = p.unlessClosed(err); err != nil {
			return nil, err
		}
		if all == nil {
			all = slices.Clip(s) // what a finder has stays its own
		} else {
			all = append(all, s...)
		}
	}
	return all, nil
}

// symbolsOf finds symbols in the modules' symbol tables.
func symbolsOf(p *Program, q SymbolQuery) ([]Symbol, error) {
	var out []Symbol
	add := func(s symtab.Symbol) {
		out = append(out, Symbol{s.Name, s.Address, s.Size, bindingOf(s.Bind()), kindOf(s.Type())})
	}
	for _, m := range p.modules.All() {
		f := m.Files()
		if f == nil {
			continue
		}
		switch {
		case q.HasName:
			for _, s := range f.Symbols.Named(q.Name) {
				if !q.HasAddress || s.Address == q.Address || q.Address-s.Address < s.Size {
					add(s)
				}
			}
			continue // another module may have a better one
		case q.HasAddress && q.One:
			if s, ok := f.Symbols.At(q.Address); ok && m.MayHold(q.Address, s.Address) {
				add(s)
			}
		case q.HasAddress:
			for _, s := range f.Symbols.AllAt(q.Address) {
				add(s)
			}
		default:
			if out == nil {
				out = make([]Symbol, 0, p.symbolCount())
			}
			for s := range f.Symbols.All() {
				add(s)
			}
		}
		if q.One && len(out) > 0 {
			return out[:1], nil
		}
	}
	if q.One && len(out) > 1 {
		// The first of the best: modules come in their order, the symbols of each with the best first.
		slices.SortStableFunc(out, func(a, b Symbol) int { return cmp.Compare(a.rank(), b.rank()) })
		out = out[:1]
	}
	return out, nil
}

// symbolCount returns how many symbols the modules have at most.
func (p *Program) symbolCount() (n int) {
	for _, m := range p.modules.All() {
		if f := m.Files(); f != nil {
			n += f.Symbols.Len()
		}
	}
	return n
}

// rank orders symbols of one name, the best first.
func (s Symbol) rank() int { return symtab.Rank(uint8(s.Binding) - 1) }

// kindOf returns what a symbol stands for by its type; those that no kind is known for are of an unknown one.
func kindOf(stt uint8) SymbolKind {
	if k := SymbolKind(stt); k <= SymbolTLS || k == SymbolIFunc {
		return k
	}
	return SymbolUnknown
}

func bindingOf(stb uint8) SymbolBinding {
	switch stb {
	case elf.STB_LOCAL:
		return BindLocal
	case elf.STB_GLOBAL:
		return BindGlobal
	case elf.STB_WEAK:
		return BindWeak
	case elf.STB_GNU_UNIQUE:
		return BindUnique
	}
	return BindUnknown
}
