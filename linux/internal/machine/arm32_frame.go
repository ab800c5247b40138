package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

// Kernels for 32-bit Arm carry the index of unwind tables of "Exception Handling ABI for the Arm Architecture": for each function, the
// instructions that undo what it has done to the stack once it has begun. They are of use where there is no debugging information, and of
// assembly, of which that says nothing.

// Numbers of registers.
const (
	arm32FP = 11
	arm32SP = 13
	arm32LR = 14
	arm32PC = 15
)

// arm32Row returns how a function is unwound from a program counter.
func arm32Row(p *drgn.Program, fn Function, pc uint64) (*module.UnwindRow, error) {
	called := pc&3 != 0
	if called {
		// System calls return to where no call is (arch/arm/kernel/entry-common.S), with two arguments on the stack, and a struct pt_regs.
		if s, err := p.Symbol("ret_fast_syscall"); err == nil && s.Address == pc+1 {
			row := arm32PtRegs(8)
			row.Landing = true
			return row, nil
		} else if err != nil && !drgn.IsNotFound(err) {
			return nil, err
		}
	}
	switch name := fn.Name; {
	case name == "__sys_trace" && called:
		return arm32PtRegs(8), nil
	case strings.HasPrefix(name, "__sys_trace"), name == "ret_fast_syscall", name == "__ret_fast_syscall", name == "local_restart", name == "vector_swi",
		name == "slow_work_pending", name == "no_work_pending", name == "ret_to_user", name == "ret_to_user_from_irq", name == "ret_from_exception",
		strings.HasSuffix(name, "_usr"), name == "ret_from_fork": // with no more than a struct pt_regs
		if called || name == "ret_from_fork" {
			return arm32PtRegs(0), nil
		}
		return arm32Between(), nil
	case strings.HasPrefix(name, "vector_"):
		return arm32Between(), nil
	case name == "__mmap_switched" || name == "secondary_startup" || name == "__secondary_switched" || name == "__enable_mmu": // a CPU begins here
		return outermost(), nil
	}
	order := p.Platform().ByteOrder()
	at, ok, err := arm32Index(p, order, pc)
	if err != nil || !ok {
		return nil, err
	}
	row, err := arm32Undo(p, order, at)
	if row == nil || err != nil {
		return nil, err
	}
	if row.Return == arm32PC { // it has the registers of what was interrupted, if it has saved them
		row.Interrupted = true
		if !called && !containsWord(fn.Code[:int(pc-fn.Start)&^3], arm32SavePC, order) {
			return arm32Between(), nil
		}
		return row, nil
	}
	if !called && int(pc-fn.Start) < 4*arm32Prologue { // it may not have begun yet: the tables do not say where it has
		return nil, nil
	}
	return row, nil
}

// arm32Prologue is how many instructions of a function there may be before it has made its frame.
const arm32Prologue = 8

// arm32SavePC is STM r7, {r2, r3, r4, r5, r6}, the last that an exception saves (svc_entry, arch/arm/kernel/entry-armv.S).
const arm32SavePC = 0xe887007c

// containsWord reports whether an instruction is in code.
func containsWord(code []byte, instruction uint32, order binary.ByteOrder) bool {
	for ; len(code) >= 4; code = code[4:] {
		if order.Uint32(code) == instruction {
			return true
		}
	}
	return false
}

// arm32PtRegs is the row of code on whose stack lies a struct pt_regs, so many bytes above the stack pointer.
func arm32PtRegs(above int64) *module.UnwindRow {
	row := &module.UnwindRow{Base: arm32SP, Offset: above, Return: arm32PC, Interrupted: true}
	for _, slot := range arch.ARM.PtRegs {
		row.Saved = append(row.Saved, saved(slot.Register, int64(slot.Offset)))
	}
	return row
}

func arm32Between() *module.UnwindRow { return &module.UnwindRow{Between: errARM32Between} }

var errARM32Between = errors.New("the CPU was stopped at the begin or the end of an exception; the dump does not have the register that says what that interrupted")

