package report

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// of returns a report of one section.
func of(findings []Finding, parts ...Part) *Report {
	return &Report{Version: Version, Title: "Linux", Sections: []Section{{ID: "memory", Title: "Memory", Findings: findings, Parts: parts}}}
}

func TestCompare(t *testing.T) {
	caches := func(rows ...[]any) Part {
		return Part{Title: "Slabs", Table: &Table{Columns: []Column{{Name: "Cache"}, {Name: "Memory", Unit: Bytes}, {Name: "Objects"}, {Name: "At", Unit: Address}}, Rows: rows}}
	}
	stacks := func(list ...Stack) Part { return Part{Title: "Stacks", Stacks: list} }
	stack := func(threads int, functions ...string) (s Stack) {
		s.Threads = make([]Thread, threads)
		for _, f := range functions {
			s.Frames = append(s.Frames, Frame{Function: f, Locals: []Local{{"x", "1"}}})
		}
		return s
	}
	before := of([]Finding{{Rule: "taint", Severity: Warning, Text: "It is tainted"}, {Rule: "lockup", Severity: Critical, Text: "CPU 3 hangs for 22 s"}},
		Part{Facts: []Fact{{Name: "Machine", Value: "x86_64"}, {Name: "Up for", Value: int64(5e9), Unit: Time}, {Name: "At", Value: uint64(1), Unit: Address}, {Name: "Gone", Value: true}}},
		caches([]any{"dentry", int64(4096), int64(20), uint64(0x1000)}, []any{"inode", int64(1 << 20), int64(7), uint64(0x2000)}, []any{"twice", int64(1), int64(1), nil},
			[]any{"twice", int64(2), int64(1), nil}, []any{"lost", nil, int64(3), nil}),
		stacks(stack(1, "schedule", "io_schedule"), stack(40, "schedule", "worker_thread"), stack(2, "schedule", "0x401000")),
		Part{Title: "Log", Lines: &Lines{Text: []string{"a"}}})
	after := of([]Finding{{Rule: "lockup", Severity: Critical, Text: "CPU 1 hangs for 44 s"}, {Rule: "leak", Severity: Warning, Text: "dentry grows"}},
		Part{Facts: []Fact{{Name: "Machine", Value: "x86_64"}, {Name: "Up for", Value: int64(9e9), Unit: Time}, {Name: "At", Value: uint64(2), Unit: Address}}},
		caches([]any{"dentry", int64(3 << 20), int64(9000), uint64(0x5000)}, []any{"inode", int64(1 << 19), int64(7), uint64(0x6000)}, []any{"twice", int64(1), int64(1), nil},
			[]any{"twice", int64(2), int64(1), nil}, []any{"new", int64(100), int64(2), nil}),
		stacks(stack(9, "schedule", "io_schedule"), stack(2, "schedule", "0x402000"), stack(1, "mutex_lock")),
		Part{Title: "Log", Lines: &Lines{Text: []string{"b"}}})
	var out strings.Builder
	if err := WriteText(&out, Compare(before, after)); err != nil {
		t.Fatal(err)
	}
	const want = `Linux, compared

Memory
======
  [warning] New: dentry grows
  [notice] No longer: It is tainted

  What    Before  After
  Up for  5s      9s
  Gone    yes     ?

  Slabs:
    What    Number   Before   After    Change
    dentry  Memory   4.0 KiB  3.0 MiB  +3.0 MiB
    dentry  Objects  20       9000     +8980
    new     Objects  ?        2        +2
    new     Memory   ?        100 B    +100 B
    lost    Objects  3        ?        -3
    inode   Memory   1.0 MiB  512 KiB  -512 KiB

  Stacks, of more threads than before:
    threads: 1 → 9
      #0  schedule
      #1  io_schedule

    threads: 0 → 1
      #0  mutex_lock

  Stacks, of fewer threads than before:
    threads: 40 → 0
      #0  schedule
      #1  worker_thread
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	out.Reset()
	if err := WriteText(&out, Compare(before, before)); err != nil || out.String() != "Linux, compared\n\nThere is no difference.\n" {
		t.Errorf("of one report: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := WriteHTML(&out, Compare(before, after)); err != nil || !strings.Contains(out.String(), "dentry grows") || strings.Contains(out.String(), "out of the ordinary") {
		t.Errorf("as HTML: %v\n%s", err, out.String())
	}
	out.Reset()
	if err := WriteHTML(&out, Compare(before, before)); err != nil || !strings.Contains(out.String(), "There is no difference.") {
		t.Errorf("as HTML, of one report: %v\n%s", err, out.String())
	}
	only := Compare(of(nil), &Report{Version: Version, Title: "Linux", Sections: []Section{{ID: "cpus", Title: "CPUs"}}})
	if len(only.Sections) != 2 || only.Sections[0].Gaps[0].Why != "the first report lacks this section" || only.Sections[1].Error != "the second report lacks this section" {
		t.Errorf("of others: %+v", only.Sections)
	}
}

// A long table shows what grew and shrank most.
func TestCompareMany(t *testing.T) {
	table := func(times int64) Part {
		p := Part{Table: &Table{Columns: []Column{{Name: "Name"}, {Name: "N"}}}}
		for i := range int64(100) {
			p.Table.Rows = append(p.Table.Rows, []any{i, (i - 50) * times})
		}
		return p
	}
	c := Compare(of(nil, table(1)), of(nil, table(2)))
	got := c.Sections[0].Parts[0].Table
	if len(got.Rows) != maxChanges || got.Left != 99-maxChanges || got.Rows[0][4] != "+49" || got.Rows[maxChanges-1][4] != "-50" {
		t.Errorf("%d rows, %d left: %v to %v", len(got.Rows), got.Left, got.Rows[0], got.Rows[len(got.Rows)-1])
	}
}

// Reports come from files: one with very many of everything that is alike takes time in proportion.
func TestCompareAlike(t *testing.T) {
	const many = 100_000
	p := Part{Table: &Table{Columns: []Column{{Name: "Name"}, {Name: "N"}}}}
	var findings []Finding
	for i := range int64(many) {
		p.Table.Rows = append(p.Table.Rows, []any{"same", i})
		p.Facts = append(p.Facts, Fact{Name: "same", Value: i})
		findings = append(findings, Finding{Rule: "same", Text: "same"})
	}
	a := of(findings, p)
	for range many {
		a.Sections[0].Parts = append(a.Sections[0].Parts, Part{Title: "same", Lines: &Lines{}})
	}
	if c := Compare(a, of(nil, p)); len(c.Sections) != 1 || len(c.Sections[0].Findings) != many {
		t.Errorf("%d sections", len(c.Sections))
	}
}

// What is written as JSON is read back.
func TestReadJSON(t *testing.T) {
	wrote := of([]Finding{{Rule: "a", Severity: Notice, Text: "b"}}, Part{Facts: []Fact{{Name: "n", Value: uint64(1) << 63}, {Name: "at", Value: uint64(0xffff888003a2c000), Unit: Address},
		{Name: "f", Value: 1.5}, {Name: "unknown"}, {Name: "i", Value: int64(-3)}}},
		Part{Table: &Table{Columns: []Column{{Name: "a"}, {Name: "b", Unit: Address}}, Rows: [][]any{{"x", uint64(5)}, {int64(2), nil}}}})
	var b bytes.Buffer
	if err := WriteJSON(&b, wrote); err != nil {
		t.Fatal(err)
	}
	read, err := ReadJSON(&b)
	if err != nil || !reflect.DeepEqual(read, wrote) {
		t.Errorf("%v\n%+v\n%+v", err, read, wrote)
	}
	if err := read.Keep([]string{"memory"}); err != nil || len(read.Sections) != 1 {
		t.Errorf("Keep: %v", err)
	}
	if err := read.Keep([]string{"cpus"}); err == nil {
		t.Error("a section that is not there was kept")
	}
	for text, want := range map[string]string{
		"":                                   "this is no report",
		"[]":                                 "this is no report",
		`{"title": "x"}`:                     "its version is 0",
		`{"version": 99}`:                    "its version is 99",
		`{"version": 1, "sections": "none"}`: "this is no report",
		`{"version": 1, "sections": [{"id": "x", "parts": [{"table": {"columns": [{"name": "a"}], "rows": [[1, 2]]}}]}]}`: "row 0 of a table has 2 cells; there are 1 columns",
	} {
		if _, err := ReadJSON(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Reports come from files: whatever is in them is compared, shown and written, or refused.
func FuzzReadJSON(f *testing.F) {
	b, err := json.Marshal(of([]Finding{{Rule: "a", Text: "1"}}, Part{Facts: []Fact{{Name: "n", Value: 1}}},
		Part{Table: &Table{Columns: []Column{{Name: "a"}, {Name: "b", Unit: Bytes}}, Rows: [][]any{{"x", 5}}}}, Part{Stacks: []Stack{{Frames: []Frame{{Function: "f"}}}}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, []byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		a, err := ReadJSON(bytes.NewReader(first))
		if err != nil {
			return
		}
		b, err := ReadJSON(bytes.NewReader(second))
		if err != nil {
			b = a
		}
		c := Compare(a, b)
		c.Redact()
		var out bytes.Buffer
		if err := WriteText(&out, c); err != nil {
			t.Error(err)
		}
		if err := WriteHTML(&out, c); err != nil {
			t.Error(err)
		}
		if err := WriteJSON(&out, c); err != nil {
			t.Error(err)
		}
	})
}
