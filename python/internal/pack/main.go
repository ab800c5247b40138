// Command pack makes the committed files of package cpython from the module github.com/kluctl/go-embed-python: libpython
// as it is, and the standard library and our own package drgn as code marshalled by that very interpreter.
//
//	go run ./python/internal/pack          write them
//	go run ./python/internal/pack -check   fail when a committed file is not what would be written
package main

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "embed"
)

const (
	module  = "github.com/kluctl/go-embed-python"
	library = "python/internal/cpython/libpython3.14-linux-%s.so" // of a GOARCH
	frozen  = "python/internal/cpython/stdlib-3.14.bin"
	ours    = "python/internal/cpython/drgn-3.14.bin"
	licence = "licences/cpython.txt"
)

// machines are what the program can be built for, by Go's names; the first is the one that this command runs on.
var machines = []string{"amd64", "arm64"}

//go:embed pack.py
var packer []byte

func main() {
	check := flag.Bool("check", false, "compare with the committed files instead of writing them")
	out := flag.String("o", "", "the directory to write to (default: this module's root)")
	flag.Parse()
	if err := run(*out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run(out string, check bool) error {
	root, err := goCommand("list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	if out == "" {
		out = root
	}
	// Building fetches only modules that something is imported from, and go list knows no directory before.
	if _, err := goCommand("mod", "download", module); err != nil {
		return err
	}
	dir, err := goCommand("list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "python", "internal", "data")
	files, err := build(filepath.Join(data, "linux-"+machines[0]), filepath.Join(root, "python", "lib"))
	if err != nil {
		return err
	}
	for _, machine := range machines {
		name := fmt.Sprintf(library, machine)
		if files[name], err = libpython(filepath.Join(data, "linux-"+machine)); err != nil {
			return err
		}
	}
	for name, data := range files {
		path := filepath.Join(out, name)
		if check {
			have, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if !bytes.Equal(have, data) {
				return fmt.Errorf("%s is not what %s gives: run go generate in python", name, module)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s: %d bytes\n", name, len(data))
	}
	return nil
}

func goCommand(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(b)), nil
}

// libpython returns the library in the module's data for one system.
func libpython(data string) ([]byte, error) {
	lib, err := gunzip(filepath.Join(data, "lib", "libpython3.14.so.1.0.gz"))
	if err != nil {
		return nil, err
	}
	return lib, stripped(lib)
}

// build makes what is the same on all systems from the module's data for the one that this command runs on, and from the sources of
// package drgn.
func build(data, lib string) (map[string][]byte, error) {
	python, err := gunzip(filepath.Join(data, "bin", "python3.14.gz"))
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "pack-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	exe, script, dst := filepath.Join(tmp, "bin", "python3.14"), filepath.Join(tmp, "pack.py"), filepath.Join(tmp, "out")
	stdlib := filepath.Join(tmp, "lib", "python3.14")
	if err := os.Mkdir(filepath.Dir(exe), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(exe, python, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(script, packer, 0o600); err != nil {
		return nil, err
	}
	if err := copySources(stdlib, filepath.Join(data, "lib", "python3.14")); err != nil {
		return nil, err
	}
	pack := func(dir, prefix string) ([]byte, error) {
		cmd := exec.Command(exe, "-I", "-S", "-B", script, dir, prefix, dst)
		cmd.Env = []string{"PYTHONHASHSEED=0"}
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("pack.py: %w", err)
		}
		return os.ReadFile(dst)
	}
	code, err := pack(stdlib, "<python>/")
	if err != nil {
		return nil, err
	}
	own, err := pack(lib, "<drgn>/")
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(stdlib, "LICENSE.txt"))
	if err != nil {
		return nil, err
	}
	return map[string][]byte{frozen: code, ours: own, licence: text}, nil
}

func gunzip(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// stripped says whether the library holds nothing that a program does not need: it comes stripped.
func stripped(lib []byte) error {
	f, err := elf.NewFile(bytes.NewReader(lib))
	if err != nil {
		return err
	}
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 && s.Name != ".shstrtab" && s.Name != "" {
			return fmt.Errorf("libpython is not stripped: it has %s", s.Name)
		}
	}
	return nil
}

func copySources(dst, src string) error {
	return filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dst, rel), 0o700)
		}
		if !strings.HasSuffix(p, ".py") && d.Name() != "LICENSE.txt" {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dst, rel), b, 0o600)
	})
}