// An arm32Table is an index: pairs of words, the first of which leads to a function, in the order of the functions' addresses.
type arm32Table struct{ first, end uint64 }

type arm32TablesKey struct{}

// arm32Index returns where the entry for a program counter lies; ok is false if there is none.
func arm32Index(p *drgn.Program, order binary.ByteOrder, pc uint64) (at uint64, ok bool, err error) {
	tables, err := drgn.Memo(p, arm32TablesKey{}, func() ([]arm32Module, error) { return arm32Modules(p) })
	if err != nil {
		return 0, false, err
	}
	i := slices.IndexFunc(tables, func(m arm32Module) bool { return pc >= m.begin && pc < m.end })
	if i < 0 {
		return 0, false, nil
	}
	t := tables[i].index
	n := int((t.end - t.first) / 8)
	start := func(i int) uint64 {
		at := t.first + uint64(i)*8
		var word uint64
		if err == nil {
			word, err = p.ReadUint(at, 4, false)
		}
		return prel31(at, word)
	}
	found := sort.Search(n, func(i int) bool { return start(i) > pc }) - 1
	if err != nil || found < 0 {
		return 0, false, err
	}
	return t.first + uint64(found)*8, true, nil
}

// prel31 returns where a word at an address leads, whose lower 31 bits are signed and relative to it.
func prel31(at, word uint64) uint64 {
	return uint64(uint32(at) + uint32(int32(uint32(word)<<1)>>1))
}

// An arm32Module is a range of code, and its index.
type arm32Module struct {
	begin, end uint64
	index      arm32Table
}

// arm32Most bounds the number of modules whose tables are looked at, and that of the entries of each, in bytes.
const (
	arm32Most  = 10000
	arm32Bytes = 64 << 20
)

// arm32Modules returns the indexes of the kernel's image and of its modules (arch/arm/kernel/unwind.c).
func arm32Modules(p *drgn.Program) (all []arm32Module, err error) {
	var at [4]uint64
	for i, name := range []string{"_stext", "_etext", "__start_unwind_idx", "__stop_unwind_idx"} {
		s, err := p.Symbol(name)
		if drgn.IsNotFound(err) {
			return nil, nil // a kernel without CONFIG_ARM_UNWIND
		}
		if err != nil {
			return nil, err
		}
		at[i] = s.Address
	}
	all = append(all, arm32Module{at[0], at[1], arm32Table{at[2], at[3]}})
	head := p.Variable("unwind_tables")
	if drgn.IsNotFound(head.Err()) {
		return all, nil
	}
	list, _ := head.Address() // it is a variable
	next, err := head.Member("next").Uint()
	for ; err == nil && next != list; next, err = p.ReadUint(next, 4, false) {
		if len(all) > arm32Most {
			return nil, fmt.Errorf("the list unwind_tables has more than %d entries", arm32Most)
		}
		t, err := p.Type("struct unwind_table")
		if err != nil {
			return nil, err
		}
		// Its first member is the list, since v5.18 no other: it was the last before.
		offset, err := drgn.OffsetOf(t, "list")
		if err != nil {
			return nil, err
		}
		table := p.ObjectAt(t, next-offset)
		var m arm32Module
		for member, to := range map[string]*uint64{"start": &m.index.first, "stop": &m.index.end, "begin_addr": &m.begin, "end_addr": &m.end} {
			if *to, err = table.Member(member).Uint(); err != nil {
				return nil, err
			}
		}
		all = append(all, m)
	}
	for _, m := range all {
		if m.index.end < m.index.first || m.index.end-m.index.first > arm32Bytes {
			return nil, fmt.Errorf("the index of unwind tables from %#x to %#x is not understood", m.index.first, m.index.end)
		}
	}
	return all, err
}

