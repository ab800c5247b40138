package machine

import "encoding/binary"

// An x86Instruction is one of the processor's in 64-bit mode (Intel SDM volume 2, chapter 2 and appendix A), as far as it matters to
// what it does to the stack.
type x86Instruction struct {
	length       int
	op           uint32 // the opcode: one byte, 0x0f and one byte, or 0x0f38 or 0x0f3a and one byte
	wide, narrow bool   // operands have 8 bytes, or 2
	byteHigh     bool   // without a REX prefix, byte registers 4 to 7 are the second bytes of 0 to 3

	modRM        bool
	mod, reg, rm int   // reg is also the register in the opcode; rm is a register if mod is 3
	base         int   // of an operand in memory: the register to which displacement is added and no other; x86NoRegister else
	displacement int64 // of an operand in memory
	immediate    int64
}

// What follows an opcode: an operand by ModRM, and an immediate.
const (
	x86M   = 1 << iota // ModRM
	x86I8              // a byte
	x86I16             // 2 bytes
	x86Iz              // 4 bytes, or 2 with an operand size prefix
	x86Iv              // as many as the operand
	x86Bad             // there is no such instruction, or it is not understood
)

// x86Map says of each opcode what follows it; "" has nothing, and what is not listed is no instruction.
func x86Map(of map[uint8]string) (m [256]uint8) {
	for i := range m {
		m[i] = x86Bad
	}
	letters := map[rune]uint8{'M': x86M, 'b': x86I8, 'w': x86I16, 'z': x86Iz, 'v': x86Iv}
	for first, row := range of {
		at := int(first)
		for _, c := range row {
			switch c {
			case '.':
				m[at] = 0
			case 'x':
				m[at] = x86Bad
			case 'B': // ModRM and a byte
				m[at] = x86M | x86I8
			case 'Z': // ModRM and a word
				m[at] = x86M | x86Iz
			case 'e': // ENTER
				m[at] = x86I16 | x86I8
			default:
				m[at] = letters[c]
			}
			at++
		}
	}
	return m
}

// x86OneByte and x86TwoBytes are the opcode maps, a row of 16 each. Prefixes, VEX and EVEX are none of them: no code of the kernel uses
// vector registers but between calls that allow it.
var (
	x86OneByte = x86Map(map[uint8]string{
		0x00: "MMMMbzxxMMMMbzxx", 0x10: "MMMMbzxxMMMMbzxx", 0x20: "MMMMbzxxMMMMbzxx", 0x30: "MMMMbzxxMMMMbzxx",
		0x40: "xxxxxxxxxxxxxxxx", 0x50: "................", 0x60: "xxxMxxxxzZbB....", 0x70: "bbbbbbbbbbbbbbbb",
		0x80: "BZxBMMMMMMMMMMMM", 0x90: "..........x.....", 0xa0: "xxxx....bz......", 0xb0: "bbbbbbbbvvvvvvvv",
		0xc0: "BBw.xxBZe.w..bx.", 0xd0: "MMMMxxx.MMMMMMMM", 0xe0: "bbbbbbbbzzxb....", 0xf0: "xxxx..MM......MM",
	})
	x86TwoBytes = x86Map(map[uint8]string{
		0x00: "MMMMx.....x.xMxx", 0x10: "MMMMMMMMMMMMMMMM", 0x20: "MMMMxxxxMMMMMMMM", 0x30: "......xxxxxxxxxx",
		0x40: "MMMMMMMMMMMMMMMM", 0x50: "MMMMMMMMMMMMMMMM", 0x60: "MMMMMMMMMMMMMMMM", 0x70: "BBBBMMM.MMxxMMMM",
		0x80: "zzzzzzzzzzzzzzzz", 0x90: "MMMMMMMMMMMMMMMM", 0xa0: "...MBMxx...MBMMM", 0xb0: "MMMMMMMMMMBMMMMM",
		0xc0: "MMBMBBBM........", 0xd0: "MMMMMMMMMMMMMMMM", 0xe0: "MMMMMMMMMMMMMMMM", 0xf0: "MMMMMMMMMMMMMMMM",
	})
)

