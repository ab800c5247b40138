package deps

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The Go programs in the README compile: each is built as if it lay in the module.
func TestReadmePrograms(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := regexp.MustCompile("(?ms)^```go\n(package main\n.*?)^```$").FindAllSubmatch(text, -1)
	if len(programs) == 0 {
		t.Fatal("no program found in the README")
	}
	for _, program := range programs {
		dir := t.TempDir()
		source := filepath.Join(dir, "main.go")
		if err := os.WriteFile(source, program[1], 0o644); err != nil {
			t.Fatal(err)
		}
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
			filepath.Join(root, "internal", "readmeprogram", "main.go"): source,
		}})
		if err != nil {
			t.Fatal(err)
		}
		replace := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(replace, overlay, 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "build", "-overlay", replace, "-o", os.DevNull, "./internal/readmeprogram")
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
