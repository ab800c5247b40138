package cfi

import (
	"cmp"
	"runtime"
	"slices"
	"sort"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bin"
)

// A Section is a section of call frame information, decompressed and relocated.
type Section struct {
	Platform arch.Platform
	// Name is the name for errors, for example ".debug_frame".
	Name string
	// Data is what the section holds. It must not change.
	Data []byte
	// Owner is what Data lives as long as; may be nil.
	Owner any
	// EH tells that the section has the format of .eh_frame; it has that of .debug_frame otherwise.
	EH bool
	// Address is the address of the section in the file; pointers in .eh_frame are relative to it.
	Address uint64
	// TextBase and DataBase are the bases of pointers relative to them, rare in practice.
	TextBase, DataBase uint64
	// Bias is what was added to the addresses in the file to get those in memory.
	Bias uint64
}

// A Table finds call frame information by address. It serves any number of goroutines.
type Table struct {
	platform           arch.Platform
	name               string
	data               []byte
	owner              any
	eh                 bool
	address            uint64
	textBase, dataBase uint64
	bias               uint64

	cies   []cie
	starts []uint64 // first address of each function, in order
	fdes   []fde    // parallel to starts
}

// A cie is a Common Information Entry.
type cie struct {
	codeAlign     uint64
	dataAlign     int64
	returnAddress int    // register number, or -1 if the architecture doesn't track it
	encoding      byte   // of addresses in its FDEs
	addressSize   uint8  // in bytes
	segmentSize   uint8  // bytes of the segment selector before an FDE's address
	augmented     bool   // its FDEs have a length of augmentation data
	signal        bool   // 'S': a frame of a signal handler
	unusable      bool   // the augmentation is unknown: its FDEs can't be understood
	program       []byte // initial instructions
	programOff    int    // offset of program in the section
}

// An fde is a Frame Description Entry.
type fde struct {
	end uint64 // first address after the function
	off uint64 // offset in the section of what follows the address range
	len uint64 // bytes from off to the end of the entry
	cie uint32 // index
}

// New reads the headers of all entries of a section; instructions are decoded when asked for. It fails with a
// [*bin.DecodeError] if the entries can't be separated. Entries with an unknown augmentation are left out, as the
// specification wants it.
func New(s Section) (*Table, error) {
	t := &Table{
		platform: s.Platform, name: s.Name, data: s.Data, owner: s.Owner, eh: s.EH,
		address: s.Address, textBase: s.TextBase, dataBase: s.DataBase, bias: s.Bias,
	}
	if err := t.scan(); err != nil {
		return nil, err
	}
	t.sort()
	return t, nil
}

// Len returns the number of functions.
func (t *Table) Len() int { return len(t.starts) }

// entry is the header of a CIE or FDE.
type entry struct {
	off  int    // of the entry in the section
	body int    // offset of what follows the CIE pointer
	end  int    // offset of the end of the entry
	cie  uint64 // offset of the FDE's CIE
	kind entryKind
}

type entryKind uint8

const (
	isFDE entryKind = iota
	isCIE
	isTerminator
)

// header reads the length and CIE pointer of the entry at the cursor.
func (t *Table) header(c *bin.Cursor) entry {
	e := entry{off: c.Off}
	length, offsetSize := uint64(c.U32()), 4
	if length == 0xffffffff {
		length, offsetSize = c.U64(), 8
	}
	if c.Err() != nil {
		return e
	}
	if length == 0 {
		e.kind, e.body, e.end = isTerminator, c.Off, c.Off
		return e
	}
	if length > uint64(c.Len()) {
		c.Fail("entry of %d bytes does not fit the section", length)
		return e
	}
	e.end = c.Off + int(length)
	at := uint64(c.Off)
	if t.eh {
		// LSB: the CIE pointer has 4 bytes even in an entry with an extended length.
		id := uint64(c.U32())
		e.cie = at - id
		if id == 0 {
			e.kind = isCIE
		} else if id > at {
			c.Fail("CIE pointer %#x points before the section", id)
		}
	} else {
		id := c.Uint(offsetSize)
		e.cie = id
		if id == 0xffffffff && offsetSize == 4 || id == 1<<64-1 {
			e.kind = isCIE
		}
	}
	e.body = c.Off
	if e.body > e.end {
		c.Fail("entry of %d bytes is too short", length)
	}
	return e
}

// scan goes through all entries.
func (t *Table) scan() error {
	if t.platform.Arch == nil {
		return &bin.DecodeError{Section: t.name, Problem: "call frame information of an unknown platform"}
	}
	c := bin.New(t.name, t.data, !t.platform.IsLittleEndian())
	byOffset := map[uint64]uint32{}
	guess := len(t.data) / 40
	t.starts, t.fdes = make([]uint64, 0, guess), make([]fde, 0, guess)
	lastOff, lastIndex := uint64(1<<64-1), uint32(0)
	for c.Len() > 0 {
		e := t.header(&c)
		if err := c.Err(); err != nil {
			return err
		}
		if e.kind == isFDE {
			index := lastIndex
			if e.cie != lastOff {
				var known bool
				if index, known = byOffset[e.cie]; !known {
					parsed, err := t.parseCIE(e.cie)
					if err != nil {
						return err
					}
					index = uint32(len(t.cies))
					t.cies = append(t.cies, parsed)
					byOffset[e.cie] = index
				}
				lastOff, lastIndex = e.cie, index
			}
			if err := t.addFDE(&c, e, index); err != nil {
				return err
			}
		}
		c.Seek(uint64(e.end))
	}
	return c.Err()
}

