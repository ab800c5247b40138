package dwarf

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/godrgn/drgn/internal/bin"
)

// A Value is an attribute's value. Which method makes sense depends on its class.
type Value struct {
	Form Form   // 0: there is no such attribute
	u    uint64 // constant, flag, offset, index or address as written
	b    []byte // block, expression, 16-byte constant or inline string
	unit *Unit
}

// Exists reports whether the DIE has the attribute.
func (v Value) Exists() bool { return v.Form != 0 }

// Raw returns the number as written: a section offset, an index, a flag or a constant's bits.
func (v Value) Raw() uint64 { return v.u }

// Block returns the bytes of a block or expression.
func (v Value) Block() (b []byte, ok bool) {
	switch v.Form {
	case FormBlock, FormBlock1, FormBlock2, FormBlock4, FormExprloc, FormData16:
		return v.b, true
	}
	return nil, false
}

// IsExpr reports whether the value is a location description or DWARF expression: DWARF 4's exprloc, or a block in
// attributes that older versions wrote as one.
func (v Value) IsExpr() bool {
	switch v.Form {
	case FormBlock, FormBlock1, FormBlock2, FormBlock4, FormExprloc:
		return true
	}
	return false
}

// IsConstant reports whether the value is of class constant. data4 and data8 are section offsets in some attributes of
// DWARF 2 and 3: those who read such attributes must know.
func (v Value) IsConstant() bool {
	switch v.Form {
	case FormData1, FormData2, FormData4, FormData8, FormUdata, FormSdata, FormImplicitConst:
		return true
	}
	return false
}

// isRef reports whether the value is a reference to a DIE.
func (v Value) isRef() bool {
	switch v.Form {
	case FormRef1, FormRef2, FormRef4, FormRef8, FormRefUdata, FormRefAddr, FormRefSig8, FormRefSup4, FormRefSup8, FormGNURefAlt:
		return true
	}
	return false
}

// wrongForm says that the value is of a form that its attribute cannot have.
func (v Value) wrongForm() error { return fmt.Errorf("form %#x is wrong here", uint16(v.Form)) }

// Uint returns a constant as an unsigned number.
func (v Value) Uint() (uint64, bool) { return v.u, v.IsConstant() }

// Int returns a constant as a signed number: those of a fixed size are taken to have a sign bit.
func (v Value) Int() (int64, bool) {
	switch v.Form {
	case FormData1:
		return int64(int8(v.u)), true
	case FormData2:
		return int64(int16(v.u)), true
	case FormData4:
		return int64(int32(v.u)), true
	}
	return int64(v.u), v.IsConstant()
}

// Flag returns a flag.
func (v Value) Flag() bool { return v.u != 0 }

// SecOffset returns an offset into another section (classes lineptr, loclist, rnglist, …); data4 and data8 served for
// these before DWARF 4.
func (v Value) SecOffset() (uint64, bool) {
	switch v.Form {
	case FormSecOffset:
		return v.u, true
	case FormData4, FormData8:
		return v.u, v.unit.Version < 4
	}
	return 0, false
}

// IsAddress reports whether the value is an address.
func (v Value) IsAddress() bool {
	switch v.Form {
	case FormAddr, FormAddrx, FormAddrx1, FormAddrx2, FormAddrx3, FormAddrx4, FormGNUAddrIndex:
		return true
	}
	return false
}

// Address returns an address of the file.
func (v Value) Address() (uint64, error) {
	if v.Form == FormAddr {
		return v.u, nil
	}
	in, err := v.unit.Info()
	if err != nil {
		return 0, err
	}
	return v.unit.address(v, in)
}

// AddressAt returns the address number index of the unit's table in .debug_addr, as DW_OP_addrx and list entries refer
// to it, an address of the file.
func (u *Unit) AddressAt(index uint64) (uint64, error) {
	in, err := u.Info()
	if err != nil {
		return 0, err
	}
	return u.address(Value{Form: FormAddrx, u: index, unit: u}, in)
}

func (u *Unit) address(v Value, in *UnitInfo) (uint64, error) {
	if v.Form == FormAddr {
		return v.u, nil
	}
	if !v.IsAddress() {
		return 0, u.File.errorAt(u.Off, fmt.Sprintf("form %#x where an address should be", uint16(v.Form)))
	}
	if !in.HasAddrs {
		return 0, u.File.errorAt(u.Off, "indirect address without DW_AT_addr_base")
	}
	c := bin.New(".debug_addr", u.File.sec.Addr, u.File.big)
	c.Seek(in.AddrBase)
	if v.u >= uint64(c.Len())/uint64(u.AddrSize) {
		c.Fail("address index is out of bounds: number %d of %d", v.u, uint64(c.Len())/uint64(u.AddrSize))
	}
	c.Skip(v.u * uint64(u.AddrSize))
	a := c.Uint(int(u.AddrSize))
	return a, c.Err()
}

