// Package kallsyms reads the symbols that the kernel keeps of itself and its modules (kernel/kallsyms.c), which are there
// without any debug file.
package kallsyms

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// maxSymbols bounds how many symbols a kernel may have.
const maxSymbols = 1 << 23

// tables are where the kernel has its symbols.
type tables struct {
	prog  *drgn.Program
	order binary.ByteOrder
	info  *vmcoreinfo.Info
}

// symbol returns the address of a symbol as VMCOREINFO has it (those of the tables since v6.0), else as debug files do.
func (t *tables) symbol(name string) (address uint64, ok bool, err error) {
	if _, found := t.info.String("SYMBOL(" + name + ")"); found {
		address, err = t.info.Symbol(name)
		return address, err == nil, err
	}
	s, err := t.prog.Symbol(name)
	if drgn.IsNotFound(err) {
		return 0, false, nil
	}
	return s.Address, err == nil, err
}

// need returns the address of a symbol without which there are no tables.
func (t *tables) need(name string) (uint64, error) {
	address, ok, err := t.symbol(name)
	if err == nil && !ok {
		err = fmt.Errorf("kernel's symbols can't be found: neither VMCOREINFO nor debug files have %s", name)
	}
	return address, err
}

// Vmlinux returns the symbols of the kernel itself in the order of the kernel's table. Each symbol's size is computed up to
// the next symbol.
//
// Some are absolute, such as those of per-CPU variables on x86-64.
func Vmlinux(p *drgn.Program) ([]drgn.Symbol, error) {
	info, err := p.Object("VMCOREINFO").Bytes()
	if err != nil && !drgn.IsNotFound(err) {
		return nil, err
	}
	t := &tables{prog: p, order: p.Platform().ByteOrder(), info: vmcoreinfo.Parse(info)}
	at, err := t.need("kallsyms_num_syms")
	if err != nil {
		return nil, err
	}
	n, err := p.ReadUint(at, 4, false)
	if err != nil {
		return nil, err
	}
	if n > maxSymbols {
		return nil, fmt.Errorf("kernel's table of symbols is corrupt: it has %d", n)
	}
	names, err := t.names()
	if err != nil {
		return nil, err
	}
	addresses, err := t.addresses(n)
	if err != nil {
		return nil, err
	}
	out := make([]drgn.Symbol, n)
	for i := range out {
		letter, name, err := names.Next()
		if err != nil {
			return nil, fmt.Errorf("symbol %d of %d: %w", i, n, err)
		}
		out[i] = drgn.Symbol{Name: name, Address: addresses[i], Binding: binding(letter), Kind: kind(letter)}
	}
	setSizes(out)
	return out, t.check(out)
}

// check holds the table against the one address that VMCOREINFO has of another source.
func (t *tables) check(symbols []drgn.Symbol) error {
	want, ok, err := t.symbol("_stext")
	if err != nil || !ok {
		return err
	}
	for _, s := range symbols {
		if s.Name == "_stext" && s.Address != want {
			return fmt.Errorf("kernel's table of symbols is not understood: it has _stext at %#x, VMCOREINFO at %#x", s.Address, want)
		}
	}
	return nil
}

// names returns a reader of the names.
func (t *tables) names() (*kallsyms.Names, error) {
	table, err := t.need("kallsyms_token_table")
	if err != nil {
		return nil, err
	}
	at, err := t.need("kallsyms_token_index")
	if err != nil {
		return nil, err
	}
	raw, err := t.prog.Read(at, 512, false)
	if err != nil {
		return nil, err
	}
	var index [256]uint16
	end := 0
	for i := range index {
		index[i] = t.order.Uint16(raw[2*i:])
		end = max(end, int(index[i]))
	}
	// Tokens are in the order of their index; the last ends with the first NUL after its beginning.
	text := make([]byte, 0, end+64)
	for r := (&reader{prog: t.prog, at: table}); len(text) <= end || text[len(text)-1] != 0; {
		b, err := r.one()
		if err != nil {
			return nil, err
		}
		if text = append(text, b); len(text) > end+1<<10 {
			return nil, fmt.Errorf("kallsyms_token_table has no end")
		}
	}
	tokens, err := kallsyms.NewTokens(text, index)
	if err != nil {
		return nil, err
	}
	if at, err = t.need("kallsyms_names"); err != nil {
		return nil, err
	}
	return kallsyms.NewNames(tokens, bufio.NewReaderSize(&reader{prog: t.prog, at: at}, pageSize)), nil
}

