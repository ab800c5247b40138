package dwarf

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"sync"
)

// shared is what all scanners of an indexing pass share.
type shared struct {
	f          *File
	imports    imports
	abbrevs    map[abbrevPlace]uint32 // → how many units use it
	mu         sync.Mutex
	files      map[string]uint32 // path → number from 1
	fileList   []string
	scopes     map[scopeKey]uint32 // → number from 1
	scopeTab   []scopeKey
	scopeBytes int
	damaged    map[int]error // units that were passed over
}

// abbrevPlace is where a table of abbreviations is: the number of the section, see [part], and the offset.
type abbrevPlace struct {
	tables uint32
	off    uint64
}

// linePlace is the like of line programs.
type linePlace abbrevPlace

// scopeKey is a namespace or class in its parent; 0 is the global scope.
type scopeKey struct {
	parent uint32
	name   string
}

func (s *shared) file(path string) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.files[path]
	if !ok {
		s.fileList = append(s.fileList, path)
		n = uint32(len(s.fileList))
		s.files[path] = n
	}
	return n
}

// maxScopeBytes bounds the names of all scopes together.
const maxScopeBytes = 256 << 20

// scope returns the number of a scope; those of bad files that have no end of them are the global one.
func (s *shared) scope(parent uint32, name string) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := scopeKey{parent, name}
	n, ok := s.scopes[k]
	if !ok {
		if s.scopeBytes += len(name); s.scopeBytes > maxScopeBytes {
			return 0
		}
		s.scopeTab = append(s.scopeTab, k)
		n = uint32(len(s.scopeTab))
		s.scopes[k] = n
	}
	return n
}

// A scanner indexes units, in ascending order.
type scanner struct {
	*shared
	found     nameTable
	tables    map[abbrevKey]*planTable // those that several units use
	scratch   planTable                // of a table that one unit uses
	decoded   uint64                   // bytes of tables decoded
	lines     map[linePlace]*lineFiles // headers read last
	lineBytes uint64                   // of all headers read
	copied    uint64                   // bytes of names that are neither in .debug_info nor in .debug_str
	paths     map[[2]uint64]uint32     // offsets of a name and its directory in .debug_line_str → file number
	scopeNums map[namedScope]uint32

	// of the present unit
	u        *Unit
	t        *planTable
	data     []byte
	pos      uint64
	big      bool
	nests    bool     // the language has things in classes
	fileNums []uint32 // by number in the line program: file number + 1, 0 not looked up yet
	scopesOf declaredIn
	spaced   bool // the unit has had a namespace
}

// record is what a plan finds out about a DIE.
type record struct {
	name     nameRef
	file     uint64
	line     uint64
	size     uint64
	sibling  uint64 // offset in data, or 0
	ref      Value  // DW_AT_specification or DW_AT_abstract_origin
	sig      Value  // DW_AT_signature
	flags    uint16 // bits by want numbers
	nameOK   bool
	fileHere bool
	low      uint64 // DW_AT_low_pc, or 0
	foreign  uint32 // file number from a DIE of another unit, when this one has none
}

func (r *record) has(want uint) bool { return r.flags>>want&1 != 0 }

// nameRef is a name before it is looked at: its place in .debug_str, or the string itself.
type nameRef struct {
	key  uint64 // offset in .debug_str, or inlineName and a hash
	text []byte
}

const inlineName = 1 << 63

var hashSeed = maphash.MakeSeed()

func inlineRef(b []byte) nameRef { return nameRef{inlineName | maphash.Bytes(hashSeed, b), b} }

func (s *scanner) fail(format string, args ...any) error {
	return s.f.errorAt(s.u.from.start+s.pos, fmt.Sprintf(format, args...))
}

