package drgn_test

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

func TestIntegers(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		m.put(0x1000, 0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0xff)
		for size := uint64(1); size <= 8; size++ {
			raw, err := m.Read(0x1000, size, false)
			if err != nil {
				t.Fatal(err)
			}
			var want uint64
			for i, b := range raw {
				if m.big {
					want = want<<8 | uint64(b)
				} else {
					want |= uint64(b) << (8 * i)
				}
			}
			u, s := m.int("u", size, false), m.int("s", size, true)
			signed := int64(want<<(64-8*size)) >> (64 - 8*size)
			for _, o := range []drgn.Object{m.ObjectAt(u, 0x1000), m.ObjectAt(u, 0x1000).Read(), m.BytesValue(u, raw), m.ScalarValue(u, want)} {
				wantUint(t, o, want)
				if b, err := o.Bytes(); err != nil || !bytes.Equal(b, raw) {
					t.Errorf("%d bytes: %x, %v", size, b, err)
				}
			}
			alias := m.Types().Typedef(c.C, "s_t", s)
			enum := m.Types().Enum(c.C, "e", alias, func() (types.Detail, error) { return types.Detail{}, nil })
			for _, typ := range []*types.Type{s, alias, alias.Qualified(types.Const), enum, m.Types().Typedef(c.C, "e_t", enum)} {
				for _, o := range []drgn.Object{m.ObjectAt(typ, 0x1000), m.ObjectAt(typ, 0x1000).Read(), m.BytesValue(typ, raw), m.ScalarValue(typ, want)} {
					wantInt(t, o, signed)
					if v, err := o.BigInt(); err != nil || v.Cmp(big.NewInt(signed)) != 0 {
						t.Errorf("%s of %d bytes: %s, %v", typ, size, v, err)
					}
				}
			}
		}
	})
}

func TestIntegerOfOtherOrder(t *testing.T) {
	m := newMock(t, arch.X86_64)
	m.put(0, 0x12, 0x34, 0x56)
	wantUint(t, m.ObjectAt(m.Types().Int(c.C, "be24", 3, false, true), 0), 0x123456)
	wantUint(t, m.ObjectAt(m.Types().Int(c.C, "le24", 3, false, false), 0), 0x563412)
}

// naive reads a bit-field one bit at a time.
func naive(data []byte, off, n uint64, big bool) (v uint64) {
	for i := range n {
		at := off + i
		if big {
			v = v<<1 | uint64(data[at/8]>>(7-at%8)&1)
		} else {
			v |= uint64(data[at/8]>>(at%8)&1) << i
		}
	}
	return v
}

func TestBitFields(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 32)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	everywhere(t, func(t *testing.T, m *mock) {
		m.put(0x1000, data...)
		s, u := m.int("long long", 8, true), m.int("unsigned long long", 8, false)
		for off := range uint64(17) {
			for n := uint64(1); n <= 64; n++ {
				v := naive(data, off, n, m.big)
				typ := m.structure("", 32, field{"u", off, u, n}, field{"s", off, s, n})
				for _, whole := range []drgn.Object{m.ObjectAt(typ, 0x1000), m.ObjectAt(typ, 0x1000).Read()} {
					wantUint(t, whole.Member("u"), v)
					wantUint(t, whole.Member("u").Read(), v)
					wantInt(t, whole.Member("s"), int64(v<<(64-n))>>(64-n))
					wantInt(t, whole.Member("s").Read(), int64(v<<(64-n))>>(64-n))
					b, err := whole.Member("u").Bytes()
					if err != nil || uint64(len(b)) != (n+7)/8 || naive(b, 0, n, m.big) != v {
						t.Fatalf("bytes of %d bits at %d: %x, %v; want %x", n, off, b, err, v)
					}
					if p, err := whole.Member("s").BigInt(); err != nil || p.Int64() != int64(v<<(64-n))>>(64-n) {
						t.Fatalf("%s, %v", p, err)
					}
				}
				wantUint(t, m.BitField(u, 0x1000, off, n), v)
				if t.Failed() {
					t.Fatalf("%d bits at %d", n, off)
				}
			}
		}
	})
}

