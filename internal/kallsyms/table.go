package kallsyms

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/nameindex"
)

// MaxSymbols bounds how many symbols a kernel may have.
const MaxSymbols = 1 << 23

// Places are the addresses of the tables' parts. Of Offsets and Addresses a kernel has one.
type Places struct {
	NumSyms, Names         uint64
	TokenTable, TokenIndex uint64
	Addresses              uint64 // without CONFIG_KALLSYMS_BASE_RELATIVE; 0 otherwise
	Offsets                uint64 // with it; 0 otherwise
	RelativeBase           uint64 // 0: Offsets are counted from their own places, see [PlaceRelative]
}

// A Memory is the kernel's memory, in which the tables lie.
type Memory struct {
	Read    func(buf []byte, address uint64) error
	Order   binary.ByteOrder
	Pointer int // size of a pointer in bytes: 4 or 8

	// Lend returns the n bytes at an address if they are there already, and stay; else nil. It may be nil.
	Lend func(address, n uint64) []byte
}

func (m Memory) bytes(address, size uint64) ([]byte, error) {
	buf := make([]byte, size)
	return buf, m.Read(buf, address)
}

func (m Memory) uint(address uint64, size int) (uint64, error) {
	raw, err := m.bytes(address, uint64(size))
	if err != nil {
		return 0, err
	}
	if size == 8 {
		return m.Order.Uint64(raw), nil
	}
	return uint64(m.Order.Uint32(raw)), nil
}

// A Table is a kernel's symbols in the order of their addresses. Its names stay compressed until they are asked for.
type Table struct {
	tokens    *Tokens
	names     []byte
	starts    []uint32 // of each name in names, where its length is
	addresses []uint64 // ascending
	places    Places

	known   map[string][]int // see Prepare
	lookups atomic.Int32
	byName  func() *nameindex.Index
	seed    maphash.Seed
}

// Load reads the tables at their places. Of the names nothing is decoded, but each must end where the next one begins and
// consist of known tokens, and addresses must ascend: otherwise something else lies there, which is an error.
func Load(m Memory, p Places) (*Table, error) {
	count, err := m.uint(p.NumSyms, 4)
	if err != nil {
		return nil, fmt.Errorf("kallsyms_num_syms: %w", err)
	}
	if count == 0 || count > MaxSymbols {
		return nil, fmt.Errorf("kernel's table of symbols is corrupt: it has %d", count)
	}
	t := &Table{places: p, seed: maphash.MakeSeed()}
	t.byName = sync.OnceValue(t.indexNames)
	if t.tokens, err = readTokens(m, p); err != nil {
		return nil, err
	}
	if t.addresses, err = readAddresses(m, p, count); err != nil {
		return nil, err
	}
	for i := 1; i < len(t.addresses); i++ {
		if t.addresses[i] < t.addresses[i-1] {
			return nil, fmt.Errorf("kernel's table of symbols is corrupt: the address of symbol %d is %#x, that of the one before it %#x", i, t.addresses[i], t.addresses[i-1])
		}
	}
	if err := t.readNames(m, p, int(count)); err != nil {
		return nil, err
	}
	return t, nil
}

// readTokens reads the tokens, which lie in the order of their index.
func readTokens(m Memory, p Places) (*Tokens, error) {
	raw, err := m.bytes(p.TokenIndex, IndexSize)
	if err != nil {
		return nil, fmt.Errorf("kallsyms_token_index: %w", err)
	}
	index, last := parseIndex(m.Order, raw)
	text, err := m.bytes(p.TokenTable, uint64(last))
	if err != nil {
		return nil, fmt.Errorf("kallsyms_token_table: %w", err)
	}
	for len(text) == last || text[len(text)-1] != 0 { // the last token ends with its first NUL
		b, err := m.bytes(p.TokenTable+uint64(len(text)), 1)
		if err != nil {
			return nil, fmt.Errorf("kallsyms_token_table: %w", err)
		}
		if text = append(text, b...); len(text) > last+maxToken {
			return nil, fmt.Errorf("kallsyms_token_table has no end")
		}
	}
	return NewTokens(text, index)
}

// IndexSize is the size of kallsyms_token_index in bytes.
const IndexSize = 2 * 256

// parseIndex returns where the tokens begin in the token table, and the last of these places.
func parseIndex(order binary.ByteOrder, raw []byte) (index [256]uint16, last int) {
	for i := range index {
		index[i] = order.Uint16(raw[2*i:])
		last = max(last, int(index[i]))
	}
	return index, last
}

// pageSize is how much of the names is read at once: no more, as what follows may not be there.
const pageSize = 4096

// usualName is how many bytes a compressed name takes, more or less.
const usualName = 14

// maxNames bounds how long the compressed names may be together, in bytes.
const maxNames = 1 << 27

