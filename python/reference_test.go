package python

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The pages of the reference say what help() does, and each function and method has notes: what it raises, and an example. The examples
// are run by package cmd/drgn's TestPages.
func TestReference(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("testdata", "reference.py"))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(script(t, true, string(src)), "\x00")
	contents := "# Reference\n\nClasses and functions by module, as `help()` shows them. Written by `go test ./python -run TestReference -update`; [helpers](../helpers/README.md) of the\n" +
		"kernel have pages of their own.\n\n| module | what it has |\n| --- | --- |\n"
	pages := map[string]string{}
	for ; len(fields) >= 3; fields = fields[3:] {
		name, problems, page := fields[0], fields[1], fields[2]
		if problems != "" {
			t.Errorf("%s: %s", name, problems)
		}
		if page == "" {
			continue
		}
		pages[name+".md"] = page
		lead, _, _ := strings.Cut(strings.TrimPrefix(page, "# "+name+"\n\n"), "\n\n")
		contents += fmt.Sprintf("| [%s](%s.md) | %s |\n", name, name, strings.ReplaceAll(lead, "\n", " "))
	}
	if len(pages) == 0 {
		t.Fatalf("no pages: %q", fields)
	}
	pages["README.md"] = contents
	for name, page := range pages {
		path := filepath.Join("..", "docs", "reference", name)
		if *updatePages {
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		old, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(old), "\n"), strings.Split(page, "\n")); diff != "" {
			t.Errorf("%s is not what is said now (-page +now):\n%s", path, diff)
		}
	}
}
