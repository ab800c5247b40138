package deps

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// python finds what only a user of Python can make sense of: its constants, its calls, members of its enumerations.
var python = regexp.MustCompile(`\b(None|True|False)\b|\b[a-z]\w*_\w*\(\)|\w\(\) argument|\b[A-Z][a-z]\w+\.[A-Z_]{3,}\b|_file_status\b`)

// Errors and logs of the Go library are for those who use it from Go: they carry fields, and python/wording.go says them in
// Python's words.
func TestNoPythonWords(t *testing.T) {
	for _, p := range packages(t) {
		name, _ := short(p.ImportPath)
		if matches("python/...", name) || matches("cmd/drgn", name) || matches("helper/...", name) || matches("lab/...", name) ||
			matches("internal/helpergen", name) ||
			matches("linux/crash", name) /* it writes Python code */ || strings.HasPrefix(name, "internal/deps") {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				if text, err := strconv.Unquote(literal.Value); err == nil && python.MatchString(text) {
					t.Errorf("%s: %s has Python's words", set.Position(literal.Pos()), literal.Value)
				}
				return true
			})
		}
	}
}

func TestPythonWords(t *testing.T) {
	for text, want := range map[string]bool{
		"name the files with load_debug_info()":           true,
		"container_of() argument must be a pointer":       true,
		"string() argument must be an array":              true,
		"from ModuleFileStatus.WANT to DONT_WANT":         true,
		"cannot change debug_file_status":                 true,
		"tags must be 'driver', 'sched' or None":          true,
		"the debug file's status is 'not wanted'":         false,
		"could not find 'struct task_struct'":             false,
		"NUMBER(pgtable_l5_enabled) of VMCOREINFO is odd": false,
	} {
		if got := python.MatchString(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
