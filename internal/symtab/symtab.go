// Package symtab finds the symbols of ELF files by name and by address.
package symtab

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"iter"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/nameindex"
)

// A Table is the symbols of one file at the addresses they have in memory. Its indices are made when first needed.
type Table struct {
	syms *elf.SymbolTable
	base func(section uint32) (base uint64, place Place)
	end  func(elf.Symbol) uint64

	codeBits uint64

	byAddress func() []entry
	byName    func() *nameindex.Index
	lookups   atomic.Int32 // of names, as far as they count for scannedNames
	seed      maphash.Seed
}

// entry is a symbol in the index by address.
type entry struct {
	start, end uint64 // first address and the one after the last; start==end: size not known
	maxEnd     uint64 // greatest end of this entry and all before it
	index      uint32
}

// A Symbol is a symbol at its address in memory.
type Symbol struct {
	elf.Symbol
	Name    string
	Address uint64
}

// A Place says what the value of a symbol is.
type Place uint8

// The places of symbols.
const (
	Nowhere  Place = iota // of a section that was not loaded: the symbol does not exist in the program
	ByName                // a number, such as a per-CPU variable's offset: the symbol is found by its name only
	InMemory              // an address
)

// New returns the table of syms. base says what the values of a section's symbols are in the program and what is added to them
// there, and end where the section of a symbol that is in memory ends: the first address after it. In the values of functions, codeBits
// are no part of where they lie.
func New(syms *elf.SymbolTable, codeBits uint64, base func(section uint32) (base uint64, place Place), end func(elf.Symbol) uint64) *Table {
	t := &Table{syms: syms, codeBits: codeBits, base: base, end: end, seed: maphash.MakeSeed()}
	t.byAddress = sync.OnceValue(t.indexAddresses)
	t.byName = sync.OnceValue(t.indexNames)
	return t
}

// useful leaves out what is not defined in the file.
func useful(s *elf.Symbol) bool { return s.Section != elf.SHN_UNDEF && s.NameOffset != 0 }

// placeless reports whether a symbol names no place in memory: its value is a number.
func placeless(s *elf.Symbol) bool {
	return s.Section == elf.SHN_COMMON || s.Type() == elf.STT_FILE || s.Type() == elf.STT_TLS
}

// value returns the value of a symbol in the program, and what it is.
func (t *Table) value(s elf.Symbol) (uint64, Place) {
	if placeless(&s) {
		return s.Value, ByName
	}
	base, place := t.base(s.Section)
	return base + t.plain(&s), place
}

// plain returns the value of a symbol that names a place in the file.
func (t *Table) plain(s *elf.Symbol) uint64 {
	if t.codeBits != 0 && s.Type() == elf.STT_FUNC {
		return s.Value &^ t.codeBits
	}
	return s.Value
}

// mapping reports whether a symbol names nothing but says that code or data begins at its address: "$a", "$d.1", "$xrv64i2p1" (ELF for the Arm
// architecture, section 5.5.5; RISC-V ELF psABI, Mapping Symbol). It is found by its name only.
func (t *Table) mapping(s *elf.Symbol) bool {
	if s.Size != 0 || s.Type() != elf.STT_NOTYPE || s.Bind() != elf.STB_LOCAL {
		return false
	}
	name := t.syms.Name(*s)
	if len(name) < 2 || name[0] != '$' {
		return false
	}
	switch name[1] {
	case 'a', 'd', 't', 'x':
		return len(name) == 2 || name[2] == '.' || name[1] == 'x' && bytes.HasPrefix(name[2:], []byte("rv"))
	}
	return false
}

func (t *Table) indexAddresses() []entry {
	es := make([]entry, 0, t.syms.Len())
	for i, s := range t.syms.All() {
		if !useful(&s) || s.Type() == elf.STT_SECTION || t.mapping(&s) {
			continue
		}
		if start, place := t.value(s); place == InMemory {
			end := start + s.Size
			if end < start {
				end = ^uint64(0)
			}
			es = append(es, entry{start: start, end: end, index: uint32(i)})
		}
	}
	es = byStart(es)
	var top uint64
	for i := range es {
		top = max(top, es[i].end)
		es[i].maxEnd = top
	}
	return es
}

// byStart sorts entries by where they start; those that start together stay in order. A radix sort: there are a hundred
// thousand entries, and comparing them takes most of the time until the first address is named.
func byStart(es []entry) []entry {
	spare := make([]entry, len(es))
	for shift := 0; shift < 64; shift += 8 {
		var at [256]int
		for i := range es {
			at[byte(es[i].start>>shift)]++
		}
		if len(es) == 0 || at[byte(es[0].start>>shift)] == len(es) {
			continue // all have this byte
		}
		sum := 0
		for b, n := range at {
			at[b], sum = sum, sum+n
		}
		for i := range es {
			b := byte(es[i].start >> shift)
			spare[at[b]] = es[i]
			at[b]++
		}
		es, spare = spare, es
	}
	return es
}

func (t *Table) indexNames() *nameindex.Index {
	all := make([]nameindex.Item, 0, t.syms.Len())
	for i, s := range t.syms.All() {
		if useful(&s) {
			name, _, _ := bytes.Cut(t.syms.Name(s), []byte("@@"))
			all = append(all, nameindex.Item{Hash: uint32(maphash.Bytes(t.seed, name)), Number: uint32(i)})
		}
	}
	return nameindex.New(all)
}

// Rank orders symbols for the same thing by their binding (STB_…), the best first: the one that more of the program can
// see. It is the only ranking there is: of symbols at an address, of a name, and of definitions in debugging information.
func Rank(binding uint8) int {
	switch binding {
	case elf.STB_GLOBAL, elf.STB_GNU_UNIQUE:
		return 0
	case elf.STB_WEAK:
		return 1
	}
	return 2
}

