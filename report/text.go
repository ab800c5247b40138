package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// WriteText writes a report as people read it on a terminal.
func WriteText(w io.Writer, r *Report) error {
	out := bufio.NewWriter(w)
	t := textWriter{out, r.Compared}
	fmt.Fprintln(out, Printable(r.Title))
	for i := range r.Sections {
		t.section(&r.Sections[i])
	}
	if r.Compared && len(r.Sections) == 0 {
		fmt.Fprintln(out, "\nThere is no difference.")
	}
	return out.Flush()
}

type textWriter struct {
	out      *bufio.Writer
	compared bool // the report is a comparison: that it finds nothing does not say that all is well
}

func (t textWriter) section(s *Section) {
	fmt.Fprintf(t.out, "\n%s\n%s\n", s.Title, strings.Repeat("=", utf8.RuneCountInString(s.Title)))
	for _, f := range s.Findings {
		fmt.Fprintf(t.out, "  [%s] %s\n", f.Severity, Printable(f.Text))
		for _, e := range f.Evidence {
			fmt.Fprintf(t.out, "      %s\n", indented(e, "      "))
		}
	}
	if len(s.Findings) == 0 && s.Error == "" && !t.compared {
		fmt.Fprintf(t.out, "  %s.\n", fine(s))
	}
	for i := range s.Parts {
		t.part(&s.Parts[i])
	}
	if len(s.Gaps) > 0 {
		fmt.Fprintln(t.out, "\n  Not known:")
		for _, g := range s.Gaps {
			fmt.Fprintf(t.out, "    %s: %s\n", Printable(g.What), indented(g.Why, "      "))
		}
	}
	if s.Error != "" {
		fmt.Fprintf(t.out, "  Not finished: %s\n", indented(s.Error, "    "))
	}
}

// fine returns what is said of a section without findings.
func fine(s *Section) string {
	if len(s.Gaps) > 0 {
		return "Nothing out of the ordinary in what could be read"
	}
	return "Nothing out of the ordinary"
}

// indented returns a text whose lines but the first are indented.
func indented(text, by string) string {
	return strings.ReplaceAll(strings.TrimRight(Printable(text), "\n"), "\n", "\n"+by)
}

func (t textWriter) part(p *Part) {
	if p.Picture != nil {
		return // there is a table or a list of stacks beside each
	}
	fmt.Fprintln(t.out)
	indent := "  "
	if p.Title != "" {
		fmt.Fprintf(t.out, "  %s:\n", p.Title)
		indent = "    "
	}
	if p.Note != "" {
		fmt.Fprintf(t.out, "%s(%s)\n", indent, indented(p.Note, indent))
	}
	t.facts(p.Facts, indent)
	if p.Table != nil {
		t.table(p.Table, indent)
	}
	if p.Lines != nil {
		t.lines(p.Lines, indent)
	}
	for i := range p.Stacks {
		if i > 0 {
			fmt.Fprintln(t.out)
		}
		t.stack(&p.Stacks[i], indent)
	}
}

func (t textWriter) facts(facts []Fact, indent string) {
	width := 0
	for _, f := range facts {
		width = max(width, utf8.RuneCountInString(f.Name))
	}
	for _, f := range facts {
		fmt.Fprintf(t.out, "%s%-*s  %s\n", indent, width, f.Name, indented(f.Unit.Format(f.Value), indent+strings.Repeat(" ", width+2)))
	}
}

func (t textWriter) table(table *Table, indent string) {
	rows := [][]string{make([]string, len(table.Columns))}
	for i, c := range table.Columns {
		rows[0][i] = c.Name
	}
	right := make([]bool, len(table.Columns))
	for _, row := range table.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = blanks.Replace(table.Columns[i].Unit.Format(v))
			if !isText(v) {
				right[i] = true
			}
		}
		rows = append(rows, cells)
	}
	widths := make([]int, len(table.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i > 0 {
				line += "  "
			}
			if right[i] {
				line += pad + cell
			} else {
				line += cell + pad
			}
		}
		fmt.Fprintln(t.out, strings.TrimRight(line, " "))
	}
	if table.Left > 0 {
		fmt.Fprintf(t.out, "%sand %d more\n", indent, table.Left)
	}
}

// blanks makes one line of a cell.
var blanks = strings.NewReplacer("\n", " ", "\t", " ")

// isText reports whether a value stands at the left of its column.
func isText(v any) bool {
	switch v.(type) {
	case string, bool, nil:
		return true
	}
	return false
}

func (t textWriter) lines(l *Lines, indent string) {
	for i, line := range l.Text {
		mark := " "
		if slices.Contains(l.Marked, i) {
			mark = ">"
		}
		said := ""
		for _, m := range l.Frames {
			if m.Line == i {
				said = fmt.Sprintf("    (#%d)", m.Frame)
			}
		}
		fmt.Fprintln(t.out, strings.TrimRight(indent+mark+" "+indented(line, indent+"  ")+said, " "))
	}
}

// shownThreads is how many threads of a stack are named in text.
const shownThreads = 12

func (t textWriter) stack(s *Stack, indent string) {
	if s.Title != "" {
		fmt.Fprintf(t.out, "%s%s\n", indent, Printable(s.Title))
	}
	if len(s.Threads) > 0 {
		fmt.Fprintf(t.out, "%s  %s\n", indent, threadNames(s.Threads))
	}
	for i := range s.Frames {
		t.frame(i, &s.Frames[i], indent+"  ")
	}
	if s.Error != "" {
		fmt.Fprintf(t.out, "%s  %s\n", indent, indented(s.Error, indent+"  "))
	}
}

// String returns "12 (kworker/0:1)".
func (t Thread) String() string {
	if t.Name == "" {
		return fmt.Sprint(t.ID)
	}
	return fmt.Sprintf("%d (%s)", t.ID, PrintableLine(t.Name))
}

func (t textWriter) frame(number int, f *Frame, indent string) {
	fmt.Fprintf(t.out, "%s#%-2d %s\n", indent, number, Printable(f.String()))
	inner := indent + "      "
	for _, l := range f.Locals {
		fmt.Fprintf(t.out, "%s%s = %s\n", inner, l.Name, indented(l.Value, inner))
	}
	if f.Text != nil {
		t.lines(f.Text, inner)
	}
	for _, i := range f.Code {
		mark := " "
		if i.Here {
			mark = ">"
		}
		line := fmt.Sprintf("%s%s %s  %s", inner, mark, i.At, i.Text)
		if i.Comment != "" {
			line += "    ; " + i.Comment
		}
		fmt.Fprintln(t.out, Printable(line))
	}
	var row []string
	for i, r := range f.Registers {
		row = append(row, fmt.Sprintf("%-6s %-18s", r.Name, r.Unit.Format(r.Value)))
		if len(row) == 3 || i == len(f.Registers)-1 {
			fmt.Fprintln(t.out, strings.TrimRight(inner+strings.Join(row, "  "), " "))
			row = nil
		}
	}
}

// String returns "schedule (kernel/sched/core.c:6842:2) [module] (inlined)".
func (f *Frame) String() string {
	text := f.Function
	if f.Source != "" {
		text += " (" + f.Source + ")"
	}
	if f.Module != "" {
		text += " [" + f.Module + "]"
	}
	if f.Inline {
		text += " (inlined)"
	}
	return text
}
