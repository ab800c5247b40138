package drgn

import (
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/types"
)

// knownParts is what is known of an absent object.
type knownParts struct {
	debugdata.Parts
	of func(name string, e *debugdata.Entity) Object // makes an object of a part
}

// KnownInParts reports whether an absent object has members or elements that may be known, or is a pointer that can be followed
// although what it points to has no address.
func (o Object) KnownInParts() bool { return o.form == absent && o.x.parts != nil }

// known returns a part of an absent object of which parts are known.
func (o Object) known(t *types.Type, bitOffset, bitField uint64) Object {
	n := bitField
	if n == 0 {
		var err error
		if n, err = t.BitSize(); err != nil {
			return Failed(err)
		}
	}
	e, err := o.x.parts.Part(t, bitOffset, n)
	switch {
	case err != nil:
		return Failed(err)
	case e.Where == debugdata.IsBytes:
		return o.prog.valueOf(t, e.Bytes, 0, uint16(bitField))
	}
	part := o.x.parts.of("", &e)
	part.bitField = uint16(bitField)
	return part
}

// synthetic returns what lies some bytes after what a pointer into an object without an address points to.
func (o Object) synthetic(t *types.Type, after uint64) Object {
	target, offset, ok, err := o.x.parts.Target()
	switch {
	case err != nil:
		return Failed(err)
	case !ok:
		return Failed(&AbsentError{Reason: o.x.reason})
	}
	return Object{prog: o.prog, typ: t, form: absent, x: &extra{reason: OptimizedOut, parts: &knownParts{target, o.x.parts.of}}}.
		known(t, 8*(uint64(offset)+after), 0)
}

// reason says why the object is absent, as it is printed, if it is not for another reason.
func (k *knownParts) reason(otherwise string) string {
	if _, _, ok, err := k.Target(); ok && err == nil {
		return "synthetic pointer"
	}
	return otherwise
}

// unknownPart says why a part of an object is not known.
type unknownPart string

func (e unknownPart) Error() string { return string(e) }

// partReader reads the bytes of an absent object that are known.
type partReader struct{ o Object }

// Read fills buf with the bytes from an offset on.
func (r partReader) Read(buf []byte, offset uint64) error {
	ts, l := r.o.prog.types, r.o.prog.language()
	part := r.o.known(ts.Array(l, ts.Int(l, "unsigned char", 1, false, false), uint64(len(buf))), 8*offset, 0)
	data, err := part.Bytes()
	if copy(buf, data); part.form == absent {
		err = unknownPart(part.printed().Reason)
	}
	return err
}
