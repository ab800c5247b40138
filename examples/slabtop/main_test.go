package main

import (
	"bytes"
	"fmt"
	"os"
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
	if err := run(&out, prog, 8); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s", &out)
	}

	// The reference lists each cache as its name, the size of what is asked for and the size of an object.
	walks, err := os.ReadFile(core + "expected/walks.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(walks), "\nslab\n")
	list, _, _ = strings.Cut(list, "\ncgroups\n")
	caches, err := cachesOf(prog)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Split(list, "\n")); n != len(caches) {
		t.Errorf("%d caches, the reference has %d", len(caches), n)
	}
	for _, c := range caches {
		found := false
		for line := range strings.Lines(list) {
			f := strings.Fields(line)
			found = found || f[0] == c.Name && f[2] == fmt.Sprint(c.Size)
		}
		if !found {
			t.Errorf("cache %s of objects of %d bytes is not in the reference's list", c.Name, c.Size)
		}
	}
}
