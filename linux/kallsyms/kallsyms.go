// Package kallsyms reads the symbols that the kernel keeps of itself and its modules (kernel/kallsyms.c), which are there
// without any debug file.
package kallsyms

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// Vmlinux returns the symbols of the kernel itself in the order of their addresses. Each symbol's size is computed up to
// the next symbol.
//
// Some are absolute, such as those of per-CPU variables on x86-64 before v6.15.
func Vmlinux(p *drgn.Program) ([]drgn.Symbol, error) {
	info, err := p.Object("VMCOREINFO").Bytes()
	if err != nil && !drgn.IsNotFound(err) {
		return nil, err
	}
	own, err := ReadOwn(p, vmcoreinfo.Parse(info))
	if err != nil {
		return nil, err
	}
	return own.Table().All(), nil
}

// Own is the symbols that a kernel keeps of itself. It never changes.
type Own struct {
	table *kallsyms.Table
	image span    // what is outside it are numbers
	text  [2]span // where functions are
	known bool    // image and text[0] are known
	sizes [3]sized
}

// sized is a symbol of which the size is known.
type sized struct {
	address, size uint64 // in bytes
}

// A span is the addresses from first to end, exclusive.
type span struct{ first, end uint64 }

func (s span) has(address uint64) bool { return address >= s.first && address < s.end }

// imageSize bounds the size of a kernel's image in bytes (KERNEL_IMAGE_SIZE of x86-64 is at most 1 GiB).
const imageSize = 1 << 30

// ReadOwn reads the symbols that a kernel keeps of itself: from where VMCOREINFO says they are (since v6.0, commit
// 5fd8fea935a1), else from where they are found in the kernel's image. They are held against the addresses that VMCOREINFO has.
func ReadOwn(p *drgn.Program, info *vmcoreinfo.Info) (*Own, error) {
	m, err := memoryOf(p)
	if err != nil {
		return nil, err
	}
	places, told, err := placesIn(info)
	if err != nil {
		return nil, err
	}
	var table *kallsyms.Table
	if told {
		table, err = load(p, m, places, func(t *kallsyms.Table) error { return agree(t, info) })
	} else {
		table, err = find(p, m, info)
	}
	if err != nil {
		return nil, fmt.Errorf("the kernel's own table of symbols can't be read: %w", err)
	}
	own := &Own{table: table, sizes: ownSizes(table)}
	own.known = own.between(&own.text[0], "_stext", "_etext")
	own.between(&own.text[1], "_sinittext", "_einittext")
	if !own.between(&own.image, "_text", "_end") { // there are functions only: no CONFIG_KALLSYMS_ALL
		own.image = span{own.text[0].first, max(own.text[0].end, own.text[1].end)}
	}
	if start := table.Named("_start"); len(start) == 1 {
		own.image = own.image.withHead(table.Address(start[0]))
	}
	return own, nil
}

// maxHead bounds how long the head of an image may be that lies before its code, in bytes.
const maxHead = 2 << 20

// withHead returns an image with the head that RISC-V's has before _text: it begins at _start (arch/riscv/kernel/vmlinux.lds.S).
func (s span) withHead(start uint64) span {
	if s.first-start <= maxHead {
		s.first = start
	}
	return s
}

// memoryOf returns the kernel's memory.
func memoryOf(p *drgn.Program) (m kallsyms.Memory, err error) {
	size, err := p.AddressSize()
	return kallsyms.Memory{Order: p.Platform().ByteOrder(), Pointer: int(size), Read: func(buf []byte, address uint64) error {
		return p.Memory().Read(buf, address, false)
	}}, err
}

// wanted are the names that are asked for whenever a kernel is opened, and by its first stack.
var wanted = []string{"_start", "_text", "_end", "_stext", "_etext", "_sinittext", "_einittext", "kallsyms_seqs_of_names", "kallsyms_offsets",
	"kallsyms_token_index", "__start_BTF", "__stop_BTF", "__start_orc_unwind_ip", "__stop_orc_unwind_ip", "__start_orc_unwind",
	"__start_orc_header", "linux_banner", "modules", "btf_modules", "init_task", "__start_rodata", "__end_rodata",
	"init_uts_ns", "swapper_pg_dir", "init_top_pgt", "node_online_map",
	"ret_from_fork_asm", "ret_from_fork", "return_to_handler", "arch_rethook_trampoline", "__kretprobe_trampoline",
	"kretprobe_trampoline"}

// placesIn returns where VMCOREINFO says that the tables are; told is false if it does not.
func placesIn(info *vmcoreinfo.Info) (p kallsyms.Places, told bool, err error) {
	for _, s := range []struct {
		name     string
		to       *uint64
		optional bool
	}{
		{"kallsyms_num_syms", &p.NumSyms, false}, {"kallsyms_names", &p.Names, false}, {"kallsyms_token_table", &p.TokenTable, false},
		{"kallsyms_token_index", &p.TokenIndex, false}, {"kallsyms_offsets", &p.Offsets, true}, {"kallsyms_relative_base", &p.RelativeBase, true},
		{"kallsyms_addresses", &p.Addresses, true},
	} {
		if _, ok := info.String("SYMBOL(" + s.name + ")"); !ok {
			if !s.optional {
				return p, false, nil
			}
			continue
		}
		if *s.to, err = info.Symbol(s.name); err != nil {
			return p, false, err
		}
	}
	return p, p.Offsets != 0 || p.Addresses != 0, nil
}

