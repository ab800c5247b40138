package main

import (
	"bytes"
	"os"
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
	if err := run(&out, prog, "DS"); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s", &out)
	}
	out.Reset()
	if err := run(&out, prog, "D"); err != nil || out.Len() > 0 {
		t.Errorf("%v, and of threads in state D, of which there are none:\n%s", err, &out)
	}
}
