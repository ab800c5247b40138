package python

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Stubs and modules have the same names, and functions the same parameters, with the same kinds and defaults.
func TestStubs(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "stubs.py"))
	if err != nil {
		t.Fatal(err)
	}
	if out := script(t, true, string(b)); out != "" {
		t.Error("\n" + out)
	}
}

// drgn --stubs writes files that Python can parse, with the texts of help().
func TestWrittenStubs(t *testing.T) {
	dir := t.TempDir()
	out := script(t, false, `
import ast, os, drgn._stubs
dir = `+strconv.Quote(dir)+`
count = drgn._stubs.write(dir)
paths = [os.path.join(base, f) for base, _, files in os.walk(dir) for f in files if f.endswith(".pyi")]
print(count == len(paths) > 70)
for path in paths:
    ast.parse(open(path).read(), path)
`)
	if out != "True\n" {
		t.Fatal(out)
	}
	for name, wants := range map[string][]string{
		"drgn/__init__.pyi":              {`"""Programmable debugger: walk`, "def container_of(ptr: Object, type: Union[str, Type], member: str) -> Object:\n    \"\"\"Return a pointer", "class FaultError(Exception):\n    \"\"\"Memory"},
		"drgn/helpers/linux/pid.pyi":     {"@overload\ndef find_task(ns: Object, pid: IntegerLike) -> Object:\n    \"\"\"Return the task"},
		"drgn/helpers/common/format.pyi": {"file: Optional[TextIO] = None) -> None:\n    \"\"\"Print rows"},
	} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(b), want) {
				t.Errorf("%s has no %q:\n%.2000s", name, want, b)
			}
		}
	}
}
