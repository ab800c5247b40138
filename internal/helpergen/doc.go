package main

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/godrgn/drgn/helper/call"
)

// docstring turns the helper's comment into what help() shows: with the names that Python has.
func (h *helper) docstring() string {
	text := strings.TrimSpace(h.decl.Doc.Text())
	if rest, ok := strings.CutPrefix(text, h.decl.Name.Name+" "); ok {
		text = sentence(rest)
	}
	names := map[string]string{}
	for goName, name := range h.p.funcNames {
		names[goName] = name
	}
	text = pythonNames(text, names)
	for i := range h.params {
		q := &h.params[i]
		if q.goName != q.Name && (q.goName == "typ" || strings.IndexFunc(q.goName, unicode.IsUpper) > 0 || q.Kind == call.KindProgram) {
			text = replaceWord(text, q.goName, q.Name)
		}
	}
	if len(h.params) > 0 {
		switch first := h.params[0]; first.Kind {
		case call.KindProgram:
			text += "\n\n" + first.Name + " is the default program when it is left out."
		case call.KindScope:
			text += "\n\nInstead of " + first.Name + ", a program may be given; it is the default program when both are left out."
		}
	}
	return strings.TrimSpace(text)
}

// sentence makes the rest of a Go comment, "returns the …", a docstring's first sentence: "Return the …".
func sentence(s string) string {
	verb, rest, _ := strings.Cut(s, " ")
	if verb == "reports" && strings.HasPrefix(rest, "whether ") {
		return "Return " + rest
	}
	if strings.HasPrefix(verb, "is") || strings.HasPrefix(verb, "are") {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	base, ok := map[string]string{"has": "have", "does": "do", "goes": "go"}[verb]
	if !ok {
		base = strings.TrimSuffix(verb, "s")
	}
	for _, e := range []string{"ches", "shes", "sses", "xes", "zes"} {
		if strings.HasSuffix(verb, e) && verb != "resizes" {
			base = strings.TrimSuffix(verb, "es")
		}
	}
	if base == "" {
		return s
	}
	out := strings.ToUpper(base[:1]) + base[1:]
	if rest != "" {
		out += " " + rest
	}
	return second.ReplaceAllString(out, "$1 $2$3")
}

var (
	second   = regexp.MustCompile(`^(\w+(?: up| out)? and) (\w+?)s( (?:a|all|an|the|what|whether) )`)
	link     = regexp.MustCompile(`\[\*?([A-Za-z][\w./]*)\]`)
	pointed  = regexp.MustCompile(`\*([a-z]\w*)\.([A-Z]\w*)`)
	ownError = regexp.MustCompile(`\*([A-Z]\w*Error)\b`)
	errName  = map[string]string{"CycleError": "ValidationError", "CorruptError": "ValidationError", "MemberError": "LookupError", "SymbolNotFoundError": "LookupError",
		"TypeNotFoundError": "LookupError", "AbsentError": "ObjectAbsentError"}
)

// pythonNames replaces Go's names by Python's.
func pythonNames(text string, names map[string]string) string {
	text = link.ReplaceAllString(text, "$1")
	for goName, name := range names {
		if strings.IndexFunc(goName[1:], unicode.IsUpper) >= 0 { // one hump alone may be a word
			text = replaceWord(text, goName, name)
		}
	}
	text = pointed.ReplaceAllStringFunc(text, func(s string) string {
		name := s[strings.LastIndex(s, ".")+1:]
		if own, ok := errName[name]; ok {
			return own
		}
		return name
	})
	text = ownError.ReplaceAllString(text, "$1")
	return replaceWord(strings.ReplaceAll(text, "ok is false", "None"), "nil", "None")
}

func replaceWord(text, old, new string) string {
	return regexp.MustCompile(`\b`+regexp.QuoteMeta(old)+`\b`).ReplaceAllString(text, new)
}

var packageClause = regexp.MustCompile(`^Package \w+ `)

// pythonDoc turns a package's comment into a module's docstring.
func pythonDoc(doc string) string {
	doc = strings.TrimSpace(doc)
	if loc := packageClause.FindStringIndex(doc); loc != nil {
		doc = sentence(doc[loc[1]:])
	}
	return pythonNames(doc, nil)
}
