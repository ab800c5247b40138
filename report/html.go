package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string
)

// page is the page of HTML. It has no script and refers to nothing outside of it; pictures, which may have scripts, are documents of their own.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"printable": Printable,
	"style":     func() template.CSS { return template.CSS(pageStyle) },
	"tally":     tally,
	"fine":      func(s Section) string { return fine(&s) },
	"number":    func(v any) bool { return !isText(v) },
	"bar":       bar,
	"marked":    func(l *Lines, i int) bool { return slices.Contains(l.Marked, i) },
	"detailed":  func(f Frame) bool { return f.Text != nil || len(f.Locals)+len(f.Code)+len(f.Registers) > 0 },
	"document":  document,
	"top":       func() template.HTML { return "" },
	"framed":    framed,
	"frameID":   frameID,
	"lineID":    lineID,
	// Those of a page are others.
	"mention": func(Stack, int) string { return "" },
	"linked":  func(string) template.HTML { return "" },
	"threads": func([]Thread) template.HTML { return "" },
	"details": func(*Table, int, int) string { return "" },
}).Parse(pageText))

// WriteHTML writes a report as a page of HTML: one file that needs nothing else, light or dark as the reader likes it, and that prints.
func WriteHTML(w io.Writer, r *Report) error { return Page{}.Write(w, r) }

// A Page says how a report is shown among other pages. The zero Page is a file that needs nothing else.
type Page struct {
	Top    template.HTML                   // stands above the report
	Linked func(text string) template.HTML // returns a printable text with links in it; nil: there are none
	Thread func(id uint64) string          // returns where a thread is shown; nil: nowhere
}

// Write writes a report as HTML.
func (p Page) Write(w io.Writer, r *Report) error {
	said, parts := mentions(r), partIDs(r)
	of, err := page.Clone()
	if err != nil {
		return err
	}
	return of.Funcs(template.FuncMap{
		"mention": func(s Stack, frame int) string { return said[frameID(s.ID, frame)] },
		"linked":  p.linked,
		"threads": p.threads,
		"top":     func() template.HTML { return p.Top },
		"details": func(t *Table, row, column int) string { return details(t, row, column, parts) },
	}).Execute(w, r)
}

// frameID returns the ID of a frame's place in the page, lineID that of a line which names it.
func frameID(stack string, frame int) string { return fmt.Sprintf("%s-%d", stack, frame) }
func lineID(stack string, line int) string   { return fmt.Sprintf("%s-line-%d", stack, line) }

// framed returns the ID of the frame that a line names; "" for none.
func framed(l *Lines, line int) string {
	for _, m := range l.Frames {
		if m.Line == line && l.Stack != "" {
			return frameID(l.Stack, m.Frame)
		}
	}
	return ""
}

// mentions returns the IDs of the lines that name frames, the first of each, by the IDs of the frames.
func mentions(r *Report) map[string]string {
	all := map[string]string{}
	for _, s := range r.Sections {
		for _, p := range s.Parts {
			if p.Lines == nil || p.Lines.Stack == "" {
				continue
			}
			for _, m := range p.Lines.Frames {
				if id := frameID(p.Lines.Stack, m.Frame); all[id] == "" {
					all[id] = lineID(p.Lines.Stack, m.Line)
				}
			}
		}
	}
	return all
}

// A tallied is how many findings of a severity a section has.
type tallied struct {
	Severity Severity
	Count    int
}

func tally(s Section) (all []tallied) {
	for _, severity := range []Severity{Critical, Warning, Notice} {
		n := 0
		for _, f := range s.Findings {
			if f.Severity == severity {
				n++
			}
		}
		if n > 0 {
			all = append(all, tallied{severity, n})
		}
	}
	return all
}

// bar returns how long the bar of a value is, of 100; "" for none.
func bar(t *Table, column int, v any) string {
	most := 0.0
	for _, row := range t.Rows {
		n, _ := float(row[column])
		most = max(most, n)
	}
	n, _ := float(v)
	if most <= 0 || n <= 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", 100*n/most)
}

// partIDs returns the IDs of parts.
func partIDs(r *Report) map[string]bool {
	all := map[string]bool{}
	for _, s := range r.Sections {
		for _, p := range s.Parts {
			all[p.ID] = true
		}
	}
	return all
}

// details returns the ID of the part that says more of a row, for the row's first cell; "" for none.
func details(t *Table, row, column int, parts map[string]bool) string {
	if column > 0 || row >= len(t.Details) || !parts[t.Details[row]] {
		return ""
	}
	return t.Details[row]
}

// linked returns a text with its links.
func (p Page) linked(text string) template.HTML {
	if p.Linked == nil {
		return template.HTML(template.HTMLEscapeString(Printable(text)))
	}
	return p.Linked(Printable(text))
}

// threads is threadNames with a link for each thread.
func (p Page) threads(all []Thread) template.HTML {
	if p.Thread == nil {
		return p.linked(threadNames(all))
	}
	var names []string
	for _, t := range all[:min(len(all), shownThreads)] {
		names = append(names, fmt.Sprintf(`<a href="%s">%s</a>`, template.HTMLEscapeString(p.Thread(t.ID)), template.HTMLEscapeString(Printable(t.String()))))
	}
	if more := len(all) - shownThreads; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return template.HTML(strings.Join(names, ", "))
}

// threadNames returns the IDs and names of threads, of many only the first.
func threadNames(all []Thread) string {
	var names []string
	for _, t := range all[:min(len(all), shownThreads)] {
		names = append(names, Printable(t.String()))
	}
	if more := len(all) - shownThreads; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// document returns a picture as a document of its own, for a frame.
func document(p *Picture) string {
	_, svg, declared := strings.Cut(p.SVG, "?>")
	if !declared {
		svg = p.SVG
	}
	return `<!DOCTYPE html><meta name="color-scheme" content="light dark"><style>body{margin:0}svg{display:block;max-width:100%;height:auto}</style>` + svg
}
