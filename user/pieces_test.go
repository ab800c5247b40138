package user_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
)

// frameOf returns the frame of a function of a core's crashed thread.
func frameOf(t *testing.T, core, function string) drgn.StackFrame {
	t.Helper()
	p := openCore(t, core)
	load(t, p)
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	trace, err := thread.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	for f := range trace.Frames() {
		if f.Name() == function {
			return f
		}
	}
	t.Fatalf("no frame of %s", function)
	return drgn.StackFrame{}
}

// TestPieces has variables without an address of which parts are known, and pointers to such: see testdata/process/pieces.c. What their values are
// TestAgreement knows, too.
func TestPieces(t *testing.T) {
	line := c.DefaultFormat
	line.Columns, line.Flags = 1000, line.Flags|c.MembersSameLine
	for _, tt := range []struct{ core, function, variable, want string }{
		{"pieces.gcc-O2", "sum", "extra", "(int *)<synthetic pointer>"},
		{"pieces.gcc-O2", "sum", "extra[0]", "(int)138"},
		{"pieces.gcc-O2", "sum", "extra[1]", "(int)<optimized out>"},
		{"pieces.gcc-O2", "through", "d[0]", "(struct deep){ .inner = (struct point *)<optimized out>, .number = (long)-5000000000, .whole = (struct point){ .x = (int)4, .y = (short)38, .tag = (char)119, .to = (int *)0x0 } }"},
		{"pieces.gcc-O2", "through", "d.whole", "(struct point){ .x = (int)4, .y = (short)38, .tag = (char)119, .to = (int *)0x0 }"},
		{"pieces.gcc-O2", "through", "d.whole.tag", "(char)119"},
		{"pieces.gcc-O2", "pointers", "p", "(struct point)<optimized out>"},
		{"pieces.gcc16-O3", "parts", "into[0]", "(int)5"},
		{"pieces.gcc16-O3", "parts", "into[1]", "(int)13"},
		{"pieces.gcc16-O3", "parts", "into[-1]", "(int)11"},
		{"pieces.clang-O2", "parts", "array", "(int [3]){ <optimized out>, 5, <optimized out> }"},
		{"pieces.clang-O2", "parts", "array[1]", "(int)5"},
		{"pieces.clang21-O2", "parts", "s.constant", "(int)42"},
	} {
		o := partOf(frameOf(t, tt.core, tt.function), tt.variable)
		if got, err := o.Format(line); got != tt.want || err != nil {
			t.Errorf("%s: %s of %s: %s, %v; want %s", tt.core, tt.variable, tt.function, got, err, tt.want)
		}
	}
	d := frameOf(t, "pieces.gcc-O2", "through").Object("d")
	if whole := d.Deref(); !d.KnownInParts() || !whole.KnownInParts() || whole.Member("number").KnownInParts() {
		t.Error(d, whole)
	}
	var absent *drgn.AbsentError
	for what, err := range map[string]error{
		"number":     func() error { _, err := d.Uint(); return err }(),
		"bytes":      func() error { _, err := d.Deref().Bytes(); return err }(),
		"address":    d.Deref().AddressOf().Err(),
		"behind":     d.Member("inner").Member("x").Err(),
		"out of all": d.Index(1 << 40).Member("inner").Deref().Err(),
	} {
		if !errors.As(err, &absent) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if m := d.Member("nothing"); m.Err() == nil || errors.As(m.Err(), &absent) {
		t.Error(m)
	}
}