// unit indexes one unit.
func (s *scanner) unit(i int) error {
	h, err := s.f.parseUnit(s.f.unitOffs[i])
	if err != nil {
		return err
	}
	if s.t = s.tables[h.abbrevKey]; s.t == nil {
		s.t = &s.scratch
		if s.abbrevs[abbrevPlace{h.tables, h.off}] > 1 {
			s.t = &planTable{}
			s.tables[h.abbrevKey] = s.t
		}
		if err := s.t.decode(h.from.sec.Abbrev, h.abbrevKey); err != nil {
			delete(s.tables, h.abbrevKey)
			return h.from.named(err)
		}
		if s.decoded += s.t.size; s.decoded > s.f.abbrevLimit() {
			return overlapping(h.off)
		}
	}
	u := h.Unit
	u.abbrevs = &s.t.abbrevTable
	s.u, s.data, s.big = u, u.data, s.f.big
	s.fileNums = s.fileNums[:0]
	s.scopesOf.met, s.scopesOf.known, s.spaced = s.scopesOf.met[:0], false, false
	root, err := u.Root()
	if err != nil {
		return err
	}
	if root.Tag == TagPartialUnit && s.imports.own != nil && !s.imports.own[i] {
		return nil
	}
	info, err := u.Info()
	if err != nil {
		return err
	}
	if _, ok, err := u.skeleton(i); err != nil || ok {
		return err
	}
	if !root.HasChildren() || u.Type == UnitSkeleton {
		return nil
	}
	s.nests = s.f.isCPP(info) || info.Language == langRust
	if s.pos, err = root.end(); err != nil {
		return err
	}
	return s.children(0, 0)
}

// maxScopes bounds how deep namespaces and classes nest.
const maxScopes = 64

// children indexes a chain of siblings at s.pos, all in one scope.
func (s *scanner) children(scope uint32, depth int) error {
	if depth > maxScopes {
		return s.fail("namespaces nest more than %d deep", maxScopes)
	}
	var r record
	for {
		if s.pos >= uint64(len(s.data)) {
			if depth == 0 { // some producers leave out the end of the last chain
				return nil
			}
			return s.fail("DIE past the end of its unit")
		}
		start := s.pos
		code := uint64(s.data[start])
		s.pos++
		if code == 0 {
			return nil
		}
		if code >= 0x80 {
			v, n := uleb(s.data[start:])
			if n == 0 {
				return s.fail("bad abbreviation code")
			}
			code, s.pos = v, start+uint64(n)
		}
		p := s.t.plan(code)
		if p == nil {
			return s.fail("unknown abbreviation code %d", code)
		}
		if s.nests || scope != 0 {
			s.scopesOf.met = append(s.scopesOf.met, scopeOfDIE{s.u.from.start + start, scope})
		}
		if p.kind == ixNone {
			if err := s.pass(p); err != nil {
				return err
			}
			continue
		}
		r = record{}
		if err := s.run(p, &r); err != nil {
			return err
		}
		if err := s.entry(p, &r, start, scope, depth); err != nil {
			return err
		}
	}
}

// pass passes over a DIE whose attributes begin at s.pos and all that is below it.
func (s *scanner) pass(p *plan) error {
	if p.children && p.sibling >= 0 {
		if next, ok := s.u.siblingAt(s.pos+uint64(p.sibling), p.sibForm); ok && next > s.pos {
			s.pos = next
			return nil
		}
	}
	if err := s.passAttrs(p); err != nil || !p.children {
		return err
	}
	return s.passChain()
}

func (s *scanner) passAttrs(p *plan) error {
	if p.fixed >= 0 {
		s.pos += uint64(p.fixed)
		if s.pos > uint64(len(s.data)) {
			return s.fail("DIE past the end of its unit")
		}
		return nil
	}
	var r record
	return s.run(p, &r)
}

