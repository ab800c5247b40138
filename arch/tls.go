package arch

// TLS is how a thread of a process finds its thread-local variables (Drepper, "ELF Handling For Thread-Local Storage"). Each module
// that has some has a block of them for each thread. Distances are in bytes, from the thread pointer.
type TLS struct {
	// Pointer are the registers that hold the thread pointer, its most significant bits first. There are none where it isn't known
	// how threads find their variables.
	Pointer []int
	// Note is the type of the note "LINUX", which is also that of a register set of ptrace(2), that has the thread pointer; 0 where
	// NT_PRSTATUS does. See [Platform.ParseThreadPointer].
	Note uint32
	// Selector is the register that selects a segment, of those in the note, whose base is the thread pointer; 0 where the note has
	// nothing but the pointer.
	Selector int

	// Below says that the blocks of what is loaded at the start lie below the thread pointer (variant II).
	Below bool
	// Start is where the blocks begin that lie above the thread pointer (variant I), and Reserved how many bytes from there on
	// are not for blocks.
	Start    int64
	Reserved uint64

	// Vector is where the C library keeps the address of the vector of a thread's blocks (dtv).
	Vector int64
}

// Executable returns where the block of the executable lies, which is the first: the linker has put distances from the thread
// pointer into its code. address, size and align are what the segment's header says (p_vaddr, p_memsz, p_align); size and align are in
// bytes, align is a power of two. A block is as far from an aligned address as the segment is, which lld and mold do not align.
func (t *TLS) Executable(pointer, address, size, align uint64) uint64 {
	if t.Below {
		return pointer - size - (-address-size)&(align-1)
	}
	return pointer + uint64(t.Start) + t.Reserved + (address-t.Reserved)&(align-1)
}

// Static returns where a block lies that the dynamic linker has given a distance to; ok is false if the number says that it hasn't.
// What glibc keeps (l_tls_offset) counts from Start upwards, or downwards from the thread pointer. That none was given
// (NO_TLS_OFFSET), or none must be (FORCED_DYNAMIC_TLS_OFFSET), is said by 0 and -1 or, where a block may be at 0, by -1 and -2.
func (t *TLS) Static(p Platform, pointer, distance uint64) (block uint64, ok bool) {
	none := uint64(0)
	if !t.Below && t.Reserved == 0 {
		none--
	}
	mask := p.AddressMask()
	if distance == none&mask || distance == (none-1)&mask {
		return 0, false
	}
	if t.Below {
		return pointer - distance, true
	}
	return pointer + uint64(t.Start) + distance, true
}

// ThreadPointer returns the thread pointer of the thread that has these registers; ok is false if they don't tell.
func (p Platform) ThreadPointer(r *Registers) (pointer uint64, ok bool) {
	a := p.archOrUnknown()
	for _, register := range a.TLS.Pointer {
		part, known := r.Get(register)
		if !known {
			return 0, false
		}
		pointer = pointer<<32 | part // what is in two registers has 32 bits in each
		ok = true
	}
	return pointer, ok && pointer != 0
}

// Offsets in and the size of struct user_desc (arch/x86/include/uapi/asm/ldt.h), in bytes.
const (
	descEntry = 0
	descBase  = 4
	descSize  = 16
)

// ParseThreadPointer sets the thread pointer from the contents of the note [TLS.Note], whose first word it is, or which describes
// segments. The registers that NT_PRSTATUS has are known. It fails with a [*ShortError].
func (p Platform) ParseThreadPointer(desc []byte, r *Registers) error {
	t := &p.archOrUnknown().TLS
	if len(t.Pointer) == 0 {
		return nil
	}
	at, size := 0, p.AddressSize()
	if t.Selector != 0 {
		selector, _ := r.Get(t.Selector)
		segment := selector & 0xffff >> 3 // Intel SDM volume 3, section 3.4.2
		for at+descSize <= len(desc) && p.Uint(desc[at+descEntry:][:4]) != segment {
			at += descSize
		}
		if at+descSize > len(desc) {
			return nil // it uses another one
		}
		at += descBase
	}
	if len(desc) < at+size {
		return &ShortError{"note of the thread pointer", at + size, len(desc)}
	}
	r.Set(t.Pointer[0], p.Uint(desc[at:][:size]))
	return nil
}
