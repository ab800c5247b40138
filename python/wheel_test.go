package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWheelTable holds the table of the tests that CI runs with the Python package to what tests there are.
func TestWheelTable(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "wheel.txt"))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.Command(self, "-test.list", "^Test").Output()
	if err != nil {
		t.Fatal(err)
	}
	tests := strings.Fields(string(list))
	seen := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, left := strings.CutPrefix(line, "- ")
		test, part, isPart := strings.Cut(name, "/")
		if seen[name] || !slices.Contains(tests, test) || left != isPart || left && !seen[test] {
			t.Errorf("%q: no test, twice, or left out of nothing", line)
		}
		if left {
			if _, err := os.Stat(filepath.Join("testdata", "parity", part+".py")); err != nil {
				t.Error(err)
			}
		}
		seen[name] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d lines", len(seen))
	}
}
