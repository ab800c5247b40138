package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/safe"
	"github.com/godrgn/drgn/report"
)

// A book is a section that is being made. Several goroutines may write into it. Once it is closed nothing can be added: who tries is ended.
type book struct {
	mu     sync.Mutex
	s      report.Section
	closed bool
}

// errClosed ends the goroutine of a section that took too long; nobody waits for what becomes of it.
var errClosed = errors.New("the section is closed")

func (b *book) change(f func(s *report.Section)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		panic(errClosed)
	}
	f(&b.s)
}

// add adds a part.
func (b *book) add(p report.Part) {
	b.change(func(s *report.Section) { s.Parts = append(s.Parts, p) })
}

// find adds what rules have found.
func (b *book) find(found ...report.Finding) {
	b.change(func(s *report.Section) { s.Findings = append(s.Findings, found...) })
}

// miss says that something could not be read; nothing, if err is nil.
func (b *book) miss(what string, err error) {
	if err != nil {
		b.change(func(s *report.Section) { s.Gaps = append(s.Gaps, report.Gap{What: what, Why: err.Error()}) })
	}
}

// missed says the same of several things.
func (b *book) missed(all gaps) {
	b.change(func(s *report.Section) { s.Gaps = append(s.Gaps, all...) })
}

// gaps are what could not be read while something was looked for that several sections need.
type gaps []report.Gap

func (g *gaps) miss(what string, err error) {
	if err != nil {
		*g = append(*g, report.Gap{What: what, Why: err.Error()})
	}
}

// close ends the section and returns it; err is why it is not whole.
func (b *book) close(err error) report.Section {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if err != nil {
		b.s.Error = err.Error()
	}
	rank := []report.Severity{report.Critical, report.Warning, report.Notice}
	slices.SortStableFunc(b.s.Findings, func(x, y report.Finding) int {
		return cmp.Compare(slices.Index(rank, x.Severity), slices.Index(rank, y.Severity))
	})
	return b.s
}

// made makes a section. It returns at the limit, at the latest: what looks further then finds the book closed.
func made(s *scene, t topic) report.Section {
	out := &book{s: report.Section{ID: t.id, Title: t.title, Looked: t.looked}}
	done := make(chan error, 1)
	go func() { done <- safe.Call(func() error { return t.look(s, out) }) }()
	var limit <-chan time.Time
	if s.options.Limit > 0 {
		timer := time.NewTimer(s.options.Limit)
		defer timer.Stop()
		limit = timer.C
	}
	select {
	case err := <-done:
		return out.close(err)
	case <-limit:
		select { // on a busy machine both may be there
		case err := <-done:
			return out.close(err)
		default:
		}
		return out.close(fmt.Errorf("it took longer than %v", s.options.Limit))
	case <-s.ctx.Done():
		return out.close(context.Cause(s.ctx))
	}
}

// guarded returns a function that calls f once, when it is first called.
func guarded[T any](f func() (T, error)) func() (T, error) {
	return sync.OnceValues(func() (v T, err error) {
		err = safe.Call(func() error {
			v, err = f()
			return err
		})
		return v, err
	})
}

// A sheet is facts that are being collected: one that can't be had becomes a gap.
type sheet struct {
	out   *book
	facts []report.Fact
}

// fact adds a fact unless it can't be had, or is "".
func fact[T any](s *sheet, name string, unit report.Unit, value func() (T, error)) {
	v, err := value()
	if err != nil {
		s.out.miss(name, err)
		return
	}
	if any(v) != any("") {
		s.facts = append(s.facts, report.Fact{Name: name, Value: v, Unit: unit})
	}
}

// private adds a fact that may tell of people.
func private(s *sheet, name string, value func() (string, error)) {
	n := len(s.facts)
	fact(s, name, report.Plain, value)
	for i := n; i < len(s.facts); i++ {
		s.facts[i].Private = true
	}
}

// A rule says when something is out of the ordinary.
type rule struct {
	name      string
	severity  report.Severity
	threshold string
	reason    string
}

// found returns what the rule has found.
func (r rule) found(evidence []string, text string, args ...any) report.Finding {
	return report.Finding{Rule: r.name, Severity: r.severity, Text: fmt.Sprintf(text, args...), Threshold: r.threshold, Reason: r.reason, Evidence: evidence}
}

// has reports whether the kernel has a variable, which may be of no known type. Where no symbols are known at all it may have any: looking at
// the variable then says what is missing.
func has(p *drgn.Program, variable string) bool {
	if _, err := p.Symbol(variable); !drgn.IsNotFound(err) {
		return true
	}
	_, err := p.Symbol("init_task") // which each kernel has
	return err != nil
}

// word returns the text of a struct's member that is an array of char.
func word(o drgn.Object) (string, error) {
	text, err := o.CString()
	return string(text), err
}

// count returns "1 task", "2 tasks".
func count[N int | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// each calls do for each element of a walk. What ends it too early is a gap.
func each[T any](out *book, what string, walk iter.Seq2[T, error], do func(v T) error) {
	for v, err := range walk {
		if err == nil {
			err = do(v)
		}
		if err != nil {
			out.miss(what, err)
			return
		}
	}
}

// tabled adds a table unless it has no rows. Of many rows only the first are shown.
func (b *book) tabled(title, note string, table *report.Table) { b.detail("", title, note, table) }

// detail is tabled for a table that others refer to by an ID.
func (b *book) detail(id, title, note string, table *report.Table) {
	if len(table.Rows) == 0 {
		return
	}
	if more := len(table.Rows) - maxRows; more > 0 {
		table.Rows, table.Left = table.Rows[:maxRows], more
	}
	b.add(report.Part{ID: id, Title: title, Note: note, Table: table})
}

// enumerator returns the name of a value of an enumeration, its number if it has none.
func enumerator(o drgn.Object) (string, error) {
	v, err := o.Int()
	if err != nil {
		return "", err
	}
	all, err := o.Type().Underlying().Enumerators()
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if int64(e.Value) == v {
			return e.Name, nil
		}
	}
	return fmt.Sprint(v), nil
}
