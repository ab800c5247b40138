package crash

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/sched"
)

// escape returns bytes as text on one line: what is not printable ASCII becomes an escape sequence. Each byte of quotes is
// escaped, too.
func escape(b []byte, quotes string) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\\' && quotes != "", strings.IndexByte(quotes, c) >= 0:
			s.WriteByte('\\')
			s.WriteByte(c)
		case c >= ' ' && c < 0x7f:
			s.WriteByte(c)
		default:
			if i := strings.IndexByte("\a\b\t\n\v\f\r", c); i >= 0 {
				s.WriteString(`\` + string("abtnvfr"[i]))
			} else {
				fmt.Fprintf(&s, `\x%02x`, c)
			}
		}
	}
	return s.String()
}

// commandOf returns the name of a task.
func commandOf(task drgn.Object) (string, error) {
	b, err := task.Member("comm").CString()
	return escape(b, ""), err
}

// A taskLine is what a line about a task says.
type taskLine struct {
	address, pid, cpu uint64
	command           string
}

func lineOf(task drgn.Object) (l taskLine, err error) {
	if l.address, err = task.Uint(); err != nil {
		return l, err
	}
	if l.pid, err = task.Member("pid").Uint(); err != nil {
		return l, err
	}
	if l.cpu, err = sched.TaskCPU(task); err != nil {
		return l, err
	}
	b, err := task.Member("comm").CString()
	l.command = escape(b, `"`)
	return l, err
}

func (l taskLine) String() string {
	return fmt.Sprintf("PID: %-7d  TASK: %x  CPU: %d  COMMAND: \"%s\"", int64(l.pid), l.address, l.cpu, l.command) // what is no task may have a negative PID
}

// header writes the line that tells a task.
func (c *Call) header(task drgn.Object) error {
	l, err := lineOf(task)
	if err == nil {
		c.print(l.String(), "\n")
	}
	return err
}

// headerCode writes the Python that finds what the line says.
func headerCode(b *builder, variable string) {
	b.from("drgn.helpers.linux.sched", "task_cpu")
	b.linef("cpu = task_cpu(%s)", variable)
	b.linef("pid = %s.pid", variable)
	b.linef("command = %s.comm", variable)
}

// A grid is rows of cells whose columns are made as wide as their widest cell.
type grid struct {
	align  string // of each column: '<', '>' or '^'; the last may be anything if it is '<'
	indent string
	rows   [][]string
	header []string // its cells are aligned as headerAlign says, or as their columns are
	own    string
	least  []int // how wide columns are at least: as wide as those of other grids
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// lines returns the header, if there is one, and the rows.
func (g *grid) lines() [][]string {
	if g.header == nil {
		return g.rows
	}
	return append([][]string{g.header}, g.rows...)
}

// widths returns how wide the columns are.
func (g *grid) widths() []int {
	width := slices.Clone(g.least)
	for _, r := range g.lines() {
		for i, cell := range r {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	return width
}

// print writes the rows. Blanks at the ends of lines are left out.
func (g *grid) print(c *Call) {
	rows, width := g.lines(), g.widths()
	var b strings.Builder
	for n, r := range rows {
		b.Reset()
		b.WriteString(g.indent)
		for i, cell := range r {
			if i > 0 {
				b.WriteString("  ")
			}
			align := byte('<')
			if i < len(g.align) {
				align = g.align[i]
			}
			if n == 0 && g.header != nil && i < len(g.own) {
				align = g.own[i]
			}
			pad(&b, cell, width[i], align)
		}
		c.print(strings.TrimRight(b.String(), " "), "\n")
	}
}

// middle puts those cells of a column in the middle that begin with a text.
func (g *grid) middle(column int, prefix string) {
	width := g.widths()[column]
	for _, r := range g.rows {
		if column < len(r) && strings.HasPrefix(r[column], prefix) {
			var b strings.Builder
			pad(&b, r[column], width, '^')
			r[column] = b.String()
		}
	}
}

func pad(b *strings.Builder, cell string, width int, align byte) {
	n := width - utf8.RuneCountInString(cell)
	left, right := 0, n
	switch align {
	case '>':
		left, right = n, 0
	case '^':
		left, right = n/2, n-n/2
	}
	b.WriteString(strings.Repeat(" ", left))
	b.WriteString(cell)
	b.WriteString(strings.Repeat(" ", right))
}

// bytesSize returns a number of bytes as users read it: "967.7M".
func bytesSize(n float64) string {
	units := []string{"B", "K", "M", "G", "T", "P", "E", "Z"}
	i := 0
	for n >= 1024 && i+1 < len(units) {
		n /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%.0fB", n)
	}
	return fmt.Sprintf("%.1f%s", n, units[i])
}

// seconds returns a time as days and a clock.
func seconds(n uint64) string {
	days := n / 86400
	s := fmt.Sprintf("%02d:%02d:%02d", n/3600%24, n/60%60, n%60)
	switch {
	case days == 1:
		return "1 day, " + s
	case days > 1:
		return fmt.Sprintf("%d days, %s", days, s)
	}
	return s
}