// TestWideBitFields: what drgn 0.3.0 reads of bit-fields of GCC's 128-bit integers, in both byte orders.
func TestWideBitFields(t *testing.T) {
	for _, a := range []*arch.Arch{arch.X86_64, arch.S390X} {
		m := newMock(t, a)
		data := make([]byte, 64)
		for i := range data {
			data[i] = byte(i*37 + 11)
		}
		m.put(0x1000, data...)
		u, s := m.int("u128", 16, false), m.int("s128", 16, true)
		for off := range uint64(20) {
			for _, n := range []uint64{65, 70, 100, 127, 128} {
				want := new(big.Int) // bit by bit
				for i := range n {
					at, to := off+i, int(i)
					bit := data[at/8] >> (at % 8) & 1
					if m.big {
						bit, to = data[at/8]>>(7-at%8)&1, int(n-1-i)
					}
					want.SetBit(want, to, uint(bit))
				}
				signed := new(big.Int).Set(want)
				if want.Bit(int(n)-1) != 0 {
					signed.Sub(want, new(big.Int).Lsh(big.NewInt(1), uint(n)))
				}
				typ := m.structure("", 48, field{"u", off, u, n}, field{"s", off, s, n})
				for _, whole := range []drgn.Object{m.ObjectAt(typ, 0x1000), m.ObjectAt(typ, 0x1000).Read()} {
					for name, want := range map[string]*big.Int{"u": want, "s": signed} {
						o := whole.Member(name)
						for _, o := range []drgn.Object{o, o.Read(), o.Convert(o.Type(), n)} {
							if v, err := o.BigInt(); err != nil || v.Cmp(want) != 0 || o.BitFieldSize() != n {
								t.Fatalf("%s of %d bits at %d: %v (%v), want %v", name, n, off, v, err, want)
							}
							if text := o.String(); text != fmt.Sprintf("(%s)%s", o.Type(), want) {
								t.Fatalf("%s of %d bits at %d is printed %s, want %s", name, n, off, text, want)
							}
							if truth, err := o.Bool(); err != nil || truth != (want.Sign() != 0) {
								t.Fatal(truth, err)
							}
						}
						if sum := o.Binary(c.Add, o); sum.Err() == nil {
							if v, err := sum.BigInt(); err != nil || sum.BitFieldSize() != 0 || n < 127 && v.Cmp(new(big.Int).Lsh(want, 1)) != 0 {
								t.Fatalf("twice %s is %v (%v)", want, v, err)
							}
						} else {
							t.Fatal(sum.Err())
						}
					}
				}
			}
		}
	}
	m := newMock(t, arch.X86_64)
	wantType[*drgn.ValueError](t, m.BitField(m.int("u", 64, false), 0, 0, 256).Err())
}

func TestBadBitFields(t *testing.T) {
	m := newMock(t, arch.X86_64)
	m.put(0, make([]byte, 64)...)
	i, wide := m.int("int", 4, true), m.int("__int128", 16, true)
	s := m.structure("s", 64, field{"big", 0, i, 33}, field{"huge", 0, i, 1<<16 + 5}, field{"s", 0, m.structure("in", 4), 3},
		field{"ok", 5, wide, 60})
	for _, o := range []drgn.Object{m.ObjectAt(s, 0), m.ObjectAt(s, 0).Read()} {
		wantType[*drgn.ValueError](t, o.Member("big").Err())
		wantType[*drgn.ValueError](t, o.Member("huge").Err())
		wantType[*drgn.ValueError](t, o.Member("s").Err())
		wantUint(t, o.Member("ok"), 0)
		wantType[*drgn.ValueError](t, o.Slice(i, 0, 33).Err())
	}
	wantType[*drgn.ValueError](t, m.BitField(i, 0, 0, 1<<32+1).Err())
	wantErr[*drgn.ValueError](t, m.ObjectAt(s, 0).Member("ok").AddressOf().Err(), "cannot take address of bit field")
	wantErr[*drgn.ValueError](t, m.ObjectAt(s, 0).Slice(i, 3, 0).AddressOf().Err(), "cannot take address of bit field")
}

