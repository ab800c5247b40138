package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxChanges bounds the rows and stacks of one part of a comparison.
const maxChanges = 30

// Compare returns what differs between two reports, a before b in time or better than it, as a report: findings, facts, numbers of tables and
// stacks that only one of them has, or that have changed. Sections without a difference are left out. Addresses are not compared, nor
// are lines and pictures. What is private is to be taken out of both reports before, by [Report.Redact].
func Compare(a, b *Report) *Report {
	out := &Report{Version: Version, Title: a.Title + " → " + b.Title, Redacted: a.Redacted || b.Redacted, Compared: true}
	if a.Title == b.Title {
		out.Title = a.Title + ", compared"
	}
	other := map[string]*Section{}
	for i := range a.Sections {
		other[a.Sections[i].ID] = &a.Sections[i]
	}
	for i := range b.Sections {
		after := &b.Sections[i]
		before := other[after.ID]
		if before == nil {
			before = &Section{ID: after.ID, Title: after.Title, Error: "the first report lacks this section"}
		}
		delete(other, after.ID)
		if s, differs := compareSections(before, after); differs {
			out.Sections = append(out.Sections, s)
		}
	}
	for i := range a.Sections { // in their order
		if s := &a.Sections[i]; other[s.ID] == s {
			out.Sections = append(out.Sections, Section{ID: s.ID, Title: s.Title, Looked: s.Looked, Error: "the second report lacks this section"})
		}
	}
	return out
}

func compareSections(a, b *Section) (out Section, differs bool) {
	out = Section{ID: b.ID, Title: b.Title, Looked: b.Looked, Findings: compareFindings(a.Findings, b.Findings)}
	for _, s := range []*Section{a, b} {
		if s.Error != "" {
			out.Gaps = append(out.Gaps, Gap{What: "the section in one of the reports", Why: s.Error})
		}
	}
	before := map[string]*Part{}
	first, second := partNames(a.Parts), partNames(b.Parts)
	for i, name := range first {
		before[name] = &a.Parts[i]
	}
	for i, name := range second {
		earlier := before[name]
		if earlier == nil {
			earlier = new(Part)
		}
		delete(before, name)
		out.Parts = append(out.Parts, compareParts(earlier, &b.Parts[i])...)
	}
	for i, name := range first {
		if gone := &a.Parts[i]; before[name] == gone {
			out.Parts = append(out.Parts, compareParts(gone, &Part{Title: gone.Title})...)
		}
	}
	return out, len(out.Findings)+len(out.Parts)+len(out.Gaps) > 0
}

// partNames returns what tells each part from the others: its title, what it has, and which one of those it is.
func partNames(parts []Part) (names []string) {
	seen := map[string]int{}
	for i := range parts {
		p := &parts[i]
		name := fmt.Sprint(p.Title, "\x00", p.Facts != nil, p.Table != nil, p.Lines != nil, p.Stacks != nil)
		names = append(names, fmt.Sprint(name, seen[name]))
		seen[name]++
	}
	return names
}

func compareParts(a, b *Part) (out []Part) {
	title := b.Title
	if t := compareFacts(a.Facts, b.Facts); t != nil {
		out = append(out, Part{Title: title, Table: t})
	}
	if t := compareTables(a.Table, b.Table); t != nil {
		out = append(out, Part{Title: title, Table: t})
	}
	return append(out, compareStacks(title, a.Stacks, b.Stacks)...)
}

// numbers match what may differ between two findings that say the same.
var numbers = regexp.MustCompile(`0x[0-9a-f]+|\d+(\.\d+)?`)

