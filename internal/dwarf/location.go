package dwarf

import (
	"cmp"
	"errors"
	"slices"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/dwarf/expr"
	"github.com/godrgn/drgn/types"
)

// A Frame is what the location of a variable may depend on in a stack frame.
type Frame interface {
	// Register returns the value that a register, by its DWARF number, had in the frame, and whether it is known.
	Register(number uint64) (uint64, bool)
	// CFA returns the canonical frame address; an error of type *expr.UnavailableError says that it is not known, which
	// makes what depends on it absent. All other errors are failures.
	CFA() (uint64, error)
	// EntryValue returns what an argument was, its Parameter a DIE, when the function that is entered at an address of the program
	// was called; an *expr.UnavailableError says that it is not known.
	EntryValue(entry uint64, a expr.Argument) (uint64, error)
	// Read fills buf with the program's memory at address.
	Read(buf []byte, address uint64) error
}

// An Absence says why an object has no value.
type Absence uint8

// The reasons for absence.
const (
	Present        Absence = iota
	OptimizedOut           // the compiler did not keep it, or not here
	NotImplemented         // its location is stated by operations that are not carried out
	Declared               // it is only declared here and is defined elsewhere
	ThreadLocal            // each thread has its own, at Location.Offset
)

// A Location says where a variable is.
type Location struct {
	Pieces  []expr.Piece // none when it is absent
	Absence Absence
	Reason  string // in words, of an absence
	Offset  uint64 // of ThreadLocal: in bytes from the start of the module's block of such variables
	Indexed bool   // of ThreadLocal: Offset is from .debug_addr, where gcc writes the address in the file instead
	eval    *evaluation
}

// Address returns the address of an object that lies in memory as a whole, and how many bits after it the object
// starts; ok is false for all others. It asks bitSize for the size of the object in bits when the object is in pieces.
func (l *Location) Address(bitSize func() (uint64, error)) (address, bitOffset uint64, ok bool) {
	if len(l.Pieces) == 0 || l.Pieces[0].Kind != expr.Memory {
		return 0, 0, false
	}
	first := &l.Pieces[0]
	if len(l.Pieces) == 1 && first.BitSize == 0 {
		return first.Value, first.BitOffset, true
	}
	want, err := bitSize()
	if err != nil {
		return 0, 0, false
	}
	have := first.BitSize
	for i := 1; i < len(l.Pieces) && have < want; i++ {
		// The piece continues the one before if it begins where that ends; of pieces that differ in the bits only, the
		// offsets in their bytes are the same.
		p := &l.Pieces[i]
		if p.Kind != expr.Memory || p.Value*8+p.BitOffset != first.Value*8+first.BitOffset+have {
			return 0, 0, false
		}
		have += p.BitSize
	}
	return first.Value, first.BitOffset, have >= want
}

// Bytes puts together the value of an object of bitSize bits, see [expr.Bytes]. When a part of it is not known, it has
// no value and absence says why.
func (l *Location) Bytes(bitSize uint64) (b []byte, absence Absence, err error) {
	if l.Absence != Present {
		return nil, l.Absence, nil
	}
	b, err = expr.Bytes(l.eval.format(), l.eval, l.Pieces, bitSize)
	absence, _, err = absent(err)
	return b, absence, err
}

// Calculated reports whether an object or a part of it is a number that an expression yields, and whether it is that as a whole.
func (l *Location) Calculated() (some, whole bool) {
	some = l.Absence == Present && slices.ContainsFunc(l.Pieces, func(p expr.Piece) bool { return p.Kind == expr.Number })
	return some, some && len(l.Pieces) == 1
}

// Partial reports whether parts of an object whose value is not known as a whole may be, or it is a pointer that [Location.Target] follows.
func (l *Location) Partial() bool {
	return len(l.Pieces) > 1 || len(l.Pieces) == 1 && (l.Pieces[0].Kind == expr.ImplicitPointer || l.Pieces[0].BitSize != 0) // which may hold the first bits
}

// Slice returns the location of the n bits from bit at on of an object of total bits; see [expr.Slice].
func (l *Location) Slice(total, at, n uint64) Location {
	part := *l
	if l.Absence == Present {
		part.Pieces = expr.Slice(l.Pieces, total, at, n, l.eval.format().Big)
	}
	return part
}

// Size returns how many bits an object without a type has: as many as its location holds.
func (l *Location) Size() uint64 {
	if len(l.Pieces) == 1 && l.Pieces[0].BitSize == 0 {
		switch p := &l.Pieces[0]; p.Kind {
		case expr.Implicit:
			return 8 * uint64(len(p.Bytes))
		case expr.Number:
			return 8 * uint64(p.Size)
		}
		return expr.MaxBits
	}
	var bits uint64
	for i := range l.Pieces {
		bits += min(l.Pieces[i].BitSize, expr.MaxBits)
	}
	return bits
}