func TestWideIntegers(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		for _, size := range []uint64{9, 12, 16} {
			raw := make([]byte, size)
			for i := range raw {
				raw[i] = byte(0xf0 + i)
			}
			m.put(0x1000, raw...)
			v := new(big.Int)
			for i := range raw {
				b := raw[i]
				if !m.big {
					b = raw[len(raw)-1-i]
				}
				v.Or(v.Lsh(v, 8), big.NewInt(int64(b)))
			}
			u, s := m.int("u", size, false), m.int("s", size, true)
			neg := new(big.Int).Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(size*8)))
			for _, form := range []func(drgn.Object) drgn.Object{func(o drgn.Object) drgn.Object { return o }, drgn.Object.Read} {
				if got, err := form(m.ObjectAt(u, 0x1000)).BigInt(); err != nil || got.Cmp(v) != 0 {
					t.Errorf("%d: %x, %v; want %x", size, got, err, v)
				}
				if got, err := form(m.ObjectAt(s, 0x1000)).BigInt(); err != nil || got.Cmp(neg) != 0 {
					t.Errorf("%d: %x, %v; want %x", size, got, err, neg)
				}
				_, err := form(m.ObjectAt(u, 0x1000)).Uint()
				wantErr[*types.TooLargeError](t, err, "integer type is too big: 'u'")
				if truth, err := form(m.ObjectAt(u, 0x1000)).Bool(); err != nil || !truth {
					t.Error(truth, err)
				}
			}
		}
	})
}

// Of integers with fewer bits than their size has, the others may be anything.
func TestBitInts(t *testing.T) {
	m := newMock(t, arch.X86_64)
	raw := bytes.Repeat([]byte{0xe9, 0xff, 0x7f, 0xa5}, 8)
	m.put(0x1000, raw...)
	for _, x := range []struct{ size, bits uint64 }{{1, 5}, {1, 4}, {2, 9}, {4, 17}, {8, 33}, {8, 63}, {16, 65}, {16, 127}, {32, 200}} {
		for _, signed := range []bool{true, false} {
			typ := m.Types().BitInt(c.C, "_BitInt", x.size, x.bits, signed)
			want, _ := bits.ExtractBig(raw, 0, x.bits, signed, false)
			at := m.ObjectAt(typ, 0x1000)
			for i, o := range []drgn.Object{at, at.Read(), m.BytesValue(typ, raw), at.Cast(typ)} {
				n, err := o.BigInt()
				text, textErr := o.Format(plain)
				if err != nil || textErr != nil || n.Cmp(want) != 0 || text != want.String() {
					t.Errorf("%d bits in %d bytes, %v, %d: %v, %v, %s, %v, want %v", x.bits, x.size, signed, i, n, err, text, textErr, want)
				}
				if n, err := o.Int(); x.size <= 8 && (err != nil || n != int64(new(big.Int).And(want, new(big.Int).SetUint64(math.MaxUint64)).Uint64())) {
					t.Errorf("%d bits in %d bytes, %v, %d: %d, %v, want %v", x.bits, x.size, signed, i, n, err, want)
				}
			}
		}
	}
}

// TestUnaligned takes what is no scalar from anywhere: it starts with a byte.
func TestUnaligned(t *testing.T) {
	data := make([]byte, 64)
	for i := range data {
		data[i] = byte(i*37 + 11)
	}
	everywhere(t, func(t *testing.T, m *mock) {
		m.put(0x1000, data...)
		arr := m.array(m.int("unsigned char", 1, false), 21)
		outer := m.array(m.int("unsigned char", 1, false), 64)
		for off := uint64(0); off < 24; off++ {
			want := make([]byte, 21)
			for i := range want {
				want[i] = byte(naive(data, off+uint64(i)*8, 8, m.big))
			}
			for _, whole := range []drgn.Object{m.ObjectAt(outer, 0x1000), m.ObjectAt(outer, 0x1000).Read()} {
				part := whole.Slice(arr, off, 0)
				if off%8 != 0 {
					wantErr[*drgn.ValueError](t, part.Err(), "non-scalar must be byte-aligned")
					continue
				}
				for _, o := range []drgn.Object{part, part.Read()} {
					if got, err := o.Bytes(); err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%d: %x, %v; want %x", off, got, err, want)
					}
					wantUint(t, o.Index(20), uint64(want[20]))
				}
			}
		}
	})
}

