package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/internal/safe"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/look"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/triage"
	"github.com/godrgn/drgn/types"
)

// A page is what a page shows; what is empty is left out.
type page struct {
	Title  string
	Asked  string // what stands in the field to type in
	Error  string
	Redact bool // what memory holds is not shown
	Prompt bool // it is the page of the prompt
	Links  []link
	Tables []*table
	Texts  []template.HTML
	Frames []frame
}

// A table is rows of links and texts, below the names of their columns, if those have names.
type table struct {
	Title string
	Heads []string
	Rows  [][]link
}

// table adds a table.
func (p *page) table(title string, heads ...string) *table {
	t := &table{Title: title, Heads: heads}
	p.Tables = append(p.Tables, t)
	return t
}

// add adds a row.
func (t *table) add(cells ...link) { t.Rows = append(t.Rows, cells) }

// scrub changes all that memory gave; Texts are made of what was scrubbed, Title and Asked are what was asked.
func (p *page) scrub(scrub func(string) string) {
	rows := func(all [][]link) {
		for _, row := range all {
			for i := range row {
				row[i].Text = scrub(row[i].Text)
			}
		}
	}
	for _, t := range p.Tables {
		rows(t.Rows)
	}
	for i := range p.Frames {
		p.Frames[i].Title = scrub(p.Frames[i].Title)
		rows(p.Frames[i].Rows)
	}
}

// A link is a text that leads to a page, or nowhere.
type link struct{ Text, To string }

// A frame is a frame of a stack.
type frame struct {
	Title string
	Links []link
	Rows  [][]link
	Texts []template.HTML // source lines, machine code
}

// to returns the address of a page.
func to(path string, namesAndValues ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		q.Set(namesAndValues[i], namesAndValues[i+1])
	}
	return path + "?" + q.Encode()
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for path, file := range map[string]struct {
		kind string
		text []byte
	}{"/style.css": {"text/css", pageStyle}, "/prompt.js": {"text/javascript", promptScript}} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file.kind+"; charset=utf-8")
			w.Write(file.text)
		})
	}
	mux.HandleFunc("/report", s.report)
	mux.HandleFunc("/flames.svg", s.flames)
	pages := map[string]func(*http.Request, *page) error{
		"/{$}": s.program, "/ask": s.ask, "/tasks": s.tasks, "/stack": s.stack,
		"/prompt": func(_ *http.Request, p *page) error {
			p.Title, p.Prompt = "Prompt", true
			return nil
		},
		"/stacks": s.answer("Stacks of all threads", "states", func(ctx context.Context, q url.Values, out io.Writer) error {
			return s.look.Stacks(ctx, look.StacksQuery{States: q.Get("states")}, out)
		}),
		"/type": s.answer("", "name", func(ctx context.Context, q url.Values, out io.Writer) error {
			return s.look.Type(ctx, look.TypeQuery{Name: q.Get("name")}, out)
		}),
		"/symbol": s.answer("", "name", func(ctx context.Context, q url.Values, out io.Writer) error {
			return s.look.Symbol(ctx, look.SymbolQuery{Name: q.Get("name")}, out)
		}),
		"/code": s.answer("", "at", func(ctx context.Context, q url.Values, out io.Writer) error {
			return s.look.Disassemble(ctx, look.DisassembleQuery{Function: q.Get("at")}, out)
		}),
	}
	for path, make := range map[string]func(*http.Request, *page) error{ // what memory holds
		"/object": s.object, "/address": s.address,
		"/hex": s.answer("Memory at ", "at", s.hex),
		"/command": s.answer("", "line", func(ctx context.Context, q url.Values, out io.Writer) error {
			return s.look.Command(ctx, look.CommandQuery{Line: q.Get("line")}, out)
		}),
		"/found": s.answer("Where in memory this is: ", "number", func(ctx context.Context, q url.Values, out io.Writer) error {
			size, err := numberOf(q, "size")
			if err != nil {
				return err
			}
			return s.look.Search(ctx, look.SearchQuery{Number: q.Get("number"), Size: size, Limit: 200}, out)
		}),
	} {
		pages[path] = make
		if s.look.Redact {
			pages[path] = func(_ *http.Request, p *page) error {
				p.Title = "Left out"
				return errRedacted
			}
		}
	}
	for path, make := range pages {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { s.show(w, r, make) })
	}
	return mux
}

var errRedacted = errors.New("what memory holds is left out: drgn web was started with --redact")

// numberOf returns a number of a request, 0 if it has none of the name.
func numberOf(q url.Values, name string) (uint64, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is not a number of 64 bits", name, text)
	}
	return n, nil
}

