package drgn

import (
	"slices"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// Symbols, as package module has them.
type (
	Symbol        = module.Symbol
	SymbolBinding = module.SymbolBinding
	SymbolKind    = module.SymbolKind
	// A SymbolQuery asks a finder for symbols.
	SymbolQuery = module.SymbolQuery
)

// The bindings and kinds of symbols.
const (
	BindUnknown = module.BindUnknown
	BindLocal   = module.BindLocal
	BindGlobal  = module.BindGlobal
	BindWeak    = module.BindWeak
	BindUnique  = module.BindUnique

	SymbolUnknown = module.SymbolUnknown
	SymbolObject  = module.SymbolObject
	SymbolFunc    = module.SymbolFunc
	SymbolSection = module.SymbolSection
	SymbolFile    = module.SymbolFile
	SymbolCommon  = module.SymbolCommon
	SymbolTLS     = module.SymbolTLS
	SymbolIFunc   = module.SymbolIFunc
)

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
		return &SymbolNotFoundError{Name: name, NoDebugInfo: p.modules.LackTypes()}
	})
	if err == nil && keep && p.modules.Stays(s.Address) {
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

// A SymbolIndex is symbols to look up by name and by address; see [module.SymbolIndex]. It never changes.
type SymbolIndex struct{ symbols *module.SymbolIndex }

// NewSymbolIndex makes an index of symbols; of those with the same address and size the first stays first.
func NewSymbolIndex(symbols []Symbol) *SymbolIndex {
	return &SymbolIndex{module.NewSymbolIndex(symbols)}
}

// Find is a [SymbolFinder] whose error is always nil.
func (x *SymbolIndex) Find(_ *Program, q SymbolQuery) ([]Symbol, error) {
	return x.symbols.Find(q), nil
}

// AllSymbols returns all symbols as a table, which takes less time and memory than [Program.Symbols].
func (p *Program) AllSymbols() (*module.SymbolTable, error) {
	if own := p.symbolFinders.Enabled(); len(own) == 1 && own[0].Steady {
		all, err := mem.Guarded(func() (*module.SymbolTable, error) { return p.modules.SymbolTable(), nil })
		if k, ok := p.Personality().(KernelCode); ok && err == nil {
			var kept []Symbol
			kept, err = k.KeptSymbols(SymbolQuery{}, nil)
			all.Append(kept)
		}
		return all, p.unlessClosed(err)
	}
	all := &module.SymbolTable{}
	symbols, err := p.Symbols(SymbolQuery{})
	all.Append(symbols)
	return all, err
}

// findSymbols is the symbol finder "elf", which also knows what a kernel keeps of modules without files.
func findSymbols(p *Program, q SymbolQuery) ([]Symbol, error) {
	found, err := symbolsOf(p, q)
	if k, ok := p.Personality().(KernelCode); ok && err == nil {
		return k.KeptSymbols(q, found)
	}
	return found, err
}

// symbolsOf finds symbols in the modules' symbol tables.
func symbolsOf(p *Program, q SymbolQuery) ([]Symbol, error) {
	return mem.Guarded(func() ([]Symbol, error) { return p.modules.Symbols(q), nil })
}
