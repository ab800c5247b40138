package linux

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/mem"
	modules "github.com/godrgn/drgn/module"
)

type (
	bpfKey    struct{}
	ftraceKey struct{}
)

// fixed returns what make returns. Of a core it is kept for one generation of the program; a running kernel loads and
// unloads modules.
func fixed[T any](p *drgn.Program, key any, make func() (T, error)) (T, error) {
	if p.Flags()&drgn.IsLive != 0 {
		return make()
	}
	return drgn.Memo(p, key, make)
}

type imageTableKey struct{}

// ImageTable returns where the kernel has its own ORC tables, by its symbols.
func (k *Kernel) ImageTable() (t modules.UnwindTable, ok bool, err error) {
	t, err = drgn.Memo(k.prog, imageTableKey{}, k.findImageTable)
	return t, t.Count != 0, err
}

// findImageTable is ImageTable; Count is 0 if the kernel has no such tables.
func (k *Kernel) findImageTable() (t modules.UnwindTable, err error) {
	t.Name = "the kernel"
	var end uint64
	for _, s := range []struct {
		name string
		to   *uint64
	}{{"__start_orc_unwind_ip", &t.IP}, {"__stop_orc_unwind_ip", &end}, {"__start_orc_unwind", &t.Entries}, {"__start_orc_header", &t.Header}} {
		symbol, err := k.imageSymbol(s.name)
		switch {
		case err == nil:
			*s.to = symbol.Address
		case !drgn.IsNotFound(err):
			return t, err
		case s.to != &t.Header: // since v6.4, commit b9f174c811e3
			return t, nil
		}
	}
	if end < t.IP {
		return t, fmt.Errorf("the kernel's ORC tables end at %#x, before they begin at %#x", end, t.IP)
	}
	t.Count = (end - t.IP) / 4
	return t, nil
}

// TableAt returns the ORC table of the module whose code has an address, which the kernel has copied with it and sorted.
func (k *Kernel) TableAt(pc uint64) (t modules.UnwindTable, ok bool, err error) {
	if image, err := k.inImage(pc); err != nil {
		return t, false, err
	} else if image {
		t, _, err = k.ImageTable() // which may have no entries
		return t, err == nil, err
	}
	m, err := k.moduleAt(pc)
	if err != nil {
		return t, false, err
	}
	if m != nil {
		if t, ok, err = m.tableAt(pc); err != nil && !m.unchanged() {
			return t, false, nil // it was unloaded
		}
		return t, ok, err
	}
	return k.madeAt(pc)
}

// madeAt returns how code is unwound that the kernel has made itself: compiled BPF, trampolines of ftrace, the code of kprobes.
func (k *Kernel) madeAt(pc uint64) (t modules.UnwindTable, ok bool, err error) {
	if program, ok, err := k.bpfAt(pc); ok || err != nil {
		return modules.UnwindTable{Name: program.symbol.Name, FramePointers: program.keepsFramePointers(pc)}, ok, err
	}
	if copied, ok, err := k.ftraceAt(pc); ok || err != nil {
		return modules.UnwindTable{Name: copied.symbol.Name, CopyOf: copied.of + pc - copied.symbol.Address}, ok, err
	}
	if probe, ok, err := k.kprobeAt(pc); ok || err != nil {
		return modules.UnwindTable{Name: probe.symbol.Name, CopyOf: probe.copyOf, Registers: probe.registers}, ok, err
	}
	image, ok, err := k.aliasAt(pc)
	if !ok || err != nil {
		return t, false, err
	}
	return modules.UnwindTable{Name: "the kernel", CopyOf: image}, true, nil
}

// aliasAt returns the address in the image of code that the kernel has mapped elsewhere, too; ok is false for other addresses.
func (k *Kernel) aliasAt(pc uint64) (image uint64, ok bool, err error) {
	if k.machine.Alias == nil || !k.machine.IsKernelAddress(pc) {
		return 0, false, nil
	}
	if image, ok = k.machine.Alias(k.facts(k.prog.Platform(), k.prog.Memory()), k.prog, pc); !ok {
		return 0, false, nil
	}
	ok, err = k.inImage(image)
	return image, ok, err
}

// Misled reports whether debugging information tells of code what is not so, and its instructions what is.
func (k *Kernel) Misled(pc uint64) bool {
	if k.machine.Rows.Misled == nil {
		return false
	}
	s, err := k.prog.SymbolAt(pc)
	return err == nil && k.machine.Rows.Misled(s.Name)
}

type rowKey struct{ pc uint64 }

