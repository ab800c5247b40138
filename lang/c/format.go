package c

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/godrgn/drgn/types"
)

// A Memory is what printing needs of a program.
type Memory interface {
	Reader
	// Missing reports whether an error of Read says that memory is not there; any other is the error of what is printed.
	Missing(err error) bool
	// Symbolize returns the symbol that addr lies in and the offset from its start.
	Symbolize(addr uint64) (name string, offset uint64, ok bool)
}

// A Form is how an object is given to be printed.
type Form uint8

// The forms.
const (
	Reference Form = iota // in memory at Address
	Bits                  // a scalar of up to 64 bits in Bits
	Bytes                 // in Data, as it would lie in memory
	Absent                // no value
)

// A Value is an object to be printed.
type Value struct {
	Type         *types.Type
	Form         Form
	Address      uint64
	Bits         uint64
	Data         []byte
	BitOffset    uint64 // where it starts, in bits from Address or the start of Data
	BitFieldSize uint64 // in bits; 0: not a bit-field
	Reason       string // why it is absent, such as "optimized out"; "": "absent"
	Parts        Reader // of an absent one: what is known of it, by offsets in bytes; nil: nothing
}

// A Reader reads memory, or says why it can't.
type Reader interface {
	// Read fills buf from the memory at addr, or fails.
	Read(buf []byte, addr uint64) error
}

// FormatFlags say what is printed of an object.
type FormatFlags uint16

// The parts of the printed form; each is on when its flag is set.
const (
	Dereference      FormatFlags = 1 << iota // what a pointer points to
	Symbolize                                // names for addresses
	String                                   // the text that character pointers and arrays hold
	Char                                     // characters as literals: 'a'
	TypeName                                 // the name of the object's type
	MemberTypeNames                          // the names of members' types
	ElementTypeNames                         // the names of elements' types
	MembersSameLine                          // several members a line
	ElementsSameLine                         // several elements a line
	MemberNames                              // the names of members
	ElementIndices                           // the indices of elements
	ImplicitMembers                          // members that are zero
	ImplicitElements                         // elements that are zero
	Human                                    // for people, not in C: flags by their names (F1 | F4), 120 'x', sizes and times with units

	DefaultFlags = Dereference | Symbolize | String | TypeName | MemberTypeNames | ElementsSameLine | MemberNames | ImplicitMembers
)

// A Format is how objects are printed. [DefaultFormat] is a good start.
type Format struct {
	Columns     int // lines are broken to stay within, as far as they can be; negative: as long as they get
	IntegerBase int // 8, 10 or 16
	Flags       FormatFlags
}

// DefaultFormat is how objects are printed when nothing is said.
var DefaultFormat = Format{Columns: -1, IntegerBase: 10, Flags: DefaultFlags}

// Bounds on one printed object: debug info may lie about sizes.
const (
	maxNesting = 300
	maxMembers = 1 << 20 // of one type, with those of anonymous members
	maxText    = 1 << 20 // of a string
	maxFaults  = 1 << 16 // parts that cannot be read
)

// Those that cost time; fuzzing lowers them.
var (
	maxOutput   = 64 << 20 // bytes
	maxZeroScan = 1 << 30  // bytes looked at to find elements that are zero
)

// A FormatError says why an object has no printed form.
type FormatError struct {
	Type    *types.Type
	Problem string // "cannot format void object"
}

func (e *FormatError) Error() string { return e.Problem }

// Errors of [Format.Append].
var (
	ErrTooLarge  = errors.New("object is too large to be printed")
	ErrTooDeep   = errors.New("object nests too deeply to be printed")
	ErrPastEnd   = errors.New("object lies past the end of its bytes")
	errIncorrect = errors.New("invalid integer base: must be 8, 10, or 16")
)

