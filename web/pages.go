package web

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/annotate"
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
	Links  []link
	Heads  []string // of the table's columns
	Rows   [][]link
	Texts  []template.HTML
	Frames []frame
}

// A link is a text that leads to a page, or nowhere.
type link struct{ Text, To string }

// A frame is a frame of a stack.
type frame struct {
	Title string
	Links []link
	Rows  [][]link
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
	mux.HandleFunc("/style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write(pageStyle)
	})
	mux.HandleFunc("/report", s.report)
	for path, make := range map[string]func(*http.Request, *page) error{
		"/{$}": s.program, "/ask": s.ask, "/tasks": s.tasks, "/stack": s.stack, "/object": s.object, "/address": s.address,
		"/stacks": answer("Stacks of all threads", "states", func(ctx context.Context, q string, out io.Writer) error {
			return s.look.Stacks(ctx, look.StacksQuery{States: q}, out)
		}),
		"/type": answer("", "name", func(ctx context.Context, q string, out io.Writer) error {
			return s.look.Type(ctx, look.TypeQuery{Name: q}, out)
		}),
		"/symbol": answer("", "name", func(ctx context.Context, q string, out io.Writer) error {
			return s.look.Symbol(ctx, look.SymbolQuery{Name: q}, out)
		}),
		"/code": answer("", "at", func(ctx context.Context, q string, out io.Writer) error {
			return s.look.Disassemble(ctx, look.DisassembleQuery{Function: q}, out)
		}),
		"/command": answer("", "line", func(ctx context.Context, q string, out io.Writer) error {
			return s.look.Command(ctx, look.CommandQuery{Line: q}, out)
		}),
		"/found": answer("Where in memory this is: ", "number", func(ctx context.Context, q string, out io.Writer) error {
			return s.look.Search(ctx, look.SearchQuery{Number: q, Limit: 200}, out)
		}),
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { show(w, r, make) })
	}
	return mux
}

