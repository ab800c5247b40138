// Package table holds what helpers print, as data: columns with names, and rows of cells that keep the values they show.
//
// A helper whose name begins with print_ returns a [Table]. [Table.Lines] is the only place that makes text of one: Python's
// print_* writes it to sys.stdout, and a command without Python may write it elsewhere, or use the values.
package table

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/godrgn/drgn"
)

// A Table is columns and rows. Its rows are found while it is walked, and may be walked more than once.
type Table struct {
	// Columns are the names of the columns, in snake_case. Lines does not show them.
	Columns []string
	// Rows yields each row, with a cell for each column. An error is the last pair.
	Rows iter.Seq2[[]Cell, error]
}

// A Cell is a value and the text that shows it.
type Cell struct {
	Value any // uint64, []byte, or drgn.Object
	Text  string
}

// Of makes a table of a walk: row returns the cells of an element.
func Of[T any](columns []string, walk iter.Seq2[T, error], row func(T) ([]Cell, error)) Table {
	return Table{columns, func(yield func([]Cell, error) bool) {
		for v, err := range walk {
			var cells []Cell
			if err == nil {
				cells, err = row(v)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(cells, nil) {
				return
			}
		}
	}}
}

// Lines yields the text of each row, without a newline: its cells with a space between two. An error is the last pair.
func (t Table) Lines() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for row, err := range t.Rows {
			if err != nil {
				yield("", err)
				return
			}
			texts := make([]string, len(row))
			for i, c := range row {
				texts[i] = c.Text
			}
			if !yield(strings.Join(texts, " "), nil) {
				return
			}
		}
	}
}

// Uint returns the cell of a number, in decimal.
func Uint(v uint64) Cell { return Cell{v, strconv.FormatUint(v, 10)} }

// Name returns the cell of a name that is ASCII as a rule. A byte that is not part of UTF-8 is shown as "\xff".
func Name(name []byte) Cell { return Cell{name, valid(name, `\x%02x`)} }

// Path returns the cell of a path, or of another name that users choose. A byte that is not part of UTF-8 is shown as
// "\udcff": the surrogate that stands for it in Python's paths (os.fsdecode, PEP 383), which text can't hold itself.
func Path(path []byte) Cell { return Cell{path, valid(path, `\udc%02x`)} }

// Pointer returns the cell of a pointer, as "(struct file *)0xffff98d7002900c0". It fails when o did or is no pointer.
func Pointer(o drgn.Object) (Cell, error) {
	v, err := o.Uint()
	if err != nil {
		return Cell{}, err
	}
	return Cell{o, fmt.Sprintf("(%s)%#x", o.Type(), v)}, nil
}

// valid returns text with each byte that is not part of UTF-8 in a format.
func valid(text []byte, format string) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, format, text[0])
		} else {
			b.Write(text[:n])
		}
		text = text[n:]
	}
	return b.String()
}