// Bytes returns a string without its NUL, not copied.
func (v Value) Bytes() ([]byte, error) {
	switch v.Form {
	case FormString, FormStrp, FormLineStrp, FormStrpSup, FormGNUStrpAlt:
		return v.unit.stringBytes(v, 0)
	}
	in, err := v.unit.Info()
	if err != nil {
		return nil, err
	}
	return v.unit.stringBytes(v, in.StrBase)
}

// text returns a string, "" when there is none.
func (v Value) text() (string, error) {
	if !v.Exists() {
		return "", nil
	}
	b, err := v.Bytes()
	return string(b), err
}

// stringBytes resolves a string; strBase is the unit's table in .debug_str_offsets.
func (u *Unit) stringBytes(v Value, strBase uint64) ([]byte, error) {
	f := u.File
	switch v.Form {
	case FormString:
		return v.b, nil
	case FormStrp:
		return u.from.cstring(".debug_str", u.from.sec.Str, v.u)
	case FormLineStrp:
		return u.from.cstring(".debug_line_str", u.from.sec.LineStr, v.u)
	case FormStrpSup, FormGNUStrpAlt:
		if f.sup == nil {
			return nil, f.errorAt(u.Off, "the supplementary debug file (.gnu_debugaltlink) is missing")
		}
		return cstring(".debug_str", f.sup.sec.Str, v.u)
	case FormStrx, FormStrx1, FormStrx2, FormStrx3, FormStrx4, FormGNUStrIndex:
		off, err := u.stringOffset(v, strBase)
		if err != nil {
			return nil, err
		}
		return u.from.cstring(".debug_str", u.from.sec.Str, off)
	}
	return nil, f.errorAt(u.Off, fmt.Sprintf("form %#x where a string should be", uint16(v.Form)))
}

// stringOffset returns where in .debug_str a string given by its number lies.
func (u *Unit) stringOffset(v Value, base uint64) (uint64, error) {
	c := bin.New(".debug_str_offsets", u.from.sec.StrOffsets, u.File.big)
	if v.u > uint64(len(c.Data)) {
		c.Fail("string number %d lies past the end", v.u)
	}
	c.Seek(base)
	c.Skip(v.u * uint64(u.OffSize))
	off := c.Uint(int(u.OffSize))
	return off, u.from.named(c.Err())
}

// cstring returns a string that a unit of the part refers to.
func (p *part) cstring(section string, data []byte, off uint64) ([]byte, error) {
	b, err := cstring(section, data, off)
	return b, p.named(err)
}

// named says of a new error in a section of the part's file, which one that is.
func (p *part) named(err error) error {
	if bad, ok := err.(*bin.DecodeError); ok && bad.File == "" {
		bad.File = p.file
	}
	return err
}

func cstring(section string, data []byte, off uint64) ([]byte, error) {
	if off >= uint64(len(data)) {
		return nil, &bin.DecodeError{Section: section, Off: off, Problem: "string lies past the end"}
	}
	n := bytes.IndexByte(data[off:], 0)
	if n < 0 {
		return nil, &bin.DecodeError{Section: section, Off: off, Problem: "string without an end"}
	}
	return data[off : off+uint64(n)], nil
}

// DIE returns the DIE the value refers to, perhaps of another unit or of the supplementary file.
func (v Value) DIE() (DIE, error) {
	f := v.unit.File
	switch v.Form {
	case FormRef1, FormRef2, FormRef4, FormRef8, FormRefUdata:
		u := v.unit
		off := u.Off + v.u
		if off < u.first || off >= u.End || v.u > u.End-u.Off {
			p := v.unit.from // in which off need not be
			return DIE{}, &bin.DecodeError{File: p.file, Section: p.section, Off: off - p.start + p.at, Problem: "reference out of the unit"}
		}
		d, ok, err := u.dieAt(off)
		if err == nil && !ok {
			err = f.errorAt(off, "no DIE here")
		}
		return d, err
	case FormRefAddr:
		if p := v.unit.from; p.split {
			off := v.u - p.at + p.start
			if v.u < p.at || off < v.unit.first || off >= v.unit.End {
				return DIE{}, f.errorAt(p.start, "reference out of a unit of split DWARF")
			}
			return f.DIE(off)
		}
		if v.u >= uint64(len(f.sec.Info)) {
			return DIE{}, f.errorAt(v.u, "reference past the end of the section")
		}
		return f.DIE(v.u)
	case FormGNURefAlt, FormRefSup4, FormRefSup8:
		if f.sup == nil {
			return DIE{}, f.errorAt(v.unit.Off, "the supplementary debug file (.gnu_debugaltlink) is missing")
		}
		return f.sup.DIE(v.u)
	case FormRefSig8:
		return f.typeUnit(v.unit, v.u)
	}
	return DIE{}, f.errorAt(v.unit.Off, fmt.Sprintf("form %#x where a reference should be", uint16(v.Form)))
}

