package kallsyms

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/bits"
)

// A Chunk is a piece of memory that can be read. One that follows the one before it in memory is not joined to it.
type Chunk struct {
	Address uint64
	Data    []byte
}

// errNoTables says that nothing in memory looks like the tables.
var errNoTables = errors.New("nothing in the kernel's image looks like its tables of symbols")

// Search finds a kernel's table of symbols by its shape in memory, which is that of the kernel's image: kallsyms_token_index is
// 256 ascending numbers, each of which leads to the end of a string in the token table right before it, and so on to the names,
// whose marker table must agree with them. right says whether a table is that of the kernel: the addresses are laid out in one
// of five ways, and are taken in the only one that is right. See scripts/kallsyms.c for what lies where: addresses, count,
// names and tokens before v6.4 (commit 404bad70fcf7), then count, names, tokens and addresses.
func Search(m Memory, chunks iter.Seq2[Chunk, error], right func(*Table) error) (*Table, error) {
	failed := errNoTables
	var tail []byte // of what was looked at before
	var next uint64
	for c, err := range chunks {
		if err != nil {
			return nil, err
		}
		if c.Address != next {
			tail = nil
		}
		next = c.Address + uint64(len(c.Data))
		joined := append(tail, c.Data[:min(len(c.Data), IndexSize)]...)
		for i, part := range []Chunk{{c.Address - uint64(len(tail)), joined}, c} {
			for off := range indexes(m.Order, part, []int{len(tail), len(c.Data)}[i]) {
				t, err := m.tablesAt(part.Address+uint64(off), part.Data[off:][:IndexSize], right)
				if err == nil {
					return t, nil
				}
				if failed == errNoTables {
					failed = err
				}
			}
		}
		if len(c.Data) >= IndexSize {
			joined = c.Data
		}
		tail = bytes.Clone(joined[max(0, len(joined)-IndexSize):])
	}
	return nil, failed
}

// indexes walks the places in a chunk that may be kallsyms_token_index, which lies at a multiple of 4: those that begin in its
// first bytes, at most.
func indexes(order binary.ByteOrder, c Chunk, first int) iter.Seq[int] {
	little := order.Uint16([]byte{1, 0}) == 1
	return func(yield func(int) bool) {
		for off := int(-c.Address & 3); off < first && off+IndexSize <= len(c.Data); off += 4 {
			v := binary.LittleEndian.Uint32(c.Data[off:])
			if !little {
				v = bits.ReverseBytes32(v)<<16 | bits.ReverseBytes32(v)>>16
			}
			// The first token begins at 0, the second one after at least a byte and a NUL.
			if v&0xffff == 0 && v>>16-2 < maxToken && ascends(order, c.Data[off:][:IndexSize]) && !yield(off) {
				return
			}
		}
	}
}

// ascends reports whether numbers ascend in the way that those of kallsyms_token_index do: each token has at least one byte
// and a NUL.
func ascends(order binary.ByteOrder, index []byte) bool {
	for at := 2; at < len(index); at += 2 {
		if d := order.Uint16(index[at:]) - order.Uint16(index[at-2:]); d < 1 || d > maxToken {
			return false
		}
	}
	return true
}

// tablesAt returns the table whose kallsyms_token_index lies at an address.
func (m Memory) tablesAt(at uint64, raw []byte, right func(*Table) error) (*Table, error) {
	p := Places{TokenIndex: at}
	var err error
	index, last := parseIndex(m.Order, raw)
	tokens, err := m.findTokens(&p, index, last)
	if err != nil {
		return nil, err
	}
	if err := m.findNames(&p, tokens); err != nil {
		return nil, err
	}
	count, err := m.uint(p.NumSyms, 4)
	if err != nil {
		return nil, err
	}
	size := uint64(m.Pointer)
	up := func(address uint64) uint64 { return (address + size - 1) &^ (size - 1) }
	base := p.NumSyms - size
	after := p.TokenIndex + IndexSize
	var found *Table
	var failed error
	for _, way := range []Places{
		{Offsets: (base - 4*count) &^ (size - 1), RelativeBase: base}, // before v6.4
		{Addresses: p.NumSyms - size*count},
		{Offsets: after, RelativeBase: up(after + 4*count)}, // since v6.4
		{Addresses: up(after)},
		{Offsets: after}, // since v7.2
	} {
		way.NumSyms, way.Names, way.TokenTable, way.TokenIndex = p.NumSyms, p.Names, p.TokenTable, p.TokenIndex
		t, err := Load(m, way)
		if err == nil {
			if err = right(t); err != nil {
				failed = err
			}
		}
		switch {
		case err != nil:
			failed = cmp.Or(failed, err)
		case found != nil:
			return nil, fmt.Errorf("kernel's table of symbols at %#x can be understood in two ways", p.Names)
		default:
			found = t
		}
	}
	if found == nil {
		return nil, fmt.Errorf("kernel's table of symbols seems to lie at %#x, but: %w", p.Names, failed)
	}
	return found, nil
}