// passChain passes over a chain of siblings at s.pos and all that is below them.
func (s *scanner) passChain() error {
	for depth := 1; depth > 0; {
		if s.pos >= uint64(len(s.data)) {
			return s.fail("DIE past the end of its unit")
		}
		start := s.pos
		code := uint64(s.data[start])
		s.pos++
		if code == 0 {
			depth--
			continue
		}
		if code >= 0x80 {
			v, n := uleb(s.data[start:])
			if n == 0 {
				return s.fail("bad abbreviation code")
			}
			code, s.pos = v, start+uint64(n)
		}
		p := s.t.plan(code)
		if p == nil {
			return s.fail("unknown abbreviation code %d", code)
		}
		if p.children && p.sibling >= 0 {
			if next, ok := s.u.siblingAt(s.pos+uint64(p.sibling), p.sibForm); ok && next > s.pos {
				s.pos = next
				continue
			}
		}
		if err := s.passAttrs(p); err != nil {
			return err
		}
		if p.children {
			depth++
		}
	}
	return nil
}

// run reads the attributes at s.pos that the index wants.
func (s *scanner) run(p *plan, r *record) error {
	pos, data := s.pos, s.data
	for i := range p.ops {
		o := &p.ops[i]
		var v uint64
		switch o.how {
		case byLength:
			pos += uint64(o.n)
			if pos > uint64(len(data)) {
				return s.fail("DIE past the end of its unit")
			}
			if o.want == wantNothing {
				continue
			}
		case byNothing:
			v = uint64(o.n)
		case by1:
			if pos >= uint64(len(data)) {
				return s.fail("DIE past the end of its unit")
			}
			v = uint64(data[pos])
			pos++
		case by2:
			if pos+2 > uint64(len(data)) {
				return s.fail("DIE past the end of its unit")
			}
			if s.big {
				v = uint64(binary.BigEndian.Uint16(data[pos:]))
			} else {
				v = uint64(binary.LittleEndian.Uint16(data[pos:]))
			}
			pos += 2
		case by4:
			if pos+4 > uint64(len(data)) {
				return s.fail("DIE past the end of its unit")
			}
			if s.big {
				v = uint64(binary.BigEndian.Uint32(data[pos:]))
			} else {
				v = uint64(binary.LittleEndian.Uint32(data[pos:]))
			}
			pos += 4
		case by8:
			if pos+8 > uint64(len(data)) {
				return s.fail("DIE past the end of its unit")
			}
			if s.big {
				v = binary.BigEndian.Uint64(data[pos:])
			} else {
				v = binary.LittleEndian.Uint64(data[pos:])
			}
			pos += 8
		case byULEB:
			n := 0
			if v, n = uleb(data[pos:]); n == 0 {
				return s.fail("bad LEB128 number")
			}
			pos += uint64(n)
		default:
			if o.want == wantNothing {
				next, ok := s.u.skip(pos, o.form)
				if !ok {
					return s.fail("attribute of form %#x is unknown or past the end of its unit", uint16(o.form))
				}
				pos = next
				continue
			}
			x := Value{Form: o.form, unit: s.u}
			next, err := s.u.read(pos, &x)
			if err != nil {
				return err
			}
			pos, v = next, x.u
			switch o.want {
			case wantName:
				if r.name, err = s.nameOf(x); err != nil {
					return err
				}
				r.nameOK = true
				continue
			case wantSpecification, wantOrigin:
				r.ref = x
			case wantLocation:
				if x.IsExpr() && len(x.b) == 0 {
					continue
				}
			case wantFile, wantLine:
			}
		}
		switch o.want {
		case wantNothing:
			continue
		case wantName:
			if o.form == FormStrp && !s.u.from.split {
				r.name.key = v
			} else {
				x := Value{Form: o.form, u: v, unit: s.u}
				var err error
				if r.name, err = s.nameOf(x); err != nil {
					return err
				}
			}
			r.nameOK = true
		case wantFile:
			r.file, r.fileHere = v, true
		case wantLine:
			r.line = v
		case wantSize:
			r.size = v
		case wantSibling:
			switch o.form {
			case FormRef1, FormRef2, FormRef4, FormRef8, FormRefUdata:
				if next := s.u.Off - s.u.from.start + v; next <= uint64(len(data)) && v <= uint64(len(data)) {
					r.sibling = next
				}
			}
		case wantSpecification, wantOrigin:
			if o.how != byForm {
				r.ref = Value{Form: o.form, u: v, unit: s.u}
			}
			r.flags |= 1 << o.want
		case wantSignature:
			r.sig = Value{Form: o.form, u: v, unit: s.u}
		case wantLowPC:
			var left bool
			if r.low, left = s.lowPC(o.form, v); left {
				r.flags |= 1 << wantCode
			}
		case wantDeclaration, wantEnumClass, wantExport:
			if v != 0 {
				r.flags |= 1 << o.want
			}
		default:
			r.flags |= 1 << o.want
		}
	}
	s.pos = pos
	return nil
}

