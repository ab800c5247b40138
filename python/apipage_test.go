package python

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var updatePages = flag.Bool("update", false, "write docs/api.md")

// An apiEntry is a name of module drgn: of a class, or of the module itself.
type apiEntry struct{ class, name string }

// apiEntries reads the list of names; overloads are one entry.
func apiEntries(text string) []apiEntry {
	line := regexp.MustCompile(`^( *)(?:overload |classmethod )?(class )?(\w+)`)
	var entries []apiEntry
	seen := map[apiEntry]bool{}
	class := ""
	for s := range strings.Lines(text) {
		m := line.FindStringSubmatch(s)
		if m == nil || strings.HasPrefix(s, "#") {
			continue
		}
		e := apiEntry{class, m[3]}
		if m[1] == "" {
			e.class, class = "", ""
			if m[2] != "" {
				class = m[3]
			}
		}
		if !seen[e] {
			seen[e] = true
			entries = append(entries, e)
		}
	}
	return entries
}

// specialUse says how special methods look where they are used.
var specialUse = map[string]string{
	"__new__": "", "__init__": "", // that of the class
	"__getitem__": `\w\[`, "__contains__": ` in `, "__len__": `len\(`, "__iter__": `list\(|for \w+ in|iter\(`, "__next__": `next\(`, "__call__": `\w\(prog`,
	"__getattr__": `\w\.\w`, "__bool__": `bool\(`, "__lt__": ` < `, "__le__": ` <= `, "__eq__": ` == `, "__ne__": ` != `, "__gt__": ` > `, "__ge__": ` >= `,
	"__add__": ` \+ `, "__sub__": ` - `, "__mul__": ` \* `, "__truediv__": ` / `, "__mod__": ` % `, "__lshift__": ` << `, "__rshift__": ` >> `,
	"__and__": ` & `, "__xor__": ` \^ `, "__or__": ` \| `, "__radd__": `\d \+ `, "__rsub__": `\d - `, "__rmul__": `\d \* `, "__rtruediv__": `\d / `,
	"__rmod__": `\d % `, "__rlshift__": `\d << `, "__rrshift__": `\d >> `, "__rand__": `\d & `, "__rxor__": `\d \^ `, "__ror__": `\d \| `,
	"__neg__": `[(, ]-[a-z]`, "__pos__": `[(, ]\+[a-z]`, "__invert__": `~[a-z]`, "__int__": `int\(`, "__float__": `float\(`, "__index__": `index\(|range\(|hex\(`,
	"__round__": `round\(`, "__trunc__": `trunc\(`, "__floor__": `floor\(`, "__ceil__": `ceil\(`,
}

// apiSources are the tests that are looked at, in this order: the parity scripts before all others.
func apiSources(t *testing.T) (names []string, texts map[string]string) {
	texts = map[string]string{}
	for _, pattern := range []string{"testdata/parity/*.py", "*_test.go", "../cmd/drgn/testdata/*.py", "../cmd/drgn/*_test.go"} {
		paths, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			base := filepath.Base(path)
			if base == "apipage_test.go" {
				continue
			}
			if script, ok := strings.CutSuffix(path, ".py"); ok && strings.HasPrefix(path, "testdata") {
				if _, err := os.Stat(script + ".expected"); err != nil {
					continue // what scripts import
				}
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.ToSlash(filepath.Join("python", path))
			names, texts[name] = append(names, name), string(b)
		}
	}
	return names, texts
}

// about are the beginnings of the names of parity scripts that are about a class: what another script has that looks like a use, an operator above
// all, is often one of other values.
var about = map[string][]string{
	"Object": {"obj_operators", "reflected", "obj_"}, "Program": {"program_"}, "Type": {"types_"}, "TypeMember": {"types_"}, "TypeEnumerator": {"types_"}, "TypeParameter": {"types_"},
	"Module":     {"module_"},
	"StackTrace": {"user_"}, "StackFrame": {"user_"}, "Thread": {"user_"}, "Symbol": {"dwarf_symbols"}, "Register": {"user_"}, "SourceLocation": {"dwarf_lines"},
}

// tests returns the names of the tests that may use an entry: scripts about its class first, then those that name it.
func (e apiEntry) tests(names []string, texts map[string]string) []string {
	var order []string
	for _, prefix := range about[e.class] {
		for _, name := range names {
			if strings.HasPrefix(filepath.Base(name), prefix) {
				order = append(order, name)
			}
		}
	}
	for _, name := range names {
		if e.class == "Object" || strings.Contains(texts[name], e.class) {
			order = append(order, name)
		}
	}
	return order
}

// use returns what shows that a test uses an entry.
func (e apiEntry) use() *regexp.Regexp {
	if pattern, ok := specialUse[e.name]; ok && pattern != "" {
		return regexp.MustCompile(pattern)
	} else if ok {
		return regexp.MustCompile(`\b` + e.class + `\(`)
	}
	if e.class != "" && e.class != "Object" {
		return regexp.MustCompile(`\.` + e.name + `\b|\b` + e.name + `:`)
	}
	return regexp.MustCompile(`\b` + e.name + `\b`)
}

// Every entry of module drgn has a test, and docs/api.md lists which.
func TestAPIPage(t *testing.T) {
	list, err := os.ReadFile(filepath.Join("testdata", "parity", "interface.txt"))
	if err != nil {
		t.Fatal(err)
	}
	names, texts := apiSources(t)
	var page strings.Builder
	page.WriteString("# Module drgn, and what tests it\n\nWritten by `go test ./python -run TestAPIPage -update` from the names of the interface and the scripts that use them; " +
		"the scripts in\n`python/testdata/parity` are held against the reference.\n\n| entry | test |\n| --- | --- |\n")
	for _, e := range apiEntries(string(list)) {
		label := strings.TrimPrefix(e.class+"."+e.name, ".")
		use, by := e.use(), ""
		for _, name := range e.tests(names, texts) {
			if use.MatchString(texts[name]) {
				by = name
				break
			}
		}
		if by == "" {
			t.Errorf("no test for %s", label)
		}
		fmt.Fprintf(&page, "| `%s` | [%s](../%s) |\n", label, filepath.Base(by), by)
	}
	path := filepath.Join("..", "docs", "api.md")
	if *updatePages {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(path); err != nil || string(have) != page.String() {
		t.Error("docs/api.md is not what the tests say: run go test ./python -run TestAPIPage -update")
	}
}
