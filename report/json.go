package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// WriteJSON writes a report as JSON, in the schema that docs/report.md describes.
func WriteJSON(w io.Writer, r *Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	return encoder.Encode(r)
}

// MarshalJSON writes a fact; an address is a text, as numbers of JSON do not hold it.
func (f Fact) MarshalJSON() ([]byte, error) {
	type plain Fact // without this method
	f.Value = f.Unit.data(f.Value)
	return json.Marshal(plain(f))
}

// MarshalJSON writes a table; addresses are texts, as those of facts are.
func (t Table) MarshalJSON() ([]byte, error) {
	type plain Table
	rows := make([][]any, len(t.Rows))
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return nil, fmt.Errorf("row %d of a table has %d cells; there are %d columns", i, len(row), len(t.Columns))
		}
		rows[i] = make([]any, len(row))
		for j, v := range row {
			rows[i][j] = t.Columns[j].Unit.data(v)
		}
	}
	t.Rows = rows
	return json.Marshal(plain(t))
}

// data returns a value as JSON has it.
func (u Unit) data(v any) any {
	if u == Address {
		if _, ok := v.(uint64); ok {
			return u.Format(v)
		}
	}
	return v
}
