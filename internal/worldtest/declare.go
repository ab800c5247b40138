package worldtest

import (
	"fmt"
	"strconv"
	"strings"
	"text/scanner"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// Declare declares types in a small part of C: structures and unions (also anonymous ones within) of members with
// pointers, arrays and bit-fields; enumerations, whose enumerators become constants; typedefs. Members lie where the
// machine's ABI puts them if every type is aligned to its size. A structure that a member points to may be declared later
// or never.
func (w *World) Declare(source string) {
	w.t.Helper()
	p := &parser{w: w}
	p.s.Init(strings.NewReader(source))
	p.s.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanComments | scanner.SkipComments
	p.s.Error = func(_ *scanner.Scanner, msg string) { p.fail(msg) }
	for p.next(); p.tok != scanner.EOF; p.expect(";") {
		if p.accept("typedef") {
			s := p.specifier()
			for _, d := range p.declarators() {
				w.types[d.name] = w.Types().Typedef(c.C, d.name, d.apply(w, s))
				w.align[d.name] = s.align
			}
			continue
		}
		p.specifier()
	}
}

// A specifier is a type before its declarators.
type specifier struct {
	name  string // by which the type is found when it is asked for
	typ   *types.Type
	align uint64
}

// resolve returns the type; one that was not declared is incomplete.
func (s specifier) resolve(w *World) (*types.Type, error) {
	if s.typ != nil {
		return s.typ, nil
	}
	t, err := w.Type(s.name)
	if kind, tag, ok := strings.Cut(s.name, " "); ok && drgn.IsNotFound(err) && (kind == "struct" || kind == "union") {
		k := types.Struct
		if kind == "union" {
			k = types.Union
		}
		return w.Types().IncompleteCompound(c.C, k, tag), nil
	}
	return t, err
}

// A declarator is a name with what stands around it.
type declarator struct {
	name     string
	pointers int
	lengths  []uint64
	isOpen   bool // the last of the arrays has no length
	bits     uint64
}

// build applies the declarator to a type.
func (d declarator) build(w *World, t *types.Type) *types.Type {
	for range d.pointers {
		t = w.PointerTo(t)
	}
	if d.isOpen {
		t = w.Types().IncompleteArray(c.C, t)
	}
	for i := len(d.lengths) - 1; i >= 0; i-- {
		t = w.Types().Array(c.C, t, d.lengths[i])
	}
	return t
}

func (d declarator) apply(w *World, s specifier) *types.Type {
	t, err := s.resolve(w)
	w.check(err)
	return d.build(w, t)
}

type parser struct {
	w   *World
	s   scanner.Scanner
	tok rune
}

func (p *parser) next() { p.tok = p.s.Scan() }

func (p *parser) fail(problem string) {
	p.w.t.Helper()
	p.w.t.Fatalf("declaration, line %d: %s at %q", p.s.Line, problem, p.s.TokenText())
}

func (p *parser) accept(text string) bool {
	if p.tok == scanner.EOF || p.s.TokenText() != text {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.fail("want " + text)
	}
}

func (p *parser) ident() string {
	if p.tok != scanner.Ident {
		p.fail("want a name")
	}
	name := p.s.TokenText()
	p.next()
	return name
}

func (p *parser) number() uint64 {
	n, err := strconv.ParseUint(p.s.TokenText(), 0, 64)
	if err != nil {
		p.fail("want a number")
	}
	p.next()
	return n
}

// words are what C's own types are named with.
var words = map[string]bool{"unsigned": true, "signed": true, "long": true, "int": true, "short": true, "char": true}

func (p *parser) specifier() specifier {
	for p.accept("const") {
	}
	switch {
	case p.accept("struct"):
		return p.compound(types.Struct, "struct ")
	case p.accept("union"):
		return p.compound(types.Union, "union ")
	case p.accept("enum"):
		return p.enum()
	}
	var names []string
	for p.tok == scanner.Ident && words[p.s.TokenText()] {
		names = append(names, p.ident())
	}
	if names == nil {
		names = []string{p.ident()}
	}
	name := strings.Join(names, " ")
	s := specifier{name: name}
	if name == "void" {
		return s
	}
	align, ok := p.w.align[name]
	if s.align = align; !ok {
		s.align = p.w.SizeOf(name)
	}
	return s
}

func (p *parser) enum() specifier {
	tag := ""
	if p.tok == scanner.Ident {
		tag = p.ident()
	}
	s := specifier{name: "enum " + tag, align: 4}
	if !p.accept("{") {
		return s
	}
	var all []types.Enumerator
	for value := uint64(0); !p.accept("}"); value++ {
		name := p.ident()
		if p.accept("=") {
			value = p.number()
		}
		all = append(all, types.Enumerator{Name: name, Value: value})
		if !p.accept(",") {
			p.expect("}")
			break
		}
	}
	w := p.w
	s.typ = w.Types().Enum(c.C, tag, w.MustType("unsigned int"), func() (types.Detail, error) { return types.Detail{Enumerators: all}, nil })
	if tag != "" {
		w.types[s.name] = s.typ
	}
	for _, e := range all {
		w.objects[e.Name] = w.ScalarValue(s.typ, e.Value)
	}
	return s
}

// A member is one of a structure that is being laid out.
type member struct {
	name      string
	bitOffset uint64
	bits      uint64
	of        specifier
	d         declarator
}

func (p *parser) compound(kind types.Kind, word string) specifier {
	w := p.w
	tag := ""
	if p.tok == scanner.Ident {
		tag = p.ident()
	}
	s := specifier{name: word + tag, align: w.align[word+tag]}
	if !p.accept("{") {
		return s
	}
	s.align = 1
	var members []member
	var bit, size uint64 // where the next member lies, in bits; the size so far, in bytes
	for !p.accept("}") {
		of := p.specifier()
		ds := []declarator{{}} // an anonymous member
		if p.s.TokenText() != ";" {
			ds = p.declarators()
		}
		for _, d := range ds {
			n, align := d.layout(w, of)
			s.align = max(s.align, align)
			if kind == types.Union {
				bit = 0
			}
			if d.bits == 0 || bit/(8*n) != (bit+d.bits-1)/(8*n) {
				bit = (bit + 8*align - 1) / (8 * align) * 8 * align
			}
			if d.bits > 8*n {
				p.fail(fmt.Sprintf("bit-field of %d bits", d.bits))
			}
			members = append(members, member{d.name, bit, d.bits, of, d})
			if d.bits != 0 {
				bit += d.bits
			} else {
				bit += 8 * n
			}
			size = max(size, (bit+7)/8)
		}
		p.expect(";")
	}
	size = (size + s.align - 1) / s.align * s.align
	t := w.Types().Compound(c.C, kind, tag, size, func() (types.Detail, error) {
		var detail types.Detail
		for _, m := range members {
			t, err := m.of.resolve(w)
			if err != nil {
				return detail, err
			}
			detail.Members = append(detail.Members, types.Member{Name: m.name, BitOffset: m.bitOffset,
				Lazy: types.Evaluated(types.Slot{Type: m.d.build(w, t), BitFieldSize: m.bits})})
		}
		return detail, nil
	})
	if tag != "" {
		w.types[s.name], w.align[s.name] = t, s.align
	}
	s.typ = t
	return s
}

// layout returns the size and alignment of a member in bytes.
func (d declarator) layout(w *World, s specifier) (size, align uint64) {
	size, align = w.Word(), w.Word()
	if d.pointers == 0 {
		t, err := s.resolve(w)
		w.check(err)
		size, err = t.Size()
		w.check(err)
		align = s.align
	}
	for _, n := range d.lengths {
		size *= n
	}
	if d.isOpen {
		size = 0
	}
	return size, align
}

func (p *parser) declarators() []declarator {
	var all []declarator
	for {
		var d declarator
		for p.accept("*") {
			d.pointers++
		}
		d.name = p.ident()
		for p.accept("[") {
			if p.accept("]") {
				d.isOpen = true
				continue
			}
			d.lengths = append(d.lengths, p.number())
			p.expect("]")
		}
		if p.accept(":") {
			d.bits = p.number()
		}
		if all = append(all, d); !p.accept(",") {
			return all
		}
	}
}