// lowPC returns an address, or 0 when it can't be read: who asks for it is told why. ok is false when the linker left the code out, as it
// does with all copies but one of what several units define: each unit of C++ describes its own.
func (s *scanner) lowPC(form Form, v uint64) (at uint64, ok bool) {
	x := Value{Form: form, u: v, unit: s.u}
	if !x.IsAddress() {
		return 0, true
	}
	at, err := x.Address()
	if err != nil {
		return 0, true
	}
	if s.u.tombstone(at) {
		return 0, false
	}
	return at, true
}

// maxCopied bounds the bytes of names in other sections, of which bad files may have many DIEs share a long one; in split DWARF all
// names are there.
const maxCopied = 1 << 30

// maxCopiedForByte is how many more there may be for each byte of units in other files.
const maxCopiedForByte = 16

// splitBytes returns the size of all units in other files.
func (s *scanner) splitBytes() uint64 {
	last := s.f.parts[len(s.f.parts)-1]
	return last.start + uint64(len(last.data)) - uint64(len(s.f.sec.Info)+len(s.f.sec.Types))
}

// nameOf turns a string attribute into a name: strings of the file's own .debug_str are known by where they are.
func (s *scanner) nameOf(v Value) (nameRef, error) {
	form := v.Form
	if (v.unit.from.split || v.unit.File != s.f) && form != FormString { // a supplementary file's .debug_str is another
		form = 0
	}
	switch form {
	case FormStrp:
		return nameRef{key: v.u}, nil
	case FormString:
		return inlineRef(v.b), nil
	case FormStrx, FormStrx1, FormStrx2, FormStrx3, FormStrx4, FormGNUStrIndex:
		info, err := v.unit.Info()
		if err != nil {
			return nameRef{}, err
		}
		off, err := v.unit.stringOffset(v, info.StrBase)
		return nameRef{key: off}, err
	}
	b, err := v.Bytes()
	if err != nil {
		return nameRef{}, err
	}
	if s.copied += uint64(len(b)); s.copied > maxCopied+maxCopiedForByte*s.splitBytes() {
		return nameRef{}, s.fail("names of more than %d bytes", s.copied-1)
	}
	return inlineRef(b), nil
}

// fileOf returns the file number of what DW_AT_decl_file says in the present unit, 0 if absent.
func (s *scanner) fileOf(number uint64) (uint32, error) {
	if number < uint64(len(s.fileNums)) && s.fileNums[number] != 0 {
		return s.fileNums[number] - 1, nil
	}
	num, err := s.foreignFile(s.u, number)
	if err != nil {
		return 0, err
	}
	if number < maxFileNums {
		for uint64(len(s.fileNums)) <= number {
			s.fileNums = append(s.fileNums, 0)
		}
		s.fileNums[number] = num + 1
	}
	return num, nil
}

// maxFileNums bounds the memo of a unit's files.
const maxFileNums = 1 << 16

// foreignFile is fileOf for any unit, not remembered.
func (s *scanner) foreignFile(u *Unit, number uint64) (uint32, error) {
	u, err := u.skeletonUnit()
	if err != nil {
		return 0, err
	}
	info, err := u.Info()
	if err != nil {
		return 0, err
	}
	if !info.HasLines || info.StmtList >= uint64(len(u.from.sec.Line)) || u.File != s.f {
		return 0, nil
	}
	// Names are found without a line program that is damaged or too new; who asks for source lines is told of it.
	lines, err := s.lineFiles(u.from, info.StmtList)
	if lines == nil || err != nil {
		return 0, nil
	}
	file, dir, ok := lines.get(number)
	if !ok {
		return 0, nil
	}
	return s.pathOf(u, file, dir)
}

