package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/godrgn/drgn/attach"
)

const core = "../../testdata/tiny-6.12/"

func TestOutput(t *testing.T) {
	prog, err := attach.Core(core+"vmcore", attach.Options{CacheDir: "-"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(&out, prog); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s", &out)
	}

	// The reference lists threads; the processes among them are those whose two IDs are the same.
	tasks, err := os.ReadFile(core + "expected/tasks.txt")
	if err != nil {
		t.Fatal(err)
	}
	processes := 0
	for line := range strings.Lines(string(tasks)) {
		f := strings.Fields(line)
		if f[0] != f[1] {
			continue
		}
		processes++
		if re := regexp.MustCompile(fmt.Sprintf(`(?m)─%s %s %s( |$)`, f[0], f[3], regexp.QuoteMeta(f[2]))); !re.Match(out.Bytes()) {
			t.Errorf("process %s is not in the tree", line)
		}
	}
	if lines := strings.Count(out.String(), "\n"); lines != processes+1 { // with PID 0, which is in no list
		t.Errorf("%d lines for %d processes", lines, processes)
	}
}
