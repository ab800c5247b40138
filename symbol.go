package drgn

import (
	"slices"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
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

// A SymbolQuery asks a finder for symbols.
type SymbolQuery = module.SymbolQuery

// A SymbolFinder gives the symbols it knows of a query; none is no error.
type SymbolFinder func(p *Program, q SymbolQuery) ([]Symbol, error)

// RegisterSymbolFinder adds a symbol finder; at is its place among the enabled finders: an index, EnableLast or Disabled.
func (p *Program) RegisterSymbolFinder(name string, fn SymbolFinder, at int) error {
	defer p.generation.Add(1)
	return p.symbolFinders.Register(name, fn, at)
}

// Symbol finds the symbol of a name; a global one before a weak one before a local one. What the program's own finders find
// is remembered for one generation.
func (p *Program) Symbol(name string) (Symbol, error) {
	now := p.now()
	if s, ok := now.symbols.Load(name); ok {
		return s, nil
	}
	keep := p.symbolFinders.AllSteady()
	s, err := p.oneSymbol(SymbolQuery{Name: name, HasName: true, One: true}, func() error {
		return &SymbolNotFoundError{Name: name, NoDebugInfo: p.lacksDebugInfo()}
	})
	if err == nil && keep {
		s = now.symbols.LoadOrStore(name, s)
	}
	return s, err
}

// SymbolAt finds the symbol that contains an address, or the nearest one before it when that has no size.
func (p *Program) SymbolAt(address uint64) (Symbol, error) {
	return p.oneSymbol(SymbolQuery{Address: address, HasAddress: true, One: true}, func() error {
		return &NoSymbolAtError{Address: address}
	})
}

func (p *Program) oneSymbol(q SymbolQuery, missing func() error) (Symbol, error) {
	for _, f := range p.symbolFinders.Enabled() {
		s, err := f.Find(p, q)
		if err = p.unlessClosed(err); err != nil {
			return Symbol{}, err
		}
		if len(s) > 0 {
			return s[0], nil
		}
	}
	return Symbol{}, p.unlessClosed(missing())
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
	return mem.Guarded(func() ([]Symbol, error) { return moduleSymbols(p, q) })
}

func moduleSymbols(p *Program, q SymbolQuery) ([]Symbol, error) {
	out := make([]Symbol, 0, p.modules.SymbolCount(q))
	for s := range p.modules.Symbols(q) {
		out = append(out, Symbol{s.Name, s.Address, s.Size, bindingOf(s.Bind), kindOf(s.Type)})
	}
	return out, nil
}

// kindOf returns what a symbol stands for by its type; those that no kind is known for are of an unknown one.
func kindOf(stt uint8) SymbolKind {
	if k := SymbolKind(stt); k <= SymbolTLS || k == SymbolIFunc {
		return k
	}
	return SymbolUnknown
}

func bindingOf(stb uint8) SymbolBinding {
	if b := SymbolBinding(stb) + 1; b <= BindWeak || b == BindUnique {
		return b
	}
	return BindUnknown
}
