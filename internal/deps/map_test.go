package deps

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestRoomTable checks that ARCHITECTURE.md names each package once, and none that is not there.
func TestRoomTable(t *testing.T) {
	_, table, _ := strings.Cut(architecture(t), "| room | holds |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var named []string
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, row := range strings.Split(table, "\n") {
		cell := strings.Split(row, "|")[1]
		base := ""
		for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
			name := m[1]
			if rest, ok := strings.CutPrefix(name, "…"); ok {
				name = base + rest
			} else {
				base = name
			}
			for _, other := range named {
				if other == name {
					t.Errorf("ARCHITECTURE.md has two rows for %s", name)
				}
			}
			named = append(named, name)
		}
	}
	out, err := exec.Command("go", "list", modulePath+"/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, pkg := range strings.Fields(string(out)) {
		name := strings.TrimPrefix(strings.TrimPrefix(pkg, modulePath), "/")
		if name == "" {
			name = "drgn"
		}
		found := false
		for _, pattern := range named {
			if ok, _ := path.Match(pattern, name); ok {
				used[pattern], found = true, true
			}
		}
		if !found && !strings.HasPrefix(name, "linux/internal/") {
			t.Errorf("the table of rooms in ARCHITECTURE.md lacks %s", name)
		}
	}
	for _, pattern := range named {
		if !used[pattern] {
			t.Errorf("ARCHITECTURE.md names %s, which is not a package", pattern)
		}
	}
}

// TestMap checks that each answer of "Where is …?" is right: the file exists and has the identifier.
func TestMap(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^`]+)` \\| `([^`]+)` \\|$").FindAllStringSubmatch(architecture(t), -1)
	if len(rows) < 40 {
		t.Errorf("the map has %d answers, want at least 40", len(rows))
	}
	for _, row := range rows {
		data, err := os.ReadFile(filepath.Join("../..", row[2]))
		if err != nil {
			t.Errorf("%s: %v", row[1], err)
		} else if !regexp.MustCompile(`\b` + regexp.QuoteMeta(row[3]) + `\b`).Match(data) {
			t.Errorf("%s: %s does not name %s", row[1], row[2], row[3])
		}
	}
}

func architecture(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
