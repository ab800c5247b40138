package dwarf

import (
	"fmt"

	"github.com/godrgn/drgn/internal/bin"
)

// attrSpec is one attribute of an abbreviation: two bytes each, since a kernel has millions.
type attrSpec struct {
	attr Attr
	form Form
}

// abbrev is one abbreviation declaration (DWARF 5, section 7.5.3).
type abbrev struct {
	tag      Tag
	children bool
	nspecs   uint16
	first    uint32 // into abbrevTable.specs
	consts   uint32 // of its first implicit constant, into abbrevTable.consts
	fixed    int32  // size in bytes of all attribute values together, or -1 when it differs
	sibling  int32  // where DW_AT_sibling lies in the attribute values, or -1 when not there or not at a fixed place
	sibForm  Form
}

// abbrevTable is a unit's table of abbreviations.
type abbrevTable struct {
	abbrevs []abbrev
	specs   []attrSpec
	consts  []int64
	size    uint64           // in .debug_abbrev
	sparse  map[uint64]int32 // code to index into abbrevs; nil when code n is abbrevs[n-1]
}

// abbrevKey tells apart tables whose plans differ.
type abbrevKey struct {
	off      uint64
	tables   uint32 // number of the section
	version  uint8
	addrSize uint8
	offSize  uint8
}

// maxSpecs bounds the attributes of one abbreviation; compilers write a few dozen at most.
const maxSpecs = 1 << 12

func (t *abbrevTable) get(code uint64) *abbrev {
	if t.sparse == nil {
		if code-1 < uint64(len(t.abbrevs)) {
			return &t.abbrevs[code-1]
		}
		return nil
	}
	if i, ok := t.sparse[code]; ok {
		return &t.abbrevs[i]
	}
	return nil
}

func (t *abbrevTable) of(a *abbrev) []attrSpec {
	return t.specs[a.first : a.first+uint32(a.nspecs)]
}

// abbrevTable returns the table at k.off of a part's .debug_abbrev, decoding it once.
func (f *File) abbrevTable(p *part, k abbrevKey) (*abbrevTable, error) {
	if t, ok := f.abbrevs.Load(k); ok {
		return t.(*abbrevTable), nil
	}
	t := &abbrevTable{}
	if err := t.decode(p.sec.Abbrev, k); err != nil {
		return nil, p.named(err)
	}
	if f.abbrevBytes.Add(t.size) > f.abbrevLimit() {
		return nil, overlapping(k.off)
	}
	got, _ := f.abbrevs.LoadOrStore(k, t)
	return got.(*abbrevTable), nil
}

// abbrevLimit bounds the bytes of all tables decoded: in bad files each unit may have the rest of the section for its
// table. Goroutines may decode one at the same time.
func (f *File) abbrevLimit() uint64 { return 16*(uint64(len(f.sec.Abbrev))+f.split.abbrev) + 1<<20 }

func overlapping(off uint64) error {
	return &bin.DecodeError{Section: ".debug_abbrev", Off: off, Problem: "tables overlap"}
}

// decode reads the table, reusing t's arrays.
func (t *abbrevTable) decode(section []byte, k abbrevKey) error {
	t.abbrevs, t.specs, t.consts, t.sparse = t.abbrevs[:0], t.specs[:0], t.consts[:0], nil
	if k.off > uint64(len(section)) {
		return &bin.DecodeError{Section: ".debug_abbrev", Off: k.off, Problem: "table lies past the end"}
	}
	pos := k.off
	bad := func(format string, args ...any) error {
		return &bin.DecodeError{Section: ".debug_abbrev", Off: pos, Problem: fmt.Sprintf(format, args...)}
	}
	next := func() (v uint64, ok bool) {
		v, n := uleb(section[pos:])
		pos += uint64(n)
		return v, n != 0
	}
	for {
		code, ok := next()
		if ok && code == 0 {
			t.size = pos - k.off
			return nil
		}
		tag, ok2 := next()
		if !ok || !ok2 || pos >= uint64(len(section)) {
			return bad("table without an end")
		}
		children := section[pos]
		pos++
		if children > 1 {
			return bad("DW_CHILDREN is %d", children)
		}
		a := abbrev{tag: Tag(tag), children: children == 1, first: uint32(len(t.specs)), consts: uint32(len(t.consts)), sibling: -1}
		if tag > 0xffff {
			a.tag = 0
		}
		size := int32(0)
		for {
			at, ok := next()
			form, ok2 := next()
			if !ok || !ok2 {
				return bad("table without an end")
			}
			if form == 0 {
				break
			}
			if form > 0xffff {
				return bad("unknown form %#x", form)
			}
			if at > 0xffff {
				at = 0
			}
			if Attr(at) == AttrSibling && size >= 0 && a.sibling < 0 {
				a.sibling, a.sibForm = size, Form(form)
			}
			if Form(form) == FormImplicitConst {
				c := bin.New(".debug_abbrev", section, false)
				c.Seek(pos)
				t.consts = append(t.consts, c.SLEB128())
				if c.Err() != nil {
					return c.Err()
				}
				pos = uint64(c.Off)
			}
			if n, ok := fixedSize(Form(form), k); ok && size >= 0 {
				size += int32(n)
			} else {
				size = -1
			}
			t.specs = append(t.specs, attrSpec{Attr(at), Form(form)})
			if a.nspecs++; a.nspecs > maxSpecs {
				return bad("abbreviation %d has more than %d attributes", code, maxSpecs)
			}
		}
		a.fixed = size
		switch {
		case t.sparse != nil:
			if _, dup := t.sparse[code]; !dup {
				t.sparse[code] = int32(len(t.abbrevs))
			}
		case code != uint64(len(t.abbrevs))+1:
			t.sparse = make(map[uint64]int32, len(t.abbrevs)+1)
			for i := range t.abbrevs {
				t.sparse[uint64(i)+1] = int32(i)
			}
			if _, dup := t.sparse[code]; !dup {
				t.sparse[code] = int32(len(t.abbrevs))
			}
		}
		t.abbrevs = append(t.abbrevs, a)
	}
}

// fixedSize returns how many bytes a value of the form takes, when all its values take as many.
func fixedSize(form Form, k abbrevKey) (n int, ok bool) {
	switch form {
	case FormFlagPresent, FormImplicitConst:
		return 0, true
	case FormData1, FormRef1, FormFlag, FormStrx1, FormAddrx1:
		return 1, true
	case FormData2, FormRef2, FormStrx2, FormAddrx2:
		return 2, true
	case FormStrx3, FormAddrx3:
		return 3, true
	case FormData4, FormRef4, FormStrx4, FormAddrx4, FormRefSup4:
		return 4, true
	case FormData8, FormRef8, FormRefSig8, FormRefSup8:
		return 8, true
	case FormData16:
		return 16, true
	case FormAddr:
		return int(k.addrSize), true
	case FormStrp, FormSecOffset, FormStrpSup, FormLineStrp, FormGNURefAlt, FormGNUStrpAlt:
		return int(k.offSize), true
	case FormRefAddr:
		if k.version <= 2 { // DWARF 2, section 7.5.4: the size of an address
			return int(k.addrSize), true
		}
		return int(k.offSize), true
	}
	return 0, false
}