// show makes a page and sends it. What goes wrong stands on it.
func (s *Server) show(w http.ResponseWriter, r *http.Request, make func(*http.Request, *page) error) {
	p := page{Redact: s.look.Redact}
	if err := safe.Call(func() error { return make(r, &p) }); err != nil {
		p.Error = s.look.Scrub(err.Error())
	}
	p.scrub(s.look.Scrub)
	for _, text := range []*string{&p.Title, &p.Asked, &p.Error} {
		*text = report.Printable(strings.ToValidUTF8(*text, "\uFFFD"))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.Error != "" && len(p.Tables)+len(p.Texts)+len(p.Frames) == 0 {
		w.WriteHeader(http.StatusNotFound)
	}
	if r.Method != http.MethodHead {
		pageTemplate.Execute(w, p) // an error is that the browser has left
	}
}

// answer makes pages of what package look answers: text, in which addresses and types lead on.
func (s *Server) answer(title, parameter string, ask func(ctx context.Context, q url.Values, out io.Writer) error) func(*http.Request, *page) error {
	return func(r *http.Request, p *page) error {
		q := r.URL.Query().Get(parameter)
		p.Title, p.Asked = title+q, q
		if parameter == "line" {
			p.Asked = "%" + q
		}
		var out bounded
		err := ask(r.Context(), r.URL.Query(), &out)
		if out.Len() > 0 {
			p.Texts = append(p.Texts, s.linked(out.text()))
		}
		return err
	}
}

// maxText bounds the text of a page, in bytes.
const maxText = 4 << 20

// bounded is text; what has no room is left out, which is said.
type bounded struct {
	strings.Builder
	left int
}

// Write appends what there is room for. It never fails.
func (b *bounded) Write(p []byte) (int, error) {
	n := min(len(p), max(maxText-b.Len(), 0))
	b.left += len(p) - n
	b.Builder.Write(p[:n])
	return len(p), nil
}

func (b *bounded) text() string {
	text := b.String()
	if b.left == 0 {
		return text
	}
	whole := strings.LastIndexAny(text, " \n") + 1 // the last word would not be known for private
	return fmt.Sprintf("%s\n(%d bytes more are left out)", text[:whole], b.left+len(text)-whole)
}

// leads match what leads on in text: addresses, also those that commands of crash write without 0x, and types with their keyword.
var leads = regexp.MustCompile(`\b0x[0-9a-f]{5,16}\b|\b(?:[1-9a-f][0-9a-f]{15}|0000[1-9a-f][0-9a-f]{11})\b|\b(?:struct|union|enum) [A-Za-z_]\w*`)

// threads match threads in lists of them, as stacks have them: "  12 (init), 13 (kthreadd)".
var threads = regexp.MustCompile(`(?m)(?:^ +|, )(\d+) \(`)

// linked returns text as HTML in which addresses, types and threads lead on.
func (s *Server) linked(text string) template.HTML {
	var b strings.Builder
	text = report.Printable(strings.ToValidUTF8(s.look.Scrub(text), "\uFFFD"))
	last := 0
	all := leads.FindAllStringIndex(text, -1)
	for _, m := range threads.FindAllStringSubmatchIndex(text, -1) {
		all = append(all, m[2:4])
	}
	slices.SortFunc(all, func(a, b []int) int { return a[0] - b[0] })
	for _, m := range all {
		word := text[m[0]:m[1]]
		at := to("/address", "at", "0x"+strings.TrimPrefix(word, "0x"))
		switch {
		case m[0] < last: // a number that is both
			continue
		case strings.Contains(word, " "):
			at = to("/type", "name", word)
		case strings.HasPrefix(text[m[1]:], " ("):
			at = to("/stack", "thread", word)
		case s.look.Redact:
			continue
		}
		b.WriteString(template.HTMLEscapeString(text[last:m[0]]))
		fmt.Fprintf(&b, `<a href="%s">%s</a>`, template.HTMLEscapeString(at), template.HTMLEscapeString(word))
		last = m[1]
	}
	b.WriteString(template.HTMLEscapeString(text[last:]))
	return template.HTML(b.String())
}

// program is the first page.
func (s *Server) program(_ *http.Request, p *page) error {
	prog := s.look.Prog
	p.Title = "drgn"
	facts := p.table("")
	if release, err := prog.Object("UTS_RELEASE").CString(); err == nil && prog.Flags()&drgn.IsLinuxKernel != 0 {
		facts.add(link{Text: "Kernel"}, s.inMemory(report.Printable(string(release)), "/object", "e", "init_uts_ns.name"))
	}
	facts.add(link{Text: "Machine"}, link{Text: prog.Platform().String()})
	if path := prog.CoreDumpPath(); path != "" && !s.look.Redact {
		facts.add(link{Text: "Core dump"}, link{Text: report.Printable(path)})
	}
	modules := p.table("Modules")
	for m := range prog.Modules() {
		symbols := "without debug information"
		if m.HasTypes() {
			symbols = "with debug information"
		}
		name := report.Printable(m.Name())
		if s.look.Redact && prog.Flags()&drgn.IsLinuxKernel == 0 {
			name = report.Redacted // the path of a program or library
		}
		modules.add(link{Text: name}, link{Text: symbols})
		if len(modules.Rows) > maxModules {
			break
		}
	}
	return nil
}

// maxModules bounds the modules that are listed.
const maxModules = 1000

// inMemory returns a link to what memory holds; only the text where that is left out.
func (s *Server) inMemory(text, path string, namesAndValues ...string) link {
	if s.look.Redact {
		return link{Text: text}
	}
	return link{text, to(path, namesAndValues...)}
}

// maxTasks bounds the threads that are listed.
const maxTasks = 20000

func (s *Server) tasks(_ *http.Request, p *page) error {
	p.Title = "Threads"
	all := p.table("", "ID", "Name", "")
	for t, err := range s.look.Prog.Threads() {
		if err != nil {
			return err
		}
		if len(all.Rows) == maxTasks {
			return fmt.Errorf("there are more than %d", maxTasks)
		}
		id := strconv.FormatUint(t.TID, 10)
		row := []link{{id, to("/stack", "thread", id)}, {Text: report.PrintableLine(t.Name)}}
		if at, err := t.Object.Uint(); err == nil && t.Object.Err() == nil && !s.look.Redact {
			row = append(row, link{"task_struct", to("/object", "e", fmt.Sprintf("*(struct task_struct *)%#x", at))})
		}
		all.add(row...)
	}
	return nil
}

// trace returns the stack of the thread that a request names; without one, of that which crashed.
func (s *Server) trace(r *http.Request) (*drgn.StackTrace, error) {
	t, err := s.thread(r.URL.Query().Get("thread"))
	if err != nil {
		return nil, err
	}
	return t.StackTrace()
}

// thread returns the thread of an ID; of "", that which crashed.
func (s *Server) thread(id string) (*drgn.Thread, error) {
	if id == "" {
		return s.look.Prog.CrashedThread()
	}
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no thread's ID", id)
	}
	return s.look.Prog.Thread(n)
}

