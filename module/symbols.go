package module

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/godrgn/drgn/internal/demangle"
	"github.com/godrgn/drgn/internal/symtab"
)

// A SymbolQuery asks for symbols. Name and Address are constraints where the Has fields say so; One asks for the best one
// only.
type SymbolQuery struct {
	Name       string
	Address    uint64
	HasName    bool
	HasAddress bool
	One        bool
}

// A Symbol is an entry of a symbol table.
type Symbol struct {
	Name    string
	Address uint64
	Size    uint64 // 0: not known
	Binding SymbolBinding
	Kind    SymbolKind
}

// Demangled returns the symbol's name as C++ or Rust have it, or Name if it is none of theirs.
func (s *Symbol) Demangled() string {
	if name, ok := demangle.Name(s.Name); ok {
		return name
	}
	return s.Name
}

// Contains reports whether an address lies in a symbol; none lies in one whose size is not known.
func (s *Symbol) Contains(address uint64) bool {
	return address >= s.Address && address-s.Address < s.Size
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

func symbol(s *symtab.Symbol) Symbol {
	return Symbol{s.Name, s.Address, s.Size, bindingOf(s.Bind()), kindOf(s.Type())}
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

// Symbols returns the symbols of a query in the modules' symbol tables: modules come in their order, the symbols of a name in
// each with the best first.
func (s *Set) Symbols(q SymbolQuery) []Symbol {
	if !q.HasName && !q.HasAddress {
		return s.SymbolTable().All()
	}
	var found []Symbol
	for _, m := range s.All() {
		t := m.symbols()
		switch {
		case t == nil:
		case q.HasName:
			for _, s := range t.Named(q.Name) {
				if (!q.HasAddress || s.Address == q.Address || s.Contains(q.Address)) && !m.Unloaded(q.Name, s.Address) {
					found = append(found, s)
				}
			}
		case q.HasAddress && q.One:
			if s, ok := t.At(q.Address); ok && m.MayHold(q.Address, s.Address) && !m.Unloaded("", q.Address) {
				return []Symbol{s}
			}
		case q.HasAddress:
			if all := t.AllAt(q.Address); len(all) > 0 && !m.Unloaded("", q.Address) {
				found = append(found, all...)
			}
		}
	}
	if q.One && len(found) > 1 { // of a name another module may have a better one; of those that are as good the first counts
		best := slices.MinFunc(found, func(a, b Symbol) int { return cmp.Compare(rank(a), rank(b)) })
		found = []Symbol{best}
	}
	return found
}

// rank is [symtab.Rank] of a symbol.
func rank(s Symbol) int { return symtab.Rank(uint8(s.Binding - 1)) }

// Symbols are those of a module. They never change.
type Symbols interface {
	// Named returns the symbols of a name, the best first.
	Named(name string) []Symbol
	// At returns the best symbol for an address.
	At(address uint64) (Symbol, bool)
	// AllAt returns the symbols that contain an address.
	AllAt(address uint64) []Symbol
	// Table returns all symbols as a table.
	Table() *SymbolTable
}

// symbols returns the symbols of a module: those of its files or, if these have none, those that memory keeps; nil if there are
// no files and memory keeps none.
func (m *Module) symbols() Symbols {
	f := m.Files()
	if f == nil || f.Symbols.Len() == 0 {
		if kept := m.keeps.symbols.Load(); kept != nil && !m.set.closed.Load() {
			return *kept
		}
	}
	if f == nil {
		return nil
	}
	return fileSymbols{f.Symbols}
}

// KeepSymbols gives the module symbols that count as long as no file of it has some.
func (m *Module) KeepSymbols(s Symbols) {
	m.keeps.symbols.Store(&s)
	m.set.changed()
}

// fileSymbols are those of a file.
type fileSymbols struct{ t *symtab.Table }

func (f fileSymbols) Named(name string) []Symbol { return symbols(f.t.Named(name)) }

func (f fileSymbols) At(address uint64) (Symbol, bool) {
	s, ok := f.t.At(address)
	return symbol(&s), ok
}

func (f fileSymbols) AllAt(address uint64) []Symbol { return symbols(f.t.AllAt(address)) }

func symbols(of []symtab.Symbol) (all []Symbol) {
	for i := range of {
		all = append(all, symbol(&of[i]))
	}
	return all
}

// A SymbolTable is many symbols in little memory.
type SymbolTable struct {
	Symbols []TableSymbol
	Strings []byte // each ends with a NUL byte
}

// A TableSymbol is a symbol of a table.
type TableSymbol struct {
	Name    uint64 // offset in Strings, in bytes
	Address uint64
	Size    uint64 // 0: not known
	Binding SymbolBinding
	Kind    SymbolKind
}

// Append appends symbols to a table. A name ends at its first NUL byte.
func (t *SymbolTable) Append(symbols []Symbol) {
	for _, s := range symbols {
		t.Symbols = append(t.Symbols, TableSymbol{uint64(len(t.Strings)), s.Address, s.Size, s.Binding, s.Kind})
		t.Strings = append(append(t.Strings, s.Name...), 0)
	}
}

// All returns the symbols of a table.
func (t *SymbolTable) All() []Symbol {
	all := make([]Symbol, len(t.Symbols))
	names := string(t.Strings) // which they share
	for i, s := range t.Symbols {
		name := names[s.Name:]
		all[i] = Symbol{name[:strings.IndexByte(name, 0)], s.Address, s.Size, s.Binding, s.Kind}
	}
	return all
}

// Table implements [Symbols].
func (f fileSymbols) Table() *SymbolTable {
	t := &SymbolTable{make([]TableSymbol, f.t.Len()), append(bytes.Clone(f.t.Strings()), 0)}
	n := 0
	for s, value := range f.t.All() {
		t.Symbols[n] = TableSymbol{min(uint64(s.NameOffset), uint64(len(t.Strings)-1)), value, s.Size, bindingOf(s.Bind()), kindOf(s.Type())}
		n++
	}
	t.Symbols = t.Symbols[:n]
	return t
}

// SymbolTable returns all symbols of the modules, in their order.
func (s *Set) SymbolTable() *SymbolTable {
	all := &SymbolTable{}
	for _, m := range s.All() {
		t := m.symbols()
		if t == nil || m.IsUnloaded() {
			continue
		}
		more := t.Table()
		if len(all.Symbols) == 0 {
			all = more
			continue
		}
		base := uint64(len(all.Strings))
		for i := range more.Symbols {
			more.Symbols[i].Name += base
		}
		all.Symbols, all.Strings = append(all.Symbols, more.Symbols...), append(all.Strings, more.Strings...)
	}
	return all
}
