package main

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The session in the README is what the program prints.
func TestReadmeSession(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	enabled, err := output(t.Context(), time.Minute, "go", "env", "CGO_ENABLED")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("gcc"); err != nil || enabled != "1\n" {
		t.Skip("the program needs cgo and a C compiler")
	}
	program := filepath.Join(t.TempDir(), "drgn")
	if _, err := outputIn(t.Context(), 10*time.Minute, root, "go", "build", "-o", program, "./cmd/drgn"); err != nil {
		t.Fatal(err)
	}
	said, err := outputIn(t.Context(), time.Minute, root, program, "-q", "-c", "testdata/tiny-6.12/vmcore", "lab/testdata/readme.py", "README.md")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Log(said)
}
