package kdump

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
)

const signature = "KDUMP   "

// IsKdump reports whether data starts like a kdump-compressed file.
func IsKdump(data []byte) bool { return bytes.HasPrefix(data, []byte(signature)) }

// Uname is what uname(2) said in the crashed kernel; programs outside of the guest leave most of it empty.
type Uname struct{ Sysname, Nodename, Release, Version, Machine, Domainname string }

// A Header is what the headers of a kdump-compressed file say.
type Header struct {
	Version    int // 1 to 6; newer ones are read like 6
	Is64, Big  bool
	Uname      Uname
	Status     uint32 // flags of the compression that was asked for, and flagIncomplete
	BlockSize  uint64 // of the blocks of the file and of pages, in bytes
	MaxPFN     uint64 // pages of memory, holes included
	CPUs       int
	CurrentCPU int
	PhysBase   uint64
	DumpLevel  uint32 // makedumpfile's -d
	Split      bool   // one of several files of a dump, which holds the pages from StartPFN to EndPFN-1
	StartPFN   uint64
	EndPFN     uint64

	stamp                   []byte // the main header, which all files of a split dump share
	subBlocks, bitmapBlocks uint64
	vmcoreinfo, notes       extent
	eraseinfo               extent
}

// extent is a range of the file.
type extent struct{ off, size uint64 }

// Flags of page descriptors and of the header's status.
const (
	flagZlib       = 0x1
	flagLZO        = 0x2
	flagSnappy     = 0x4
	flagIncomplete = 0x8 // status only: the disk was full before all pages were written
	flagZstd       = 0x20
)

const (
	minBlockSize = 512
	maxBlockSize = 1 << 20
)

// StampSize is the size of the main header of 64 bits, in bytes: enough of a file to tell those of other dumps.
const StampSize = 464

// Stamp returns the first StampSize bytes of the file. Those of all files of a split dump are the same.
func (h *Header) Stamp() []byte { return h.stamp }

// Incomplete says that not all pages were written, since the disk was full or makedumpfile died.
func (h *Header) Incomplete() bool { return h.Status&flagIncomplete != 0 }

// Arch returns the architecture of the machine that uname names, or arch.Unknown.
func (u *Uname) Arch() *arch.Arch {
	// QEMU writes some in capitals: "S390X", "PPC64" (ELF_MACHINE_UNAME in its sources).
	if a := arch.ByUname(strings.ToLower(u.Machine)); a != nil {
		return a
	}
	return arch.Unknown
}

// is64 says whether the machine that uname names has 64 bits.
func (u *Uname) is64() bool {
	if a := u.Arch(); a != arch.Unknown {
		return a.DefaultFlags&arch.Is64Bit != 0
	}
	return strings.Contains(u.Machine, "64")
}

// readHeader reads the main header. It says neither its byte order nor the size of a long, which the struct timeval in
// it depends on: the layout whose numbers fit together is taken.
func readHeader(src Source) (*Header, error) {
	b, err := Slice(src, 0, StampSize)
	if err != nil {
		// A header of 32 bits is shorter, and QEMU's flattened files have nothing after it.
		const narrow = 452
		short, e := Slice(src, 0, narrow)
		if e != nil {
			return nil, err
		}
		b = append(bytes.Clone(short), make([]byte, StampSize-narrow)...)
	}
	if !IsKdump(b) {
		return nil, &bin.DecodeError{Section: src.Name(), Problem: "not a kdump-compressed file"}
	}
	var h *Header
	score := -1
	for _, big := range []bool{false, true} {
		for _, is64 := range []bool{true, false} {
			if x, s := tryHeader(b, is64, big); s > score {
				h, score = x, s
			}
		}
	}
	if h == nil {
		return nil, &bin.DecodeError{Section: src.Name(), Off: 8, Problem: fmt.Sprintf("kdump header makes no sense (version %d)", binary.LittleEndian.Uint32(b[8:]))}
	}
	h.stamp = bytes.Clone(b)
	if err := h.readSub(src); err != nil {
		return nil, err
	}
	return h, nil
}