// Append appends the printed form of v to b. Parts of an object in memory that cannot be read are printed as
// "<fault at 0x…>"; when nothing of it can, that is the error.
func (o Format) Append(b []byte, v Value, mem Memory) ([]byte, error) {
	if o.IntegerBase != 8 && o.IntegerBase != 10 && o.IntegerBase != 16 {
		return b, errIncorrect
	}
	start := len(b)
	f := formatter{Format: o, b: b, mem: mem, maxLen: start + maxOutput}
	f.newLine(0)
	err := f.top(v)
	if err == nil {
		err = f.err
	}
	if f.fault != nil && !f.readAny {
		switch {
		case v.Form == Absent && (err == nil || f.faults > maxFaults): // none of its parts is known
			f.b, err = f.b[:start], nil
			f.absent(v)
		case err == nil:
			err = f.fault
		}
	}
	if f.unread != nil {
		err = f.unread
	}
	if err != nil {
		return f.b[:start], err
	}
	return f.b, nil
}

// String returns the printed form of v; see [Format.Append].
func (o Format) String(v Value, mem Memory) (string, error) {
	b, err := o.Append(nil, v, mem)
	return string(b), err
}

// A formatter prints one object.
type formatter struct {
	Format
	b       []byte
	mem     Memory
	limit   int   // how long b may get before the present line is too long
	maxLen  int   // how long b may get
	depth   int   // aggregates around
	scanned int   // bytes looked at for being zero
	err     error // why there is no printed form
	fault   error // first failed read
	faults  int   // how many
	unread  error // of a read that failed, but not for want of memory
	slices  int   // slices around
	readAny bool  // one read did not fail
	lists   map[*types.Type][]part
}

// A part is an object within the one printed: the object itself, a member, or an element.
type part struct {
	src  *source
	typ  *types.Type
	off  uint64 // in bits from the start of src
	bits uint64 // of a bit-field; 0: none
	name string // of a member
	err  error  // why the type of a member is not known, or nil; the rest of a structure can be printed nevertheless

	variant   *types.Variant // the member's
	variantIn uint64         // where what it is a variant of lies in the structure, in bits
	base      bool           // it is a base class; name is the class's
}

// newLine says that b ends with the start of a line that is indented by n tabs.
func (f *formatter) newLine(n int) {
	f.limit = math.MaxInt
	if f.Columns >= 0 {
		f.limit = len(f.b) + max(f.Columns-8*n, 0) // a tab is eight columns
	}
}

func (f *formatter) fits(more int) bool { return len(f.b)+more <= f.limit }

func (f *formatter) write(s string) { f.b = append(f.b, s...) }

func (f *formatter) breakLine(indent int) {
	f.b = append(f.b, '\n')
	for range indent {
		f.b = append(f.b, '\t')
	}
	f.newLine(indent)
}

func (f *formatter) typeName(t *types.Type) {
	f.b = append(f.b, '(')
	f.b = AppendTypeName(f.b, t)
	f.b = append(f.b, ')')
}

// top prints the object itself.
func (f *formatter) top(v Value) error {
	if v.Type == nil {
		return errors.New("object has no type")
	}
	if kind := v.Type.UnderlyingKind(); v.Form == Absent && !(v.Parts != nil && (kind.IsCompound() || kind == types.Array)) {
		f.absent(v)
		return nil
	}
	if err := printable(v.Type); err != nil {
		return err
	}
	p := part{src: newSource(v, f.mem), typ: v.Type, off: v.BitOffset, bits: v.BitFieldSize}
	if u := v.Type.Underlying(); u.Kind() == types.Pointer {
		return f.pointerObject(p, u)
	}
	f.place(p, f.Flags&TypeName != 0, 0)
	return nil
}

// absent prints an object of which nothing is known.
func (f *formatter) absent(v Value) {
	if f.Flags&TypeName != 0 {
		f.typeName(v.Type)
	}
	f.b = fmt.Appendf(f.b, "<%s>", cmp.Or(v.Reason, "absent"))
}

// printable reports why objects of type t cannot be printed.
func printable(t *types.Type) error {
	t = t.WithoutTypedefs()
	switch k := t.Kind(); {
	case k == types.Void:
		return &FormatError{t, "cannot format void object"}
	case k.IsCompound() || k == types.Enum:
		if !t.IsComplete() {
			return &FormatError{t, "cannot format incomplete " + k.String() + " object"}
		}
	}
	return nil
}

