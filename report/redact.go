package report

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Redact takes out of a report what may tell of people, places and their data: values and lines that are private, the values of
// variables and, wherever they stand, addresses of networks, paths below home directories, and the words that private facts consist of, as the host's
// name. Names of tasks, modules and functions, registers, and the kernel's own addresses stay.
func (r *Report) Redact() {
	r.Redacted = true
	s := NewScrubber(r.private())
	s.texts(&r.Title)
	for i := range r.Sections {
		s.section(&r.Sections[i])
	}
}

// A Scrubber takes what is private out of texts. The zero Scrubber takes out what is so by its form: addresses of networks, and paths below
// home directories.
type Scrubber struct{ words []string }

// NewScrubber returns a scrubber that takes out names, too, as those of hosts and of files, and what of them comes before a dot: wherever they
// stand as words, in large letters or small ones. Names of less than three bytes, and those that anything may have ("localhost", "vmcore"), stay.
func NewScrubber(names []string) Scrubber {
	var s Scrubber
	for _, name := range names {
		short := name
		if !strings.Contains(name, "/") {
			short, _, _ = strings.Cut(name, ".")
		}
		for _, word := range []string{name, short} {
			if len(word) >= minWord && word[0] != '(' && !slices.Contains(common, word) && !slices.Contains(s.words, word) {
				s.words = append(s.words, word)
			}
		}
	}
	slices.SortStableFunc(s.words, func(a, b string) int { return len(b) - len(a) }) // a path before what it ends in
	return s
}

// What is private wherever it stands. What may be an address of IPv6 is looked at further: names of C++ and Rust have colons, too.
var (
	hardware = regexp.MustCompile(`\b[0-9a-fA-F]{2}(?:(?::[0-9a-fA-F]{2}){5,}|(?:-[0-9a-fA-F]{2}){5,})\b|\b[0-9a-fA-F]{32}\b`)
	ipv4     = regexp.MustCompile(`\b\d{1,3}(?:\.\d{1,3}){3}\b`)
	ipv6     = regexp.MustCompile(`[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:]*(?:(?:\.\d{1,3}){3})?`)
	card     = regexp.MustCompile(`\b[0-9a-fA-F]{12}\b`) // an address of Ethernet without colons, or a number
	homes    = regexp.MustCompile(`/(?:home|root|Users|run/media|media|run/user)/[^\s"'<>()\[\]{},;:|]+`)
)

// minWord is how long a word is at least, in bytes, that is taken out wherever it stands.
const minWord = 3

// common are words that tell nothing: what hosts and dumps are mostly called.
var common = []string{"localhost", "vmcore", "core"}

// private returns what is private of a program, and the private facts that are one word. Facts of many words are left out where they stand.
func (r *Report) private() []string {
	all := slices.Clone(r.Private)
	for _, s := range r.Sections {
		for _, p := range s.Parts {
			for _, f := range p.Facts {
				if word, ok := f.Value.(string); f.Private && ok && !strings.ContainsAny(word, " \t\n()") {
					all = append(all, word)
				}
			}
		}
	}
	return all
}

// Scrub returns a text with [Redacted] in place of what is private.
func (s Scrubber) Scrub(text string) string {
	if text == Redacted {
		return text
	}
	for _, word := range s.words {
		text = replaced(text, word)
	}
	text = homes.ReplaceAllString(text, Redacted)
	text = hardware.ReplaceAllString(text, Redacted)
	text = withoutIPv6(withoutCards(text))
	return ipv4.ReplaceAllString(text, Redacted)
}

// replaced returns a text without a word, whether it has large letters or small ones.
func replaced(text, word string) string {
	var b strings.Builder
	small, word := lower(text), lower(word)
	for {
		i := strings.Index(small, word)
		if i < 0 {
			return b.String() + text
		}
		end := i + len(word)
		if i > 0 && isWord(text[i-1]) || end < len(text) && isWord(text[end]) {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + Redacted)
		}
		text, small = text[end:], small[end:]
	}
}

// lower returns a text with the letters of ASCII small; it stays as long as it is, which other letters would not.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// withoutCards returns a text without addresses of Ethernet that have no colons: twelve digits, with letters and others among them. Numbers of
// memory have 0x before them, or more digits.
func withoutCards(text string) string {
	return card.ReplaceAllStringFunc(text, func(found string) string {
		if strings.ContainsAny(found, "0123456789") && strings.ContainsAny(lower(found), "abcdef") {
			return Redacted
		}
		return found
	})
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80
}

