package report

import "regexp"

// addresses match what tells hosts of a network apart: of IPv4, IPv6 and Ethernet.
var addresses = regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}\b|\b[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}\b|\b([0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b|\b([0-9a-fA-F]{1,4}:)+:([0-9a-fA-F]{1,4}(:[0-9a-fA-F]{1,4})*)?`)

// Redact takes out of a report what may tell of people, places and their data: values and lines that are private, the values of
// variables, and addresses of networks wherever they stand. Names of tasks, modules and functions, and the kernel's own addresses stay.
func (r *Report) Redact() {
	r.Redacted = true
	scrub := func(s *string) { *s = addresses.ReplaceAllString(*s, Redacted) }
	facts := func(all []Fact) {
		for i := range all {
			all[i].Value = redacted(all[i].Value, all[i].Private)
		}
	}
	lines := func(l *Lines) {
		if l == nil {
			return
		}
		if l.Private && len(l.Text) > 0 {
			l.Text, l.Marked, l.Stack, l.Frames = []string{Redacted}, nil, "", nil
		}
		for i := range l.Text {
			scrub(&l.Text[i])
		}
	}
	scrub(&r.Title)
	for i := range r.Sections {
		s := &r.Sections[i]
		scrub(&s.Error)
		for j := range s.Gaps {
			scrub(&s.Gaps[j].Why)
		}
		for j := range s.Findings {
			f := &s.Findings[j]
			scrub(&f.Text)
			if f.Private {
				f.Evidence = []string{Redacted}
			}
			for k := range f.Evidence {
				scrub(&f.Evidence[k])
			}
		}
		for j := range s.Parts {
			p := &s.Parts[j]
			facts(p.Facts)
			lines(p.Lines)
			if t := p.Table; t != nil {
				for _, row := range t.Rows {
					for k := range row {
						row[k] = redacted(row[k], t.Columns[k].Private)
					}
				}
			}
			for k := range p.Stacks {
				for l := range p.Stacks[k].Frames {
					f := &p.Stacks[k].Frames[l]
					lines(f.Text)
					for m := range f.Locals {
						f.Locals[m].Value = Redacted
					}
				}
			}
		}
	}
}

// redacted returns what is left of a value.
func redacted(v any, private bool) any {
	if private && v != nil {
		return Redacted
	}
	if text, ok := v.(string); ok {
		return addresses.ReplaceAllString(text, Redacted)
	}
	return v
}