// maxFunction bounds the size of a function whose instructions are looked at, in bytes.
const maxFunction = 256 << 10

// RowAt returns how code that no table describes is unwound, by its instructions; nil where they do not tell. gap is where its table has
// nothing; the zero Range if there is no table.
func (k *Kernel) RowAt(pc uint64, gap mem.Range) (*modules.UnwindRow, error) {
	rows := &k.machine.Rows
	tables := gap != mem.Range{}
	if tables && rows.Untold == nil || !tables && rows.All == nil {
		return nil, nil
	}
	return fixed(k.prog, rowKey{pc}, func() (*modules.UnwindRow, error) {
		s, err := k.prog.SymbolAt(pc)
		if err == nil && s.Size == 0 { // of assembly whose file does not say where it ends
			if own, err := k.own(); err == nil {
				s, _ = own.At(pc)
			}
		}
		if drgn.IsNotFound(err) || err == nil && (pc-s.Address >= s.Size || s.Size > maxFunction) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		code, err := k.prog.Read(s.Address, s.Size, false)
		if fault := (*mem.FaultError)(nil); errors.As(err, &fault) {
			return nil, nil // the dump does not have it
		}
		if err != nil {
			return nil, err
		}
		fn := machine.Function{Name: s.Name, Start: s.Address, Code: code, Gap: gap, Stopped: k.stoppedAt}
		if tables {
			return rows.Untold(fn, pc), nil
		}
		return rows.All(k.prog, fn, pc)
	})
}

type imageTextKey struct{}

// inImage reports whether an address is one of the kernel's own code.
func (k *Kernel) inImage(pc uint64) (bool, error) {
	text, err := drgn.Memo(k.prog, imageTextKey{}, k.findImageText)
	return slices.ContainsFunc(text, func(r mem.Range) bool { return pc >= r.Min && pc <= r.Max }), err
}

// findImageText returns where the kernel's own code lies; nothing if it has no symbols that say it.
func (k *Kernel) findImageText() (text []mem.Range, err error) {
	for _, part := range [][2]string{{"_stext", "_etext"}, {"_sinittext", "_einittext"}, {"__entry_tramp_text_start", "__entry_tramp_text_end"}} {
		var bounds [2]drgn.Symbol
		for i, name := range part {
			if bounds[i], err = k.imageSymbol(name); err != nil {
				break
			}
		}
		switch {
		case err != nil && !drgn.IsNotFound(err):
			return nil, err
		case err == nil && bounds[0].Address < bounds[1].Address:
			text = append(text, mem.Range{Min: bounds[0].Address, Max: bounds[1].Address - 1})
		}
	}
	return text, nil
}

// CodeSymbol returns the symbol of a module that contains an address, by the symbols that the kernel keeps of the module, or
// the name that it gave compiled BPF or a trampoline of ftrace.
func (k *Kernel) CodeSymbol(address uint64) (s drgn.Symbol, ok bool, err error) {
	if image, err := k.inImage(address); image || err != nil {
		return s, false, err
	}
	m, err := k.moduleAt(address)
	if err == nil && m == nil {
		if program, ok, err := k.bpfAt(address); ok || err != nil {
			return program.symbol, ok, err
		}
		if copied, ok, err := k.ftraceAt(address); ok || err != nil {
			return copied.symbol, ok, err
		}
		if probe, ok, err := k.kprobeAt(address); ok || err != nil {
			return probe.symbol, ok, err
		}
		image, ok, err := k.aliasAt(address)
		if !ok || err != nil {
			return s, false, err
		}
		s, err := k.prog.SymbolAt(image)
		s.Address += address - image
		return s, err == nil, err
	}
	if err != nil {
		return s, false, err
	}
	index, err := m.symbols()
	if err != nil && !m.unchanged() {
		return s, false, nil // it was unloaded
	}
	if err != nil {
		return s, false, err
	}
	found := index.Find(drgn.SymbolQuery{Address: address, HasAddress: true, One: true})
	if len(found) == 0 {
		return s, false, nil
	}
	return found[0], true, nil
}

// bpfCode is compiled BPF: a program, or a trampoline that calls programs before or after a function of the kernel.
type bpfCode struct {
	symbol drgn.Symbol
	// first and end bound the addresses, relative to the symbol's, where the frame pointer is that of this code's frame; both
	// are 0 if the kernel does not say.
	first, end uint64
}

func (b *bpfCode) keepsFramePointers(pc uint64) bool {
	offset := pc - b.symbol.Address
	return b.end == 0 || offset >= b.first && offset < b.end
}

