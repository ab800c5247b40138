package deps

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// withExamples are the packages, besides all helpers, that show how they are used by an example that go test runs, where
// the bundled core has what they are about.
var withExamples = []string{"", "arch", "attach", "lang/c", "linux", "mem", "target", "types", "user", "user/goroutine", "vmcoreinfo"}

// TestExamples holds each package that users import to an Example of its own.
func TestExamples(t *testing.T) {
	wanted, has := map[string]bool{}, map[string]bool{}
	parsed(t, true, func(name string, _ *token.FileSet, file *ast.File) {
		dir := filepath.Dir(name)
		if dir == "." {
			dir = ""
		}
		if filepath.Dir(dir) == "linux" && filepath.Base(dir) != "internal" {
			wanted[dir] = true
		}
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Example") {
				has[dir] = true
			}
		}
	})
	for _, dir := range withExamples {
		wanted[dir] = true
	}
	if len(wanted) < 50 {
		t.Fatalf("only %d packages found", len(wanted))
	}
	for dir := range wanted {
		if !has[dir] {
			t.Errorf("package %q has no Example", dir)
		}
	}
}
