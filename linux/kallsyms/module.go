package kallsyms

import (
	"bytes"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/types"
)

// elfSymbol is where a struct elf64_sym (or elf32_sym) has what is looked at.
type elfSymbol struct {
	size                              uint64
	name, info, section, value, bytes types.Found
}

func elfSymbolOf(t *types.Type) (e elfSymbol, err error) {
	if e.size, err = t.Size(); err != nil {
		return e, err
	}
	for _, m := range []struct {
		name string
		to   *types.Found
	}{{"st_name", &e.name}, {"st_info", &e.info}, {"st_shndx", &e.section}, {"st_value", &e.value}, {"st_size", &e.bytes}} {
		if *m.to, err = t.FindMember(m.name); err != nil {
			return e, err
		}
		if size := m.to.Type.Underlying().OwnSize(); size != 1 && size != 2 && size != 4 && size != 8 || m.to.BitOffset/8+size > e.size || e.size > 64 {
			return e, fmt.Errorf("%s of a module's symbols is not understood", m.name)
		}
	}
	return e, nil
}

// maxStrings bounds how long the names of a module's symbols may be together.
const maxStrings = 1 << 26

// Module returns the symbols of a module that the kernel keeps, those without a name or a place left out.
//
// module is a struct module *.
//
//drgn:helper module_kallsyms(module)
func Module(mod drgn.Object) ([]drgn.Symbol, error) {
	table := mod.Member("kallsyms").Read()
	if none, err := table.IsNull(); err != nil || none {
		return nil, err
	}
	n, err := table.Member("num_symtab").Uint()
	if err != nil || n == 0 {
		return nil, err
	}
	if n > kallsyms.MaxSymbols {
		return nil, walk.Corrupt("module's table of symbols", "it has %d", n)
	}
	first := table.Member("symtab").Deref()
	if err := first.Err(); err != nil {
		return nil, err
	}
	e, err := elfSymbolOf(first.Type().Underlying())
	if err != nil {
		return nil, err
	}
	p := mod.Prog()
	at, err := first.AddressOf().Uint()
	if err != nil {
		return nil, err
	}
	raw, err := p.Read(at, n*e.size, false)
	if err != nil {
		return nil, err
	}
	platform := p.Platform()
	field := func(i uint64, m types.Found) uint64 {
		return platform.Uint(raw[i*e.size+m.BitOffset/8:][:m.Type.WithoutTypedefs().OwnSize()])
	}
	strings, err := table.Member("strtab").Uint()
	if err != nil {
		return nil, err
	}
	names, err := stringsOf(p, strings, n, func(i uint64) uint64 { return field(i, e.name) })
	if err != nil {
		return nil, err
	}
	out := make([]drgn.Symbol, 0, n)
	for i := range n {
		name := names(field(i, e.name))
		if name == "" || field(i, e.section) == 0 {
			continue
		}
		s := drgn.Symbol{Name: name, Address: field(i, e.value), Size: field(i, e.bytes)}
		info := field(i, e.info)
		if table.HasMember("typetab") {
			s.Kind = drgn.SymbolKind(info & 0xf)
			if b := info >> 4; b <= 2 || b == 10 {
				s.Binding = drgn.SymbolBinding(b + 1)
			}
		} else { // before v5.2 the letter of the type was there
			s.Binding, s.Kind = binding(byte(info)), kind(byte(info))
		}
		out = append(out, s)
	}
	return out, nil
}

// stringsOf reads the names of n symbols, which lie one after another, and returns what gives that at an offset.
func stringsOf(p *drgn.Program, at, n uint64, offset func(i uint64) uint64) (func(uint64) string, error) {
	var last uint64
	for i := range n {
		last = max(last, offset(i))
	}
	if last > maxStrings {
		return nil, walk.Corrupt("module's table of symbols", "a name lies %d bytes into the names", last)
	}
	text, err := p.Read(at, last, false)
	if err != nil {
		return nil, err
	}
	char, err := p.Type("char *")
	if err != nil {
		return nil, err
	}
	end, err := p.ScalarValue(char, at+last).CString()
	if err != nil {
		return nil, err
	}
	text = append(append(text, end...), 0)
	return func(off uint64) string {
		s := text[off:]
		return string(s[:bytes.IndexByte(s, 0)])
	}, nil
}