func rank(s elf.Symbol) int { return Rank(s.Bind()) }

func (t *Table) symbol(index uint32, address uint64) Symbol {
	s := t.syms.At(int(index))
	return Symbol{s, string(t.syms.Name(s)), address}
}

// maxBack bounds how many symbols that end before the address are passed over in search of one around it.
const maxBack = 4096

// At returns the symbol for an address: the one that contains it and starts last; where none does, the last one before
// it in the same section, when its size is not known. Of several that start at the same place the smallest is best; then a global one is
// better than a weak one, that better than a local one, and the first in the file better than the rest.
func (t *Table) At(address uint64) (Symbol, bool) {
	defer runtime.KeepAlive(t) // the file's bytes live as long as its table
	es := t.byAddress()
	n := sort.Search(len(es), func(i int) bool { return es[i].start > address })
	if n == 0 {
		return Symbol{}, false
	}
	for i := n - 1; i >= 0 && i >= n-maxBack && es[i].maxEnd > address; i-- {
		if es[i].end > address {
			return t.best(es, i, func(e entry) bool { return e.end > address }), true
		}
	}
	return t.label(es, n, address)
}

// label returns the symbol without a size for an address that none contains: of those that start last of the first n entries, unless they
// lie in, or start with, one that has a size.
func (t *Table) label(es []entry, n int, address uint64) (Symbol, bool) {
	last := es[n-1].start
	if es[n-1].maxEnd > last {
		return Symbol{}, false
	}
	s := t.best(es, n-1, func(entry) bool { return true })
	return s, address == last || address < t.end(s.Symbol)
}

// best returns the best of the entries that start where es[i] does and are fit.
func (t *Table) best(es []entry, i int, fit func(entry) bool) Symbol {
	start, best, bestRank := es[i].start, i, rank(t.syms.At(int(es[i].index)))
	for j := i - 1; j >= 0 && j >= i-maxBack && es[j].start == start; j-- {
		r := rank(t.syms.At(int(es[j].index)))
		if fit(es[j]) && (es[j].end < es[best].end || es[j].end == es[best].end && r <= bestRank) {
			best, bestRank = j, r
		}
	}
	return t.symbol(es[best].index, start)
}

// AllAt returns all symbols that contain an address; where none does, the one that At returns.
func (t *Table) AllAt(address uint64) []Symbol {
	defer runtime.KeepAlive(t)
	es := t.byAddress()
	n := sort.Search(len(es), func(i int) bool { return es[i].start > address })
	var out []Symbol
	for i := n - 1; i >= 0 && i >= n-maxBack && es[i].maxEnd > address; i-- {
		if es[i].end > address {
			out = append(out, t.symbol(es[i].index, es[i].start))
		}
	}
	if len(out) == 0 && n > 0 {
		if s, ok := t.label(es, n, address); ok {
			out = append(out, s)
		}
	}
	return out
}

// scannedNames is how many names are looked for in the symbol table itself before an index of all names is made: scripts
// ask for one or two, or for many.
const scannedNames = 4

// Named returns all symbols of a name, the best first. Those of the name's default version, which linkers write as "name@@VERSION", are meant
// where none has just the name.
func (t *Table) Named(name string) []Symbol {
	defer runtime.KeepAlive(t)
	var out, versions []Symbol
	add := func(i int) {
		s := t.syms.At(i)
		if !useful(&s) {
			return
		}
		value, place := t.value(s)
		if place == Nowhere {
			return
		}
		if full := string(t.syms.Name(s)); full == name {
			out = append(out, Symbol{s, full, value})
		} else if base, _, ok := strings.Cut(full, "@@"); ok && base == name {
			versions = append(versions, Symbol{s, full, value})
		}
	}
	if t.lookups.Load() < scannedNames && t.lookups.Add(1) <= scannedNames {
		for _, i := range t.syms.Named(name) {
			add(i)
		}
	} else {
		base, _, _ := strings.Cut(name, "@@")
		hash := uint32(maphash.String(t.seed, base))
		for _, n := range t.byName().Bucket(hash) {
			if n.Hash == hash {
				add(int(n.Number))
			}
		}
	}
	if len(out) == 0 {
		out = versions
	}
	slices.SortStableFunc(out, func(a, b Symbol) int { return cmp.Compare(rank(a.Symbol), rank(b.Symbol)) })
	return out
}

// Len returns how many symbols the file has at most.
func (t *Table) Len() int { return t.syms.Len() }

// Strings returns the string table of the file, up to its last NUL: the bytes of the file, which are good as long as the table.
func (t *Table) Strings() []byte { return t.syms.Strings() }

// All iterates over all symbols, in the order of the file, and their values in the program. Names are not read: see
// [Table.Strings]. A symbol is good until yield returns.
func (t *Table) All() iter.Seq2[*elf.Symbol, uint64] {
	return func(yield func(*elf.Symbol, uint64) bool) {
		defer runtime.KeepAlive(t)
		section, base, where := uint32(elf.SHN_UNDEF), uint64(0), Nowhere // of the symbol before, which mostly is that of the next
		var s elf.Symbol
		for i := 1; i < t.syms.Len(); i++ {
			t.syms.Read(i, &s)
			if !useful(&s) {
				continue
			}
			value, place := s.Value, ByName
			if !placeless(&s) {
				if s.Section != section {
					section = s.Section
					base, where = t.base(section)
				}
				value, place = t.plain(&s)+base, where
			}
			if place != Nowhere && !yield(&s, value) {
				return
			}
		}
	}
}
