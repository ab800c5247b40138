package call

import (
	"errors"
	"math"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

func TestSignature(t *testing.T) {
	prog := Param{Name: "prog", Kind: KindProgram, Default: "~"}
	pid := Param{Name: "pid", Kind: KindUint}
	idle := Param{Name: "idle", Kind: KindBool, Default: "False", KeywordOnly: true}
	src := Param{Name: "src", Kind: KindPath, Default: "None", None: true, KeywordOnly: true}
	for _, test := range []struct {
		f        Func
		sig, doc string
	}{
		{Func{Name: "f"}, "f()", "f()"},
		{Func{Name: "find", Params: []Param{prog, pid}}, "find(prog: prog = ~, pid: index)", "find(prog, pid)"},
		{Func{Name: "walk", Params: []Param{prog, idle, src}},
			"walk(prog: prog = ~, *, idle: bool = False, src: path? = None)", "walk(prog=None, *, idle=False, src=None)"},
	} {
		if got := test.f.Sig(); got != test.sig {
			t.Errorf("Sig: %s, want %s", got, test.sig)
		}
		if got := test.f.Signature(); got != test.doc {
			t.Errorf("Signature: %s, want %s", got, test.doc)
		}
	}
}

func TestSlots(t *testing.T) {
	p := drgn.New(arch.Platform{})
	o := drgn.Failed(errors.New("failed"))
	var c Call
	c.SetUint(0, ^uint64(0))
	c.SetText(1, "text")
	c.SetProgram(2, p)
	c.SetObject(3, o)
	c.SetAny(4, 1.5)
	if c.Uint(0) != ^uint64(0) || c.Int(0) != -1 || !c.Bool(0) || c.Str(1) != "text" || string(c.Bytes(1)) != "text" ||
		c.Program(2) != p || c.Scope(2) != drgn.Scope(p) || c.Object(3).Err() == nil || c.Any(4) != 1.5 {
		t.Error("an argument is not what was set")
	}
	if !c.Has(0) || c.Has(5) || c.UintOr(5, 7) != 7 || c.IntOr(5, -7) != -7 || !c.BoolOr(5, true) || c.StrOr(5, "x") != "x" ||
		c.Bytes(5) != nil || c.Scope(5) != nil || c.Thread(5) != nil {
		t.Error("what was left out is there")
	}
	if _, err := c.Type(1, nil); err == nil {
		t.Error("a type was found without a program")
	}
	c.Default = func() (*drgn.Program, error) { return p, nil }
	if typ, err := c.Type(5, p); typ != nil || err != nil {
		t.Errorf("the type that was left out: %v, %v", typ, err)
	}
	c.SetText(1, "nothing")
	var missing drgn.LookupError
	if _, err := c.Type(1, nil); !errors.As(err, &missing) {
		t.Errorf("missing type: %v", err)
	}
	void, err := c.TypeOr(5, nil, "void")
	if err != nil {
		t.Fatal(err)
	}
	c.SetAny(5, void)
	if typ, err := c.Type(5, nil); typ != void || err != nil {
		t.Errorf("%v, %v", typ, err)
	}
	if err := c.Return(Tuple(Uint(1), Object(o))); err == nil || err.Error() != "failed" {
		t.Errorf("failed object returned: %v", err)
	}
	if err := c.Return(Uint(1)); err != nil || c.Result().Uint() != 1 {
		t.Errorf("%v, %v", c.Result(), err)
	}
	c.Reset()
	if c.Has(0) || c.Str(1) != "" || c.Result().Tag() != TagNone {
		t.Error("something is left after Reset")
	}
}

func TestNarrow(t *testing.T) {
	type small uint8
	if v, err := Narrow[small](uint64(255)); v != 255 || err != nil {
		t.Error(v, err)
	}
	var over *OverflowError
	if _, err := Narrow[small](uint64(256)); !errors.As(err, &over) || over.Bits != 8 || over.Signed {
		t.Error(err)
	}
	if _, err := Narrow[int32](int64(math.MinInt32 - 1)); !errors.As(err, &over) || over.Bits != 32 || !over.Signed {
		t.Error(err)
	}
	if v, err := Narrow[int32](int64(math.MinInt32)); v != math.MinInt32 || err != nil {
		t.Error(v, err)
	}
	if _, err := Narrow[int64](uint64(1) << 63); !errors.As(err, &over) || over.Bits != 64 {
		t.Error(err)
	}
}

func TestValues(t *testing.T) {
	class := &Struct{Module: "m", Name: "Pair", Fields: []string{"a", "b"}}
	r := Record(class, Int(-1), Str("x"))
	if r.Tag() != TagRecord || r.Struct() != class || r.Elems()[0].Int() != -1 || r.Elems()[1].Text() != "x" {
		t.Errorf("%v", r)
	}
	if e := Dict([]Value{Str("k"), Record(class, Error(errWalk))}); e.Err() != errWalk {
		t.Errorf("%v", e)
	}
	l := Each([]float64{1, 2}, Float)
	if l.Tag() != TagList || len(l.Elems()) != 2 || l.Elems()[1].Float() != 2 {
		t.Errorf("%v", l)
	}
	if Other(nil).Tag() != TagNone || Other(class).Other() != class || !Bool(true).Bool() || Bytes([]byte{255}).Text() != "\xff" {
		t.Error("a value is not what was put in")
	}
}

func BenchmarkCall(b *testing.B) {
	f := Func{Do: func(c *Call) error { return c.Return(Uint(c.Uint(0) + c.Uint(1))) }}
	var c Call
	b.ReportAllocs()
	for range b.N {
		c.Reset()
		c.SetUint(0, 1)
		c.SetUint(1, 2)
		if err := f.Do(&c); err != nil || c.Result().Uint() != 3 {
			b.Fatal(err)
		}
	}
}