// Target returns the DIE of the object that a pointer points into and how many bytes after its start, where that object has no address
// (DW_OP_implicit_pointer, DWARF 5 section 2.6.1.1.4); ok is false for all other locations.
func (l *Location) Target() (d DIE, offset int64, ok bool, err error) {
	if l.Absence != Present || len(l.Pieces) != 1 || l.Pieces[0].Kind != expr.ImplicitPointer {
		return DIE{}, 0, false, nil
	}
	d, err = Value{Form: FormRefAddr, u: l.Pieces[0].Value, unit: l.eval.unit}.DIE()
	return d, l.Pieces[0].Offset, err == nil, err
}

// absent tells errors that make an object absent from failures.
func absent(err error) (Absence, string, error) {
	var unavailable *expr.UnavailableError
	var unsupported *expr.UnsupportedError
	switch {
	case err == nil:
		return Present, "", nil
	case errors.As(err, &unavailable):
		return OptimizedOut, err.Error(), nil
	case errors.As(err, &unsupported):
		return NotImplemented, err.Error(), nil
	}
	return Present, "", err
}

// Locate finds out where the variable or parameter that d describes is at pc, an address of the program: for a frame
// that made a call, that of the call and not the one it returns to. fn and frame are the function it is in, as
// [File.Functions] has it for pc, and its frame: both nil for a variable in no function. An absent variable is no error;
// a fault of memory that its location is read from is one.
func (d DIE) Locate(pc uint64, fn *Function, frame Frame) (Location, error) {
	e := &evaluation{unit: d.Unit, fn: fn, frame: frame}
	e.pc, _ = d.Unit.File.cfg.Addresses.ToFile(pc) // a variable outside functions has none
	v, err := d.Inherited(AttrLocation)
	if err != nil {
		return Location{}, err
	}
	if !v.Exists() {
		return d.constant(e)
	}
	e.unit = v.unit // of what d is an instance of
	code, ok, err := e.unit.locationAt(v, e.pc)
	if err != nil {
		return Location{}, err
	}
	if !ok {
		return Location{Absence: OptimizedOut, Reason: "optimized out at this address"}, nil
	}
	indexed := false
	address := func(number uint64) (uint64, error) {
		indexed = true
		return e.Address(number)
	}
	if offset, ok, err := expr.ThreadLocal(e.format(), code, address); ok || err != nil {
		return Location{Absence: ThreadLocal, Offset: offset, Indexed: indexed}, err
	}
	pieces, err := expr.Locate(e.format(), e, code)
	err = e.unit.placed(err, code)
	l := Location{eval: e}
	if l.Absence, l.Reason, err = absent(err); err != nil || l.Absence != Present {
		return l, err
	}
	if !slices.ContainsFunc(pieces, func(p expr.Piece) bool { return p.Kind != expr.Empty }) {
		return Location{Absence: OptimizedOut, Reason: "optimized out"}, nil
	}
	l.Pieces = pieces
	return l, nil
}

// placed puts an error of an expression where the expression is, when that is in the unit.
func (u *Unit) placed(err error, code []byte) error {
	var e *bin.DecodeError
	if !errors.As(err, &e) || e.Section != expr.Section || cap(code) > cap(u.data) || len(code) == 0 {
		return err
	}
	pos := cap(u.data) - cap(code)
	if pos+len(code) > len(u.data) || &u.data[pos] != &code[0] {
		return err
	}
	return u.File.errorAt(u.from.start+uint64(pos)+e.Off, e.Problem)
}

// constant returns the value of a variable that has no location.
func (d DIE) constant(e *evaluation) (Location, error) {
	v, err := d.Inherited(AttrConstValue)
	if err != nil {
		return Location{}, err
	}
	p := expr.Piece{Kind: expr.Number, Value: v.u, Size: 8}
	switch b, block := v.Block(); {
	case !v.Exists():
		declared, err := d.Flag(AttrDeclaration)
		if declared {
			return Location{Absence: Declared, Reason: "declared here, defined elsewhere"}, err
		}
		return Location{Absence: OptimizedOut, Reason: "optimized out"}, err
	case block:
		p = expr.Piece{Kind: expr.Implicit, Bytes: b}
	case v.Form == FormSdata || v.Form == FormImplicitConst:
		p.Signed = true
	case v.IsConstant(): // the forms of fixed size hold unsigned numbers, else compilers write DW_FORM_sdata
	case v.IsAddress():
		if p.Value, err = v.Address(); err != nil {
			return Location{}, err
		}
		var loaded bool
		if p.Value, loaded = d.Unit.File.cfg.Addresses.ToProgram(p.Value); !loaded {
			return Location{Absence: OptimizedOut, Reason: "its section is not in memory"}, nil
		}
	default:
		b, err := v.Bytes()
		if err != nil {
			return Location{}, err
		}
		p = expr.Piece{Kind: expr.Implicit, Bytes: append(slices.Clip(b), 0)}
	}
	return Location{Pieces: []expr.Piece{p}, eval: e}, nil
}

