// Package orc reads the ORC tables with which Linux on x86-64 unwinds its own stacks: .orc_unwind_ip, .orc_unwind and
// .orc_header. They cover assembly as well as C, and are in every kernel image and in the memory of every kernel that
// was built with CONFIG_UNWINDER_ORC, but they track only the stack pointer, the frame pointer and the program counter.
//
// See Documentation/arch/x86/orc-unwinder.rst in the kernel's sources. (LoongArch has tables of the same name since
// v6.9; their entries are different, and this package does not read them.)
package orc

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sort"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/cfi"
)

// Tables are the sections of a kernel or module, relocated, or what lies at their place in the kernel's memory.
type Tables struct {
	IP        []byte // .orc_unwind_ip: for each entry, its address relative to the place of the number, 32 bits
	IPAddress uint64 // address of IP
	Entries   []byte // .orc_unwind: entries of 6 bytes
	Header    []byte // .orc_header: nil if there is none
	Bias      uint64 // what was added to the addresses in the file to get those in memory
	Owner     any    // what the bytes live as long as; may be nil
}

// A Table finds ORC entries by address. It serves any number of goroutines.
type Table struct {
	ip      []byte
	entries []byte
	owner   any
	address uint64
	bias    uint64
	n       int
	order   []uint32 // entries in the order of their addresses; nil if they lie in that order
	layout  *Layout
}

const (
	entrySize = 6
	ipSize    = 4
)

// New checks tables and finds out their layout, by the header or, if that is unknown or missing, by what entries look
// like. It fails with a [*bin.DecodeError].
func New(t Tables) (*Table, error) {
	n := len(t.Entries) / entrySize
	if len(t.Entries)%entrySize != 0 || len(t.IP) != n*ipSize {
		return nil, &bin.DecodeError{Section: ".orc_unwind", Off: uint64(len(t.Entries)),
			Problem: fmt.Sprintf("%d bytes of entries and %d bytes of addresses do not match", len(t.Entries), len(t.IP))}
	}
	table := &Table{ip: t.IP, entries: t.Entries, owner: t.Owner, address: t.IPAddress, bias: t.Bias, n: n}
	var err error
	if table.layout, err = Recognize(t.Header, t.Entries); err != nil {
		return nil, err
	}
	table.sort()
	return table, nil
}