// skip returns the offset in u.data of the byte after a value at pos.
func (u *Unit) skip(pos uint64, form Form) (uint64, bool) {
	size := uint64(len(u.data))
	for range 4 {
		if n, ok := fixedSize(form, abbrevKey{version: u.Version, addrSize: u.AddrSize, offSize: u.OffSize}); ok {
			pos += uint64(n)
			return pos, pos <= size
		}
		if pos > size {
			return 0, false
		}
		b := u.data[pos:]
		var length, n uint64
		switch form {
		case FormString:
			i := bytes.IndexByte(b, 0)
			return pos + uint64(i) + 1, i >= 0
		case FormUdata, FormSdata, FormRefUdata, FormStrx, FormAddrx, FormLoclistx, FormRnglistx, FormGNUAddrIndex, FormGNUStrIndex:
			for i := range b {
				if b[i] < 0x80 {
					return pos + uint64(i) + 1, true
				}
			}
			return 0, false
		case FormBlock1:
			if len(b) < 1 {
				return 0, false
			}
			length, n = uint64(b[0]), 1
		case FormBlock2:
			if len(b) < 2 {
				return 0, false
			}
			length, n = u.fixed(b, 2), 2
		case FormBlock4:
			if len(b) < 4 {
				return 0, false
			}
			length, n = u.fixed(b, 4), 4
		case FormBlock, FormExprloc:
			v, k := uleb(b)
			if k == 0 {
				return 0, false
			}
			length, n = v, uint64(k)
		case FormIndirect:
			v, k := uleb(b)
			if k == 0 || v > 0xffff || Form(v) == FormImplicitConst {
				return 0, false
			}
			form, pos = Form(v), pos+uint64(k)
			continue
		default:
			return 0, false
		}
		if length > size-pos-n {
			return 0, false
		}
		return pos + n + length, true
	}
	return 0, false
}

// fixed reads a number of size bytes.
func (u *Unit) fixed(b []byte, size int) uint64 {
	if u.File.big {
		var v uint64
		for _, x := range b[:size] {
			v = v<<8 | uint64(x)
		}
		return v
	}
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	var v uint64
	for i, x := range b[:size] {
		v |= uint64(x) << (8 * i)
	}
	return v
}

// read decodes the value of v.Form at pos into v and returns the offset in u.data of the byte after it.
func (u *Unit) read(pos uint64, v *Value) (uint64, error) {
	end, ok := u.skip(pos, v.Form)
	if !ok {
		return 0, u.File.errorAt(u.from.start+pos, fmt.Sprintf("attribute of form %#x is unknown or past the end of its unit", uint16(v.Form)))
	}
	b := u.data[pos:end]
	for v.Form == FormIndirect {
		form, n := uleb(b)
		v.Form, b = Form(form), b[n:]
	}
	switch v.Form {
	case FormFlagPresent:
		v.u = 1
	case FormString:
		v.b = b[:len(b)-1]
	case FormUdata, FormRefUdata, FormStrx, FormAddrx, FormLoclistx, FormRnglistx, FormGNUAddrIndex, FormGNUStrIndex:
		n, k := uleb(b)
		if k == 0 {
			return 0, u.File.errorAt(u.from.start+pos, "ULEB128 number overflows 64 bits")
		}
		v.u = n
	case FormSdata:
		c := bin.New(".debug_info", b, false)
		v.u = uint64(c.SLEB128())
		if c.Err() != nil {
			return 0, u.File.errorAt(u.from.start+pos, "SLEB128 number overflows 64 bits")
		}
	case FormBlock1:
		v.b = b[1:]
	case FormBlock2:
		v.b = b[2:]
	case FormBlock4:
		v.b = b[4:]
	case FormBlock, FormExprloc:
		_, n := uleb(b)
		v.b = b[n:]
	case FormData16:
		v.b = b
	default:
		if len(b) > 0 {
			v.u = u.fixed(b, len(b))
		}
	}
	return end, nil
}