// addFDE reads the address range of an FDE.
func (t *Table) addFDE(c *bin.Cursor, e entry, index uint32) error {
	ci := &t.cies[index]
	if ci.unusable {
		return nil
	}
	size := int(ci.addressSize)
	c.Skip(uint64(ci.segmentSize))
	start := t.pointer(c, ci.encoding, size, 0)
	length := truncate(t.number(c, ci.encoding&0x0f, size), size)
	if ci.augmented {
		c.Skip(c.ULEB128())
	}
	if c.Err() == nil && c.Off > e.end {
		c.Fail("FDE is too short")
	}
	if err := c.Err(); err != nil {
		return err
	}
	// The linker leaves the entry of a function that it dropped, at address 0.
	if end := start + length; end > start && start != 0 {
		t.starts = append(t.starts, start)
		t.fdes = append(t.fdes, fde{end, uint64(c.Off), uint64(e.end - c.Off), index})
	}
	return nil
}

// parseCIE reads the CIE at an offset.
func (t *Table) parseCIE(off uint64) (cie, error) {
	c := bin.New(t.name, t.data, !t.platform.IsLittleEndian())
	c.Seek(off)
	e := t.header(&c)
	if c.Err() == nil && e.kind != isCIE {
		c.Off = int(off)
		c.Fail("this is not a CIE")
	}
	if err := c.Err(); err != nil {
		return cie{}, err
	}
	c.Data = c.Data[:e.end] // nothing of a CIE lies behind its end
	ci := cie{addressSize: uint8(t.platform.AddressSize())}
	version := c.U8()
	if c.Err() == nil && version != 1 && version != 3 && version != 4 {
		c.Fail("CIE of version %d", version)
	}
	augmentation := string(c.CString())
	if augmentation == "eh" { // gcc before 3.0: a word follows
		c.Skip(uint64(ci.addressSize))
		augmentation = ""
	}
	if version >= 4 {
		ci.addressSize, ci.segmentSize = c.U8(), c.U8()
		if s := ci.addressSize; s != 1 && s != 2 && s != 4 && s != 8 {
			c.Fail("address size %d", s)
			return cie{}, c.Err()
		}
	}
	ci.codeAlign, ci.dataAlign = c.ULEB128(), c.SLEB128()
	column := uint64(0)
	if version == 1 {
		column = uint64(c.U8())
	} else {
		column = c.ULEB128()
	}
	if n, ok := t.platform.Arch.FromDWARF(column); ok {
		ci.returnAddress = n
	} else {
		ci.returnAddress = -1
	}
	t.augmentation(&c, &ci, augmentation)
	ci.programOff = c.Off
	ci.program = c.Bytes(uint64(c.Len()))
	return ci, c.Err()
}

// augmentation reads a CIE's augmentation data.
func (t *Table) augmentation(c *bin.Cursor, ci *cie, augmentation string) {
	end := c.Off
	for i, char := range []byte(augmentation) {
		switch {
		case char == 'z' && i == 0:
			ci.augmented = true
			length := c.ULEB128()
			if length > uint64(c.Len()) {
				c.Fail("augmentation data of %d bytes does not fit", length)
				return
			}
			end = c.Off + int(length)
		case char == 'S':
			ci.signal = true
		case char == 'B' || char == 'G':
			// AArch64: return addresses are signed with the B key; the frame is tagged (MTE). Neither changes the rules.
		case char == 'R' && ci.augmented:
			ci.encoding = c.U8()
		case char == 'L' && ci.augmented:
			c.U8()
		case char == 'P' && ci.augmented:
			// Only the size of the personality routine's address matters, not where it points to.
			t.pointer(c, c.U8()&^peIndirect, int(ci.addressSize), 0)
		default:
			ci.unusable = true
		}
		if ci.unusable || c.Err() != nil {
			break
		}
	}
	if ci.augmented && c.Err() == nil {
		c.Seek(uint64(end))
	}
}

// sort puts the functions in the order of their addresses. Compilers and linkers write them nearly in order.
func (t *Table) sort() {
	if slices.IsSorted(t.starts) {
		return
	}
	order := make([]uint32, len(t.starts))
	for i := range order {
		order[i] = uint32(i)
	}
	// The later and longer of two entries for an address comes last, and is found.
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(t.starts[a], t.starts[b]), cmp.Compare(t.fdes[a].end, t.fdes[b].end), cmp.Compare(a, b))
	})
	starts, fdes := make([]uint64, len(order)), make([]fde, len(order))
	for i, o := range order {
		starts[i], fdes[i] = t.starts[o], t.fdes[o]
	}
	t.starts, t.fdes = starts, fdes
}

// find returns the function that holds an address of the file.
func (t *Table) find(address uint64) (index int, ok bool) {
	n := sort.Search(len(t.starts), func(i int) bool { return t.starts[i] > address }) - 1
	if n < 0 || address >= t.fdes[n].end {
		return 0, false
	}
	return n, true
}

// FindRow returns the row for a program counter in memory, or nil if the section says nothing about it. It fails with
// a [*bin.DecodeError] if the function's instructions make no sense. pc must lie within the calling instruction, not
// after it.
func (t *Table) FindRow(pc uint64) (*Row, error) {
	address := truncate(pc-t.bias, t.platform.AddressSize())
	n, ok := t.find(address)
	if !ok {
		return nil, nil
	}
	row, err := t.execute(n, address)
	runtime.KeepAlive(t) // the bytes live as long as its owner
	return row, err
}