// tryHeader reads the main header in one layout and says how much speaks for it, or -1 for nonsense.
func tryHeader(b []byte, is64, big bool) (*Header, int) {
	c := bin.New("", b, big)
	c.Skip(8)
	h := &Header{Version: int(int32(c.U32())), Is64: is64, Big: big}
	for _, s := range []*string{&h.Uname.Sysname, &h.Uname.Nodename, &h.Uname.Release, &h.Uname.Version, &h.Uname.Machine, &h.Uname.Domainname} {
		field, _, _ := bytes.Cut(c.Bytes(65), []byte{0})
		*s = string(field)
	}
	c.Align(4)
	if is64 {
		c.Align(8)
		c.Skip(16) // timestamp
	} else {
		c.Skip(8)
	}
	h.Status = c.U32()
	h.BlockSize, h.subBlocks, h.bitmapBlocks = uint64(c.U32()), uint64(c.U32()), uint64(c.U32())
	h.MaxPFN = uint64(c.U32())
	c.Skip(12) // total_ram_blocks, device_blocks, written_blocks
	h.CurrentCPU, h.CPUs = int(int32(c.U32())), int(int32(c.U32()))
	if c.Err() != nil || h.Version < 0 || h.Version > 100 ||
		h.BlockSize < minBlockSize || h.BlockSize > maxBlockSize || bits.OnesCount64(h.BlockSize) != 1 ||
		h.subBlocks > 1<<20 || h.bitmapBlocks > 1<<30 {
		return nil, -1
	}
	score := 0
	if h.BlockSize >= 4096 {
		score++
	}
	if h.bitmapBlocks > 0 && h.MaxPFN <= h.bitmapBlocks*h.BlockSize*4 {
		score += 2
	}
	if h.Version > 0 && h.subBlocks > 0 && h.subBlocks < 1<<12 {
		score++
	}
	if h.CPUs > 0 && h.CPUs <= 1<<16 {
		score++
	}
	if h.Uname.Machine != "" && is64 == h.Uname.is64() {
		score += 2
	}
	return h, score
}

// readSub reads kdump_sub_header, which grew with the versions.
func (h *Header) readSub(src Source) error {
	h.EndPFN = h.MaxPFN
	if h.Version < 1 || h.subBlocks == 0 {
		return nil
	}
	b, err := Slice(src, h.BlockSize, min(h.subBlocks*h.BlockSize, 512))
	if err != nil {
		return err
	}
	c := bin.New(src.Name()+" sub header", b, h.Big)
	// Numbers of 64 bits are aligned to 4 bytes on i386, and in QEMU's files of any guest of 32 bits, to 8 elsewhere.
	narrow := h.Uname.Arch().Alignments[3] == 4 || h.Uname.Machine == "Unknown"
	wide := func() uint64 {
		if !h.Is64 && !narrow {
			c.Align(8)
		}
		return c.U64()
	}
	long := func() uint64 {
		if h.Is64 {
			return c.U64()
		}
		return uint64(c.U32())
	}
	h.PhysBase = long()
	h.DumpLevel = c.U32()
	start, end := uint64(0), uint64(0)
	if h.Version >= 2 {
		h.Split = c.U32() != 0
		start, end = long(), long()
	}
	if h.Version >= 3 {
		h.vmcoreinfo = extent{wide(), long()}
	}
	if h.Version >= 4 {
		h.notes = extent{wide(), long()}
	}
	if h.Version >= 5 {
		h.eraseinfo = extent{wide(), long()}
	}
	if h.Version >= 6 {
		start, end = wide(), wide()
		if n := wide(); n != 0 {
			h.MaxPFN = n
			h.EndPFN = n
		}
	}
	if h.Split {
		h.StartPFN, h.EndPFN = start, end
	}
	return c.Err()
}

// readErased returns what makedumpfile says that it erased, lines of text.
func (h *Header) readErased(src Source) ([]byte, error) {
	if h.eraseinfo.off == 0 || h.eraseinfo.size == 0 {
		return nil, nil
	}
	return Slice(src, h.eraseinfo.off, h.eraseinfo.size)
}

// readInfo returns VMCOREINFO and the notes.
func (h *Header) readInfo(src Source) (vmcoreinfo []byte, notes []elf.Note, err error) {
	const maxInfo = 64 << 20
	for _, e := range []extent{h.vmcoreinfo, h.notes, h.eraseinfo} {
		if e.size > maxInfo {
			return nil, nil, &bin.DecodeError{Section: src.Name(), Off: e.off, Problem: fmt.Sprintf("notes of %#x bytes are too large", e.size)}
		}
	}
	if h.notes.off != 0 && h.notes.size != 0 {
		data, err := Slice(src, h.notes.off, h.notes.size)
		if err != nil {
			return nil, nil, err
		}
		for note, err := range elf.Notes(src.Name()+" notes", data, h.Big, 4) {
			if err != nil {
				return nil, nil, err
			}
			notes = append(notes, note)
			if note.Name == "VMCOREINFO" {
				vmcoreinfo = note.Desc
			}
		}
	}
	if h.vmcoreinfo.off != 0 && h.vmcoreinfo.size != 0 {
		if vmcoreinfo, err = Slice(src, h.vmcoreinfo.off, h.vmcoreinfo.size); err != nil {
			return nil, nil, err
		}
	}
	vmcoreinfo, _, _ = bytes.Cut(vmcoreinfo, []byte{0})
	return vmcoreinfo, notes, nil
}