// pointerObject prints a pointer and what it points to.
func (f *formatter) pointerObject(p part, u *types.Type) error {
	if u.OwnSize() > 8 {
		if f.Flags&TypeName != 0 {
			f.typeName(p.typ)
		}
		f.longInteger(p, u)
		return nil
	}
	addr, err := f.scalar(p, u)
	if err != nil {
		return err
	}
	f.readAny = true
	start := len(f.b)
	target := u.Elem()
	_, width := wide(target)
	text := f.Flags&String != 0 && (width > 0 || isCharacter(target))
	if f.Flags&Dereference != 0 && !text && printable(target) == nil && target.UnderlyingKind() != types.Function {
		if _, ok := f.size(target); ok {
			f.write("*")
			if f.Flags&TypeName != 0 {
				f.typeName(p.typ)
			}
			f.address(addr, true)
			f.write(" = ")
			readAny, fault := f.readAny, f.fault
			f.readAny, f.fault = false, nil
			src := newSource(Value{Type: target, Address: addr}, f.mem)
			f.place(part{src: src, typ: target}, false, 0)
			if f.fault == nil || f.readAny {
				return nil
			}
			f.b = f.b[:start] // nothing there: show the pointer alone
			f.readAny, f.fault, f.err = readAny, fault, nil
			f.newLine(0)
		}
	}
	if f.Flags&TypeName != 0 {
		f.typeName(p.typ)
	}
	f.pointer(addr, u)
	return nil
}

// place prints p on the present line if all of it fits there, otherwise on several.
func (f *formatter) place(p part, named bool, indent int) {
	mark := len(f.b)
	if !f.part(p, named, indent, true) {
		f.b = f.b[:mark]
		f.part(p, named, indent, false)
	}
}

// part prints p. On one line, it reports whether that was possible; what it printed if not is to be dropped. On several
// lines, it always is.
func (f *formatter) part(p part, named bool, indent int, oneLine bool) bool {
	if len(f.b) > f.maxLen {
		f.fail(ErrTooLarge)
	}
	if f.err != nil {
		return true
	}
	if oneLine && !f.fits(0) {
		return false // before looking at what is within it
	}
	if p.err != nil {
		f.b = fmt.Appendf(f.b, "<%v>", p.err)
		return !oneLine || f.fits(0)
	}
	if named {
		f.typeName(p.typ)
	}
	u := p.typ.WithoutTypedefs()
	switch u.Kind() {
	case types.Struct, types.Class:
		return f.structure(p, u, indent, oneLine)
	case types.Union, types.Array:
		return f.aggregate(p, u, indent, oneLine)
	case types.Function:
		f.b = fmt.Appendf(f.b, "%#x", p.src.base+p.off/8)
		f.readAny = true
	case types.Void:
		f.write("<void>")
	case types.Pointer:
		if u.OwnSize() > 8 {
			f.longInteger(p, u)
		} else if addr, err := f.scalar(p, u); err != nil {
			f.unreadable(p, err)
		} else {
			f.pointer(addr, u)
		}
	case types.Float:
		f.float(p, u)
	default:
		f.integer(p, u)
	}
	return !oneLine || f.fits(0)
}

func (f *formatter) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// unreadable prints what stands for a part that cannot be read.
func (f *formatter) unreadable(p part, err error) {
	if !p.src.partial { // of what is known in parts, the error is why one is not
		f.missing(err)
	}
	if f.fault == nil {
		f.fault = err
	}
	if f.faults++; f.faults > maxFaults {
		f.fail(f.fault)
	}
	if p.src.partial {
		f.b = fmt.Appendf(f.b, "<%v>", err)
		return
	}
	f.b = fmt.Appendf(f.b, "<fault at %#x>", p.src.base+p.off/8)
}

// missing takes the error of a read whose memory need not be there: if it is of another kind, it is that of the whole.
func (f *formatter) missing(err error) {
	if f.mem != nil && f.unread == nil && !errors.Is(err, ErrPastEnd) && !f.mem.Missing(err) {
		f.unread = err
		f.fail(err)
	}
}

// readable reads memory that need not be there.
func (f *formatter) readable(b []byte, addr uint64) bool {
	err := f.mem.Read(b, addr)
	if err != nil {
		f.missing(err)
	}
	return err == nil
}

// size returns the size of a type in bytes; false for one that has none.
func (f *formatter) size(t *types.Type) (uint64, bool) {
	n, err := t.Size()
	return n, err == nil
}