func (s *Server) stack(r *http.Request, p *page) error {
	id := r.URL.Query().Get("thread")
	p.Title = "Stack of thread " + id
	trace, err := s.trace(r)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(trace.String(), "\n"), "\n")
	for i := range trace.Len() {
		f := trace.Frame(i)
		shown := frame{Title: "frame " + strconv.Itoa(i)}
		if i < len(lines) {
			shown.Title = report.Printable(lines[i])
		}
		pc := fmt.Sprintf("%#x", f.PC())
		shown.Links = []link{{"machine code", to("/code", "at", pc)}}
		if sp, ok := f.SP(); ok && !s.look.Redact {
			shown.Links = append(shown.Links, link{"memory of the stack", to("/address", "at", fmt.Sprintf("%#x", sp))})
		}
		shown.Texts = s.around(f)
		if s.look.Redact {
			p.Frames = append(p.Frames, shown)
			continue
		}
		locals, err := f.Locals()
		if err != nil {
			shown.Rows = append(shown.Rows, []link{{Text: "its variables are not known: " + report.Printable(err.Error())}})
		}
		for _, name := range locals {
			shown.Rows = append(shown.Rows, s.row(name, f.Object(name), to("/object", "e", name, "thread", id, "frame", strconv.Itoa(i))))
		}
		p.Frames = append(p.Frames, shown)
	}
	return nil
}

// around returns the source and the machine code around where a frame is, as far as there are.
func (s *Server) around(f drgn.StackFrame) (all []template.HTML) {
	if lines := triage.Source(f, s.sources); lines != nil {
		var b strings.Builder
		for i, line := range lines.Text {
			b.WriteString(mark(slices.Contains(lines.Marked, i)) + line + "\n")
		}
		all = append(all, template.HTML(template.HTMLEscapeString(report.Printable(s.look.Scrub(b.String())))))
	}
	if f.IsInline() {
		return all
	}
	if code, err := triage.Code(s.look.Prog, f); err == nil { // else the frame has a link to all of it, which says why not
		var b strings.Builder
		for _, i := range code {
			fmt.Fprintf(&b, "%s%s  %s", mark(i.Here), i.At, i.Text)
			if i.Comment != "" && !(s.look.Redact && i.Here) { // which tells values
				b.WriteString("    ; " + i.Comment)
			}
			b.WriteByte('\n')
		}
		all = append(all, s.linked(b.String()))
	}
	return all
}