// compareFindings returns the findings that are new, and says which are no longer there.
func compareFindings(a, b []Finding) (out []Finding) {
	name := func(f Finding) string { return f.Rule + "\x00" + numbers.ReplaceAllString(f.Text, "#") }
	names := func(all []Finding) map[string]bool {
		said := map[string]bool{}
		for _, f := range all {
			said[name(f)] = true
		}
		return said
	}
	before, after := names(a), names(b)
	for _, f := range b {
		if !before[name(f)] {
			f.Text = "New: " + f.Text
			out = append(out, f)
		}
	}
	for _, f := range a {
		if !after[name(f)] {
			f.Text, f.Severity = "No longer: "+f.Text, Notice
			out = append(out, f)
		}
	}
	return out
}

// compareFacts returns the facts that differ, or nil. Values of different kinds are texts.
func compareFacts(a, b []Fact) *Table {
	t := &Table{Columns: []Column{{Name: "What"}, {Name: "Before"}, {Name: "After"}}}
	row := func(name string, before, after *Fact) {
		show := func(f *Fact) any {
			if f == nil {
				return nil
			}
			return f.Unit.Format(f.Value)
		}
		t.Rows = append(t.Rows, []any{name, show(before), show(after)})
	}
	named := func(all []Fact) map[string]*Fact { // of two of a name the first counts
		facts := map[string]*Fact{}
		for i := range all {
			if facts[all[i].Name] == nil {
				facts[all[i].Name] = &all[i]
			}
		}
		return facts
	}
	earlier, later := named(a), named(b)
	for i := range b {
		after := &b[i]
		before := earlier[after.Name]
		if after.Unit == Address || before != nil && before.Unit.Format(before.Value) == after.Unit.Format(after.Value) {
			continue
		}
		row(after.Name, before, after)
	}
	for i := range a {
		if a[i].Unit != Address && later[a[i].Name] == nil {
			row(a[i].Name, &a[i], nil)
		}
	}
	if t.Rows == nil {
		return nil
	}
	return t
}

// A change is how a number of a table's row has changed.
type change struct {
	row    string
	column int
	unit   Unit
	before any // nil: the row is new
	after  any // nil: it is no longer there
	ratio  float64
}

// compareTables returns the numbers that have changed, those that grew most first, or nil. A row is known by its first column, and by which
// one of those with the same it is.
func compareTables(a, b *Table) *Table {
	if a == nil {
		a = new(Table)
	}
	if b == nil {
		b = new(Table)
	}
	columns := b.Columns
	if len(columns) == 0 {
		columns = a.Columns
	}
	before, order := keyed(a)
	after, later := keyed(b)
	for _, key := range order {
		if after[key] == nil {
			later = append(later, key)
		}
	}
	largest := make([]float64, len(columns)) // the greatest change of each column
	var changes []change
	for _, key := range later {
		for i, column := range columns {
			if i == 0 || column.Unit == Address {
				continue
			}
			c := change{row: key, column: i, unit: column.Unit, before: cell(before[key], a, column.Name), after: cell(after[key], b, column.Name)}
			x, isNumber := float(c.before)
			y, too := float(c.after)
			if c.before == c.after || !isNumber && !too || x == y {
				continue
			}
			c.ratio = y - x
			largest[i] = max(largest[i], c.ratio, -c.ratio)
			changes = append(changes, c)
		}
	}
	if changes == nil {
		return nil
	}
	for i := range changes { // columns have different units: what counts is how much of the column's greatest change it is
		changes[i].ratio /= largest[changes[i].column]
	}
	slices.SortStableFunc(changes, func(x, y change) int { return cmp.Compare(y.ratio, x.ratio) })
	t := &Table{Columns: []Column{{Name: "What", Private: columns[0].Private}, {Name: "Number"}, {Name: "Before"}, {Name: "After"}, {Name: "Change"}}}
	for i, c := range changes {
		if len(changes) > maxChanges && i >= maxChanges/2 && i < len(changes)-maxChanges/2 {
			t.Left++
			continue
		}
		t.Rows = append(t.Rows, []any{c.row, columns[c.column].Name, shown(c.unit, c.before), shown(c.unit, c.after), c.difference()})
	}
	return t
}