// sort makes the order of the entries if they aren't sorted: vmlinux has been sorted since v5.6 (57fa18994285), before
// and in modules the kernel sorts when it loads them.
func (t *Table) sort() {
	sorted := true
	for i := 1; i < t.n && sorted; i++ {
		sorted = t.at(i-1) <= t.at(i)
	}
	if sorted {
		return
	}
	t.order = make([]uint32, t.n)
	for i := range t.order {
		t.order[i] = uint32(i)
	}
	// Of two entries for an address, one may end the code before it; that one comes first, and the other is found.
	rank := func(i uint32) int {
		if e := t.entry(int(i)); e.kind == kindUndefined {
			return 0
		}
		return 1
	}
	slices.SortFunc(t.order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(t.at(int(a)), t.at(int(b))), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// at returns the address of an entry as it lies in the table.
func (t *Table) at(i int) uint64 {
	off := i * ipSize
	return t.address + uint64(off) + uint64(int64(int32(binary.LittleEndian.Uint32(t.ip[off:]))))
}

// ordered returns the number of the i-th entry by address.
func (t *Table) ordered(i int) int {
	if t.order != nil {
		return int(t.order[i])
	}
	return i
}

// Layout returns how the entries are read.
func (t *Table) Layout() *Layout { return t.layout }

// Len returns the number of entries.
func (t *Table) Len() int { return t.n }

// entry decodes the i-th entry as it lies in the table.
func (t *Table) entry(i int) entry {
	return t.layout.decode([entrySize]byte(t.entries[i*entrySize:]))
}

// FindRow returns the row for a program counter in memory, or nil if the tables say nothing about it. It fails with a
// [*bin.DecodeError] on a malformed entry. pc must lie within the calling instruction, not after it.
func (t *Table) FindRow(pc uint64) (*cfi.Row, error) {
	defer runtime.KeepAlive(t) // the bytes live as long as its owner
	address := pc - t.bias
	n := sort.Search(t.n, func(i int) bool { return t.at(t.ordered(i)) > address }) - 1
	if n < 0 {
		return nil, nil
	}
	i := t.ordered(n)
	row := &cfi.Row{Start: t.at(i) + t.bias, End: ^uint64(0), ReturnAddress: rip, Bias: t.bias}
	if n+1 < t.n {
		row.End = t.at(t.ordered(n+1)) + t.bias
	}
	return t.entry(i).row(row, uint64(i))
}

// PtRegsRow returns the row for an address at which a struct pt_regs lies at the stack pointer, with all registers of what was
// interrupted.
func PtRegsRow(pc uint64) *cfi.Row {
	row := &cfi.Row{Start: pc, End: pc + 1, ReturnAddress: rip}
	if problem := (&entry{kind: kindRegs, sp: baseSP, signal: true}).fill(row); problem != "" {
		panic(problem) // such an entry is in each table
	}
	return row
}

// row completes a row of which the range is known by the i-th entry. It returns nil if the entry says nothing.
func (e entry) row(row *cfi.Row, i uint64) (*cfi.Row, error) {
	if e.kind == kindUndefined {
		return nil, nil
	}
	if problem := e.fill(row); problem != "" {
		return nil, &bin.DecodeError{Section: ".orc_unwind", Off: i * entrySize, Problem: problem}
	}
	return row, nil
}

// fill writes what an entry says into a row, or returns what is wrong with it.
func (e *entry) fill(row *cfi.Row) (problem string) {
	row.Signal = e.signal
	if e.kind == kindEndOfStack {
		row.Outermost = true
		return ""
	}
	row.CFA.Offset = int64(e.spOffset)
	row.CFA.Kind = cfi.RegisterPlus
	switch e.sp {
	case baseSP:
		row.CFA.Register = rsp
	case baseBP:
		row.CFA.Register = rbp
	case baseSPIndirect:
		// Since 87ccc826bf1c (v5.12) the offset is added to the word found there. Before, it was added to the stack
		// pointer, but was always 0.
		row.CFA.Kind, row.CFA.Register = cfi.RegisterAt, rsp
	case baseBPIndirect:
		row.CFA.Kind, row.CFA.Register = cfi.RegisterPlusAt, rbp
	case baseAX, baseDX, baseDI, baseR10, baseR13:
		// The kernel's unwinder takes these as they are.
		row.CFA.Register = map[base]uint8{baseAX: rax, baseDX: rdx, baseDI: rdi, baseR10: r10, baseR13: r13}[e.sp]
		row.CFA.Offset = 0
	default:
		return fmt.Sprintf("base %d of the stack pointer is unknown", e.regs&0xf)
	}
	switch e.kind {
	case kindCall:
		row.Rules = callRules[:2:2]
	case kindRegs:
		row.Rules = regsRules
		return ""
	case kindRegsPartial:
		row.Rules = partialRules[:len(partialRules):len(partialRules)]
	default:
		return "type of entry is unknown"
	}
	switch e.bp {
	case baseUndefined:
		row.Same |= 1 << rbp
	case basePrevSP:
		row.Rules = append(row.Rules, at(rbp, cfi.CFAPlusAt, int64(e.bpOffset)))
	case baseBP:
		rule := at(rbp, cfi.RegisterPlusAt, int64(e.bpOffset))
		rule.Rule.Register = rbp
		row.Rules = append(row.Rules, rule)
	default:
		return fmt.Sprintf("base %d of the frame pointer is unknown", e.regs>>4)
	}
	return ""
}

// Numbers of registers.
var (
	rsp = number("rsp")
	rbp = number("rbp")
	r10 = number("r10")
	r13 = number("r13")
	rdi = number("rdi")
	rdx = number("rdx")
	rax = number("rax")
	rip = arch.X86_64.PC
)

func number(name string) uint8 {
	n, ok := arch.X86_64.Register(name)
	if !ok {
		panic("x86-64 has no register " + name)
	}
	return uint8(n)
}

func at(register uint8, kind cfi.Kind, offset int64) cfi.RegisterRule {
	return cfi.RegisterRule{Register: register, Rule: cfi.Rule{Kind: kind, Offset: offset}}
}

// A call pushed the return address; the base is the stack pointer before the call.
var callRules = []cfi.RegisterRule{at(uint8(rip), cfi.CFAPlusAt, -8), at(rsp, cfi.CFAPlus, 0)}

// The base is a struct pt_regs, or its tail from ip on.
var regsRules, partialRules = ptRegsRules()

func ptRegsRules() (full, partial []cfi.RegisterRule) {
	var ip uint32
	for _, s := range arch.X86_64.PtRegs {
		if s.Register == rip {
			ip = s.Offset
		}
	}
	for _, s := range arch.X86_64.PtRegs {
		rule := at(uint8(s.Register), cfi.CFAPlusAt, int64(s.Offset))
		rule.Rule.Size = s.Size
		full = append(full, rule)
		if s.Offset >= ip {
			rule.Rule.Offset -= int64(ip)
			partial = append(partial, rule)
		}
	}
	return full, partial
}
