package deps

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestPlainEnglish fails on idioms in comments that say "nil disables logging" or "size computed from" in a way that readers
// stumble over.
func TestPlainEnglish(t *testing.T) {
	bad := regexp.MustCompile(`(?i)//.*(\bnil is (nowhere|nobody)\b|\breckon|\b(what|program that) is none\.)`)
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || name == "internal/deps/english_test.go":
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			if bad.MatchString(line) {
				t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