// shown returns a value as text; nil, of a row that isn't there, stays.
func shown(u Unit, v any) any {
	if v == nil {
		return nil
	}
	return u.Format(v)
}

// difference says how much a number has grown.
func (c change) difference() string {
	x, _ := float(c.before)
	y, _ := float(c.after)
	text := c.unit.Format(y - x)
	switch c.unit {
	case Plain, PerMille:
		text = fmt.Sprint(y - x)
	case Bytes, Time:
		text = c.unit.Format(int64(y - x))
	}
	if y > x {
		text = "+" + text
	}
	return text
}

// keyed returns the rows of a table by their first cell, and the order of those.
func keyed(t *Table) (rows map[string][]any, order []string) {
	rows = map[string][]any{}
	taken := map[string]int{} // how often a first cell was met again
	for _, row := range t.Rows {
		if len(row) == 0 {
			continue
		}
		first := t.Columns[0].Unit.Format(row[0])
		key := first
		for rows[key] != nil {
			taken[first]++
			key = fmt.Sprintf("%s (%d)", first, taken[first]+1)
		}
		rows[key] = row
		order = append(order, key)
	}
	return rows, order
}

// cell returns the value of a row in the column of a name, or nil.
func cell(row []any, t *Table, column string) any {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == column })
	if i < 0 || i >= len(row) {
		return nil
	}
	return row[i]
}

// float returns a value as a number; what is none is 0.
func float(v any) (n float64, ok bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// compareStacks returns the stacks that only one of two lists has, or that have become those of more or fewer threads.
func compareStacks(title string, a, b []Stack) (out []Part) {
	count := func(all []Stack) (threads map[string]int, stacks map[string]*Stack) {
		threads, stacks = map[string]int{}, map[string]*Stack{}
		for i := range all {
			key := functions(&all[i])
			threads[key] += max(len(all[i].Threads), 1)
			if stacks[key] == nil {
				stacks[key] = &all[i]
			}
		}
		return threads, stacks
	}
	before, _ := count(a)
	after, stacks := count(b)
	var more, fewer []Stack
	add := func(to *[]Stack, s *Stack, x, y int) {
		shown := Stack{Title: fmt.Sprintf("threads: %d → %d", x, y), Error: s.Error}
		for _, f := range s.Frames {
			shown.Frames = append(shown.Frames, Frame{Function: f.Function, Inline: f.Inline, Symbol: f.Symbol, Module: f.Module, Source: f.Source})
		}
		*to = append(*to, shown)
	}
	seen := map[string]bool{}
	for i := range b {
		key := functions(&b[i])
		if x, y := before[key], after[key]; !seen[key] && x < y {
			add(&more, stacks[key], x, y)
		} else if !seen[key] && x > y {
			add(&fewer, stacks[key], x, y)
		}
		seen[key] = true
	}
	for i := range a {
		if key := functions(&a[i]); !seen[key] {
			seen[key] = true
			add(&fewer, &a[i], before[key], 0)
		}
	}
	title = strings.TrimSuffix(title, ":")
	for _, list := range []struct {
		what   string
		stacks []Stack
	}{{"of more threads than before", more}, {"of fewer threads than before", fewer}} {
		if len(list.stacks) == 0 {
			continue
		}
		p := Part{Title: strings.TrimSpace(title + ", " + list.what), Stacks: list.stacks[:min(len(list.stacks), maxChanges)]}
		if left := len(list.stacks) - maxChanges; left > 0 {
			p.Note = fmt.Sprintf("%d more are left out", left)
		}
		out = append(out, p)
	}
	return out
}

// functions returns the names of a stack's functions, which say whether two are the same.
func functions(s *Stack) string {
	var b strings.Builder
	for i := range s.Frames {
		name := s.Frames[i].Function
		if strings.HasPrefix(name, "0x") {
			name = "?" // an address of a program
		}
		b.WriteString(name + "\n")
	}
	return b.String()
}