// arm32Undo reads an entry of an index, and the instructions that it has or leads to; nil if there are none that can be followed.
func arm32Undo(p *drgn.Program, order binary.ByteOrder, at uint64) (*module.UnwindRow, error) {
	const (
		cannot = 1       // EXIDX_CANTUNWIND
		inline = 1 << 31 // the word has the instructions
	)
	word, err := p.ReadUint(at+4, 4, false)
	if err != nil || word == cannot {
		return nil, err
	}
	var more uint64 // words that follow
	if word&inline == 0 {
		at = prel31(at+4, word)
		if word, err = p.ReadUint(at, 4, false); err != nil {
			return nil, err
		}
	}
	code := binary.BigEndian.AppendUint32(nil, uint32(word))
	switch word >> 24 {
	case 0x80:
		code = code[1:]
	case 0x81, 0x82:
		more, code = word>>16&0xff, code[2:]
	default:
		return nil, nil // of a routine of its own
	}
	if more > 0 {
		rest, err := p.Read(at+4, 4*more, false)
		if err != nil {
			return nil, err
		}
		for ; len(rest) > 0; rest = rest[4:] {
			code = binary.BigEndian.AppendUint32(code, order.Uint32(rest))
		}
	}
	row, _ := arm32Follow(code)
	return row, nil
}

// An arm32Stack is what instructions of unwind tables have made of the registers.
type arm32Stack struct {
	base  int   // the register that the stack pointer is counted from
	sp    int64 // bytes above its value
	saved []module.SavedRegister
}

// pop takes registers off the stack, the bits of mask.
func (s *arm32Stack) pop(mask uint32) {
	for register := range 16 {
		if mask>>register&1 != 0 {
			s.saved = append(s.saved, saved(register, s.sp))
			s.sp += 4
		}
	}
}

// arm32Follow makes a row of instructions (section "Frame unwinding instructions"); ok is false if they are not understood.
func arm32Follow(code []byte) (row *module.UnwindRow, ok bool) {
	s := arm32Stack{base: arm32SP}
	next := func() (b byte) {
		if len(code) == 0 {
			return 0xb0 // "finish", as which all that is missing counts
		}
		b, code = code[0], code[1:]
		return b
	}
	for done := false; !done; {
		switch op := next(); {
		case op < 0x40:
			s.sp += int64(op)<<2 + 4
		case op < 0x80:
			s.sp -= int64(op&0x3f)<<2 + 4
		case op < 0x90:
			mask := uint32(op&15)<<8 | uint32(next())
			if mask == 0 {
				return nil, false // "refuse to unwind"
			}
			s.pop(mask << 4)
		case op < 0xa0:
			register := int(op & 15)
			if register == arm32SP || register == arm32PC || len(s.saved) > 0 || s.base != arm32SP {
				return nil, false
			}
			s.base, s.sp = register, 0
		case op < 0xb0:
			mask := uint32(1)<<(op&7+1) - 1
			s.pop(mask<<4 | uint32(op)>>3&1<<arm32LR)
		case op == 0xb0:
			done = true
		case op == 0xb1:
			s.pop(uint32(next() & 15))
		case op == 0xb2:
			var v, shift uint64
			for {
				b := next()
				v |= uint64(b&0x7f) << shift
				if shift += 7; b < 0x80 || shift > 28 {
					break
				}
			}
			s.sp += 0x204 + int64(v&0x0fffffff)<<2
		case op == 0xb3: // VFP registers, with a word besides
			s.sp += 8*(int64(next()&15)+1) + 4
		case op >= 0xb8 && op < 0xc0:
			s.sp += 8*(int64(op&7)+1) + 4
		case op == 0xc8 || op == 0xc9:
			s.sp += 8 * (int64(next()&15) + 1)
		case op >= 0xd0 && op < 0xd8:
			s.sp += 8 * (int64(op&7) + 1)
		default:
			return nil, false
		}
	}
	row = &module.UnwindRow{Base: s.base, Offset: s.sp, Return: arm32LR}
	for _, r := range s.saved {
		r.Offset -= s.sp
		row.Saved = append(row.Saved, r)
		if r.Register == arm32PC {
			row.Return = arm32PC
		}
	}
	return row, true
}
