package user_test

import (
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/lang/c"
)

// TestSlices has text and slices of Rust, with what testdata/process/slices.rs puts into them.
func TestSlices(t *testing.T) {
	p := openCore(t, "slices")
	load(t, p)
	format := c.DefaultFormat
	format.Flags = format.Flags&^(c.MemberTypeNames|c.Symbolize|c.TypeName) | c.MembersSameLine | c.ElementsSameLine
	for name, want := range map[string]string{
		"TEXT":   `{ .data_ptr = 0x201328, .length = 13 } = "plain \"text\"\n"`,
		"EMPTY":  `{ .data_ptr = 0x1, .length = 0 } = ""`,
		"BYTES":  `{ .data_ptr = 0x201348, .length = 3 } = { 1, 2, 255 }`,
		"POINTS": `{ .data_ptr = 0x2010d0, .length = 2 } = { { .x = 1, .y = 2 }, { .x = 3, .y = 4 } }`,
		"NAMES":  `{ { .data_ptr = 0x201370, .length = 3 } = "one", { .data_ptr = 0x201373, .length = 3 } = "two" }`,
		"PARTS": `{ .data_ptr = 0x2013a0, .length = 3 } = { { .data_ptr = 0x201398, .length = 2 } = { 1, 2 }, ` +
			`{ .data_ptr = 0x2, .length = 0 } = {}, { .data_ptr = 0x20139c, .length = 1 } = { -3 } }`,
		"LONG":   `{ .data_ptr = 0x201188, .length = 200 } = { ` + strings.Repeat("7, ", 99) + `7 }...`,
		"OBJECT": `{ .pointer = 0x201434, .vtable = 0x201448 }`,
	} {
		for form, o := range map[string]drgn.Object{"in memory": p.Variable("slices::" + name), "value": p.Variable("slices::" + name).Read()} {
			if got, err := o.Format(format); got != want || err != nil {
				t.Errorf("%s %s: %s, %v, want %s", name, form, got, err, want)
			}
		}
	}
	if got, err := p.Variable("slices::ROUND").Format(format); err != nil || strings.Count(got, `= "a"`) != 3 || strings.Count(got, `= "b"`) != 3 {
		t.Errorf("slices in circles: %s, %v", got, err)
	}
	format.Flags &^= c.String
	if got, err := p.Variable("slices::TEXT").Format(format); got != "{ .data_ptr = 0x201328, .length = 13 }" || err != nil {
		t.Errorf("without text: %s, %v", got, err)
	}
	format.Flags |= c.String

	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := thread.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	frame := stack.Frame(0)
	for name, want := range map[string]struct{ end, text string }{
		"borrowed": {`.length = 13 } = "plain \"text\"\n"`, "plain \"text\"\n"},
		"list":     {`.length = 3 } = { 1, 2, 3 }`, "-"},
		"owned":    {`.len = 8 } } = "argument"`, "argument"},
		"numbers":  {`.len = 2 } = { 10, 20 }`, ""},
		"string":   {`.len = 5 } } = "owned"`, "owned"},
		"vec":      {`.len = 1 } = { { .x = 5, .y = 6 } }`, "-"},
		"boxed":    {`.length = 5 } = "boxed"`, "boxed"},
		"none":     {`.len = 0 } = {}`, "-"},
	} {
		o := frame.Object(name)
		if got, err := o.Format(format); !strings.HasSuffix(got, want.end) || err != nil {
			t.Errorf("%s: %s, %v, want …%s", name, got, err, want.end)
		}
		text, err := o.CString()
		if want.text != "" && (string(text) != want.text || err != nil) && (want.text != "-" || err == nil) {
			t.Errorf("text of %s: %q, %v", name, text, err)
		}
	}
}
