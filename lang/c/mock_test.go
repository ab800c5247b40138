package c

import (
	"github.com/godrgn/drgn/types"
)

// mock is a program of nothing but types.
type mock struct {
	set   *types.Set
	lang  *Language
	model Model
	named map[string]*types.Type // by keyword and name: "struct foo", "u64"
}

func newMock(model Model, lang *Language) *mock {
	m := &mock{set: types.NewSet(), lang: lang, model: model, named: map[string]*types.Type{}}
	i := m.prim(types.CInt)
	m.named["struct foo"] = m.compound(types.Struct, "foo", 8, field{"x", 0, i, 0}, field{"y", 32, i, 0})
	m.named["union foo"] = m.compound(types.Union, "foo", 8, field{"x", 0, i, 0})
	m.named["enum e"] = m.enum("e", m.prim(types.CUnsignedInt), "A", 1, "B", 2)
	m.named["u64"] = m.set.Typedef(lang, "u64", m.prim(types.CUnsignedLong))
	m.named["foo_t"] = m.set.Typedef(lang, "foo_t", m.named["struct foo"])
	return m
}

var (
	le64 = Model{PointerSize: 8}
	be64 = Model{PointerSize: 8, BigEndian: true}
	le32 = Model{PointerSize: 4}
	be32 = Model{PointerSize: 4, BigEndian: true}
)

func (m *mock) prim(p types.Primitive) *types.Type { return m.model.Primitive(m.set, m.lang, p) }

func (m *mock) Primitive(p types.Primitive) (*types.Type, error) { return m.prim(p), nil }
func (m *mock) BigEndian() bool                                  { return m.prim(types.CInt).BigEndian() }

func (m *mock) Pointer(t *types.Type) (*types.Type, error) { return m.ptr(t), nil }

func (m *mock) Find(kinds types.KindSet, name string) (*types.Type, error) {
	for _, prefix := range []string{"", "struct ", "union ", "class ", "enum "} {
		if t := m.named[prefix+name]; t != nil && kinds.Has(t.Kind()) {
			return t, nil
		}
	}
	return nil, nil
}

func (m *mock) ptr(t *types.Type) *types.Type {
	return m.set.Pointer(t.Language(), t, m.model.PointerSize, m.model.BigEndian)
}

func (m *mock) array(t *types.Type, n uint64) *types.Type { return m.set.Array(m.lang, t, n) }

func (m *mock) open(t *types.Type) *types.Type { return m.set.IncompleteArray(m.lang, t) }

func (m *mock) typedef(name string, t *types.Type) *types.Type {
	return m.set.Typedef(m.lang, name, t)
}

// field is a member: its offset and, of a bit-field, its size in bits.
type field struct {
	name   string
	offset uint64
	typ    *types.Type
	bits   uint64
}

func (m *mock) compound(k types.Kind, tag string, size uint64, fields ...field) *types.Type {
	return m.set.Compound(m.lang, k, tag, size, func() (types.Detail, error) {
		var d types.Detail
		for _, f := range fields {
			d.Members = append(d.Members, types.Member{Name: f.name, BitOffset: f.offset,
				Lazy: types.Evaluated(types.Slot{Type: f.typ, BitFieldSize: f.bits})})
		}
		return d, nil
	})
}

func (m *mock) enum(tag string, compatible *types.Type, namesAndValues ...any) *types.Type {
	return m.set.Enum(m.lang, tag, compatible, func() (types.Detail, error) {
		var d types.Detail
		for i := 0; i < len(namesAndValues); i += 2 {
			d.Enumerators = append(d.Enumerators, types.Enumerator{
				Name: namesAndValues[i].(string), Value: uint64(namesAndValues[i+1].(int))})
		}
		return d, nil
	})
}

func (m *mock) function(ret *types.Type, variadic bool, params ...field) *types.Type {
	return m.set.Function(m.lang, ret, variadic, func() (types.Detail, error) {
		var d types.Detail
		for _, f := range params {
			d.Parameters = append(d.Parameters, types.Parameter{Name: f.name, Lazy: types.OfType(f.typ)})
		}
		return d, nil
	})
}