// addresses returns the addresses of n symbols.
func (t *tables) addresses(n uint64) ([]uint64, error) {
	if at, ok, err := t.symbol("kallsyms_addresses"); err != nil || ok { // without CONFIG_KALLSYMS_BASE_RELATIVE
		if err != nil {
			return nil, err
		}
		size, err := t.prog.AddressSize()
		if err != nil {
			return nil, err
		}
		raw, err := t.prog.Read(at, n*size, false)
		if err != nil {
			return nil, err
		}
		out := make([]uint64, n)
		for i := range out {
			if size == 8 {
				out[i] = t.order.Uint64(raw[8*i:])
			} else {
				out[i] = uint64(t.order.Uint32(raw[4*i:]))
			}
		}
		return out, nil
	}
	at, err := t.need("kallsyms_offsets")
	if err != nil {
		return nil, err
	}
	raw, err := t.prog.Read(at, n*4, false)
	if err != nil {
		return nil, err
	}
	words := make([]uint32, n)
	for i := range words {
		words[i] = t.order.Uint32(raw[4*i:])
	}
	relative, ok, err := t.symbol("kallsyms_relative_base")
	if err != nil {
		return nil, err
	}
	if !ok { // as of v7.2 each word counts from where it lies
		return kallsyms.PlaceRelative(words, at), nil
	}
	size, err := t.prog.AddressSize()
	if err != nil {
		return nil, err
	}
	base, err := t.prog.ReadUint(relative, int(size), false)
	if err != nil {
		return nil, err
	}
	return kallsyms.Addresses(words, base), nil
}

// pageSize is how much of the names is read at once: no more, as what follows may not be there.
const pageSize = 4096

// A reader reads memory from an address on.
type reader struct {
	prog *drgn.Program
	at   uint64
}

// Read implements [io.Reader]. It reads to the end of a page at most.
func (r *reader) Read(buf []byte) (int, error) {
	n := min(len(buf), int(pageSize-r.at%pageSize))
	if err := r.prog.Memory().Read(buf[:n], r.at, false); err != nil {
		return 0, err
	}
	r.at += uint64(n)
	return n, nil
}

func (r *reader) one() (byte, error) {
	var b [1]byte
	_, err := r.Read(b[:])
	return b[0], err
}

// setSizes makes each symbol end where the next one begins.
func setSizes(symbols []drgn.Symbol) {
	starts := make([]uint64, len(symbols))
	for i, s := range symbols {
		starts[i] = s.Address
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	for i := range symbols {
		s := &symbols[i]
		if j, _ := slices.BinarySearch(starts, s.Address); j+1 < len(starts) {
			s.Size = starts[j+1] - s.Address
		}
	}
}

// binding returns what the letter of a symbol says of its binding: small ones are local.
func binding(letter byte) drgn.SymbolBinding {
	switch letter {
	case 'u':
		return drgn.BindUnique
	case 'v', 'V', 'w', 'W':
		return drgn.BindWeak
	}
	if letter >= 'a' && letter <= 'z' {
		return drgn.BindLocal
	}
	return drgn.BindGlobal
}

// kind returns what the letter of a symbol says of what it stands for.
func kind(letter byte) drgn.SymbolKind {
	switch letter {
	case 't', 'T':
		return drgn.SymbolFunc
	case 'b', 'B', 'd', 'D', 'g', 'G', 'r', 'R', 's', 'S', 'v', 'V', 'u':
		return drgn.SymbolObject
	}
	return drgn.SymbolUnknown
}
