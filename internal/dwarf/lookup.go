package dwarf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/types"
)

// An EntityKind is what is looked for by name.
type EntityKind uint8

// The kinds of entities.
const (
	EntityVariable EntityKind = iota
	EntityFunction
	EntityConstant // an enumerator
)

// An Entity is a variable, function or enumerator.
type Entity struct {
	Kind EntityKind
	Type *types.Type
	DIE  DIE // of an enumerator: its enumerated type

	// HasAddress says that Address holds the entity's address, as the file has it, without bias.
	HasAddress bool
	Address    uint64
	// Instances are the addresses, without bias, of the out-of-line code of a function that has no code of its own DIE
	// because it was also inlined. Some may be of specialised copies ("f.constprop.0", "f.part.0"): DWARF does not tell
	// them apart, the symbol table does.
	Instances []uint64
	// Value is the value of an enumerator or of a variable that the compiler made a constant, when HasValue: its low 64
	// bits. Bytes is the value of such a variable that is no number, as it would lie in memory.
	HasValue bool
	Value    uint64
	Bytes    []byte
	// Expr is a variable's location when it is more than an address: in thread-local storage, say.
	Expr []byte
}

// Absent reports whether the file says neither where the entity is nor what its value is.
func (e *Entity) Absent() bool {
	return !e.HasAddress && !e.HasValue && e.Bytes == nil && e.Expr == nil && len(e.Instances) == 0
}

// entityKinds are the kinds of entries of an index by EntityKind.
var entityKinds = [...]uint16{1 << ixVariable, 1 << ixFunction, 1 << ixConstant}

// typeKinds returns the kinds of entries that types of the kinds have in an index.
func typeKinds(kinds types.KindSet) (ix uint16) {
	for kind, bits := range map[types.Kind]uint16{
		types.Int: 1 << ixBase, types.Bool: 1 << ixBase, types.Float: 1 << ixBase, types.Struct: 1 << ixStruct,
		types.Union: 1 << ixUnion, types.Class: 1 << ixClass, types.Enum: 1 << ixEnum, types.Typedef: 1 << ixTypedef,
	} {
		if kinds.Has(kind) {
			ix |= bits
		}
	}
	return ix
}

