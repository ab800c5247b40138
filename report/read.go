package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// maxReport bounds a report that is read, in bytes.
const maxReport = 256 << 20

// ReadJSON reads a report that [WriteJSON] wrote. It fails on what is none, and on one whose version is newer.
func ReadJSON(r io.Reader) (*Report, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxReport {
		return nil, fmt.Errorf("a report of more than %d bytes", maxReport)
	}
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	of := new(Report)
	if err := decoder.Decode(of); err != nil {
		return nil, fmt.Errorf("this is no report: %w", err)
	}
	if of.Version < 1 || of.Version > Version {
		return nil, fmt.Errorf("this is no report of version 1 to %d: its version is %d", Version, of.Version)
	}
	for _, s := range of.Sections {
		for _, p := range s.Parts {
			for i := range p.Facts {
				p.Facts[i].Value = p.Facts[i].Unit.value(p.Facts[i].Value)
			}
			if p.Table == nil {
				continue
			}
			for i, row := range p.Table.Rows {
				if len(row) != len(p.Table.Columns) {
					return nil, fmt.Errorf("section %s: row %d of a table has %d cells; there are %d columns", s.ID, i, len(row), len(p.Table.Columns))
				}
				for j, v := range row {
					row[j] = p.Table.Columns[j].Unit.value(v)
				}
			}
		}
	}
	return of, nil
}

// Keep leaves only the sections with some IDs in a report, each once; all of them if no ID is given. It fails if it has no such section.
func (r *Report) Keep(ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var kept []Section
	for _, id := range ids {
		i := slices.IndexFunc(r.Sections, func(s Section) bool { return s.ID == id })
		if i < 0 {
			return fmt.Errorf("the report has no section %q", id)
		}
		if !slices.ContainsFunc(kept, func(s Section) bool { return s.ID == id }) {
			kept = append(kept, r.Sections[i])
		}
	}
	r.Sections = kept
	return nil
}

// value returns what a value was before it was written as JSON.
func (u Unit) value(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return n
		}
		f, _ := v.Float64() // one that is too large is an infinity
		return f
	case string:
		if u == Address {
			if n, err := strconv.ParseUint(v, 0, 64); err == nil {
				return n
			}
		}
	}
	return v
}