// readNames reads count names, and finds out where each begins.
func (t *Table) readNames(m Memory, p Places, count int) error {
	t.starts = make([]uint32, 0, min(count, 1<<18))
	at := p.Names
	if m.Lend != nil && p.TokenTable > at {
		t.names = m.Lend(at, p.TokenTable-at) // with the markers
	}
	if t.names == nil {
		t.names = make([]byte, 0, min(count, 1<<18)*usualName)
	}
	next := 0 // where the next name begins
	for len(t.starts) < count {
		length, size := lengthAt(t.names[min(next, len(t.names)):])
		if end := next + size + length; size > 0 && end <= len(t.names) {
			if err := t.tokens.check(t.names[next+size : end]); err != nil {
				return fmt.Errorf("kallsyms_names, symbol %d of %d: %w", len(t.starts), count, err)
			}
			t.starts = append(t.starts, uint32(next))
			next = end
			continue
		}
		have, address := len(t.names), at+uint64(len(t.names))
		if have > maxNames {
			return errors.New("kallsyms_names has no end")
		}
		// What is lent has no room to grow and is copied then.
		t.names = slices.Grow(t.names, pageSize)[:have+int(pageSize-address%pageSize)]
		if err := m.Read(t.names[have:], address); err != nil {
			return fmt.Errorf("kallsyms_names, symbol %d of %d: %w", len(t.starts), count, err)
		}
	}
	t.names = t.names[:next:next]
	return t.checkMarkers(m, at+uint64(next))
}

// checkMarkers returns an error if kallsyms_markers, which follow the names' end, do not say where each group of names begins: the
// count, or where the names begin, is another then.
func (t *Table) checkMarkers(m Memory, end uint64) error {
	n := (len(t.starts) + group - 1) / group
	at := (end + 3) &^ 3
	raw, err := m.bytes(at, 4*uint64(n)+4)
	if err != nil {
		return fmt.Errorf("kallsyms_markers: %w", err)
	}
	if at&7 != 0 && zero(raw[:4]) && (n == 1 || zero(raw[4:8])) { // aligned to 8 bytes, as scripts/kallsyms.c does on 64-bit machines
		raw = raw[4:]
	}
	for i := range n {
		if got := m.Order.Uint32(raw[4*i:]); got != t.starts[i*group] {
			return fmt.Errorf("kernel's table of symbols is corrupt: kallsyms_markers has %#x for symbol %d of %d, which begins at %#x", got, i*group, len(t.starts), t.starts[i*group])
		}
	}
	return nil
}

// lengthAt returns the length of the compressed name at the beginning of b, and how many bytes that is written in: two from
// 128 on since v6.1. size is 0 if b is too short.
func lengthAt(b []byte) (length, size int) {
	switch {
	case len(b) == 0 || b[0] >= 0x80 && len(b) == 1:
		return 0, 0
	case b[0] < 0x80:
		return int(b[0]), 1
	}
	return int(b[0]&0x7f) | int(b[1])<<7, 2
}

// readAddresses reads the addresses of count symbols.
func readAddresses(m Memory, p Places, count uint64) ([]uint64, error) {
	if p.Addresses != 0 {
		raw, err := m.bytes(p.Addresses, count*uint64(m.Pointer))
		if err != nil {
			return nil, fmt.Errorf("kallsyms_addresses: %w", err)
		}
		out := make([]uint64, count)
		for i := range out {
			if m.Pointer == 8 {
				out[i] = m.Order.Uint64(raw[8*i:])
			} else {
				out[i] = uint64(m.Order.Uint32(raw[4*i:]))
			}
		}
		return out, nil
	}
	raw, err := m.bytes(p.Offsets, count*4)
	if err != nil {
		return nil, fmt.Errorf("kallsyms_offsets: %w", err)
	}
	words := make([]uint32, count)
	for i := range words {
		words[i] = m.Order.Uint32(raw[4*i:])
	}
	if p.RelativeBase == 0 {
		return PlaceRelative(words, p.Offsets), nil
	}
	base, err := m.uint(p.RelativeBase, m.Pointer)
	if err != nil {
		return nil, fmt.Errorf("kallsyms_relative_base: %w", err)
	}
	return Addresses(words, base), nil
}

// Places returns where the table was read from.
func (t *Table) Places() Places { return t.places }

// Len returns the number of symbols.
func (t *Table) Len() int { return len(t.addresses) }

// Address returns the address of symbol i.
func (t *Table) Address(i int) uint64 { return t.addresses[i] }

// Letter returns the type of symbol i, as nm(1) writes it.
func (t *Table) Letter(i int) byte { return t.tokens.text[t.compressed(i)[0]][0] }

// Name returns the name of symbol i.
func (t *Table) Name(i int) string { return string(t.AppendName(nil, i)) }

// AppendName appends the name of symbol i.
func (t *Table) AppendName(to []byte, i int) []byte {
	c := t.compressed(i)
	to = append(to, t.tokens.text[c[0]][1:]...)
	for _, b := range c[1:] {
		to = append(to, t.tokens.text[b]...)
	}
	return to
}