func TestFloats(t *testing.T) {
	everywhere(t, func(t *testing.T, m *mock) {
		f, d := m.Types().Float(c.C, "float", 4, m.big), m.Types().Float(c.C, "double", 8, m.big)
		m.put(0x1000, m.word(uint64(math.Float32bits(1.5)), 4)...)
		m.put(0x1008, m.word(math.Float64bits(-2.25), 8)...)
		m.put(0x1010, make([]byte, 16)...)
		for _, o := range []drgn.Object{m.ObjectAt(f, 0x1000), m.ObjectAt(f, 0x1000).Read()} {
			if v, err := o.Float(); err != nil || v != 1.5 {
				t.Error(v, err)
			}
		}
		if v, err := m.ObjectAt(d, 0x1008).Float(); err != nil || v != -2.25 {
			t.Error(v, err)
		}
		_, err := m.ObjectAt(d, 0x1008).Uint()
		wantErr[*drgn.TypeError](t, err, "'double' is not an integer or pointer")
		_, err = m.ObjectAt(m.Types().Float(c.C, "other", 16, m.big), 0x1010).Float()
		if err == nil {
			t.Error("a floating-point number of 16 bytes in no known format was read")
		}
		_, err = m.ObjectAt(m.int("int", 4, true), 0x1000).Float()
		wantErr[*drgn.TypeError](t, err, "'int' is not a floating-point number")
	})
}

func TestBool(t *testing.T) {
	m := newMock(t, arch.X86_64)
	m.put(0x1000, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80)
	b := m.Types().Bool(c.C, "_Bool", 1, false)
	for _, x := range []struct {
		o    drgn.Object
		want bool
	}{
		{m.ObjectAt(b, 0x1000), false}, {m.ObjectAt(b, 0x1001), true}, {m.ScalarValue(b, 0x100), true},
		{m.ObjectAt(m.int("__int128", 16, false), 0x1000), true}, {m.ObjectAt(m.array(b, 0), 0), false}, {m.ObjectAt(m.array(b, 0), 8), true},
		{m.ScalarValue(m.PointerTo(b), 0), false}, {m.ScalarValue(m.PointerTo(b), 1), true}, {m.FloatLiteral(0), false}, {m.FloatLiteral(.5), true},
	} {
		if got, err := x.o.Bool(); err != nil || got != x.want {
			t.Errorf("%s: %t, %v", x.o.Type(), got, err)
		}
	}
	wantUint(t, m.ScalarValue(b, 0x100), 1)
	_, err := m.ObjectAt(m.structure("s", 1), 0).Bool()
	wantErr[*drgn.TypeError](t, err, "cannot convert 'struct s' to bool")
	_, err = m.ObjectAt(b, 0).Bool()
	wantErr[*mem.FaultError](t, err, "*(_Bool *)0x0: could not find memory segment: 0x0")
}

func TestValuesAreImmutable(t *testing.T) {
	m := newMock(t, arch.X86_64)
	chars := m.array(m.int("char", 1, true), 4)
	data := []byte("abcd")
	o := m.BytesValue(chars, data)
	data[0] = 'x'
	b, err := o.Bytes()
	if err != nil || string(b) != "abcd" {
		t.Fatalf("%s, %v", b, err)
	}
	b[1] = 'x'
	if b, err = o.Bytes(); err != nil || string(b) != "abcd" {
		t.Fatalf("%s, %v", b, err)
	}
	part := o.Slice(m.array(m.int("char", 1, true), 2), 8, 0)
	if b, err = part.Bytes(); err != nil || string(b) != "bc" {
		t.Fatalf("%s, %v", b, err)
	}
	wantErr[*drgn.ValueError](t, m.BytesValue(chars, data[:3]).Err(), "buffer is too small")
}

