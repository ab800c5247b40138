package deps

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPlainEnglish fails on idioms in comments that say "nil disables logging" or "size computed from" in a way that readers
// stumble over.
func TestPlainEnglish(t *testing.T) {
	bad := regexp.MustCompile(`(?i)//.*(\bnil is (nowhere|nobody)\b|\breckon|\b(what|program that) is none\.)`)
	out, err := exec.Command("git", "-C", "../..", "ls-files", "*.go").Output()
	if err != nil {
		t.Skip("not a checkout:", err)
	}
	for _, name := range strings.Fields(string(out)) {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(data), "\n") {
			if bad.MatchString(line) && name != "internal/deps/english_test.go" {
				t.Errorf("%s:%d: %s", name, i+1, strings.TrimSpace(line))
			}
		}
	}
}