// compressed returns the tokens of the letter and the name of symbol i.
func (t *Table) compressed(i int) []byte {
	b := t.names[t.starts[i]:]
	length, size := lengthAt(b)
	return b[size:][:length]
}

// Size returns how many bytes there are from symbol i to the next address that a symbol has; 0 if there is none.
func (t *Table) Size(i int) uint64 {
	at := t.addresses[i]
	for j := i + 1; j < len(t.addresses); j++ {
		if t.addresses[j] != at {
			return t.addresses[j] - at
		}
	}
	return 0
}

// At returns the symbols at the last address that is not past address, those from first to end, exclusive; none if there is
// no such address.
func (t *Table) At(address uint64) (first, end int) {
	end = sort.Search(len(t.addresses), func(i int) bool { return t.addresses[i] > address })
	for first = end; first > 0 && t.addresses[first-1] == t.addresses[end-1]; first-- {
	}
	return first, end
}

// Has reports whether a symbol of a name lies at an address.
func (t *Table) Has(address uint64, name string) bool {
	first, end := t.At(address)
	for i := first; i < end; i++ {
		if t.addresses[i] == address && t.is(i, name) {
			return true
		}
	}
	return false
}

// scannedNames is how many names are looked for among the compressed ones before an index of all names is made, which takes as
// long as some twenty such searches.
const scannedNames = 20

// Prepare looks for several names at once, which takes hardly longer than to look for one. It is called before the table has other users.
func (t *Table) Prepare(names ...string) {
	t.known = make(map[string][]int, len(names))
	lists := [][]string{nil}       // the names that may begin with two tokens
	begin := make([]uint32, 1<<16) // which of lists that is, by the tokens
	for _, name := range names {
		t.known[name] = nil
		// Many first tokens are no more than a letter, or are equally long: what may follow is found once for each length.
		seconds := map[int][]byte{}
		for first, token := range t.tokens.text {
			if len(token) == 0 || !hasPrefix(name, token[1:]) {
				continue
			}
			n := len(token) - 1
			if _, ok := seconds[n]; !ok {
				for second, token := range t.tokens.text {
					// A name of one token is followed by what belongs to the next one.
					if n == len(name) || hasPrefix(name[n:], token) {
						seconds[n] = append(seconds[n], byte(second))
					}
				}
			}
			for _, second := range seconds[n] {
				at := &begin[uint16(first)<<8|uint16(second)]
				if *at == 0 {
					*at = uint32(len(lists))
					lists = append(lists, nil)
				}
				lists[*at] = append(lists[*at], name)
			}
		}
	}
	for i, at := range t.starts {
		if t.names[at] >= 0x80 {
			at++
		}
		first, second := t.names[at+1], byte(0)
		if int(at)+2 < len(t.names) {
			second = t.names[at+2]
		}
		for _, name := range lists[begin[uint16(first)<<8|uint16(second)]] {
			if t.is(i, name) {
				t.known[name] = append(t.known[name], i)
			}
		}
	}
}

// hasPrefix is [strings.HasPrefix].
func hasPrefix(s string, prefix []byte) bool {
	return len(s) >= len(prefix) && s[:len(prefix)] == string(prefix)
}

// firstToken returns the first token of the name that begins at a place among the names.
func (t *Table) firstToken(at uint32) byte {
	if t.names[at] >= 0x80 {
		at++
	}
	return t.names[at+1]
}

// Named returns the symbols of a name, in their order.
func (t *Table) Named(name string) (found []int) {
	if found, ok := t.known[name]; ok {
		return found
	}
	if t.lookups.Load() < scannedNames && t.lookups.Add(1) <= scannedNames {
		return t.scan(name)
	}
	hash := uint32(maphash.String(t.seed, name))
	for _, n := range t.byName().Bucket(hash) {
		if n.Hash == hash && t.is(int(n.Number), name) {
			found = append(found, int(n.Number))
		}
	}
	return found
}

// scan is Named without the index.
func (t *Table) scan(name string) (found []int) {
	var begins [256]bool // whether a name may have this token first
	for b, token := range t.tokens.text {
		begins[b] = len(token) > 0 && strings.HasPrefix(name, string(token[1:]))
	}
	for i, at := range t.starts {
		if begins[t.firstToken(at)] && t.is(i, name) {
			found = append(found, i)
		}
	}
	return found
}

// is reports whether symbol i has a name.
func (t *Table) is(i int, name string) bool {
	for at, b := range t.compressed(i) {
		token := t.tokens.text[b]
		if at == 0 {
			token = token[1:]
		}
		if len(token) > len(name) || string(token) != name[:len(token)] {
			return false
		}
		name = name[len(token):]
	}
	return name == ""
}

func (t *Table) indexNames() *nameindex.Index {
	all := make([]nameindex.Item, len(t.starts))
	var buf []byte
	for i := range all {
		buf = t.AppendName(buf[:0], i)
		all[i] = nameindex.Item{Hash: uint32(maphash.Bytes(t.seed, buf)), Number: uint32(i)}
	}
	return nameindex.New(all)
}