// mark returns what stands before a line.
func mark(here bool) string {
	if here {
		return "> "
	}
	return "  "
}

// brief is how an object is shown in one line.
var brief = c.Format{Columns: -1, IntegerBase: 10, Flags: c.Symbolize | c.String | c.MembersSameLine | c.ElementsSameLine | c.MemberNames | c.Human}

// maxBrief bounds an object in one line, in bytes.
const maxBrief = 200

func printed(o drgn.Object, f c.Format) string {
	text, err := o.Format(f)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return text
}

// row shows an object in one line: its name, type and value.
func (s *Server) row(name string, o drgn.Object, at string) []link {
	row := []link{{name, at}, {}, {}}
	if err := o.Err(); err != nil {
		row[2].Text = report.Printable("<" + err.Error() + ">")
		return row
	}
	row[1] = link{o.Type().String(), to("/type", "name", o.Type().String())}
	text := "{…}"
	if !o.Type().UnderlyingKind().IsCompound() {
		text = printed(o, brief)
	}
	if len(text) > maxBrief {
		text = strings.ToValidUTF8(text[:maxBrief], "") + "…"
	}
	row[2].Text = report.Printable(text)
	if u := o.Type().Underlying(); u.Kind() == types.Pointer {
		if v, err := o.Uint(); err == nil && v != 0 {
			row[2].To = to("/address", "at", fmt.Sprintf("%#x", v))
		}
	}
	return row
}

// maxParts is how many members or elements are shown at once.
const maxParts = 500

func (s *Server) object(r *http.Request, p *page) error {
	q := r.URL.Query()
	text := q.Get("e")
	p.Title, p.Asked = text, text
	var f *drgn.StackFrame
	same := func(e string, start int) string { // the page of another expression of the same frame
		args := []string{"e", e}
		if q.Get("frame") != "" {
			args = append(args, "frame", q.Get("frame"), "thread", q.Get("thread"))
		}
		if start > 0 {
			args = append(args, "start", strconv.Itoa(start))
		}
		return to("/object", args...)
	}
	if q.Get("frame") != "" {
		trace, err := s.trace(r)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(q.Get("frame"))
		if err != nil || n < 0 || n >= trace.Len() {
			return fmt.Errorf("the stack has no frame %q", q.Get("frame"))
		}
		found := trace.Frame(n)
		f = &found
	}
	o := expression.Evaluate(s.look.Prog, text, f)
	if err := o.Err(); err != nil {
		return expression.Explain(s.look.Prog, err, f)
	}
	p.Links = append(p.Links, link{o.Type().String(), to("/type", "name", o.Type().String())})
	if at, ok := o.Address(); ok {
		p.Links = append(p.Links, link{fmt.Sprintf("at %#x", at), to("/address", "at", fmt.Sprintf("%#x", at))})
		if size, err := o.Type().Size(); err == nil && size > 0 {
			p.Links = append(p.Links, link{"who points into it", to("/found", "number", fmt.Sprintf("%#x", at), "size", strconv.FormatUint(size, 10))})
		}
	}
	u := o.Type().Underlying()
	if !u.Kind().IsCompound() && (u.Kind() != types.Array || isText(u)) {
		p.Texts = append(p.Texts, s.linked(printed(o, brief)))
	}
	if u.Kind() == types.Pointer {
		if v, err := o.Uint(); err != nil || v == 0 || u.Elem().UnderlyingKind() == types.Void || u.Elem().UnderlyingKind() == types.Function {
			return err
		}
	} else if !u.Kind().IsCompound() && u.Kind() != types.Array {
		return nil
	}
	first, err := numberOf(q, "start")
	if err != nil {
		return err
	}
	start := int(min(first, math.MaxInt-maxParts))
	parts, err := expression.Parts(text, o, start, maxParts+1)
	all := p.table("")
	for i, part := range parts {
		if i == maxParts {
			p.Links = append(p.Links, link{"more", same(text, start+maxParts)})
			break
		}
		all.add(s.row(part.Name, part.Object, same(part.Expression, 0))...)
	}
	return err
}

// isText reports whether an array's elements are characters.
func isText(array *types.Type) bool {
	n, err := array.Elem().Size()
	return err == nil && n == 1 && array.Elem().UnderlyingKind() == types.Int
}
