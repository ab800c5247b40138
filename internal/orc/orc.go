// Package orc reads the ORC tables with which Linux on x86-64 unwinds its own stacks: .orc_unwind_ip, .orc_unwind and
// .orc_header. They cover assembly as well as C, and are in every kernel image and in the memory of every kernel that
// was built with CONFIG_UNWINDER_ORC, but they track only the stack pointer, the frame pointer and the program counter.
//
// See Documentation/arch/x86/orc-unwinder.rst in the kernel's sources. (LoongArch has tables of the same name since
// v6.9; their entries are different, and this package does not read them.)
package orc

import (
	"bytes"
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
	format  Format
}

// A Format is a version of the layout of an entry. All have the offsets from the stack pointer's and frame pointer's
// bases (16 bits each), then the two bases (4 bits each), and differ in the last byte.
type Format uint8

const (
	// FormatEnd is that of v4.14 to v6.2: type in bits 0 and 1; since d31a580266ee (v4.18) the end of the stack in bit 2,
	// which was zero before.
	FormatEnd Format = iota
	// FormatSignal is that of v6.3, since ffb1b4a41016: type in bits 0 and 1, signal in bit 2, end of the stack in bit 3.
	FormatSignal
	// FormatType is that since v6.4 (fb799447ae29): type in bits 0 to 2, signal in bit 3. The type also tells the end of
	// the stack.
	FormatType
)

// Since b9f174c811e3 (v6.4, and in stable kernels from 6.3.10 on) .orc_header has the SHA-1 of the lines of
// asm/orc_types.h that define ORC_REG_*, ORC_TYPE_* and struct orc_entry (scripts/orc_hash.sh).
var (
	headerSignal = []byte("\xdb\x84\xae\xd4\x10\x3b\x31\xdd\x51\xe0\x17\xf8\xf7\x97\x83\xca\x98\x5c\x2c\x51")
	headerType   = []byte("\xfe\x5d\x32\xbf\x58\x1b\xd6\x3b\x2c\xa9\xa5\xc6\x5b\xa5\xa6\x25\xea\xb3\xfe\x24")
)

const (
	entrySize = 6
	ipSize    = 4
)

// New checks tables and finds out their format. It fails with a [*bin.DecodeError].
func New(t Tables) (*Table, error) {
	n := len(t.Entries) / entrySize
	if len(t.Entries)%entrySize != 0 || len(t.IP) != n*ipSize {
		return nil, &bin.DecodeError{Section: ".orc_unwind", Off: uint64(len(t.Entries)),
			Problem: fmt.Sprintf("%d bytes of entries and %d bytes of addresses do not match", len(t.Entries), len(t.IP))}
	}
	table := &Table{ip: t.IP, entries: t.Entries, owner: t.Owner, address: t.IPAddress, bias: t.Bias, n: n}
	switch {
	case bytes.Equal(t.Header, headerType):
		table.format = FormatType
	case bytes.Equal(t.Header, headerSignal):
		table.format = FormatSignal
	default:
		table.format = table.guess()
	}
	table.sort()
	return table, nil
}

// guess finds out the format of tables without a known header from what they say. Nearly all code is reached by calls
// and finds its caller's stack pointer by its own: that type, CALL, was 0 and became 2. Before v6.4, only v6.3 used the
// last bit.
func (t *Table) guess() Format {
	var types [8]int
	last := byte(0)
	for i := range t.n {
		b := t.entries[i*entrySize+4:]
		if b[0]&0xf == regSP {
			types[b[1]&7]++
		}
		last |= b[1] & 8
	}
	switch {
	case types[2] > types[0]:
		return FormatType
	case last != 0:
		return FormatSignal
	}
	return FormatEnd
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

// Format returns the layout of the entries.
func (t *Table) Format() Format { return t.format }

// Len returns the number of entries.
func (t *Table) Len() int { return t.n }

// Bases of the stack pointer and frame pointer, ORC_REG_* in the kernel.
const (
	regUndefined  = 0
	regPrevSP     = 1
	regDX         = 2
	regDI         = 3
	regBP         = 4
	regSP         = 5
	regR10        = 6
	regR13        = 7
	regBPIndirect = 8
	regSPIndirect = 9
)

type kind uint8

const (
	kindUndefined   kind = iota // nothing is known
	kindEndOfStack              // there is no caller
	kindCall                    // a function called by another
	kindRegs                    // the base is a struct pt_regs
	kindRegsPartial             // the base is the tail of a struct pt_regs that the processor writes, from ip on
	kindUnknown
)

// entry is a decoded struct orc_entry.
type entry struct {
	spOffset, bpOffset int16
	spReg, bpReg       uint8
	kind               kind
	signal             bool
}

// entry decodes the i-th entry as it lies in the table.
func (t *Table) entry(i int) entry {
	b := t.entries[i*entrySize:]
	e := entry{
		spOffset: int16(binary.LittleEndian.Uint16(b)), bpOffset: int16(binary.LittleEndian.Uint16(b[2:])),
		spReg: b[4] & 0xf, bpReg: b[4] >> 4,
	}
	if t.format == FormatType {
		e.signal = b[5]&8 != 0
		e.kind = min(kind(b[5]&7), kindUnknown)
		return e
	}
	// The types CALL, REGS and REGS_IRET (REGS_PARTIAL).
	e.kind = [4]kind{kindCall, kindRegs, kindRegsPartial, kindUnknown}[b[5]&3]
	end := b[5]&4 != 0
	e.signal = e.kind != kindCall
	if t.format == FormatSignal {
		end, e.signal = b[5]&8 != 0, b[5]&4 != 0
	}
	switch {
	case end:
		e.kind = kindEndOfStack
	case e.spReg == regUndefined:
		e.kind = kindUndefined
	}
	return e
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
	e := t.entry(i)
	if e.kind == kindUndefined {
		return nil, nil
	}
	if problem := e.fill(row); problem != "" {
		return nil, &bin.DecodeError{Section: ".orc_unwind", Off: uint64(i * entrySize), Problem: problem}
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
	switch e.spReg {
	case regSP:
		row.CFA.Register = rsp
	case regBP:
		row.CFA.Register = rbp
	case regSPIndirect:
		// Since 87ccc826bf1c (v5.12) the offset is added to the word found there. Before, it was added to the stack
		// pointer, but was always 0.
		row.CFA.Kind, row.CFA.Register = cfi.RegisterAt, rsp
	case regBPIndirect:
		row.CFA.Kind, row.CFA.Register = cfi.RegisterPlusAt, rbp
	case regR10, regR13, regDI, regDX:
		// The kernel's unwinder takes these as they are.
		row.CFA.Register = map[uint8]uint8{regR10: r10, regR13: r13, regDI: rdi, regDX: rdx}[e.spReg]
		row.CFA.Offset = 0
	default:
		return fmt.Sprintf("base %d of the stack pointer is unknown", e.spReg)
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
	switch e.bpReg {
	case regUndefined:
		row.Same |= 1 << rbp
	case regPrevSP:
		row.Rules = append(row.Rules, at(rbp, cfi.CFAPlusAt, int64(e.bpOffset)))
	case regBP:
		rule := at(rbp, cfi.RegisterPlusAt, int64(e.bpOffset))
		rule.Rule.Register = rbp
		row.Rules = append(row.Rules, rule)
	default:
		return fmt.Sprintf("base %d of the frame pointer is unknown", e.bpReg)
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
