package drgn_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// mock is a program with types and memory of its own.
type mock struct {
	*drgn.Program
	t   testing.TB
	big bool
	ptr uint64 // size of a pointer in bytes
}

// platforms has both byte orders and both sizes of pointers.
var platforms = []*arch.Arch{arch.X86_64, arch.S390X, arch.ARM, arch.S390}

func newMock(t testing.TB, a *arch.Arch) *mock {
	t.Helper()
	platform, err := arch.NewPlatform(a)
	if err != nil {
		t.Fatal(err)
	}
	return &mock{drgn.New(platform), t, !platform.IsLittleEndian(), uint64(platform.AddressSize())}
}

// everywhere runs a test on all platforms.
func everywhere(t *testing.T, test func(t *testing.T, m *mock)) {
	for _, a := range platforms {
		t.Run(a.Name, func(t *testing.T) { test(t, newMock(t, a)) })
	}
}

func (m *mock) typ(name string) *types.Type {
	m.t.Helper()
	t, err := m.Type(name)
	if err != nil {
		m.t.Fatal(err)
	}
	return t
}

func (m *mock) int(name string, size uint64, signed bool) *types.Type {
	return m.Types().Int(c.C, name, size, signed, m.big)
}

// field is a member: its offset and, of a bit-field, its size in bits.
type field struct {
	name string
	off  uint64
	typ  *types.Type
	bits uint64
}

func (m *mock) compound(kind types.Kind, tag string, size uint64, fields ...field) *types.Type {
	return m.Types().Compound(c.C, kind, tag, size, func() (types.Detail, error) {
		var d types.Detail
		for _, f := range fields {
			d.Members = append(d.Members, types.Member{Name: f.name, BitOffset: f.off,
				Lazy: types.Evaluated(types.Slot{Type: f.typ, BitFieldSize: f.bits})})
		}
		return d, nil
	})
}

func (m *mock) structure(tag string, size uint64, fields ...field) *types.Type {
	return m.compound(types.Struct, tag, size, fields...)
}

func (m *mock) array(t *types.Type, n uint64) *types.Type { return m.Types().Array(c.C, t, n) }

func (m *mock) put(address uint64, data ...byte) {
	m.t.Helper()
	if err := m.Memory().Add(mem.BytesSegment(address, data, false)); err != nil {
		m.t.Fatal(err)
	}
}

// word returns v in the program's byte order as n bytes.
func (m *mock) word(v uint64, n uint64) []byte {
	b := make([]byte, 8)
	binary.BigEndian.PutUint64(b, v)
	b = b[8-n:]
	if !m.big {
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
	return b
}

func wantUint(t testing.TB, o drgn.Object, want uint64) {
	t.Helper()
	if got, err := o.Uint(); err != nil || got != want {
		t.Errorf("got %#x, %v; want %#x", got, err, want)
	}
}

func wantInt(t testing.TB, o drgn.Object, want int64) {
	t.Helper()
	if got, err := o.Int(); err != nil || got != want {
		t.Errorf("got %d, %v; want %d", got, err, want)
	}
}

// wantErr checks an error's type and text.
func wantErr[E error](t testing.TB, err error, text string) {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Errorf("got %T (%v), want %T", err, err, e)
	} else if err.Error() != text {
		t.Errorf("got %q, want %q", err, text)
	}
}

// wantType checks an error's type.
func wantType[E error](t testing.TB, err error) {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Errorf("got %T (%v), want %T", err, err, e)
	}
}