// evaluation is the context of an expression: an [expr.Context].
type evaluation struct {
	unit  *Unit
	pc    uint64 // as the file has it
	fn    *Function
	frame Frame
	based bool // the frame base is being evaluated
}

func (e *evaluation) format() expr.Format {
	f := e.unit.File
	return expr.Format{AddressSize: int(e.unit.AddrSize), OffsetSize: int(e.unit.OffSize), Big: f.big, Addresses: f.cfg.Addresses}
}

var errNoFrame = &expr.UnavailableError{Reason: "there is no stack frame"}

func (e *evaluation) Register(number uint64) (uint64, bool) {
	if e.frame == nil {
		return 0, false
	}
	return e.frame.Register(number)
}

// LongDouble implements [expr.WideContext].
func (e *evaluation) LongDouble() int {
	if wide, ok := e.frame.(expr.WideContext); ok {
		return wide.LongDouble()
	}
	return 0
}

// Wide implements [expr.WideContext].
func (e *evaluation) Wide(number uint64) []byte {
	if wide, ok := e.frame.(expr.WideContext); ok {
		return wide.Wide(number)
	}
	return nil
}

func (e *evaluation) CFA() (uint64, error) {
	if e.frame == nil {
		return 0, errNoFrame
	}
	return e.frame.CFA()
}

func (e *evaluation) Read(buf []byte, address uint64) error {
	if e.frame == nil {
		return errNoFrame
	}
	return e.frame.Read(buf, address)
}

// EntryValue asks the function's caller, unless the function may have been entered otherwise than by the call.
func (e *evaluation) EntryValue(a expr.Argument) (uint64, error) {
	if e.fn == nil || e.frame == nil {
		return 0, errNoFrame
	}
	outer := e.fn.Outer
	entry, ok, err := outer.entryPC()
	if err == nil && ok {
		entry, ok = outer.Unit.File.cfg.Addresses.ToProgram(entry)
	}
	if err != nil || !ok {
		return 0, cmp.Or(err, error(&expr.UnavailableError{Reason: "where the function begins is not known"}))
	}
	if again, err := outer.tailCallsItself(); again || err != nil {
		return 0, cmp.Or(err, error(&expr.UnavailableError{Reason: "the function may have been entered by a jump"}))
	}
	if offset, ok := a.Parameter.(uint64); ok {
		d, err := Value{Form: FormRefUdata, u: offset, unit: e.unit}.DIE()
		if err != nil {
			return 0, err
		}
		a.Parameter = d
	}
	return e.frame.EntryValue(entry, a)
}

func (e *evaluation) Address(index uint64) (uint64, error) { return e.unit.AddressAt(index) }

func (e *evaluation) FrameBase() (uint64, error) {
	if e.fn == nil || e.frame == nil {
		return 0, errNoFrame
	}
	outer := e.fn.Outer
	if e.based {
		return 0, outer.Unit.File.errorAt(outer.Off, "frame base that depends on itself")
	}
	v, err := outer.Inherited(AttrFrameBase)
	if err != nil {
		return 0, err
	}
	if !v.Exists() {
		return 0, &expr.UnavailableError{Reason: "function without a frame base"}
	}
	b := &evaluation{unit: v.unit, pc: e.pc, fn: e.fn, frame: e.frame, based: true}
	code, ok, err := b.unit.locationAt(v, b.pc)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, &expr.UnavailableError{Reason: "function without a frame base here"}
	}
	return expr.Value(b.format(), b, code)
}

func (e *evaluation) BaseType(offset uint64) (t expr.BaseType, err error) {
	d, err := Value{Form: FormRefUdata, u: offset, unit: e.unit}.DIE()
	if err != nil {
		return t, err
	}
	if d.Tag != TagBaseType {
		return t, d.Unit.File.errorAt(d.Off, d.Tag.String()+" where a base type should be")
	}
	err = d.Attrs(func(at Attr, v Value) bool {
		switch at {
		case AttrEncoding:
			t.Encoding = uint8(v.u)
		case AttrByteSize:
			t.Size = v.u
		}
		return true
	})
	if wide, is := e.frame.(expr.WideContext); is && err == nil && t.Size > 8 {
		var name string
		name, err = d.Name()
		t.Float = wideFormat(name, wide.LongDouble())
	}
	return t, err
}

// wideFormat returns the format of floating-point numbers of more than 64 bits, which the name of their type tells, of a machine whose long double has
// a significand of so many bits.
func wideFormat(name string, longDouble int) types.FloatFormat {
	switch name {
	case "long double", "_Float64x":
		return types.LongDouble(longDouble)
	case "__float80":
		return types.Extended
	case "_Float128", "__float128":
		return types.Quadruple
	}
	return types.UnknownFloat
}
