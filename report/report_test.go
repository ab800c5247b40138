package report_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godrgn/drgn/report"
)

// some is a report with one of everything, whose texts try to be more than text.
func some() *report.Report {
	return &report.Report{Version: report.Version, Title: "Linux \x1b[31m<b>6.12</b>", Sections: []report.Section{
		{
			ID: "one", Title: "One", Looked: "this and that",
			Findings: []report.Finding{{Rule: "bad", Severity: report.Critical, Text: "It is </script><script>alert(1)</script>", Threshold: "3", Reason: "it hurts",
				Evidence: []string{"10.0.0.1 said so", "two\nlines"}}},
			Parts: []report.Part{
				{Facts: []report.Fact{{Name: "Host", Value: "secret", Private: true}, {Name: "At", Value: uint64(0xffff888003a2c000), Unit: report.Address},
					{Name: "Up for", Value: int64(95 * time.Second), Unit: report.Time}, {Name: "On", Value: true}}},
				{Title: "Memory", Note: "as of the crash", Table: &report.Table{Left: 3, Details: []string{"one-log", "nowhere"},
					Columns: []report.Column{{Name: "Name"}, {Name: "Size", Unit: report.Bytes, Bar: true}, {Name: "File", Private: true}, {Name: "At", Unit: report.Address}},
					Rows:    [][]any{{"slab", uint64(3 << 20), "/home/x", uint64(16)}, {"page\ttable", uint64(100), nil, nil}}}},
				{ID: "one-log", Title: "Log", Lines: &report.Lines{Text: []string{"one", "f+0x1/0x2", "f again"}, Marked: []int{1}, Private: true,
					Stack: "crash", Frames: []report.Mention{{Line: 1}, {Line: 2}, {Line: 99, Frame: 99}}}},
				{Title: "Stacks", Stacks: []report.Stack{{ID: "crash", Title: "CPU 0", Threads: []report.Thread{{ID: 7, Name: "a<b", State: "D", Waiting: time.Minute}}, Error: "cut",
					Frames: []report.Frame{{Function: "f<T>", Source: "a.c:3:4", Module: "crash", Interrupted: true, Symbol: "f+0x1/0x2",
						Text:      &report.Lines{Text: []string{"    3  *p = 1; /* fe80::1 */"}, Marked: []int{0}},
						Locals:    []report.Local{{Name: "p", Value: "(int *)0x0"}},
						Registers: []report.Fact{{Name: "rax", Value: uint64(1), Unit: report.Address}},
						Code:      []report.Instruction{{Address: 1, At: "f+0x1", Bytes: "0f0b", Text: "ud2", Here: true, Comment: "here"}}},
						{Function: "g", Inline: true}}}}},
				{Title: "Flames", Picture: &report.Picture{SVG: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>`, Width: 10, Height: 20}},
			},
			Gaps: []report.Gap{{What: "the rest", Why: "page is not in the dump"}},
		},
		{ID: "two", Title: "Two", Looked: "nothing", Error: "it took longer than 1s"},
	}}
}

var update = flag.Bool("update", false, "write testdata anew: look at the change before you keep it")

// held holds a text against a file of testdata.
func held(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%v, or not what %s has:\n%s", err, path, got)
	}
}

func TestText(t *testing.T) {
	var b strings.Builder
	if err := report.WriteText(&b, some()); err != nil {
		t.Fatal(err)
	}
	held(t, "some.txt", b.String())
}

// What could not be read is not called fine.
func TestFine(t *testing.T) {
	for _, write := range []func(*strings.Builder, *report.Report) error{writers["text"], writers["HTML"]} {
		var b strings.Builder
		if err := write(&b, &report.Report{Sections: []report.Section{{Gaps: []report.Gap{{What: "a", Why: "b"}}}, {}}}); err != nil {
			t.Fatal(err)
		}
		if all, read := strings.Count(b.String(), "Nothing out of the ordinary."), strings.Count(b.String(), "Nothing out of the ordinary in what could be read."); all != 1 || read != 1 {
			t.Errorf("%d, %d:\n%s", all, read, &b)
		}
	}
}

func TestHTML(t *testing.T) {
	var b strings.Builder
	if err := report.WriteHTML(&b, some()); err != nil {
		t.Fatal(err)
	}
	held(t, "some.html", b.String())
	for _, bad := range []string{"<b>", "<script", "f<T>", "a<b", "\x1b", "http://", "https://", "ZgotmplZ"} {
		if strings.Contains(strings.ReplaceAll(b.String(), "http://www.w3.org/2000/svg", ""), bad) {
			t.Errorf("%q is in the page", bad)
		}
	}
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	if err := report.WriteJSON(&b, some()); err != nil {
		t.Fatal(err)
	}
	held(t, "some.json", b.String())
	var back report.Report
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back.Sections[0].Parts[3].Stacks[0].Frames[0].Code[0].At != "f+0x1" {
		t.Errorf("%v: %+v", err, back)
	}
	odd := report.Report{Sections: []report.Section{{Parts: []report.Part{{Table: &report.Table{Rows: [][]any{{1}}}}}}}}
	if err := report.WriteJSON(&b, &odd); err == nil {
		t.Error("a row without columns")
	}
}

// What is private and what networks are addressed by is gone from each form; the rest is there.
func TestRedact(t *testing.T) {
	r := some()
	r.Redact()
	for name, write := range writers {
		var b strings.Builder
		if err := write(&b, r); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"secret", "/home/x", "10.0.0.1", "fe80::1", "two\n", "(int *)0x0"} {
			if strings.Contains(strings.ReplaceAll(b.String(), "two\\nlines", ""), secret) && secret != "two\n" {
				t.Errorf("%s: %q is still there", name, secret)
			}
		}
		for _, kept := range []string{"0xffff888003a2c000", "said so", "crash", "3.0 MiB"} {
			if kept == "3.0 MiB" && name == "JSON" {
				kept = "3145728"
			}
			if !strings.Contains(b.String(), kept) {
				t.Errorf("%s: no %q", name, kept)
			}
		}
	}
}

// writers are the forms of a report.
var writers = map[string]func(w *strings.Builder, r *report.Report) error{
	"text": func(w *strings.Builder, r *report.Report) error { return report.WriteText(w, r) },
	"HTML": func(w *strings.Builder, r *report.Report) error { return report.WriteHTML(w, r) },
	"JSON": func(w *strings.Builder, r *report.Report) error { return report.WriteJSON(w, r) },
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit  report.Unit
		value any
		want  string
	}{
		{report.Bytes, uint64(0), "0 B"}, {report.Bytes, uint64(1536), "1.5 KiB"}, {report.Bytes, int64(-1 << 20), "-1.0 MiB"}, {report.Bytes, uint64(1<<64 - 1), "16384 PiB"},
		{report.Time, int64(1500 * time.Millisecond), "1.5s"}, {report.Time, int64(49 * time.Hour), "2 days 1h0m0s"}, {report.Time, int64(95 * time.Second), "1m35s"},
		{report.Time, int64(12345678), "12ms"}, {report.Time, int64(1234), "1.234µs"},
		{report.Address, uint64(255), "0xff"}, {report.Percent, 12.34, "12.3 %"}, {report.Percent, int64(3), "3 %"},
		{report.Plain, nil, "?"}, {report.Plain, 1.5, "1.50"}, {report.Plain, false, "no"}, {report.Plain, "a\x00b", "a?b"}, {report.Plain, uint64(7), "7"},
	} {
		if got := c.unit.Format(c.value); got != c.want {
			t.Errorf("%v %q: %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