// findTokens finds the token table, which ends right before its index but for what aligns that.
func (m Memory) findTokens(p *Places, index [256]uint16, last int) (*Tokens, error) {
	size := uint64(last) + maxToken + 8
	raw, err := m.bytes(p.TokenIndex-size, size)
	if err != nil {
		return nil, err
	}
	for start := len(raw) - last - 2; start >= 0; start-- {
		if (p.TokenIndex-uint64(len(raw)-start))&3 != 0 {
			continue
		}
		table := raw[start:]
		tokens, err := NewTokens(table, index)
		if err != nil {
			continue
		}
		if end, ok := inOrder(tokens, index); ok && len(table)-end < 8 && zero(table[end:]) {
			p.TokenTable = p.TokenIndex - uint64(len(table))
			return tokens, nil
		}
	}
	return nil, fmt.Errorf("no token table lies before %#x", p.TokenIndex)
}

// inOrder reports whether each token begins where the one before it ends, and where the last one ends.
func inOrder(tokens *Tokens, index [256]uint16) (end int, ok bool) {
	for i, t := range tokens.text {
		if int(index[i]) != end {
			return 0, false
		}
		end += len(t) + 1
	}
	return end, true
}

func zero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// group is how many names there are between two markers.
const group = 256

// The compressed names of a group have at least a length and a token each, and at most groupSize bytes together.
const groupSize = group * 160

// findNames finds the markers, which lie before the token table (since v6.2 with kallsyms_seqs_of_names between them), and by them
// the names, which end where they begin, and the count, which lies right before the names.
func (m Memory) findNames(p *Places, tokens *Tokens) error {
	for _, size := range []uint64{1 << 18, 3 * MaxSymbols} { // the names in the order of their names take three bytes for each symbol
		raw := m.before(p.TokenTable, size)
		first := p.TokenTable - uint64(len(raw))
		for off := len(raw) - 4*4; off >= 0; off -= 4 {
			if markers := m.markers(raw[off:]); len(markers) > 3 {
				at := first + uint64(off)
				for n := len(markers); n > len(markers)-2; n-- { // what follows may look like one more
					if m.namesBefore(p, at, markers[:n], tokens) {
						return nil
					}
				}
			}
		}
		if uint64(len(raw)) < size {
			break
		}
	}
	return fmt.Errorf("no names of symbols lie before the token table at %#x", p.TokenTable)
}

// markers returns the markers at the beginning of b.
func (m Memory) markers(b []byte) (markers []uint32) {
	if binary.NativeEndian.Uint32(b) != 0 {
		return nil
	}
	for markers = []uint32{0}; len(b) >= 4*len(markers)+4; {
		at := m.Order.Uint32(b[4*len(markers):])
		if d := at - markers[len(markers)-1]; d < 2*group || d > groupSize {
			break
		}
		markers = append(markers, at)
	}
	return markers
}

// namesBefore reports whether the names end at an address as markers say, and sets their places if so.
func (m Memory) namesBefore(p *Places, end uint64, markers []uint32, tokens *Tokens) bool {
	last := uint64(markers[len(markers)-1])
	raw := m.before(end, last+groupSize+8)
	for start := len(raw) - int(last) - 2; start >= 8; start-- {
		names := raw[start:]
		if at := end - uint64(len(names)); at&3 == 0 && follow(names, markers, tokens) {
			for _, before := range []int{8, 4} { // how the count is aligned
				count := m.Order.Uint32(raw[start-before:])
				rest := int64(count) - int64(len(markers)-1)*group
				if size, ok := walk(names[last:], int(min(rest, group+1)), tokens); ok && rest >= 1 && rest <= group && len(names)-int(last)-size < 8 && zero(names[int(last)+size:]) {
					p.Names, p.NumSyms = at, at-uint64(before)
					return true
				}
			}
		}
	}
	return false
}

// follow reports whether the groups of names begin where the markers say.
func follow(names []byte, markers []uint32, tokens *Tokens) bool {
	for i := range markers[1:] {
		if size, ok := walk(names[markers[i]:], group, tokens); !ok || size != int(markers[i+1]-markers[i]) {
			return false
		}
	}
	return true
}

// walk returns how many bytes n names take; ok is false if there are not as many.
func walk(names []byte, n int, tokens *Tokens) (size int, ok bool) {
	for range n {
		length, prefix := lengthAt(names[size:])
		end := size + prefix + length
		if prefix == 0 || end > len(names) || tokens.check(names[size+prefix:end]) != nil {
			return 0, false
		}
		size = end
	}
	return size, true
}

// before returns the memory that ends at an address: size bytes, or as much of it as can be read.
func (m Memory) before(end, size uint64) []byte {
	size = min(size, end)
	if raw, err := m.bytes(end-size, size); err == nil {
		return raw
	}
	raw := make([]byte, size)
	for at := size; at > 0; {
		n := min(at, (end-size+at-1)%pageSize+1)
		if m.Read(raw[at-n:at], end-size+at-n) != nil {
			return raw[at:]
		}
		at -= n
	}
	return raw
}
