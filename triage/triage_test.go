package triage

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/report"
)

var update = flag.Bool("update", false, "write testdata/*.json anew: look at the change before you keep it")

// The report of the bundled core says the same each time, and calls nothing out: nothing went wrong there.
func TestBundledCore(t *testing.T) {
	r, err := Of(t.Context(), coretest.Open(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Sections {
		if len(s.Findings) > 0 || s.Error != "" {
			t.Errorf("%s: %+v, %s", s.ID, s.Findings, s.Error)
		}
		for _, g := range s.Gaps {
			t.Errorf("%s: %+v", s.ID, g)
		}
	}
	var b strings.Builder
	if err := report.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "tiny-6.12.json")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != b.String() {
		t.Errorf("%v, or not what %s has; run with -update and look at the difference", err, path)
	}
}

func TestOptions(t *testing.T) {
	p := coretest.Open(t)
	r, err := Of(t.Context(), p, Options{Sections: []string{"cpus"}})
	if err != nil || len(r.Sections) != 1 || r.Sections[0].ID != "cpus" {
		t.Error(r, err)
	}
	var value *drgn.ValueError
	if _, err := Of(t.Context(), p, Options{Sections: []string{"nothing"}}); !errors.As(err, &value) {
		t.Error(err)
	}
	process, err := attach.Core("../testdata/process/threads.core.gz", attach.Options{CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Of(t.Context(), process, Options{}); !errors.As(err, &value) {
		t.Errorf("a process: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Of(ctx, p, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A section that fails, panics or never ends says so, with what it has, and the others are made.
func TestSectionsAreIndependent(t *testing.T) {
	ended := make(chan struct{})
	some := func(out *book) { out.add(report.Part{Title: "some"}) }
	old := topics
	defer func() { topics = old }()
	topics = []topic{
		{"fails", "F", "x", func(_ *scene, out *book) error { some(out); return errors.New("no memory") }},
		{"panics", "P", "x", func(_ *scene, out *book) error { some(out); panic("a nil map") }},
		{"hangs", "H", "x", func(s *scene, out *book) error {
			defer close(ended)
			some(out)
			out.find(rule{"b", report.Notice, "t", "r"}.found(nil, "x"), rule{"a", report.Critical, "t", "r"}.found(nil, "y"))
			for { // until the book is closed
				out.miss("nothing", nil)
				out.change(func(*report.Section) {})
				time.Sleep(time.Millisecond)
			}
		}},
		{"works", "W", "x", func(_ *scene, out *book) error { some(out); out.miss("a page", errors.New("filtered")); return nil }},
	}
	var last int
	r, err := Of(t.Context(), coretest.Open(t), Options{Limit: time.Second, Progress: func(done, total int) { last = done*10 + total }})
	if err != nil || last != 44 {
		t.Fatal(last, err)
	}
	<-ended
	for i, want := range []string{"no memory", "a bug of this program: a nil map", "it took longer than 1s", ""} {
		if s := r.Sections[i]; !strings.HasPrefix(s.Error, want) || want == "" && s.Error != "" || len(s.Parts) != 1 {
			t.Errorf("%+v", s)
		}
	}
	if got := rules(r.Sections[2].Findings); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("findings %v", got)
	}
	if g := r.Sections[3].Gaps; len(g) != 1 || g[0].Why != "filtered" {
		t.Errorf("%+v", g)
	}
}

// Of a kernel of which nothing is known nothing is said: neither that it did not crash, nor that it lacks something.
func TestNothingKnown(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	if err := w.Setup(drgn.Setup{Flags: drgn.IsLinuxKernel, Personality: strange{}}); err != nil {
		t.Fatal(err)
	}
	r, err := Of(t.Context(), w.Program, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Sections {
		if len(s.Findings) > 0 || len(s.Gaps) == 0 && s.Error == "" {
			t.Errorf("%+v", s)
		}
		for _, p := range s.Parts {
			if len(p.Facts) > 0 || p.Table != nil || p.Lines != nil || p.Stacks != nil {
				t.Errorf("%s: %+v", s.ID, p)
			}
		}
	}
}

// A strange kernel is one of which nothing is known.
type strange struct{ drgn.Personality }

func (strange) CrashedThread(*drgn.Program) (*drgn.Thread, error) {
	return nil, &drgn.ThreadNotFoundError{Role: "crashed"}
}

func (strange) Threads(*drgn.Program) drgn.ThreadSeq {
	return func(yield func(*drgn.Thread, error) bool) { yield(nil, &drgn.ObjectNotFoundError{Name: "init_pid_ns"}) }
}

func TestTopics(t *testing.T) {
	for i, id := range Topics() {
		if slices.Index(Topics(), id) != i || topics[i].title == "" || topics[i].looked == "" {
			t.Errorf("%+v", topics[i])
		}
	}
}

// Sources are found below a directory by what the compiler called them, and nowhere else.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "tree", "kernel"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"tree/kernel/a.c": strings.Repeat("x\n", 4) + "\tfive\n" + strings.Repeat("y\n", 10), "secret": "s\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree := filepath.Join(dir, "tree")
	for _, name := range []string{"kernel/a.c", "./kernel/a.c", "/build/linux/kernel/a.c"} {
		l, err := sourceAt(tree, drgn.SourceLocation{Filename: name, Line: 5})
		if err != nil || len(l.Text) != 9 || l.Text[4] != "    5      five" || !slices.Equal(l.Marked, []int{4}) {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
	for _, at := range []drgn.SourceLocation{{Filename: "../secret", Line: 1}, {Filename: "kernel", Line: 1}, {Filename: "kernel/a.c", Line: 100}, {Filename: "", Line: 1}} {
		if l, err := sourceAt(tree, at); err == nil {
			t.Errorf("%v: %+v", at, l)
		}
	}
}

// Names of tasks tell nothing once they are redacted, nor do they break lines; sections that are asked for twice are made once.
func TestPrivate(t *testing.T) {
	p := coretest.Private(t)
	if all := Private(p); len(all) != 3 || filepath.Base(all[0]) != all[1] || all[2] != "boxhost.example.org" {
		t.Errorf("%q is private", all)
	}
	r, err := Of(t.Context(), p, Options{Sections: []string{"hangs", "memory", "hangs"}})
	if err != nil || len(r.Sections) != 2 {
		t.Fatalf("%v, %d sections", err, len(r.Sections))
	}
	text := func() string {
		var b strings.Builder
		if err := errors.Join(report.WriteText(&b, r), report.WriteHTML(&b, r)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	before := text()
	r.Redact()
	after := text()
	for _, secret := range coretest.Secrets {
		if !strings.Contains(before, secret) || strings.Contains(after, secret) {
			t.Errorf("%q: in the report %v, in the redacted one %v", secret, strings.Contains(before, secret), strings.Contains(after, secret))
		}
	}
	if !strings.Contains(after, "48 (two?lines)") || strings.Contains(before, "two\nlines") {
		t.Errorf("a name breaks lines:\n%s", after)
	}
}
