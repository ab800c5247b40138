package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/helper/call"
)

// handModule returns the name of the module's hand-written part: drgn.helpers.linux._list.
func (m *module) handModule() string {
	i := strings.LastIndex(m.name, ".")
	return m.name[:i+1] + "_" + m.name[i+1:]
}

var (
	// What a hand-written part adds to the module's named tuples: numbers, all of them.
	added    = regexp.MustCompile(`(?m)^(\w+)\.(\w+) = property\(`)
	allTuple = regexp.MustCompile(`(?s)\n__all__ = [(\[](.*?)[)\]]`)
	quoted   = regexp.MustCompile(`['"](\w+)['"]`)
)

// handWritten returns the names in __all__ of the module's hand-written part; nil when there is none. One that only adds to the
// module's classes has an empty __all__.
func handWritten(root string, m *module) ([]string, error) {
	name := "python/lib/" + strings.ReplaceAll(m.handModule(), ".", "/") + ".py"
	src, err := os.ReadFile(filepath.Join(root, name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := allTuple.FindSubmatch(src)
	if all == nil {
		return nil, fmt.Errorf("%s: no __all__ of literal strings", name)
	}
	m.computed = map[string][]string{}
	for _, a := range added.FindAllSubmatch(src, -1) {
		m.computed[string(a[1])] = append(m.computed[string(a[1])], string(a[2]))
	}
	names := []string{}
	for _, q := range quoted.FindAllSubmatch(all[1], -1) {
		names = append(names, string(q[1]))
	}
	return names, nil
}

// all are the module's public names.
func (m *module) all() []string {
	var out []string
	for _, s := range m.classes() {
		out = append(out, s.name)
	}
	for _, h := range m.helpers {
		if !h.private() {
			out = append(out, h.name)
		}
	}
	out = append(out, m.hand...)
	sort.Strings(out)
	return out
}

// private reports whether a helper is for the module's hand-written part only: its name begins with an underscore.
func (h *helper) private() bool { return strings.HasPrefix(h.name, "_") }

func pyString(s string) string { return strconv.QuoteToASCII(s) }

// docQuote writes a docstring.
func docQuote(doc, indent string) string {
	doc = strings.NewReplacer(`\`, `\\`, `"""`, `\"\"\"`).Replace(doc)
	if strings.HasSuffix(doc, `"`) {
		doc += " "
	}
	if strings.Contains(doc, "\n") {
		lines := strings.Split(doc, "\n")
		for i := 1; i < len(lines); i++ {
			if lines[i] != "" {
				lines[i] = indent + lines[i]
			}
		}
		doc = strings.Join(lines, "\n") + "\n" + indent
	}
	return `"""` + doc + `"""`
}

// init returns the head of __init__ of a class that is no tuple.
func (s *structType) init(m *module) string {
	var b strings.Builder
	for _, f := range s.fields {
		fmt.Fprintf(&b, ", %s: %s", f.name, f.typ.annotation(m.name))
	}
	return "def __init__(self" + b.String() + ") -> None"
}

// definition returns a class that is no tuple.
func (s *structType) definition(m *module) string {
	doc, set := s.docstring()+"\n", ""
	for _, f := range s.fields {
		if f.doc != "" {
			doc += "\n" + f.name + ": " + pythonNames(f.doc, nil)
		}
		set += fmt.Sprintf("        self.%[1]s = %[1]s\n", f.name)
	}
	return fmt.Sprintf("\n\nclass %s:\n    %s\n\n    %s:\n%s", s.name, docQuote(doc, "    "), s.init(m), set)
}

// python returns the module's source.
func (m *module) python() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s from %s. DO NOT EDIT.\n%s\n", marker, m.sources(), docQuote(pythonDoc(m.doc), ""))
	classes := m.classes()
	if slices.ContainsFunc(classes, func(s *structType) bool { return !s.plain }) {
		b.WriteString("\nfrom collections import namedtuple as _namedtuple\n\n")
	}
	for _, s := range classes {
		if s.plain {
			continue
		}
		var fields []string
		for _, f := range s.fields {
			fields = append(fields, pyString(f.name))
		}
		fmt.Fprintf(&b, "%s = _namedtuple(%s, (%s,), module=__name__)\n", s.name, pyString(s.name), strings.Join(fields, ", "))
		fmt.Fprintf(&b, "%s.__doc__ = %s\n", s.name, docQuote(s.docstring(), ""))
		for _, f := range s.fields {
			if f.doc != "" {
				fmt.Fprintf(&b, "%s.%s.__doc__ = %s\n", s.name, f.name, pyString(pythonNames(f.doc, nil)))
			}
		}
	}
	for _, s := range m.foreign {
		fmt.Fprintf(&b, "\nfrom %s import %s\n", s.module, s.name)
	}
	if len(m.helpers) > 0 {
		b.WriteString("\nfrom drgn._functions import Functions as _Functions\n\n_go = _Functions(globals())\n")
	}
	for _, s := range classes {
		if s.plain { // its annotations have names by now
			b.WriteString(s.definition(m))
		}
	}
	for _, h := range m.helpers {
		b.WriteString(h.definition())
	}
	b.WriteString("\n__all__ = (\n")
	for _, n := range m.all() {
		fmt.Fprintf(&b, "    %s,\n", pyString(n))
	}
	b.WriteString(")\n")
	if m.hand != nil {
		fmt.Fprintf(&b, "\nfrom %s import *\nfrom drgn._functions import adopt as _adopt\n\n_adopt(%s, __name__)\n", m.handModule(), pyString(m.handModule()))
	}
	return b.Bytes()
}

func (s *structType) docstring() string {
	doc := strings.TrimSpace(s.doc)
	return pythonNames(replaceWord(doc, s.goName, s.name), nil)
}

func (m *module) sources() string {
	var out []string
	for _, p := range m.pkgs {
		rel := strings.TrimPrefix(strings.TrimPrefix(p.path, p.l.modulePath), "/")
		if rel == "" {
			rel = "the root"
		}
		out = append(out, rel)
	}
	return strings.Join(out, ", ")
}

// declaration returns "def name(params) -> T", with the first parameter as first says: "" as it is, "-" left out.
func (h *helper) declaration(first string) string {
	var parts []string
	star := false
	for i := range h.params {
		q := &h.params[i]
		s := q.Name + ": " + q.Annotation
		if i == 0 && q.Default == "~" {
			if first == "-" {
				continue
			}
			if first != "" {
				s = first
			}
		} else if q.Default != "" {
			s += " = " + q.Default
		}
		if q.KeywordOnly && !star {
			parts = append(parts, "*")
			star = true
		}
		parts = append(parts, s)
	}
	return "def " + h.name + "(" + strings.Join(parts, ", ") + ") -> " + h.returns
}

// definition returns the def of the helper, which calls the function of Go of its name in _go: see python/lib/drgn/_functions.py. That of
// a walk which begins when its first element is asked for is a generator.
func (h *helper) definition() string {
	decorator, first := "function", ""
	var names, args []string
	for i := range h.params {
		q := &h.params[i]
		names = append(names, q.Name)
		switch {
		case i == 0 && q.Default == "~" && q.Kind == call.KindScope:
			decorator, first = "object_or_program_first", "prog: Program, "+q.Name+": Optional[Object]"
			args = append(args, "prog if "+q.Name+" is None else "+q.Name)
		case i == 0 && q.Default == "~":
			decorator, first = "program_first", "prog: Program"
			args = append(args, "prog")
		case q.KeywordOnly:
			args = append(args, q.Name+"="+q.Name)
		default:
			args = append(args, q.Name)
		}
	}
	value := "_go." + h.name + "(" + strings.Join(args, ", ") + ")"
	if h.eager == "" && len(h.results) == 1 && h.results[0].form == walk {
		value = "yield from " + value
	} else if h.returns != "None" {
		value = "return " + value
	}
	return fmt.Sprintf("\n\n@_go.%s\n%s:\n    %s\n    %s\n", decorator, h.declaration(first), docQuote(call.WithParameters(h.doc, names), "    "), value)
}

// declarations returns all ways to call the helper.
func (h *helper) declarations() []string {
	if len(h.params) == 0 || h.params[0].Default != "~" {
		return []string{h.declaration("")}
	}
	if h.params[0].Kind == call.KindScope {
		return []string{h.declaration(h.params[0].Name + ": Object"), h.declaration("prog: Program"), h.declaration("-")}
	}
	return []string{h.declaration(""), h.declaration("-")}
}

var (
	typingNames = []string{"Any", "Callable", "Dict", "Iterable", "Iterator", "List", "Literal", "Mapping", "NamedTuple", "Optional", "Sequence", "Tuple", "Union"}
	drgnNames   = []string{"IntegerLike", "Object", "Path", "Program", "StackFrame", "StackTrace", "Symbol", "SymbolIndex", "Thread", "Type"}
)

// stub returns the module's .pyi file.
func (m *module) stub() []byte {
	var body bytes.Buffer
	overloaded := false
	for _, s := range m.classes() {
		base := "(NamedTuple)"
		if s.plain {
			base = ""
		}
		fmt.Fprintf(&body, "\nclass %s%s:\n    %s\n\n", s.name, base, docQuote(s.docstring(), "    "))
		for _, f := range s.fields {
			fmt.Fprintf(&body, "    %s: %s\n", f.name, f.typ.annotation(m.name))
		}
		if s.plain {
			fmt.Fprintf(&body, "    %s: ...\n", s.init(m))
		}
		for _, name := range m.computed[s.name] {
			fmt.Fprintf(&body, "    @property\n    def %s(self) -> int: ...\n", name)
		}
	}
	for _, h := range m.helpers {
		decls := h.declarations()
		for i, d := range decls {
			body.WriteString("\n")
			if len(decls) > 1 {
				overloaded = true
				body.WriteString("@overload\n")
			}
			if i == 0 && h.doc != "" {
				fmt.Fprintf(&body, "%s:\n    %s\n    ...\n", d, docQuote(h.doc, "    "))
			} else {
				fmt.Fprintf(&body, "%s: ...\n", d)
			}
		}
	}
	if len(m.hand) > 0 {
		fmt.Fprintf(&body, "\nfrom %s import *\n", m.handModule())
	}
	used := func(names []string) []string {
		var out []string
		for _, n := range names {
			if regexp.MustCompile(`\b` + n + `\b`).Match(withoutDocs(body.Bytes())) {
				out = append(out, n)
			}
		}
		return out
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s from %s. DO NOT EDIT.\n%s\n\n", marker, m.sources(), docQuote(pythonDoc(m.doc), ""))
	typing := used(typingNames)
	if overloaded {
		typing = append(typing, "overload")
	}
	if len(typing) > 0 {
		fmt.Fprintf(&b, "from typing import %s\n\n", strings.Join(typing, ", "))
	}
	if names := used(drgnNames); len(names) > 0 {
		fmt.Fprintf(&b, "from drgn import %s\n", strings.Join(names, ", "))
	}
	for _, s := range m.foreign {
		fmt.Fprintf(&b, "from %s import %s\n", s.module, s.name)
	}
	b.Write(body.Bytes())
	return b.Bytes()
}

var docstrings = regexp.MustCompile(`(?s)""".*?"""`)

func withoutDocs(src []byte) []byte { return docstrings.ReplaceAll(src, nil) }

// packageStub returns the stub of the package drgn.helpers.linux, which has all names of its modules.
func packageStub(modules []*module) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s. DO NOT EDIT.\n", marker)
	for _, m := range modules {
		if strings.HasPrefix(m.name, "drgn.helpers.linux.") {
			fmt.Fprintf(&b, "from %s import *\n", m.name)
		}
	}
	return b.Bytes()
}

// notes returns what the file of notes beside the Python module says, which tells errors and shows examples: the text of each section
// by its title, ready to stand before others. See python/lib/drgn/_help.py.
func (m *module) notes(root string) (map[string]string, error) {
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.pythonPath()+".md")))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, section := range strings.Split("\n"+string(b), "\n## ") {
		if title, text, _ := strings.Cut(section, "\n"); i > 0 {
			out[strings.TrimSpace(title)] = strings.Trim(text, "\n") + "\n\n"
		}
	}
	return out, nil
}

// page returns the module's reference page.
func (m *module) page(notes map[string]string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- %s from %s. DO NOT EDIT. -->\n# %s\n\n%s\n", marker, m.sources(), m.name, pythonDoc(m.doc))
	for _, s := range m.classes() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.name, s.docstring())
		for _, f := range s.fields {
			fmt.Fprintf(&b, "- `%s: %s`", f.name, f.typ.annotation(m.name))
			if f.doc != "" {
				b.WriteString(": " + strings.ReplaceAll(f.doc, "\n", " "))
			}
			b.WriteString("\n")
		}
	}
	for _, h := range m.helpers {
		if h.private() {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n```python\n", h.name)
		for _, d := range h.declarations() {
			b.WriteString(strings.TrimPrefix(d, "def ") + "\n")
		}
		fmt.Fprintf(&b, "```\n\n%s\n\n%sIn Go: `%s.%s`.\n", h.doc, notes[h.name], h.p.name, h.decl.Name.Name)
	}
	if len(m.hand) > 0 {
		b.WriteString("\n## Written in Python\n\n")
		for _, n := range m.hand {
			fmt.Fprintf(&b, "- `%s`\n", n)
		}
		for _, n := range m.hand {
			if text := notes[n]; text != "" {
				fmt.Fprintf(&b, "\n### %s\n\n%s\n", n, strings.TrimRight(text, "\n"))
			}
		}
	}
	return b.Bytes()
}

// contents returns the page that lists the modules.
func contents(modules []*module) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- %s. DO NOT EDIT. -->\n# Helpers\n\nFunctions over a program's data structures, by module. Each is a function of a Go package, too.\n\n| module | what it does |\n| --- | --- |\n", marker)
	for _, m := range modules {
		doc, _, _ := strings.Cut(pythonDoc(m.doc), "\n\n")
		fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", m.name, m.shortName(), strings.ReplaceAll(doc, "\n", " "))
	}
	return b.Bytes()
}

// names returns the list of all helpers, which is for reviewers of a change.
func names(modules []*module) []byte {
	var b bytes.Buffer
	for _, m := range modules {
		hand := map[string]bool{}
		for _, n := range m.hand {
			hand[n] = true
		}
		for _, n := range m.all() {
			b.WriteString(m.name + " " + n)
			if hand[n] {
				b.WriteString(" (Python)")
			}
			b.WriteString("\n")
		}
	}
	return b.Bytes()
}