// maxLines is how many headers of line programs a scanner remembers. Units follow each other, and few DIEs refer to those
// of other units.
const maxLines = 16

// lineFiles returns the names in the line program at off; nil when bad files make that too much work.
func (s *scanner) lineFiles(p *part, off uint64) (*lineFiles, error) {
	at := linePlace{p.tables, off}
	if t := s.lines[at]; t != nil {
		return t, nil
	}
	if s.lineBytes > 64*(uint64(len(s.f.sec.Line))+s.splitBytes())+16<<20 {
		return nil, nil
	}
	t := &lineFiles{}
	for old, used := range s.lines {
		if len(s.lines) >= maxLines {
			delete(s.lines, old)
			t = used // for its arrays
		}
		break
	}
	n, err := t.decode(p, s.big, off)
	if err != nil {
		return nil, err
	}
	s.lineBytes += n
	s.lines[at] = t
	return t, nil
}

// maxPath bounds the length of a file's name; no system has longer ones.
const maxPath = 1 << 12

func (s *scanner) pathOf(u *Unit, file, dir lineFile) (uint32, error) {
	// Names in .debug_line_str are merged by the linker: the same name is at the same place. Directory 0 is the
	// compilation's own, so nothing else of the unit matters in DWARF 5.
	memo := u.Version >= 5 && !u.from.split && file.form == FormLineStrp && dir.form == FormLineStrp
	key := [2]uint64{file.ref, dir.ref}
	if memo {
		if n, ok := s.paths[key]; ok {
			return n, nil
		}
	}
	full, err := u.fullPath(file, dir)
	if err != nil {
		return 0, err
	}
	n := uint32(0)
	if len(full) <= maxPath {
		n = s.file(full)
	}
	if memo && len(s.paths) < 1<<20 {
		s.paths[key] = n
	}
	return n, nil
}

// entry records a DIE of an indexed kind that began at start, and moves past it and its children.
func (s *scanner) entry(p *plan, r *record, start uint64, scope uint32, depth int) error {
	attrsEnd := s.pos
	behind := func() error {
		if !p.children {
			return nil
		}
		if r.sibling >= attrsEnd {
			s.pos = r.sibling
			return nil
		}
		s.pos = attrsEnd
		return s.passChain()
	}
	if p.kind == ixNamespace {
		s.spaced = true
		if !p.children && !r.has(wantExport) { // that an empty one is inline tells of those of its name: dwz moves what is in it
			return nil
		}
		inner, err := s.namespace(r, scope)
		if err != nil || !p.children {
			return err
		}
		return s.children(inner, depth+1)
	}
	kind := p.kind
	die := s.u.from.start + start
	inherits := r.ref.Form != 0
	if kind == ixFunction && r.has(wantOrigin) {
		if !r.has(wantCode) {
			return behind()
		}
		kind = ixInstance
	}
	if s.nests && p.children && isClass(kind) {
		if err := s.complete(r, die, attrsEnd); err != nil {
			return err
		}
	}
	// The declaration of a static member may say its value; a definition is preferred.
	declared := r.has(wantDeclaration)
	if declared && (kind != ixVariable || !r.has(wantLocation) || !s.nests) {
		if s.nests && p.children && isClass(kind) && s.named(r) { // it says what is in it only: GCC does so where the vtable is elsewhere, clang for classes that are nested
			return s.inClass(r, scope, depth, attrsEnd)
		}
		return behind()
	}
	if inherits {
		var err error
		if scope, err = s.inherit(r, scope); err != nil {
			return err
		}
	}
	file := r.foreign
	if r.fileHere {
		var err error
		if file, err = s.fileOf(r.file); err != nil {
			return err
		}
	}
	e := slot{name: r.name.key, die: die, file: file, scope: scope, kind: kind, known: !declared && (r.has(wantCode) || r.has(wantLocation))}
	fresh := true
	if r.nameOK {
		switch kind {
		case ixStruct, ixUnion, ixClass, ixTypedef:
			e.extra = uint32(r.line)*0x9e3779b1 + uint32(r.size)
		case ixFunction, ixInstance: // of several definitions the symbol table says which one is used
			switch {
			case r.low != 0: // several units may describe the one that the linker kept
				e.extra = uint32(r.low)
			case e.known:
				e.extra = uint32(die)
			}
		case ixVariable: // the length of an array may be known in one definition only
			e.extra = uint32(r.line)
		case ixEnum:
			// The length of all its enumerators: they may be others in another unit.
			e.extra = uint32(r.line) * 0x9e3779b1
			if r.sibling > start {
				e.extra += uint32(r.sibling - start)
			}
		}
		fresh = s.found.add(&e, r.name.text)
	}
	switch {
	case !p.children:
		return nil
	case kind == ixEnum:
		s.pos = attrsEnd
		if r.nameOK && !fresh {
			return behind()
		}
		return s.enumerators(r, &e, scope)
	case s.nests && r.nameOK && isClass(kind):
		return s.inClass(r, scope, depth, attrsEnd)
	}
	return behind()
}