// x86Decode returns the instruction that code begins with; ok is false if there is none that is understood.
func x86Decode(code []byte) (i x86Instruction, ok bool) {
	var rex byte
	at := 0
	byteAt := func(n int) byte {
		if n < len(code) {
			return code[n]
		}
		return 0
	}
	const longest = 15
	narrowAddress := false
prefixes:
	for ; at < longest; at++ {
		switch b := byteAt(at); {
		case b == 0x66:
			i.narrow = true
		case b == 0x67:
			narrowAddress = true
		case b == 0x26, b == 0x2e, b == 0x36, b == 0x3e, b == 0x64, b == 0x65, b == 0xf0, b == 0xf2, b == 0xf3:
		default:
			break prefixes
		}
	}
	if b := byteAt(at); b&0xf0 == 0x40 {
		rex = b
		at++
	}
	i.wide, i.byteHigh = rex&8 != 0, rex == 0
	i.narrow = i.narrow && !i.wide
	op := byteAt(at)
	at++
	i.op = uint32(op)
	follows := x86OneByte[op]
	if op == 0x0f {
		op = byteAt(at)
		at++
		i.op = 0x0f00 | uint32(op)
		follows = x86TwoBytes[op]
		if op == 0x38 || op == 0x3a {
			follows = x86M
			if op == 0x3a {
				follows |= x86I8
			}
			i.op = i.op<<8 | uint32(byteAt(at))
			at++
		}
	}
	if follows&x86Bad != 0 || narrowAddress {
		return i, false
	}
	i.reg = int(op&7) | int(rex&1)<<3
	i.base, i.mod = x86NoRegister, 3
	if follows&x86M != 0 {
		at += i.operand(code[min(at, len(code)):], rex)
	}
	if (i.op == 0xf6 || i.op == 0xf7) && i.reg&7 < 2 { // TEST
		follows |= map[uint32]uint8{0xf6: x86I8, 0xf7: x86Iz}[i.op]
	}
	size := 0
	switch {
	case follows&(x86I16|x86I8) == x86I16|x86I8:
		size = 3
	case follows&x86I8 != 0:
		size = 1
	case follows&x86I16 != 0, i.narrow && follows&(x86Iz|x86Iv) != 0 && !i.isNear():
		size = 2
	case follows&x86Iv != 0 && i.wide:
		size = 8
	case follows&(x86Iz|x86Iv) != 0:
		size = 4
	}
	i.length = at + size
	if i.length > longest || i.length > len(code) {
		return i, false
	}
	i.immediate = signedLittle(code[at : at+size])
	return i, true
}

// isNear reports whether the instruction is a jump or a call to a distance, which has 4 bytes in spite of any prefix.
func (i *x86Instruction) isNear() bool { return i.op == 0xe8 || i.op == 0xe9 || i.op>>4 == 0x0f8 }

// signedLittle returns a little-endian number of up to 8 bytes.
func signedLittle(b []byte) int64 {
	var all [8]byte
	copy(all[:], b)
	shift := 64 - 8*len(b)
	if len(b) == 0 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(all[:])<<shift) >> shift
}

// operand reads ModRM and what belongs to it, and returns how many bytes that is; code that ends in it is short.
func (i *x86Instruction) operand(code []byte, rex byte) (length int) {
	var b [6]byte
	copy(b[:], code)
	i.modRM = true
	i.mod, i.reg, i.rm = int(b[0]>>6), int(b[0]>>3&7)|int(rex>>2&1)<<3, int(b[0]&7)|int(rex&1)<<3
	if i.mod == 3 {
		return 1
	}
	length = 1
	i.base = i.rm
	if i.rm&7 == 4 { // SIB
		length = 2
		i.base = int(b[1]&7) | int(rex&1)<<3
		none := i.mod == 0 && b[1]&7 == 5
		if indexed := b[1]>>3&7 != 4 || rex&2 != 0; indexed || none {
			i.base = x86NoRegister
		}
		if none {
			return length + 4
		}
	} else if i.mod == 0 && i.rm&7 == 5 { // from the program counter
		i.base = x86NoRegister
		return length + 4
	}
	switch i.mod {
	case 1:
		i.displacement = signedLittle(b[length : length+1])
		length++
	case 2:
		i.displacement = signedLittle(b[length : length+4])
		length += 4
	}
	return length
}

