package module

import "github.com/godrgn/drgn/mem"

// An UnwindTable says where in its memory a kernel has the tables by which it unwinds the stacks of its image or of one of
// its modules: x86-64's ORC tables.
type UnwindTable struct {
	Name    string // whose they are, for errors: "the kernel", "module ext4"
	IP      uint64 // address of the first of the entries' addresses: __start_orc_unwind_ip, mod->arch.orc_unwind_ip
	Entries uint64 // address of the first entry: __start_orc_unwind, mod->arch.orc_unwind
	Count   uint64 // number of entries; 0: the code is there, but no table of it
	Header  uint64 // address of .orc_header; 0 if it is not known or there is none
	// FramePointers says that the code has no table but keeps frame pointers: compiled BPF.
	FramePointers bool
	// CopyOf is the address of the code that the code at the address asked for is a copy of, and which is unwound like it: of
	// ftrace's trampolines, of an instruction that a kprobe has replaced; 0 for other code.
	CopyOf uint64
	// Registers says that a struct pt_regs lies at the stack pointer, with the registers of the code that this was called from as
	// by an exception: the detour of an optimized kprobe.
	Registers bool
}

// An UnwindRow says how the registers of a caller are recovered from those of code that it has called. Registers are numbered as in
// the architecture's list; those that calls preserve have not changed, unless Saved or Lost say otherwise.
type UnwindRow struct {
	// The canonical frame address, which is the caller's stack pointer, lies Offset bytes above the value of the register Base.
	// If Deref, it is what lies in memory there where Base leads, and Offset above that.
	Base   int
	Offset int64
	Deref  bool
	Saved  []SavedRegister
	Lost   uint64 // bits of registers that are not known
	Return int    // number of the register of the caller that has the address to go on at

	Interrupted bool // the caller did not call, but was interrupted
	Landing     bool // no call led here: what goes on here, at the begin of a function, was given as the place to return to
	Outermost   bool // there is no caller: nothing else counts

	// Between says why it is not known what was interrupted, by code that has not saved it yet, or has given it back; nil elsewhere, and else
	// nothing counts. If the stack pointer is a process's still, or again, it is known to be a process.
	Between error
}

// A SavedRegister is one of the caller's, in memory or in another register, or its value.
type SavedRegister struct {
	Register   int
	Offset     int64 // where in memory, from the canonical frame address
	In         int   // number of the register that has it, if InRegister
	InRegister bool
	Value      uint64 // the register's, if IsValue
	IsValue    bool
}

// A Code knows of the code in a kernel's memory, be there files of it or not. Its methods read memory each time, unless
// that is a core's.
type Code interface {
	// ImageTable returns the table of the kernel's image; ok is false if it is not known where that lies.
	ImageTable() (t UnwindTable, ok bool, err error)
	// TableAt returns the table of the module, the image or the BPF program that has code at an address; ok is false if none is
	// known.
	TableAt(pc uint64) (t UnwindTable, ok bool, err error)
	// Misled reports whether debugging information tells of the code at an address what is not so, and its instructions what is.
	Misled(pc uint64) bool
	// RowAt returns how code of which no table tells is unwound from an address, by its instructions; nil if that is not known. gap is
	// where its table has nothing; the zero Range if there is no table.
	RowAt(pc uint64, gap mem.Range) (*UnwindRow, error)
}
