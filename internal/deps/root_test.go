package deps

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rootLines is the most lines that the root package may have without its tests: it holds what a user thinks of, programs,
// objects, symbols, threads and stacks, and hands the rest to the rooms above it.
const rootLines = 4000

// TestRootIsSmall keeps the root package from growing into a second house.
func TestRootIsSmall(t *testing.T) {
	files, err := filepath.Glob("../../*.go")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		total += bytes.Count(text, []byte("\n"))
	}
	if total == 0 || total >= rootLines {
		t.Errorf("the root package has %d lines, want 1 to %d: move what is no program, object, symbol, thread or stack to a room of its own",
			total, rootLines-1)
	}
}