// show makes a page and sends it. What goes wrong stands on it.
func show(w http.ResponseWriter, r *http.Request, make func(*http.Request, *page) error) {
	var p page
	if err := safe.Call(func() error { return make(r, &p) }); err != nil {
		p.Error = report.Printable(err.Error())
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.Error != "" && len(p.Rows)+len(p.Texts)+len(p.Frames) == 0 {
		w.WriteHeader(http.StatusNotFound)
	}
	if r.Method != http.MethodHead {
		pageTemplate.Execute(w, p) // an error is that the browser has left
	}
}

// answer makes pages of what package look answers: text, in which addresses and types lead on.
func answer(title, parameter string, ask func(ctx context.Context, q string, out io.Writer) error) func(*http.Request, *page) error {
	return func(r *http.Request, p *page) error {
		q := r.URL.Query().Get(parameter)
		p.Title, p.Asked = title+q, q
		if parameter == "line" {
			p.Asked = "%" + q
		}
		var out bounded
		err := ask(r.Context(), q, &out)
		if out.Len() > 0 {
			p.Texts = append(p.Texts, linked(out.text()))
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
	if b.left > 0 {
		return fmt.Sprintf("%s\n(%d bytes more are left out)", b.String(), b.left)
	}
	return b.String()
}

// leads match what leads on in text: addresses, also those that commands of crash write without 0x, and types with their keyword.
var leads = regexp.MustCompile(`\b0x[0-9a-f]{5,16}\b|\b(?:[1-9a-f][0-9a-f]{15}|0000[1-9a-f][0-9a-f]{11})\b|\b(?:struct|union|enum) [A-Za-z_]\w*`)

// linked returns text as HTML in which addresses and types lead on.
func linked(text string) template.HTML {
	var b strings.Builder
	text = report.Printable(strings.ToValidUTF8(text, "\uFFFD"))
	last := 0
	for _, m := range leads.FindAllStringIndex(text, -1) {
		word := text[m[0]:m[1]]
		at := to("/type", "name", word)
		if !strings.Contains(word, " ") {
			at = to("/address", "at", "0x"+strings.TrimPrefix(word, "0x"))
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
	row := func(name, value, at string) { p.Rows = append(p.Rows, []link{{Text: name}, {value, at}}) }
	if release, err := prog.Object("UTS_RELEASE").CString(); err == nil && prog.Flags()&drgn.IsLinuxKernel != 0 {
		row("Kernel", report.Printable(string(release)), to("/object", "e", "init_uts_ns.name"))
	}
	row("Machine", prog.Platform().String(), "")
	if path := prog.CoreDumpPath(); path != "" {
		row("Core dump", report.Printable(path), "")
	}
	for m := range prog.Modules() {
		symbols := "without debug information"
		if m.HasTypes() {
			symbols = "with debug information"
		}
		row("Module", report.Printable(m.Name())+", "+symbols, "")
		if len(p.Rows) > 500 {
			break
		}
	}
	return nil
}

// ask leads to the page of what was typed.
func (s *Server) ask(r *http.Request, p *page) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	p.Title, p.Asked = q, q
	prog := s.look.Prog
	if line, ok := strings.CutPrefix(q, "%"); ok {
		p.Links = append(p.Links, link{"Run the command " + line, to("/command", "line", line)})
		return answer("%", "q", func(ctx context.Context, _ string, out io.Writer) error {
			return s.look.Command(ctx, look.CommandQuery{Line: line}, out)
		})(r, p)
	}
	if _, err := strconv.ParseUint(q, 0, 64); err == nil {
		p.Links = append(p.Links, link{"What lies at this address", to("/address", "at", q)}, link{"Where in memory this number is", to("/found", "number", q)})
	}
	o := expression.Evaluate(prog, q, nil)
	if o.Err() == nil {
		p.Links = append(p.Links, link{"The object", to("/object", "e", q)})
		p.Texts = append(p.Texts, linked(printed(o, c.DefaultFormat)))
	}
	if _, err := prog.Type(q); err == nil {
		p.Links = append(p.Links, link{"The type", to("/type", "name", q)})
	}
	if symbol, err := prog.Symbol(q); err == nil {
		p.Links = append(p.Links, link{"The symbol", to("/symbol", "name", q)}, link{"Its machine code", to("/code", "at", q)},
			link{"Its memory", to("/address", "at", fmt.Sprintf("%#x", symbol.Address))})
	}
	if len(p.Links) == 0 {
		return expression.Explain(prog, o.Err(), nil)
	}
	return nil
}

// maxTasks bounds the threads that are listed.
const maxTasks = 20000

func (s *Server) tasks(_ *http.Request, p *page) error {
	p.Title, p.Heads = "Threads", []string{"ID", "Name", ""}
	for t, err := range s.look.Prog.Threads() {
		if err != nil {
			return err
		}
		if len(p.Rows) == maxTasks {
			return fmt.Errorf("there are more than %d", maxTasks)
		}
		id := strconv.FormatUint(t.TID, 10)
		row := []link{{id, to("/stack", "thread", id)}, {Text: report.Printable(t.Name)}}
		if at, err := t.Object.Uint(); err == nil && t.Object.Err() == nil {
			row = append(row, link{"task_struct", to("/object", "e", fmt.Sprintf("*(struct task_struct *)%#x", at))})
		}
		p.Rows = append(p.Rows, row)
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
		if sp, ok := f.SP(); ok {
			shown.Links = append(shown.Links, link{"memory of the stack", to("/address", "at", fmt.Sprintf("%#x", sp))})
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
	}
	u := o.Type().Underlying()
	if !u.Kind().IsCompound() && (u.Kind() != types.Array || isText(u)) {
		p.Texts = append(p.Texts, linked(printed(o, brief)))
	}
	if u.Kind() == types.Pointer {
		if v, err := o.Uint(); err != nil || v == 0 || u.Elem().UnderlyingKind() == types.Void || u.Elem().UnderlyingKind() == types.Function {
			return err
		}
	} else if !u.Kind().IsCompound() && u.Kind() != types.Array {
		return nil
	}
	start, err := strconv.Atoi(q.Get("start"))
	if err != nil {
		start = 0
	}
	parts, err := expression.Parts(text, o, start, maxParts+1)
	for i, part := range parts {
		if i == maxParts {
			p.Links = append(p.Links, link{"more", same(text, start+maxParts)})
			break
		}
		p.Rows = append(p.Rows, s.row(part.Name, part.Object, same(part.Expression, 0)))
	}
	return err
}

// isText reports whether an array's elements are characters.
func isText(array *types.Type) bool {
	n, err := array.Elem().Size()
	return err == nil && n == 1 && array.Elem().UnderlyingKind() == types.Int
}

// shownMemory is how many bytes of memory a page has.
const shownMemory = 512

func (s *Server) address(r *http.Request, p *page) error {
	q := r.URL.Query().Get("at")
	p.Title, p.Asked = q, q
	at, err := strconv.ParseUint(q, 0, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number of 64 bits", q)
	}
	for i, err := range s.look.Prog.Identify(at) {
		if err != nil {
			return err
		}
		row := []link{{Text: report.Printable(i.String())}}
		if v, err := i.Object.Uint(); err == nil && i.Object.Type().UnderlyingKind() == types.Pointer {
			row[0].To = to("/object", "e", fmt.Sprintf("*(%s)%#x", i.Object.Type(), v))
		}
		p.Rows = append(p.Rows, row)
	}
	if len(p.Rows) == 0 {
		p.Rows = [][]link{{{Text: "nothing is known of this address"}}}
	}
	step := func(by uint64) string { return to("/address", "at", fmt.Sprintf("%#x", by)) }
	p.Links = []link{{"before", step(at - shownMemory)}, {"after", step(at + shownMemory)}, {"who points here", to("/found", "number", fmt.Sprintf("%#x", at))},
		{"machine code", to("/code", "at", fmt.Sprintf("%#x", at))}}
	var lines bounded
	err = annotate.Memory(&lines, s.look.Prog, at&^7, shownMemory, false)
	if lines.Len() > 0 {
		p.Texts = append(p.Texts, linked(lines.text()))
	}
	return err
}

// reportPolicy is what a browser may do on the page of the report, which brings its styles along. The scripts of its pictures do not run here.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// report sends the report as it would be in a file.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	of, err := triage.Of(r.Context(), s.look.Prog, triage.Options{Limit: 20 * time.Second})
	if err != nil {
		show(w, r, func(_ *http.Request, p *page) error {
			p.Title = "Report"
			return err
		})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", reportPolicy)
	report.WriteHTML(w, of) // an error is that the browser has left
}