// find iterates over the entries of a qualified name, in the order of the file for each kind. [File.ready] comes before.
func (f *File) find(kinds uint16, name, filename string) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		ix := f.byName.index.Load()
		scopes, last := splitName(name)
		for _, last := range spellings(last) {
			hash := hashName([]byte(last))
			from, to := ix.bucket(hash)
			for i := from; i < to; i++ {
				e := ix.entry(i)
				if e.hash != hash || kinds>>e.kind&1 == 0 || string(f.entryName(&e)) != last {
					continue
				}
				if !f.inScope(e.scope, scopes) && !f.inEnumOf(&e, scopes) || !f.inFile(e.file, filename) {
					continue
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// splitName splits a qualified name of C++ or Rust at "::" outside of template arguments and parameters.
func splitName(name string) (scopes []string, last string) {
	if !strings.Contains(name, "::") || name[0] == '&' { // Rust's references are in no namespace
		return nil, name
	}
	depth, start := 0, 0
	for i := 0; i < len(name); i++ {
		if i == start && isOperator(name[i:]) { // "operator ns::type", "operator<"
			break
		}
		switch name[i] {
		case '<', '(':
			depth++
		case '>', ')':
			depth--
		case ':':
			if depth == 0 && i+1 < len(name) && name[i+1] == ':' {
				if i > start {
					scopes = append(scopes, name[start:i])
				}
				i++
				start = i + 1
			}
		}
	}
	return scopes, name[start:]
}

// isOperator reports whether a name is that of an operator of C++, in which there may be anything.
func isOperator(name string) bool {
	rest, ok := strings.CutPrefix(name, "operator")
	if !ok || rest == "" {
		return false
	}
	c := rest[0]
	return c != '_' && c != ':' && c < utf8.RuneSelf && !('0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z')
}

const anonymousNamespace = "(anonymous namespace)"

// inlineNamespace comes before the names of inline namespaces in an index.
const inlineNamespace = "\x01"

// inScope reports whether a scope is the one named; unnamed and inline namespaces may be left out.
func (f *File) inScope(scope uint32, names []string) bool {
	for range maxScopes + 1 {
		if scope == 0 {
			return len(names) == 0
		}
		parent, name := f.byName.index.Load().scope(scope)
		plain, inline := strings.CutPrefix(string(name), inlineNamespace)
		switch {
		case len(names) > 0 && plain == names[len(names)-1]:
			names = names[:len(names)-1]
		case !inline && plain != anonymousNamespace && !f.inlineFor(scope):
			return false
		}
		scope = parent
	}
	return false
}

// inEnumOf reports whether an entry is an enumerator of a scoped enumeration in the scope named: it is found by the name
// that one of a plain enumeration would have, too.
func (f *File) inEnumOf(e *entry, names []string) bool {
	if e.kind != ixConstant || e.scope == 0 {
		return false
	}
	parent, name := f.byName.index.Load().scope(e.scope)
	if !f.inScope(parent, names) {
		return false
	}
	d, err := f.DIE(e.die)
	if err != nil {
		return false
	}
	scoped, err := d.Flag(AttrEnumClass)
	if err != nil || !scoped {
		return false
	}
	text, err := d.FullName()
	return err == nil && text == string(name)
}

// inFile reports whether a file is the one named: "" is any, a relative name is compared by components from the right.
func (f *File) inFile(file uint32, filename string) bool {
	if filename == "" {
		return true
	}
	return debugdata.PathMatches(f.byName.index.Load().file(file), filename)
}

// spellings returns the ways a base type's name may be written.
func spellings(name string) []string {
	if p := types.SpelledPrimitive(name); p >= types.CShort && p <= types.CUnsignedLongLong {
		return p.Spellings()
	}
	return []string{name}
}

// lacks reports whether the index alone, without the names in .debug_str, tells that there is no entry of a name.
func (f *File) lacks(kinds uint16, name string) bool {
	ix := f.byName.index.Load()
	_, last := splitName(name)
	for _, last := range spellings(last) {
		hash := hashName([]byte(last))
		from, to := ix.bucket(hash)
		for i := from; i < to; i++ {
			if e := ix.entry(i); e.hash == hash && kinds>>e.kind&1 != 0 {
				return false
			}
		}
	}
	return true
}

// ready prepares for a search for entries of a name: ok is false when there are none.
func (f *File) ready(kinds uint16, name string) (ok bool, err error) {
	if err := f.indexNames(nil); err != nil {
		return false, err
	}
	if f.loading.done.Load() {
		return true, nil
	}
	if f.lacks(kinds, name) {
		return false, nil
	}
	err = f.load()
	return err == nil, err
}

// FindTypes iterates over the defined types of a name, tag or spelling ("unsigned long") that are of one of the kinds
// and, unless filename is "", declared in that file: the last components of its path, or all of an absolute one. Types
// in namespaces and classes have qualified names, "ns::point". An error is the last pair.
func (f *File) FindTypes(kinds types.KindSet, name, filename string) iter.Seq2[*types.Type, error] {
	return func(yield func(*types.Type, error) bool) {
		for ; f != nil; f = f.sup {
			ok, err := f.ready(typeKinds(kinds), name)
			if err != nil {
				yield(nil, err)
				return
			}
			if !ok {
				continue
			}
			for e := range f.find(typeKinds(kinds), name, filename) {
				t, err := f.typeAt(e.die)
				if err == nil && !kinds.Has(t.Kind()) {
					continue
				}
				if !yield(t, err) || err != nil {
					return
				}
			}
		}
	}
}

// EachName calls f with each name that [File.FindTypes] and [File.FindEntity] find, qualified as these want it, and what
// has it, until f returns false. Some names come more than once. name is good until f returns.
func (f *File) EachName(each func(of debugdata.NameOf, name []byte) bool) error {
	var qualified []byte
	for ; f != nil; f = f.sup {
		if err := errors.Join(f.indexNames(nil), f.load()); err != nil {
			return err
		}
		ix := f.byName.index.Load()
		for i := range ix.numEntries() {
			e := ix.entry(i)
			of, ok := nameOf(e.kind)
			if !ok {
				continue
			}
			name := f.entryName(&e)
			if e.scope != 0 {
				qualified = append(f.appendScope(qualified[:0], e.scope, maxScopes), name...)
				name = qualified
			}
			if len(name) > 0 && !each(of, name) {
				return nil
			}
		}
	}
	return nil
}

// appendScope appends the names of a scope and those that it is in, but those without a name, each with "::".
func (f *File) appendScope(b []byte, scope uint32, depth int) []byte {
	if scope == 0 || depth < 0 {
		return b
	}
	parent, name := f.byName.index.Load().scope(scope)
	b = f.appendScope(b, parent, depth-1)
	name = bytes.TrimPrefix(name, []byte(inlineNamespace))
	if len(name) == 0 {
		return b
	}
	return append(append(b, name...), "::"...)
}

// nameOf says what entries of a kind are the names of.
func nameOf(kind uint8) (of debugdata.NameOf, ok bool) {
	switch kind {
	case ixVariable:
		return debugdata.NameOf{Entity: debugdata.Variable}, true
	case ixFunction, ixInstance:
		return debugdata.NameOf{Entity: debugdata.Function}, true
	case ixConstant:
		return debugdata.NameOf{Entity: debugdata.Constant}, true
	}
	kinds := [...]types.Kind{ixBase: types.Int, ixStruct: types.Struct, ixUnion: types.Union, ixClass: types.Class, ixEnum: types.Enum, ixTypedef: types.Typedef}
	if kind == ixNone || int(kind) >= len(kinds) {
		return of, false
	}
	return debugdata.NameOf{IsType: true, Type: kinds[kind]}, true
}

// FindType returns the first of [File.FindTypes], or nil when there is none.
func (f *File) FindType(kinds types.KindSet, name, filename string) (*types.Type, error) {
	for t, err := range f.FindTypes(kinds, name, filename) {
		return t, err
	}
	return nil, nil
}

// FindEntity returns the variable, function or enumerator of a name; see [File.FindTypes] for name and filename. Of
// several definitions that have code or a location it takes the one whose address prefer ranks lowest, of equals the first
// in the file: a weak function that another one replaced has its code in the file still. prefer gets addresses of the file
// and is asked only if there are several; ok is false for one that it does not know. A nil prefer takes the first.
func (f *File) FindEntity(kind EntityKind, name, filename string, prefer func(address uint64) (rank int, ok bool)) (e Entity, ok bool, err error) {
	kinds := entityKinds[kind]
	if kind == EntityFunction {
		kinds |= 1 << ixInstance
	}
	there, err := f.ready(kinds, name)
	if err != nil {
		return Entity{}, false, err
	}
	var first entry
	var known, instances []entry
	if there {
		for x := range f.find(kinds, name, filename) {
			switch {
			case x.kind == ixInstance:
				if len(instances) < maxDefinitions {
					instances = append(instances, x)
				}
			case x.known && len(known) < maxDefinitions:
				known = append(known, x)
			}
			if !ok {
				first, ok = x, true
			}
			if kind == EntityConstant || prefer == nil && len(known) > 0 {
				break
			}
		}
	}
	switch {
	case !ok:
		if kind == EntityVariable {
			if e, ok, err = f.staticConstant(name, filename); ok || err != nil {
				return e, ok, err
			}
		}
		if f.sup != nil {
			return f.sup.FindEntity(kind, name, filename, prefer)
		}
		return Entity{}, false, nil
	case len(known) == 1 && len(instances) == 0, len(known) > 0 && prefer == nil:
		e, err = f.entityAt(kind, known[0], name)
	default:
		preferred := false
		if prefer != nil && len(known)+len(instances) > 1 {
			if e, preferred, err = f.preferred(kind, append(known, instances...), name, prefer); err != nil {
				return Entity{}, false, err
			}
		}
		switch {
		case preferred:
		case len(known) > 0:
			e, err = f.entityAt(kind, known[0], name)
		default:
			if e, err = f.entityAt(kind, first, name); err == nil {
				e.Instances, err = f.entryPCs(instances)
			}
		}
	}
	if err == nil && kind == EntityVariable && e.HasAddress && e.Type.UnderlyingKind() == types.Array && !e.Type.IsComplete() {
		e, err = f.completed(e, name, filename)
	}
	return e, err == nil, err
}

// maxDefinitions bounds how many definitions and how many out-of-line instances of a name are looked at.
const maxDefinitions = 256

// entityAt returns what an entry of the index stands for.
func (f *File) entityAt(kind EntityKind, x entry, name string) (Entity, error) {
	d, err := f.DIE(x.die)
	if err != nil {
		return Entity{}, err
	}
	e := Entity{Kind: kind, DIE: d}
	if kind == EntityConstant {
		_, last := splitName(name)
		return e, f.fillConstant(&e, last)
	}
	return e, f.fill(&e)
}

// preferred returns the definition or out-of-line instance whose address prefer ranks lowest; ok is false when it knows
// none of them.
func (f *File) preferred(kind EntityKind, definitions []entry, name string, prefer func(uint64) (int, bool)) (best Entity, ok bool, err error) {
	bestRank := 0
	for _, x := range definitions {
		e, err := f.entityAt(kind, x, name)
		if err != nil {
			return Entity{}, false, err
		}
		if x.kind == ixInstance {
			if e.Address, e.HasAddress, err = e.DIE.entryPC(); err != nil {
				return Entity{}, false, err
			}
		}
		if !e.HasAddress {
			continue
		}
		if rank, known := prefer(e.Address); known && (!ok || rank < bestRank) {
			best, bestRank, ok = e, rank, true
		}
	}
	return best, ok, nil
}

// entryPCs returns where out-of-line instances of a function begin.
func (f *File) entryPCs(instances []entry) (pcs []uint64, err error) {
	for _, x := range instances {
		d, err := f.DIE(x.die)
		if err != nil {
			return nil, err
		}
		pc, ok, err := d.entryPC()
		if err != nil {
			return nil, err
		}
		if ok {
			pcs = append(pcs, pc)
		}
	}
	return pcs, nil
}

// completed returns the entity of another definition of a variable that knows more of its type: a compiler describes
// "const char banner[] = …" twice where it was declared before, and the length of the array only the second time.
func (f *File) completed(e Entity, name, filename string) (Entity, error) {
	for x := range f.find(entityKinds[e.Kind], name, filename) {
		if !x.known || x.die == e.DIE.Off {
			continue
		}
		d, err := f.DIE(x.die)
		if err != nil {
			return e, err
		}
		other := Entity{Kind: e.Kind, DIE: d}
		if err := f.fill(&other); err != nil {
			return e, err
		}
		if other.HasAddress && other.Address == e.Address && other.Type.IsComplete() {
			return other, nil
		}
	}
	return e, nil
}

// EntityOf returns what a DIE of a variable or function describes.
func (f *File) EntityOf(d DIE) (Entity, error) {
	e := Entity{Kind: EntityVariable, DIE: d}
	if d.Tag == TagSubprogram {
		e.Kind = EntityFunction
	}
	return e, f.fill(&e)
}

func (f *File) fill(e *Entity) (err error) {
	if e.Kind == EntityFunction {
		if e.Type, err = f.TypeOf(e.DIE); err != nil {
			return err
		}
		if e.DIE.Has(AttrAbstractOrigin) {
			return nil
		}
		e.Address, e.HasAddress, err = e.DIE.entryPC()
		return err
	}
	if e.Type, err = f.TypeAttr(e.DIE); err != nil {
		return err
	}
	loc, err := e.DIE.Inherited(AttrLocation)
	if err != nil {
		return err
	}
	if loc.IsExpr() {
		if e.Address, e.HasAddress, err = loc.simpleAddress(); err != nil || e.HasAddress {
			return err
		}
		if len(loc.b) > 0 {
			e.Expr = loc.b
		}
		return nil
	}
	if loc.Exists() {
		if !loc.isLocationList() {
			return e.DIE.invalid(AttrLocation, loc.wrongForm())
		}
		return nil // it is somewhere only while a function runs
	}
	c, err := e.DIE.Inherited(AttrConstValue)
	if err != nil || !c.Exists() {
		return err
	}
	if n, ok := c.Uint(); ok {
		switch e.Type.UnderlyingKind() {
		case types.Int, types.Bool, types.Enum, types.Pointer, types.Float:
			size, err := e.Type.Size()
			if err != nil {
				return e.DIE.fail("unknown %s form: %w", AttrConstValue, err)
			}
			if size > 8 {
				return e.fillWide(n, c.Form, size)
			}
			if e.Type.UnderlyingKind() == types.Float && size < 8 && n>>(8*size) != 0 {
				break // the bits of no such number
			}
			e.Value, e.HasValue = n, true
			return nil
		}
		return e.DIE.fail("unknown %s form %#x for type '%s'", AttrConstValue, uint16(c.Form), e.Type)
	}
	if b, ok := c.Block(); ok {
		return e.fillBytes(b, c.Form == FormData16)
	}
	b, err := c.Bytes()
	if u := e.Type.Underlying(); err != nil || u.Kind() != types.Array || u.Elem().Underlying().OwnSize() != 1 {
		return e.DIE.invalid(AttrConstValue, c.wrongForm())
	}
	return e.fillBytes(append(bytes.Clone(b), 0), false)
}

// fillWide sets the value of an entity whose type has more bytes than the number that is its value. Only DW_FORM_sdata and
// DW_FORM_implicit_const can hold one below 0.
func (e *Entity) fillWide(n uint64, form Form, size uint64) error {
	if size > maxConstant {
		return e.DIE.fail("%s is a number for type '%s' of %d bytes", AttrConstValue, e.Type, size)
	}
	sign := byte(0)
	if (form == FormSdata || form == FormImplicitConst) && int64(n) < 0 {
		sign = 0xff
	}
	b := bytes.Repeat([]byte{sign}, int(size))
	binary.LittleEndian.PutUint64(b, n)
	if e.DIE.Unit.File.big {
		slices.Reverse(b)
	}
	e.Bytes = b
	return nil
}

// maxConstant is how many bytes a number can have: _BitInt of C has at most 65,535 bits with gcc, and 8,388,608 with clang.
const maxConstant = 1 << 20

// fillBytes sets the value of an entity from its bytes in memory, of which there may be more than the type needs; those
// of a number that is too long are left out where they are most significant.
func (e *Entity) fillBytes(b []byte, number bool) error {
	n, err := e.Type.Size()
	if err != nil {
		return e.DIE.fail("unknown %s form: %w", AttrConstValue, err)
	}
	have := uint64(len(b))
	if have < n {
		return e.DIE.fail("%s block is too small: %d bytes for type '%s' of %d", AttrConstValue, have, e.Type, n)
	}
	if number && e.DIE.Unit.File.big {
		b = b[have-n:]
	}
	e.Bytes = b[:n:n]
	return nil
}

// fillConstant finds the enumerator in the enumerated type e.DIE.
func (f *File) fillConstant(e *Entity, name string) (err error) {
	if e.Type, err = f.TypeOf(e.DIE); err != nil {
		return err
	}
	list, err := e.Type.Enumerators()
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Name == name {
			e.Value, e.HasValue = x.Value, true
			return nil
		}
	}
	return f.errorAt(e.DIE.Off, fmt.Sprintf("the index has an enumerator %q here that is not", name))
}

// entryPC returns where a function begins.
func (d DIE) entryPC() (pc uint64, ok bool, err error) {
	for _, at := range [...]Attr{AttrEntryPC, AttrLowPC} {
		v, err := d.Attr(at)
		if err != nil {
			return 0, false, err
		}
		if v.IsAddress() {
			pc, err = v.Address()
			return pc, err == nil && !d.Unit.tombstone(pc), err
		}
	}
	// The first range of a function in pieces has its beginning (DWARF 5, section 2.18).
	rs, err := d.Ranges()
	if err != nil || len(rs) == 0 {
		return 0, false, err
	}
	return rs[0].Low, true, nil
}

// isLocationList reports whether the value says where a list of locations is.
func (v Value) isLocationList() bool {
	_, ok := v.SecOffset()
	return ok || v.Form == FormLoclistx || v.Form == FormData4 || v.Form == FormData8
}

// simpleAddress returns the address of a location description that is DW_OP_addr or DW_OP_addrx, perhaps with
// DW_OP_plus_uconst behind.
func (v Value) simpleAddress() (addr uint64, ok bool, err error) {
	const opAddr, opPlusUconst, opAddrx, opGNUAddrIndex = 0x03, 0x23, 0xa1, 0xfb
	if len(v.b) == 0 {
		return 0, false, nil
	}
	rest := v.b[1:]
	switch size := int(v.unit.AddrSize); v.b[0] {
	case opAddr:
		if len(rest) < size {
			return 0, false, nil
		}
		addr, rest = v.unit.fixed(rest, size), rest[size:]
	case opAddrx, opGNUAddrIndex:
		i, n := uleb(rest)
		if n == 0 {
			return 0, false, nil
		}
		if addr, err = v.unit.AddressAt(i); err != nil {
			return 0, false, err
		}
		rest = rest[n:]
	default:
		return 0, false, nil
	}
	if len(rest) > 1 && rest[0] == opPlusUconst {
		if i, n := uleb(rest[1:]); n != 0 {
			addr, rest = addr+i, rest[1+n:]
		}
	}
	return addr, len(rest) == 0, nil
}

// Names iterates over the names of entities of a kind at the top level, in no order; a name that the supplementary file
// has as well comes twice.
func (f *File) Names(kind EntityKind) iter.Seq[string] { return f.names(entityKinds[kind]) }

// TypeNames iterates over the names and tags of defined types of the kinds at the top level, as Names does.
func (f *File) TypeNames(kinds types.KindSet) iter.Seq[string] { return f.names(typeKinds(kinds)) }

func (f *File) names(kinds uint16) iter.Seq[string] {
	return func(yield func(string) bool) {
		if errors.Join(f.indexNames(nil), f.load()) != nil {
			return // who looks a name up is told of it
		}
		var last []byte
		if f.sup != nil {
			for name := range f.sup.names(kinds) {
				if !yield(name) {
					return
				}
			}
		}
		ix := f.byName.index.Load()
		for i := range ix.numEntries() {
			e := ix.entry(i)
			if kinds>>e.kind&1 == 0 || e.scope != 0 {
				continue
			}
			name := f.entryName(&e)
			if len(name) == 0 || bytes.Equal(name, last) {
				continue
			}
			last = name
			if !yield(string(name)) {
				return
			}
		}
	}
}