// bpfAt returns the compiled BPF that an address lies in.
func (k *Kernel) bpfAt(address uint64) (b bpfCode, ok bool, err error) {
	if !k.machine.IsKernelAddress(address) {
		return b, false, nil
	}
	all, err := fixed(k.prog, bpfKey{}, k.bpfSymbols)
	if err != nil {
		return b, false, err
	}
	i := sort.Search(len(all), func(i int) bool { return all[i].symbol.Address > address }) - 1
	if i < 0 || address-all[i].symbol.Address >= all[i].symbol.Size {
		return b, false, nil
	}
	return all[i], true, nil
}

// bpfSymbols returns what the kernel calls compiled BPF, by address: bpf_kallsyms has a struct bpf_ksym for each program and
// trampoline, since v5.7, commits ca4424c920f5 and e9b4e606c2289.
func (k *Kernel) bpfSymbols() (all []bpfCode, err error) {
	head := k.prog.Variable("bpf_kallsyms")
	if drgn.IsNotFound(head.Err()) {
		return nil, nil
	}
	if _, err := k.prog.Type("struct bpf_ksym"); drgn.IsNotFound(err) {
		return nil, nil
	}
	for sym, err := range list.ForEachEntry("struct bpf_ksym", head.AddressOf(), "lnode") {
		if err != nil {
			return nil, fmt.Errorf("cannot walk the list of compiled BPF: %w", err)
		}
		name, err := sym.Member("name").CString()
		if err != nil {
			return nil, err
		}
		b := bpfCode{symbol: drgn.Symbol{Name: string(name)}}
		var end uint64
		read := map[string]*uint64{"start": &b.symbol.Address, "end": &end}
		if sym.HasMember("fp_start") {
			read["fp_start"], read["fp_end"] = &b.first, &b.end
		}
		for member, to := range read {
			if *to, err = sym.Member(member).Uint(); err != nil {
				return nil, err
			}
		}
		b.symbol.Size = max(end, b.symbol.Address) - b.symbol.Address
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b bpfCode) int { return cmp.Compare(a.symbol.Address, b.symbol.Address) })
	return all, nil
}

// ftraceCode is a trampoline that ftrace has made for one of its users: a copy of ftrace_caller or ftrace_regs_caller.
type ftraceCode struct {
	symbol drgn.Symbol
	of     uint64 // address of the function that it is a copy of
}

// ftraceAt returns the trampoline that an address lies in.
func (k *Kernel) ftraceAt(address uint64) (f ftraceCode, ok bool, err error) {
	if !k.machine.IsKernelAddress(address) {
		return f, false, nil
	}
	all, err := fixed(k.prog, ftraceKey{}, k.ftraceTrampolines)
	if err != nil {
		return f, false, err
	}
	for _, f := range all {
		if address-f.symbol.Address < f.symbol.Size {
			return f, true, nil
		}
	}
	return f, false, nil
}

// ftraceTrampolines walks the users of ftrace.
func (k *Kernel) ftraceTrampolines() (all []ftraceCode, err error) {
	const saveRegs = 1 << 2 // FTRACE_OPS_FL_SAVE_REGS
	first := k.prog.Variable("ftrace_ops_list").Read()
	if drgn.IsNotFound(first.Err()) {
		return nil, nil
	}
	var from [2]uint64
	for i, name := range []string{"ftrace_caller", "ftrace_regs_caller"} {
		s, err := k.imageSymbol(name)
		if drgn.IsNotFound(err) {
			return nil, nil // a kernel or an architecture without them
		}
		if err != nil {
			return nil, err
		}
		from[i] = s.Address
	}
	for ops, err := range walk.Nodes("list of ftrace's users", first, "next") {
		if err != nil {
			return nil, err
		}
		if !ops.HasMember("trampoline_size") { // without CONFIG_DYNAMIC_FTRACE
			return nil, nil
		}
		f := ftraceCode{symbol: drgn.Symbol{Name: "ftrace_trampoline"}, of: from[0]} // the kernel's own name for them
		var flags uint64
		for member, to := range map[string]*uint64{"flags": &flags, "trampoline": &f.symbol.Address, "trampoline_size": &f.symbol.Size} {
			if *to, err = ops.Member(member).Uint(); err != nil {
				return nil, fmt.Errorf("cannot read ftrace's users: %w", err)
			}
		}
		if flags&saveRegs != 0 {
			f.of = from[1]
		}
		if f.symbol.Address != 0 && f.symbol.Size != 0 {
			all = append(all, f)
		}
	}
	return all, nil
}
