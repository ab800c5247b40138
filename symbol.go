package drgn

import "fmt"

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
	return p.symbolFinders.register(name, fn, at)
}

// Symbol finds the symbol of a name; a global one before a weak one before a local one.
func (p *Program) Symbol(name string) (Symbol, error) {
	return p.oneSymbol(SymbolQuery{Name: name, HasName: true, One: true}, func() error {
		return &LookupError{Kind: "symbol", Name: name, Hint: p.debugInfoHint()}
	})
}

// SymbolAt finds the symbol that contains an address, or the nearest one before it when that has no size.
func (p *Program) SymbolAt(address uint64) (Symbol, error) {
	return p.oneSymbol(SymbolQuery{Address: address, HasAddress: true, One: true}, func() error {
		return &LookupError{Kind: "symbol", Name: fmt.Sprintf("%#x", address), AtAddress: true}
	})
}

func (p *Program) oneSymbol(q SymbolQuery, missing func() error) (Symbol, error) {
	for _, f := range p.symbolFinders.list() {
		s, err := f.fn(p, q)
		if err != nil {
			return Symbol{}, err
		}
		if len(s) > 0 {
			return s[0], nil
		}
	}
	return Symbol{}, missing()
}

// Symbols returns all symbols of a query.
func (p *Program) Symbols(q SymbolQuery) ([]Symbol, error) {
	q.One = false
	var all []Symbol
	for _, f := range p.symbolFinders.list() {
		s, err := f.fn(p, q)
		if err != nil {
			return nil, err
		}
		all = append(all, s...)
	}
	return all, nil
}
