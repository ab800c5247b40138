package main

import (
	"fmt"
	"regexp"
	"strings"
)

// A known is a helper that drgn has.
type known struct {
	module, name string
	optional     string // "prog" or "object or prog": what may come first
	params       []written
	returns      string
	overloaded   bool
}

var knownLine = regexp.MustCompile(`^(?:\[(prog|object or prog)(?:,)? optional\] )?(overload )?(\w+)(?:\((.*)\) -> (.*))?$`)

// parseInterface reads the list of what drgn has: its functions by module and name.
func parseInterface(text string) (map[string]map[string]*known, error) {
	out := map[string]map[string]*known{}
	module := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if name, ok := strings.CutPrefix(line, "## module "); ok {
			module = name
			out[module] = map[string]*known{}
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, " ") {
			continue
		}
		if class, ok := strings.CutPrefix(line, "class "); ok {
			name, _, _ := strings.Cut(strings.TrimSuffix(class, ":"), "(")
			out[module][name] = &known{module: module, name: name, overloaded: true}
			continue
		}
		m := knownLine.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("the interface has a line %q", line)
		}
		k := &known{module: module, name: m[3], optional: m[1], returns: m[5]}
		if m[2] != "" || m[5] == "" { // several signatures, or none that is known
			k.overloaded = true
		} else {
			_, params, _, _, err := parseDirective(m[3] + "(" + m[4] + ")")
			if err != nil {
				params, k.overloaded = nil, true // *args
			}
			k.params = params
		}
		if old := out[module][k.name]; old != nil && old.overloaded {
			k.overloaded = true
		}
		out[module][k.name] = k
	}
	return out, nil
}

// differs says how a helper's parameters differ from those that drgn's has, "" when they do not. Where one has a keyword-only
// parameter more with a default, that is no difference.
func (k *known) differs(h *helper) string {
	if k.overloaded {
		return ""
	}
	theirs := k.params
	ours := h.params
	switch {
	case k.optional != "" && (len(ours) == 0 || ours[0].Default != "~"):
		return "it has no first parameter that may be left out"
	case k.optional == "object or prog" && ours[0].Kind != "scope":
		return "its first parameter is no drgn.Scope"
	case k.optional == "prog" && ours[0].Kind != "prog":
		return "its first parameter is no *drgn.Program"
	case k.optional == "object or prog":
		theirs = theirs[1:] // the program
	}
	for i, t := range theirs {
		if i >= len(ours) {
			return fmt.Sprintf("it has no parameter %s", t.name)
		}
		o := &ours[i]
		annotation := strings.Trim(t.annotation, "'")
		switch {
		case o.Name != t.name:
			return fmt.Sprintf("its parameter %s is %s in drgn", o.Name, t.name)
		case o.KeywordOnly != t.keyword:
			return fmt.Sprintf("only one of the two takes %s by keyword alone", o.Name)
		case o.Default != "~" && o.Default != t.def:
			return fmt.Sprintf("the default of %s is %q, in drgn %q", o.Name, o.Default, t.def)
		case strings.Contains(annotation, "Path") && o.Kind != "path":
			return fmt.Sprintf("%s is no Path", o.Name)
		case strings.Contains(annotation, "Union[str, bytes]") && o.Kind != "text" && o.Kind != "path":
			return fmt.Sprintf("%s does not take str and bytes: annotate it with Union[str, bytes]", o.Name)
		case annotation == "str" && o.Kind != "str" && o.Kind != "text" && o.Kind != "path":
			return fmt.Sprintf("%s is a str in drgn", o.Name)
		case annotation == "bool" && o.Kind != "bool":
			return fmt.Sprintf("%s is a bool in drgn", o.Name)
		case annotation == "IntegerLike" && o.Kind != "index" && o.Kind != "word" && o.Kind != "literal" && o.Kind != "int":
			return fmt.Sprintf("%s is an integer in drgn", o.Name)
		case annotation == "Object" && o.Kind != "object":
			return fmt.Sprintf("%s is an Object in drgn", o.Name)
		}
	}
	for _, o := range ours[len(theirs):] {
		if o.Default == "" {
			return fmt.Sprintf("drgn's has no parameter %s", o.Name)
		}
	}
	return k.returnDiffers(h)
}

// returnDiffers compares the results as far as both say something definite.
func (k *known) returnDiffers(h *helper) string {
	normal := func(s string) string {
		s = strings.NewReplacer("'", "", "Iterable[", "Iterator[", "Sequence[", "List[", "Mapping[", "Dict[", "typing.", "").Replace(s)
		return s
	}
	theirs, ours := normal(k.returns), normal(h.returns)
	if theirs == "" || theirs == ours {
		return ""
	}
	return fmt.Sprintf("it returns %s, in drgn %s", h.returns, k.returns)
}
