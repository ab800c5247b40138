package arch

import "fmt"

// Wide are registers that may be wider than an address, those of vectors and floating-point numbers, by their DWARF numbers. The bytes are those
// that a store to memory leaves.
type Wide map[uint64][]byte

// A WideSet says where the wide registers of a thread are: in which note of a core, which is also the number of a register set of
// ptrace(2), and how it is laid out.
type WideSet struct {
	Owner string // name of the note
	Type  uint32 // type of the note
	Parts []WidePart
}

// A WidePart is a run of wide registers. Several may have parts of the same registers, the first of them their low bytes.
type WidePart struct {
	First   uint64 // DWARF number of the first register
	Count   int
	Offset  int // in bytes, of the first register's part
	Size    int // in bytes, of a register's part
	Stride  int // in bytes, from a register's part to the next
	Feature int // bit of XSTATE_BV that says that a processor has them; 0: it always does
}

// Offsets in the standard form of x86's XSAVE area (Intel SDM, volume 1, section 13.4); Linux has XCR0, the set of the features that
// there are, in bytes that are software's (arch/x86/include/uapi/asm/sigcontext.h, struct _fpx_sw_bytes).
const (
	fxsaveST   = 32
	fxsaveXMM  = 160
	fxsaveSize = 512
	xsaveXCR0  = 464
	xsaveYMM   = 576
	featureYMM = 2
)

var (
	x86_64FXSave = []WidePart{{First: 33, Count: 8, Offset: fxsaveST, Size: 10, Stride: 16}, {First: 17, Count: 16, Offset: fxsaveXMM, Size: 16, Stride: 16}}
	x86_64YMM    = WidePart{First: 17, Count: 16, Offset: xsaveYMM, Size: 16, Stride: 16, Feature: featureYMM}
	i386FXSave   = []WidePart{{First: 11, Count: 8, Offset: fxsaveST, Size: 10, Stride: 16}, {First: 21, Count: 8, Offset: fxsaveXMM, Size: 16, Stride: 16}}
	i386YMM      = WidePart{First: 21, Count: 8, Offset: xsaveYMM, Size: 16, Stride: 16, Feature: featureYMM}
)

// Types of notes (include/uapi/linux/elf.h).
const (
	noteFPRegSet  = 2
	notePRXFPReg  = 0x46e62b7f
	noteX86XState = 0x202
)

// wideSets are the sets of each instruction set, of which the first that there is counts. DWARF numbers: System V ABI AMD64, figure 3.36;
// System V ABI Intel386, table 2.14; DWARF for the Arm 64-bit Architecture, table 4.1. Contents: struct user_fpregs_struct and
// struct user_fpsimd_state of the kernel.
var wideSets = map[*Arch][]WideSet{
	X86_64: {
		{"LINUX", noteX86XState, append([]WidePart{}, append(x86_64FXSave, x86_64YMM)...)},
		{"CORE", noteFPRegSet, x86_64FXSave},
	},
	I386: {
		{"LINUX", noteX86XState, append([]WidePart{}, append(i386FXSave, i386YMM)...)},
		{"LINUX", notePRXFPReg, i386FXSave},
	},
	AArch64: {{"CORE", noteFPRegSet, []WidePart{{First: 64, Count: 32, Size: 16, Stride: 16}}}},
}

// WideSets returns where the wide registers of threads are, the best first; none where that isn't known.
func (p Platform) WideSets() []WideSet {
	if !p.IsLittleEndian() {
		return nil // nobody has checked the order of their bytes
	}
	return wideSets[p.Arch]
}

// Parse reads the registers of a set. It fails with a [*ShortError].
func (s *WideSet) Parse(p Platform, data []byte) (Wide, error) {
	w := Wide{}
	for _, part := range s.Parts {
		if part.Feature != 0 {
			if len(data) < fxsaveSize {
				return nil, &ShortError{fmt.Sprintf("note %#x", s.Type), fxsaveSize, len(data)}
			}
			if p.Uint(data[xsaveXCR0:][:8])>>part.Feature&1 == 0 {
				continue
			}
		}
		if want := part.Offset + (part.Count-1)*part.Stride + part.Size; want > len(data) {
			return nil, &ShortError{fmt.Sprintf("note %#x", s.Type), want, len(data)}
		}
		for i := range part.Count {
			n := part.First + uint64(i)
			w[n] = append(w[n], data[part.Offset+i*part.Stride:][:part.Size]...)
		}
	}
	return w, nil
}
