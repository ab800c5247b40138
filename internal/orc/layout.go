package orc

import "encoding/binary"

// A Format is a version of the layout of an entry. All have the offsets from the stack pointer's and the frame pointer's
// bases (16 bits each), then the numbers of the two bases (4 bits each). They differ in the last byte and in the numbers.
type Format uint8

const (
	// FormatEnd is that of v4.14 to v6.2: type in bits 0 and 1; since d31a580266ee (v4.18) the end of the stack in bit 2,
	// which was zero before.
	FormatEnd Format = iota
	// FormatSignal is that of v6.3, since ffb1b4a41016: type in bits 0 and 1, signal in bit 2, end of the stack in bit 3.
	FormatSignal
	// FormatType is that since v6.4 (fb799447ae29): type in bits 0 to 2, signal in bit 3. The type also tells the end of
	// the stack. Later kernels of this format ("objtool: Support Clang RAX DRAP sequence") added base 10, AX.
	FormatType
	// FormatSorted is FormatType with the numbers of the bases in another order; v7.2 has it.
	FormatSorted
)

// base is what the stack pointer or frame pointer of the caller is relative to: ORC_REG_* in the kernel, which changed the
// numbers.
type base uint8

const (
	baseUnknown   base = iota
	baseUndefined      // the stack pointer is not known, the frame pointer is the same
	basePrevSP         // the caller's stack pointer
	baseSP
	baseBP
	baseAX
	baseDX
	baseDI
	baseR10
	baseR13
	baseSPIndirect // the word that the stack pointer points to
	baseBPIndirect // the word at an offset from the frame pointer
)

// A Layout says how entries are read.
type Layout struct {
	format Format
	bases  [16]base
}

var (
	bases = [16]base{baseUndefined, basePrevSP, baseDX, baseDI, baseBP, baseSP, baseR10, baseR13,
		baseBPIndirect, baseSPIndirect}
	basesWithAX = [16]base{baseUndefined, basePrevSP, baseDX, baseDI, baseBP, baseSP, baseR10, baseR13,
		baseBPIndirect, baseSPIndirect, baseAX}
	basesSorted = [16]base{baseUndefined, baseAX, baseDX, baseSP, baseBP, baseDI, baseR10, baseR13,
		basePrevSP, baseSPIndirect, baseBPIndirect}
)

// layouts are all that are known, by format.
var layouts = [...]Layout{
	FormatEnd:    {FormatEnd, bases},
	FormatSignal: {FormatSignal, bases},
	FormatType:   {FormatType, basesWithAX},
	FormatSorted: {FormatSorted, basesSorted},
}

// headers are the contents of .orc_header. Since b9f174c811e3 (v6.4, and in stable kernels from 6.3.10 on) that is the
// SHA-1 of the lines of asm/orc_types.h that define ORC_REG_*, ORC_TYPE_* and struct orc_entry (scripts/orc_hash.sh).
var headers = map[string]Format{
	"\xdb\x84\xae\xd4\x10\x3b\x31\xdd\x51\xe0\x17\xf8\xf7\x97\x83\xca\x98\x5c\x2c\x51": FormatSignal,
	"\xfe\x5d\x32\xbf\x58\x1b\xd6\x3b\x2c\xa9\xa5\xc6\x5b\xa5\xa6\x25\xea\xb3\xfe\x24": FormatType,
	"\xed\xfa\x4d\x15\x55\x2f\xdd\x2e\x1d\x56\x67\x97\x28\x41\x63\x79\xf2\xfe\x45\x34": FormatType, // with AX
	"\x13\x7c\x36\xad\x76\x27\xc4\xdd\x55\x93\x21\x76\xbb\x0e\xcd\xbd\x50\x41\xfc\x82": FormatSorted,
}

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
	sp, bp             base
	kind               kind
	signal             bool
	regs               uint8 // the numbers of the bases
}

// Format returns the version of the layout.
func (l *Layout) Format() Format { return l.format }

// decode reads an entry.
func (l *Layout) decode(b [entrySize]byte) entry {
	e := entry{
		spOffset: int16(binary.LittleEndian.Uint16(b[0:])), bpOffset: int16(binary.LittleEndian.Uint16(b[2:])),
		sp: l.bases[b[4]&0xf], bp: l.bases[b[4]>>4], regs: b[4],
	}
	if l.hasType() {
		e.signal = b[5]&8 != 0
		e.kind = min(kind(b[5]&7), kindUnknown)
		return e
	}
	// The types CALL, REGS and REGS_IRET (REGS_PARTIAL).
	e.kind = [4]kind{kindCall, kindRegs, kindRegsPartial, kindUnknown}[b[5]&3]
	end := b[5]&4 != 0
	e.signal = e.kind != kindCall
	if l.format == FormatSignal {
		end, e.signal = b[5]&8 != 0, b[5]&4 != 0
	}
	switch {
	case end:
		e.kind = kindEndOfStack
	case e.sp == baseUndefined:
		e.kind = kindUndefined
	}
	return e
}

// hasType reports whether the type tells all kinds of entries.
func (l *Layout) hasType() bool { return l.format >= FormatType }

// endOfStack returns the last byte of an entry for the end of the stack.
func (l *Layout) endOfStack() byte {
	switch l.format {
	case FormatEnd:
		return 4
	case FormatSignal:
		return 8
	}
	return byte(kindEndOfStack)
}

// reserved returns the bits of the last byte that have no meaning.
func (l *Layout) reserved() byte {
	if l.format == FormatEnd {
		return 0xf8
	}
	return 0xf0
}