func isClass(kind uint8) bool { return kind == ixStruct || kind == ixUnion || kind == ixClass }

// named reports whether a class has a name, which clang leaves out where it declares one that is in a type unit. One whose type unit is missing has none.
func (s *scanner) named(r *record) bool {
	if r.nameOK || r.sig.Form != FormRefSig8 {
		return r.nameOK
	}
	if d, err := r.sig.DIE(); err == nil {
		if name, err := d.className(); err == nil && name != "" {
			r.name, r.nameOK = inlineRef([]byte(name)), true
		}
	}
	return r.nameOK
}

// inClass looks at what is in a class, which begins at pos.
func (s *scanner) inClass(r *record, scope uint32, depth int, pos uint64) error {
	inner, err := s.scopeNamed(scope, "", r.name)
	if err != nil {
		return err
	}
	s.pos = pos
	return s.children(inner, depth+1)
}

// enumerators indexes the enumerators at s.pos of the enumerated type e.
func (s *scanner) enumerators(r *record, e *slot, scope uint32) error {
	if r.has(wantEnumClass) && r.nameOK {
		var err error
		if scope, err = s.scopeNamed(scope, "", r.name); err != nil {
			return err
		}
	}
	var c record
	for first := true; ; first = false {
		if s.pos >= uint64(len(s.data)) {
			return s.fail("DIE past the end of its unit")
		}
		code, n := uleb(s.data[s.pos:])
		if n == 0 {
			return s.fail("bad abbreviation code")
		}
		s.pos += uint64(n)
		if code == 0 {
			return nil
		}
		p := s.t.plan(code)
		if p == nil {
			return s.fail("unknown abbreviation code %d", code)
		}
		if p.kind != ixConstant {
			if err := s.pass(p); err != nil {
				return err
			}
			continue
		}
		c = record{}
		if err := s.run(p, &c); err != nil {
			return err
		}
		if c.nameOK {
			x := slot{name: c.name.key, die: e.die, file: e.file, scope: scope, kind: ixConstant, extra: uint32(r.line)}
			if fresh := s.found.add(&x, c.name.text); !fresh && first && !r.nameOK && r.sibling > s.pos && !p.children {
				// An unnamed enumerated type of the same first name, file and line was seen: it is the same.
				s.pos = r.sibling
				return nil
			}
		}
		if p.children {
			if err := s.passChain(); err != nil {
				return err
			}
		}
	}
}

// text returns the bytes of a name.
func (s *scanner) text(n nameRef) ([]byte, error) {
	if n.key&inlineName != 0 {
		return n.text, nil
	}
	return cstring(".debug_str", s.f.sec.Str, n.key)
}