// ownSizes returns the sizes of the tables themselves (scripts/kallsyms.c). One of these is the last symbol before the kernel's strings,
// which have none: hundreds of kilobytes that would be its.
func ownSizes(t *kallsyms.Table) (all [3]sized) {
	n := uint64(t.Len())
	for i, of := range []struct {
		name string
		size uint64
	}{{"kallsyms_seqs_of_names", 3 * n}, {"kallsyms_offsets", 4 * n}, {"kallsyms_token_index", 256 * 2}} {
		if found := t.Named(of.name); len(found) == 1 {
			all[i] = sized{t.Address(found[0]), of.size}
		}
	}
	return all
}

// between sets what lies between two symbols of which there is one each.
func (o *Own) between(s *span, first, end string) bool {
	a, b := o.table.Named(first), o.table.Named(end)
	if len(a) != 1 || len(b) != 1 {
		return false
	}
	s.first, s.end = o.table.Address(a[0]), o.table.Address(b[0])
	return s.first < s.end
}

// Len returns the number of symbols.
func (o *Own) Len() int { return o.table.Len() }

// Image returns where the kernel's image lies, the last address exclusive; ok is false if the symbols do not say it.
func (o *Own) Image() (first, end uint64, ok bool) { return o.image.first, o.image.end, o.known }

// IsText reports whether an address is one of the image's code.
func (o *Own) IsText(address uint64) bool {
	return o.known && (o.text[0].has(address) || o.text[1].has(address))
}

// Named returns the symbols of a name, global ones before weak ones before local ones.
func (o *Own) Named(name string) (found []drgn.Symbol) {
	for _, i := range o.table.Named(name) {
		found = append(found, o.symbol(i, name))
	}
	slices.SortStableFunc(found, func(a, b drgn.Symbol) int { return cmp.Compare(Rank(a), Rank(b)) })
	return found
}

// Rank orders symbols by their binding: global ones are 0, then come weak ones, then local ones.
func Rank(s drgn.Symbol) int {
	switch s.Binding {
	case drgn.BindLocal:
		return 2
	case drgn.BindWeak:
		return 1
	}
	return 0
}

// At returns the symbol that contains an address: of several that begin at the same place the one that the kernel itself
// names, which is the first. It has them in this order on purpose: weak ones come late, and so do those that the linker script
// made, such as __sched_text_start (compare_symbols() in scripts/kallsyms.c). Numbers contain no address.
func (o *Own) At(address uint64) (first drgn.Symbol, ok bool) {
	if all := o.AllAt(address); len(all) > 0 {
		return all[0], true
	}
	return first, false
}

// AllAt returns the symbols that contain an address, all of which begin at the same one.
func (o *Own) AllAt(address uint64) (found []drgn.Symbol) {
	if o.known && !o.image.has(address) {
		return nil
	}
	first, end := o.table.At(address)
	for i := first; i < end; i++ {
		if s := o.symbol(i, o.table.Name(i)); address-s.Address < s.Size || address == s.Address {
			found = append(found, s)
		}
	}
	return found
}

// Table returns all symbols, in the order of their addresses.
func (o *Own) Table() *module.SymbolTable {
	all := &module.SymbolTable{Symbols: make([]module.TableSymbol, o.Len()), Strings: make([]byte, 0, o.Len()*24)}
	for i := range all.Symbols {
		s := o.symbol(i, "")
		all.Symbols[i] = module.TableSymbol{Name: uint64(len(all.Strings)), Address: s.Address, Size: s.Size, Binding: s.Binding, Kind: s.Kind}
		all.Strings = append(o.table.AppendName(all.Strings, i), 0)
	}
	return all
}

// symbol returns symbol i, whose name is name.
func (o *Own) symbol(i int, name string) drgn.Symbol {
	letter := o.table.Letter(i)
	s := drgn.Symbol{Name: name, Address: o.table.Address(i), Size: o.table.Size(i), Binding: binding(letter), Kind: kind(letter)}
	for _, of := range o.sizes {
		if s.Address == of.address {
			s.Size = min(s.Size, of.size)
		}
	}
	if o.known {
		if !o.image.has(s.Address) && o.image.has(s.Address+s.Size) {
			s.Size = 0 // the last of the numbers
		}
		// Since v7.2 variables have the letter of code; weak symbols have one of their own.
		switch text := o.IsText(s.Address); {
		case text && (letter == 'w' || letter == 'W'):
			s.Kind = drgn.SymbolFunc
		case !text && s.Kind == drgn.SymbolFunc:
			s.Kind = drgn.SymbolObject
		}
	}
	return s
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
