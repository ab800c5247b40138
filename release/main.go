// Command release makes what a release of drgn consists of, in the root of a checkout:
//
//	go run ./release programs         archives, packages and bills of materials, for each machine
//	go run ./release wheel            the Python package, for CPython 3.11 and later
//	go run ./release -o DIR wheel     the same, in DIR instead of ./dist
//
// SHA256SUMS has the sums of all that is in the directory then. docs/RELEASING.md says how a release is made.
// What it makes from one commit is the same each time, byte for byte, if Go and the C compiler are the same.
package main

import (
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// A maker makes files in a directory and returns their names.
type maker func(r release) ([]string, error)

// makers are what can be asked for.
var makers = map[string]maker{"wheel": makeWheel, "programs": makePrograms}

// A release is what all parts of one have in common.
type release struct {
	root    string // the checkout
	out     string // where the files go
	version string
}

func main() {
	out := flag.String("o", "dist", "the `directory` for what is made")
	flag.Parse()
	if err := run(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(out string, parts []string) error {
	if len(parts) == 0 {
		return errors.New("what is to be made? programs, wheel")
	}
	root, err := command("", "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	version, err := versionOf(root)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, part := range parts {
		makePart, ok := makers[part]
		if !ok {
			return fmt.Errorf("there is no %q to be made", part)
		}
		names, err := makePart(release{root, out, version})
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
		for _, name := range names {
			fmt.Println(filepath.Join(out, name))
		}
	}
	return sums(out)
}

// sums writes SHA256SUMS of all other files in a directory, as sha256sum -c reads it.
func sums(dir string) error {
	entries, err := os.ReadDir(dir) // by name
	if err != nil {
		return err
	}
	var lines []byte
	for _, e := range entries {
		if e.Name() == sumsName || !e.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		lines = fmt.Appendf(lines, "%x  %s\n", sha256.Sum256(b), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, sumsName), lines, 0o644)
}

const sumsName = "SHA256SUMS"

var versionLine = regexp.MustCompile(`(?m)^const development = "([0-9.]+)"$`)

// versionOf returns the version that the source says it is.
func versionOf(root string) (string, error) {
	path := filepath.Join(root, "cmd", "drgn", "version.go")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	m := versionLine.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s: no version found", path)
	}
	return string(m[1]), nil
}

// command runs a program and returns what it prints.
func command(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
