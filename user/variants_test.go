package user_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/types"
)

// TestVariants has enums of Rust. The values are those that testdata/process/variants.rs gives them.
func TestVariants(t *testing.T) {
	p := openCore(t, "variants")
	load(t, p)
	format := c.DefaultFormat
	format.Flags = format.Flags&^(c.MemberTypeNames|c.Symbolize|c.TypeName) | c.MembersSameLine | c.ElementsSameLine
	for name, want := range map[string]string{
		"SHAPES": "{ { .Empty = {} }, { .Circle = { .__0 = 2.5 } }, { .Rect = { .w = 3, .h = 4 } }, { .Nested = { .__0 = { .None = {} } } }, " +
			"{ .Nested = { .__0 = { .Some = { .__0 = 0x2001d0 } } } } }",
		"OTHERS":  "{ { .A = { .__0 = 3 } }, { .B = { .__0 = 1099511627776 } } }",
		"SIGNED":  "{ { .Low = { .__0 = 1 } }, { .Minus = { .a = 2 } }, { .Zero = {} }, { .High = { .__0 = 4 } } }",
		"FLAT":    "{ { .First = { .__0 = 9 } }, { .Second = { .__0 = 8589934592 } } }",
		"WIDE":    "{ { .Small = { .__0 = 7 } }, { .Big = { .__0 = 8 } } }",
		"ONLY":    "{ .One = { .__0 = 5, .__1 = -6 } }",
		"COLORS":  "{ { .Some = { .__0 = Red } }, { .Some = { .__0 = Green } }, { .None = {} } }",
		"INTS":    "{ { .Some = { .__0 = -4 } }, { .None = {} } }",
		"UINTS":   "{ { .Some = { .__0 = 4000000000 } }, { .None = {} } }",
		"POINTS":  "{ { .Some = { .__0 = 0x2001c4 } }, { .None = {} } }",
		"BOOLS":   "{ { .Some = { .__0 = { .Some = { .__0 = 1 } } } }, { .Some = { .__0 = { .Some = { .__0 = 0 } } } }, { .Some = { .__0 = { .None = {} } } }, { .None = {} } }",
		"ORDERS":  "{ { .Some = { .__0 = Less } }, { .Some = { .__0 = Equal } }, { .Some = { .__0 = Greater } }, { .None = {} } }",
		"CHARS":   "{ { .Some = { .__0 = 120 } }, { .None = {} } }",
		"NONZERO": "{ { .Some = { .__0 = { .__0 = { .__0 = 300 } } } }, { .None = {} } }",
		"RESULTS": "{ { .Ok = { .__0 = 255 } }, { .Err = { .__0 = { .data_ptr = 0x2002fc, .length = 3 } = \"bad\" } } }",
		"NEVER":   "{ <debug info does not say which of the variants it is> }", // which rustc leaves out where only one can be
	} {
		for form, o := range map[string]drgn.Object{"in memory": p.Variable("variants::" + name), "value": p.Variable("variants::" + name).Read()} {
			if got, err := o.Format(format); got != want || err != nil {
				t.Errorf("%s %s: %s, %v, want %s", name, form, got, err, want)
			}
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
	for frame := range stack.Frames() {
		if frame.Name() != "crash" {
			continue
		}
		for name, want := range map[string]string{"order": "{ .Some = { .__0 = Less } }", "none": "{ .None = {} }", "local": "{ .Some = { .__0 = 0x2002c8 } }"} {
			if got, err := frame.Object(name).Format(format); got != want || err != nil {
				t.Errorf("%s: %s, %v, want %s", name, got, err, want)
			}
		}
		break
	}
}

// TestPaths has types of testdata/process/variants.rs by their paths.
func TestPaths(t *testing.T) {
	p := openCore(t, "variants")
	load(t, p)
	for name, want := range map[string]string{
		"variants::Shape":                           "struct Shape",
		"struct variants::Shape":                    "struct Shape",
		"const variants::Shape *[2]":                "const struct Shape *[2]",
		"core::option::Option<i32>":                 "struct Option<i32>",
		"core::result::Result<u8, &str>":            "struct Result<u8, &str>",
		"core::option::Option<core::cmp::Ordering>": "struct Option<core::cmp::Ordering>",
		"&str": "struct &str",
	} {
		typ, err := p.Type(name)
		if err != nil || typ.String() != want {
			t.Errorf("%s: %v, %v, want %s", name, typ, err, want)
		}
	}
	shape, err := p.Type("variants::Shape")
	if err != nil || p.Variable("variants::SHAPES").Type().Elem() != shape {
		t.Errorf("variants::Shape is not the type of SHAPES: %v", err)
	}
	for _, name := range []string{"&", "&strange", "variants::Sh", "Shape<", "variants::{"} {
		if typ, err := p.Type(name); err == nil {
			t.Errorf("%s: %s", name, typ)
		}
	}
}

// TestVariantMembers has a member that is there in some objects only: it is missing in the others, whatever bytes lie there.
func TestVariantMembers(t *testing.T) {
	p := openCore(t, "variants")
	load(t, p)
	shapes := p.Variable("variants::SHAPES")
	rect := shapes.Index(2)
	for form, o := range map[string]drgn.Object{"in memory": rect, "value": rect.Read(), "pointer": rect.AddressOf()} {
		if w, err := o.Member("Rect").Member("w").Uint(); w != 3 || err != nil {
			t.Error(form, w, err)
		}
		var missing *types.MemberError
		if err := o.Member("Circle").Err(); !errors.As(err, &missing) || missing.Variant != "Rect" ||
			err.Error() != "'struct Shape' has no member 'Circle' here: it holds the variant 'Rect'" {
			t.Error(form, err)
		}
	}
	if err := rect.Subobject("Rect.w").Err(); err == nil || !strings.Contains(err.Error(), "belongs to a variant") {
		t.Error(err)
	}
	var decoded struct {
		W int64 `drgn:"Rect.w"`
	}
	if err := rect.Decode(&decoded); err == nil || !strings.Contains(err.Error(), "belongs to a variant") {
		t.Error(decoded, err)
	}
	var all map[string]map[string]float64
	if err := shapes.Index(1).Decode(&all); err != nil || len(all) != 1 || all["Circle"]["__0"] != 2.5 {
		t.Error(all, err)
	}
	nothing := p.ObjectAt(rect.Type(), 0x7000_0000)
	if err := nothing.Member("Rect").Err(); err == nil {
		t.Error("a variant of what can't be read")
	}
	want := "struct Signed {\n\tstruct Low Low; /* variant: -128 */\n\tstruct Minus Minus; /* variant: -1 */\n\tstruct Zero Zero; /* variant: 0 */\n\tstruct High High; /* variant: 127 */\n}"
	signed := p.Variable("variants::SIGNED").Type().Elem()
	if text, err := signed.Language().Definition(signed); text != want || err != nil {
		t.Errorf("%s, %v", text, err)
	}
}