func TestAbsent(t *testing.T) {
	m := newMock(t, arch.X86_64)
	i := m.int("int", 4, true)
	s := m.structure("s", 4, field{"i", 0, i, 0})
	for reason, text := range map[drgn.AbsenceReason]string{
		drgn.OtherAbsence: "object absent", drgn.OptimizedOut: "object absent: optimized out",
		drgn.NotImplemented: "object absent: its location is of a kind that is not implemented",
	} {
		o := m.AbsentObject(s, reason)
		if got, ok := o.Absent(); !ok || got != reason || o.Err() != nil {
			t.Error(got, ok, o.Err())
		}
		for _, part := range []drgn.Object{o, o.Member("i"), m.AbsentObject(m.array(i, 2), reason).Index(1), o.Reinterpret(i)} {
			_, err := part.Bytes()
			wantErr[*drgn.AbsentError](t, err, text)
			wantErr[*drgn.AbsentError](t, part.AddressOf().Err(), text)
			wantErr[*drgn.AbsentError](t, part.Read().Err(), text)
		}
		_, err := o.Member("i").Int()
		wantErr[*drgn.AbsentError](t, err, text)
		wantErr[*drgn.AbsentError](t, m.AbsentObject(m.PointerTo(s), reason).Member("i").Err(), text)
		_, err = m.AbsentObject(m.array(i, 2), reason).CString()
		wantErr[*drgn.AbsentError](t, err, text)
	}
}

func TestZeroObject(t *testing.T) {
	var o drgn.Object
	for _, f := range []drgn.Object{o, o.Member("x"), o.Index(1), o.Deref(), o.AddressOf(), o.Read(), o.Subobject("x"), o.Slice(nil, 0, 0),
		o.Reinterpret(nil), o.Cast(nil), o.Convert(nil, 0), o.ContainerOf(nil, "x"), o.MemberAny("x"), o.Binary(c.Add, o), o.Unary(c.Sub)} {
		if f.Err() == nil || f.Prog() != nil || f.Type() != nil {
			t.Error("an object came of none")
		}
	}
	if _, err := o.Uint(); err == nil {
		t.Error("value of no object")
	}
	if o.String() != "<no object>" {
		t.Error(o)
	}
	var v int
	for _, err := range []error{o.Decode(&v), func() error { _, err := o.CString(); return err }(), func() error { _, err := o.Len(); return err }(),
		func() error { _, err := o.Bool(); return err }(), func() error { _, err := o.Float(); return err }()} {
		if err == nil {
			t.Error("no object was read")
		}
	}
	if _, err := drgn.New(arch.Platform{}).StackTraceOf(o); err == nil {
		t.Error("stack of no object")
	}
}

// TestForeignTypes hands in types of another program.
func TestForeignTypes(t *testing.T) {
	m, other := newMock(t, arch.X86_64), newMock(t, arch.X86_64)
	m.put(0, make([]byte, 8)...)
	i, foreign := m.int("int", 4, true), other.int("int", 4, true)
	o := m.ObjectAt(i, 0)
	p := o.AddressOf()
	for _, typ := range []*types.Type{foreign, nil} {
		for n, f := range []drgn.Object{m.ObjectAt(typ, 0), m.BitField(typ, 0, 0, 1), m.AbsentObject(typ, 0), m.ScalarValue(typ, 0), m.BytesValue(typ, make([]byte, 8)),
			o.Slice(typ, 0, 0), o.Reinterpret(typ), o.Cast(typ), o.Convert(typ, 0), p.ContainerOf(typ, "x"), drgn.Null(m.Program, typ),
			drgn.PointerValue(o, typ, 0), drgn.Entry(p, typ, "x")} {
			wantErr[*drgn.ValueError](t, f.Err(), "type is from another program")
			if t.Failed() {
				t.Fatal(n)
			}
		}
	}
	wantErr[*drgn.ValueError](t, o.Binary(c.Add, other.ScalarValue(foreign, 0)).Err(), "objects are from different programs")
}