// flow returns where the instruction leads; target is in bytes from its end.
func (i *x86Instruction) flow() (to flow, target int64) {
	switch op := i.op; {
	case op>>4 == 7, op>>4 == 0x0f8, op >= 0xe0 && op <= 0xe3: // Jcc, LOOP, JRCXZ
		return flowBranch, i.immediate
	case op == 0xe9, op == 0xeb: // JMP
		return flowJump, i.immediate
	case op == 0xe8: // CALL
		return flowCall, i.immediate
	case op == 0xff && (i.reg&7 == 2 || i.reg&7 == 3), op == 0x0f0b: // CALL, UD2, after which a warning goes on
		return flowCall, 0
	case op == 0xff && i.reg&7 == 4: // JMP
		return flowTable, 0
	case op == 0xc2, op == 0xc3, op == 0xca, op == 0xcb, op == 0xcf, op == 0xcc, op == 0xff && i.reg&7 == 5,
		op == 0x0f05, op == 0x0f07, op == 0x0f34, op == 0x0f35: // RET, IRET, INT3, JMP, SYSCALL, SYSRET, SYSENTER, SYSEXIT
		return flowAway, 0
	}
	return flowOn, 0
}

// written returns bits of the registers that the instruction may write. It may be some too many: what is not known to leave its operands
// alone counts as writing them.
func (i *x86Instruction) written() (registers uint32) {
	add := func(register int, isByte bool) {
		registers |= 1 << register
		if isByte && i.byteHigh {
			registers |= 1 << (register & 3)
		}
	}
	op := i.op
	isByte := op&1 == 0 && (op < 0xc8 || op >= 0xd0) // where an opcode has a form for bytes, it is the even one
	rm := func() {
		if i.mod == 3 {
			add(i.rm, isByte)
		}
	}
	switch {
	case op < 0x38 && op&7 < 2, op == 0x88, op == 0x89, op == 0x8c, op == 0xc0, op == 0xc1, op == 0xc6, op == 0xc7, op >= 0xd0 && op <= 0xd3,
		op == 0xfe, op == 0xff && i.reg&7 < 2, (op == 0xf6 || op == 0xf7) && (i.reg&7 == 2 || i.reg&7 == 3), op>>4 == 0x0f9:
		rm()
		if op>>4 == 0x0f9 && i.mod == 3 { // SETcc
			isByte = true
			rm()
		}
	case op == 0x80, op == 0x81, op == 0x83:
		if i.reg&7 != 7 { // CMP
			rm()
		}
	case op < 0x38 && (op&7 == 2 || op&7 == 3), op == 0x8a, op == 0x8b, op == 0x8d, op == 0x63, op == 0x69, op == 0x6b:
		add(i.reg, isByte && op != 0x8d)
	case op == 0x86, op == 0x87: // XCHG
		rm()
		add(i.reg, isByte)
	case op>>4 == 0xb:
		add(i.reg, op < 0xb8)
	case op >= 0x91 && op <= 0x97: // XCHG
		add(i.reg, false)
	case op == 0x0fa2: // CPUID
		add(x86RBX, false)
	case op>>3 == 0x0fc8>>3: // BSWAP
		add(i.reg, false)
	case op >= 0x0f18 && op <= 0x0f1f && op != 0x0f1e || op == 0x0f0d || op == 0x0fa3 || op == 0x0fba && i.reg&7 == 4: // hints, BT
	case op == 0x0f1e && i.reg&7 == 7: // ENDBR64
	case op == 0x0f20, op == 0x0f21: // MOV from a control or debug register: ModRM always names registers
		registers |= 1 << i.rm
	case op == 0x0f22, op == 0x0f23:
		registers = 0
	case op > 0xff && i.modRM:
		add(i.reg, true)
		if i.mod == 3 {
			add(i.rm, true)
		}
	}
	return registers
}