// withoutIPv6 returns a text without addresses of IPv6.
func withoutIPv6(text string) string {
	var b strings.Builder
	last := 0
	for _, m := range ipv6.FindAllStringIndex(text, -1) {
		found := strings.TrimRight(text[m[0]:m[1]], ":")
		if strings.HasSuffix(text[m[0]:m[1]], "::") { // "2001:db8::"
			found += "::"
		}
		end := m[0] + len(found)
		before, after := byte(' '), byte(' ')
		if m[0] > 0 {
			before = text[m[0]-1]
		}
		if end < len(text) {
			after = text[end]
		}
		if isWord(before) || isWord(after) || !isIPv6(found, after) {
			continue
		}
		b.WriteString(text[last:m[0]] + Redacted)
		last = end
	}
	return b.String() + text[last:]
}

// isIPv6 reports whether a text is an address of IPv6. "ab::cd" may be one, and a name: it is taken for a name if it has no digit and not
// more than two parts, or if what follows is what follows names.
func isIPv6(text string, after byte) bool {
	if _, err := netip.ParseAddr(text); err != nil {
		return false
	}
	switch {
	case text == "::" || strings.ContainsRune("(<+~", rune(after)):
		return false
	case after == '/' || after == '%' || after == ']': // a prefix's length, a zone, a port
		return true
	}
	return strings.ContainsAny(text, "0123456789") || strings.Count(text, ":") > 2
}

// texts scrubs texts.
func (s Scrubber) texts(all ...*string) {
	for _, text := range all {
		*text = s.Scrub(*text)
	}
}

func (s Scrubber) section(of *Section) {
	s.texts(&of.Error)
	for i := range of.Gaps {
		s.texts(&of.Gaps[i].What, &of.Gaps[i].Why)
	}
	for i := range of.Findings {
		f := &of.Findings[i]
		s.texts(&f.Text)
		if f.Private {
			f.Evidence = []string{Redacted}
		}
		for j := range f.Evidence {
			s.texts(&f.Evidence[j])
		}
	}
	for i := range of.Parts {
		s.part(&of.Parts[i])
	}
}

func (s Scrubber) part(p *Part) {
	s.texts(&p.Title, &p.Note)
	for i := range p.Facts {
		p.Facts[i].Value = s.value(p.Facts[i].Value, p.Facts[i].Private)
	}
	s.lines(p.Lines)
	if p.Table != nil {
		for _, row := range p.Table.Rows {
			for i := range row {
				row[i] = s.value(row[i], p.Table.Columns[i].Private)
			}
		}
	}
	for i := range p.Stacks {
		s.stack(&p.Stacks[i])
	}
	if p.Picture != nil {
		p.Picture.SVG = labels.ReplaceAllStringFunc(p.Picture.SVG, func(label string) string {
			begin := strings.IndexByte(label, '>') + 1
			return label[:begin] + s.Scrub(label[begin:])
		})
	}
}

// labels match what pictures tell in letters, with the tag before it.
var labels = regexp.MustCompile(`<(?:text|tspan|title)\b[^>]*>[^<]+`)

func (s Scrubber) lines(l *Lines) {
	if l == nil {
		return
	}
	if l.Private && len(l.Text) > 0 {
		l.Text, l.Marked, l.Stack, l.Frames = []string{Redacted}, nil, "", nil
	}
	for i := range l.Text {
		s.texts(&l.Text[i])
	}
}

func (s Scrubber) stack(of *Stack) {
	s.texts(&of.Title, &of.Error)
	for i := range of.Threads {
		s.texts(&of.Threads[i].Name)
	}
	for i := range of.Frames {
		f := &of.Frames[i]
		s.texts(&f.Source)
		s.lines(f.Text)
		for j := range f.Locals {
			f.Locals[j].Value = Redacted
		}
	}
}

// value returns what is left of a value.
func (s Scrubber) value(v any, private bool) any {
	if private && v != nil {
		return Redacted
	}
	if text, ok := v.(string); ok {
		return s.Scrub(text)
	}
	return v
}
