package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/look"
	"github.com/godrgn/drgn/names"
	"github.com/godrgn/drgn/report"
)

// ask leads to the page of what was typed.
func (s *Server) ask(r *http.Request, p *page) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	p.Title, p.Asked = q, q
	prog := s.look.Prog
	lead := func(text, path string, namesAndValues ...string) {
		if l := s.inMemory(text, path, namesAndValues...); l.To != "" {
			p.Links = append(p.Links, l)
		}
	}
	if line, ok := strings.CutPrefix(q, "%"); ok {
		if s.look.Redact {
			return errRedacted
		}
		return s.answer("%", "q", func(ctx context.Context, _ url.Values, out io.Writer) error {
			return s.look.Command(ctx, look.CommandQuery{Line: line}, out)
		})(r, p)
	}
	if _, err := strconv.ParseUint(q, 0, 64); err == nil {
		lead("What lies at this address", "/address", "at", q)
		lead("Where in memory this number is", "/found", "number", q)
	}
	err := errRedacted
	if !s.look.Redact {
		o := expression.Evaluate(prog, q, nil)
		if err = o.Err(); err == nil {
			lead("The object", "/object", "e", q)
			p.Texts = append(p.Texts, s.linked(printed(o, c.DefaultFormat)))
		}
	}
	if _, err := prog.Type(q); err == nil {
		p.Links = append(p.Links, link{"The type", to("/type", "name", q)})
	}
	if symbol, err := prog.Symbol(q); err == nil {
		p.Links = append(p.Links, link{"The symbol", to("/symbol", "name", q)}, link{"Its machine code", to("/code", "at", q)})
		lead("Its memory", "/address", "at", fmt.Sprintf("%#x", symbol.Address))
	}
	if err := s.named(q, p); err != nil {
		return err
	}
	if len(p.Links)+len(p.Tables) == 0 {
		return expression.Explain(prog, err, nil)
	}
	return nil
}

// Names that are searched for: how long they are at least, in bytes, and how many of each kind are shown.
const (
	minName   = 2
	shownName = 40
)

// named adds the types, symbols and threads that have a text in their names.
func (s *Server) named(q string, p *page) error {
	if len(q) < minName || strings.ContainsAny(q, "*&()[]-<>") {
		return nil // it is no name
	}
	keyword, rest, found := strings.Cut(q, " ") // "struct page" is asked for by that name
	if !found || keyword != "struct" && keyword != "union" && keyword != "enum" {
		rest = q
	}
	for _, kind := range []struct {
		title, path string
		find        func(*drgn.Program, string, int) []string
	}{{"Types", "/type", names.TypesWith}, {"Symbols", "/symbol", names.SymbolsWith}} {
		if all := kind.find(s.look.Prog, rest, shownName+1); len(all) > 0 {
			t := p.table(kind.title + " with this in their names")
			for _, name := range all[:min(len(all), shownName)] {
				t.add(link{report.Printable(name), to(kind.path, "name", name)})
			}
			if len(all) > shownName {
				t.add(link{Text: "and more"})
			}
		}
	}
	return s.threadsNamed(q, p)
}

// threadsNamed adds the threads that have a text in their names, or as their ID.
func (s *Server) threadsNamed(q string, p *page) error {
	var found *table
	for t, err := range s.look.Prog.Threads() {
		if err != nil {
			return err
		}
		id := strconv.FormatUint(t.TID, 10)
		name := s.look.Scrub(t.Name) // what is not shown is not found: that would tell it
		if !strings.Contains(strings.ToLower(name), strings.ToLower(q)) && id != q {
			continue
		}
		if found == nil {
			found = p.table("Threads of this name")
		}
		if len(found.Rows) == shownName {
			found.add(link{Text: "and more"})
			return nil
		}
		found.add(link{id, to("/stack", "thread", id)}, link{Text: report.PrintableLine(name)})
	}
	return nil
}
