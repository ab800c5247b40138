package slice_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/lang/slice"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/types"
	"github.com/godrgn/drgn/user"
)

const data = "../../testdata/process"

// open opens the core of a program of testdata/process and returns the frame that crashed.
func open(t *testing.T, program string) (*drgn.Program, drgn.StackFrame) {
	t.Helper()
	core, err := target.Open(filepath.Join(data, program+".core.gz"))
	if err != nil {
		t.Fatal(err)
	}
	p := drgn.New(arch.Platform{})
	if err := user.SetupCore(p, core, core.Path, core.Platform); err != nil {
		t.Fatal(err)
	}
	for m, err := range p.LoadedModules() {
		if err == nil {
			err = m.TryFile(filepath.Join(data, filepath.Base(m.Name())))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := thread.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	return p, stack.Frame(0)
}

// What slices and vectors refer to is what slices.rs puts into them.
func TestElements(t *testing.T) {
	p, frame := open(t, "slices")
	for _, tt := range []struct {
		o    drgn.Object
		want []string
	}{
		{p.Variable("slices::BYTES"), []string{"(u8)1", "(u8)2", "(u8)255"}},
		{p.Variable("slices::BYTES").Read(), []string{"(u8)1", "(u8)2", "(u8)255"}},
		{p.Variable("slices::POINTS").Member("length"), nil},
		{p.Variable("slices::OBJECT"), nil}, // of a trait
		{frame.Object("list"), []string{"(u32)1", "(u32)2", "(u32)3"}},
		{frame.Object("numbers").Deref(), []string{"(u32)10", "(u32)20"}},
		{frame.Object("numbers"), nil}, // a reference to a vector
		{frame.Object("none"), []string{}},
		{p.Object("slices::NOTHING"), nil}, // a failed object
	} {
		array, ok := slice.Elements(tt.o)
		if !ok {
			if tt.want != nil || array != tt.o {
				t.Errorf("%v refers to no elements", tt.o)
			}
			continue
		}
		n, err := array.Len()
		if err != nil {
			t.Error(err)
			continue
		}
		got := []string{}
		for i := range int64(n) {
			got = append(got, slice.Index(array, i).String())
		}
		if tt.want == nil || !slices.Equal(got, tt.want) {
			t.Errorf("%v: %q, want %q", tt.o, got, tt.want)
		}
		for _, i := range []int64{-1, int64(n)} {
			var bounds *drgn.BoundsError
			if err := slice.Index(array, i).Err(); !errors.As(err, &bounds) || err.Error() != fmt.Sprintf("index %d is out of range: there are %d elements", i, n) {
				t.Errorf("element %d of %d: %v", i, n, err)
			}
		}
	}
	if y, err := slice.Index(first(slice.Elements(frame.Object("vec"))), 0).Member("y").Int(); y != 6 || err != nil {
		t.Errorf("a member of an element: %d, %v", y, err)
	}
}

// What the containers of C++ have is what containers.cc puts into them, with the library of GCC and that of LLVM.
func TestContainers(t *testing.T) {
	for _, compiler := range []string{"gcc", "clang"} {
		_, frame := open(t, "containers."+compiler)
		for name, want := range map[string][]int64{
			"numbers": {1, 2, 3}, "list": {7, -8}, "span": {1, 2, 3}, "none": {}, "wide": {'w', 'i', 'd', 'e'}, "bits": nil,
		} {
			array, ok := slice.Elements(frame.Object(name)) // numbers is a reference
			if !ok {
				if want != nil {
					t.Errorf("%s: %s refers to no elements", compiler, name)
				}
				continue
			}
			n, err := array.Len()
			if err != nil {
				t.Error(err)
			}
			got := []int64{}
			for i := range int64(n) {
				v, err := slice.Index(array, i).Int()
				if err != nil {
					t.Error(err)
				}
				got = append(got, v)
			}
			if want == nil || !slices.Equal(got, want) {
				t.Errorf("%s: %s: %d, want %d", compiler, name, got, want)
			}
		}
		for name, want := range map[string]string{"text": "no longe", "empty": "", "view": "a view of text"} {
			if compiler == "clang" && name == "text" {
				want = "no longer"
			}
			if s, err := frame.Object(name).CString(); string(s) != want || err != nil {
				t.Errorf("%s: %s: %q, %v", compiler, name, s, err)
			}
		}
		// A reference means what it refers to.
		for i, want := range []int64{1, 2, 3} {
			if n, err := slice.At(frame.Object("numbers"), int64(i)).Int(); n != want || err != nil {
				t.Errorf("%s: element %d of a reference: %d, %v", compiler, i, n, err)
			}
		}
		var bounds *drgn.BoundsError
		if err := slice.At(frame.Object("numbers"), 3).Err(); !errors.As(err, &bounds) {
			t.Errorf("%s: element past the end of a reference: %v", compiler, err)
		}
		for _, name := range []string{"numbers", "bits"} { // their own bytes are no text
			if s, err := frame.Object(name).CString(); err == nil {
				t.Errorf("%s: %s has the text %q", compiler, name, s)
			}
		}
		damaged(t, frame.Object("numbers").Deref())
		nested := first(slice.Elements(frame.Object("nested")))
		if c, err := slice.Index(first(slice.Elements(slice.Index(nested, 2))), 1).Int(); c != 'c' || err != nil {
			t.Errorf("%s: an element of an element: %d, %v", compiler, c, err)
		}
		if s := frame.Object("points").String(); !strings.HasSuffix(s, "} = {\n\t{\n\t\t.x = (int)1,\n\t\t.y = (int)2,\n\t},\n\t{\n\t\t.x = (int)3,\n\t\t.y = (int)4,\n\t},\n}") {
			t.Errorf("%s: %s", compiler, s)
		}
	}
}

// damaged has vectors whose members do not fit each other: none is shown as if it were whole.
func damaged(t *testing.T, o drgn.Object) {
	t.Helper()
	b, err := o.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	start := binary.LittleEndian.Uint64(b)
	for _, tt := range []struct {
		words [3]uint64
		err   string
	}{
		{[3]uint64{start, start - 4, start + 12}, "the end of the elements, "},
		{[3]uint64{start, start + 12, start + 4}, "there is room for 1 elements only, not for 3"},
		{[3]uint64{start, start + 1<<40, start + 12}, "there is room for 3 elements only, not for 274877906944"},
		{[3]uint64{start, start + 3, start + 12}, "the end of the elements, "},
	} {
		var data []byte
		for _, w := range tt.words {
			data = binary.LittleEndian.AppendUint64(data, w)
		}
		v := o.Prog().BytesValue(o.Type(), data)
		if array, _ := slice.Elements(v); array.Err() == nil || !strings.HasPrefix(array.Err().Error(), tt.err) {
			t.Errorf("%x: %v, want an error: %s", tt.words, array, tt.err)
		}
		if s := v.String(); !strings.Contains(s, "} = <"+tt.err) {
			t.Errorf("%x is printed as %s", tt.words, s)
		}
	}
}

func first(o drgn.Object, _ bool) drgn.Object { return o }

// A length that no memory can hold is an error.
func TestTooManyElements(t *testing.T) {
	p, _ := open(t, "slices")
	o := p.Variable("slices::POINTS")
	b, err := o.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b[15] = 0x80
	array, ok := slice.Elements(p.BytesValue(o.Type(), b))
	const want = "9223372036854775810 elements of 'struct Point' at 0x2010d0 are more than there is memory"
	if err := array.Err(); !ok || err == nil || err.Error() != want {
		t.Errorf("%v, %v, want %s", ok, err, want)
	}
}

// Expressions and their parts have elements of slices, too.
func TestExpressions(t *testing.T) {
	p, frame := open(t, "slices")
	for text, want := range map[string]string{"slices::POINTS[1].y": "(i32)4", "slices::PARTS[0][1]": "(i16)2", "(*numbers)[1]": "(u32)20"} {
		if o := expression.Evaluate(p, text, &frame); o.String() != want {
			t.Errorf("%s: %v, want %s", text, o, want)
		}
	}
	parts, err := expression.Parts("numbers", frame.Object("numbers"), 0, 10)
	if err != nil || len(parts) != 2 || parts[1].Name != "[1]" || parts[1].Expression != "(*numbers)[1]" || parts[1].Object.String() != "(u32)20" {
		t.Errorf("parts of a vector: %v, %v", parts, err)
	}
	if parts, err = expression.Parts("string", frame.Object("string"), 0, 10); err != nil || len(parts) != 1 || parts[0].Name != "vec" || parts[0].Object.Type().Kind() != types.Struct {
		t.Errorf("parts of a text: %v, %v", parts, err)
	}
}
