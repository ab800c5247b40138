package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// A file is one of a release.
type file struct {
	installed string // its path on a system that a package is installed on: "usr/bin/drgn"; "" if packages leave it out
	unpacked  string // its path in the archive: "drgn"; "" if the archive leaves it out
	content   []byte
	program   bool
	licence   bool
}

const documents = "usr/share/doc/godrgn/"

// crashScript is drgn-crash: the program of that name that comes with drgn. It takes the drgn beside it.
const crashScript = "#!/bin/sh\nexec \"$(dirname -- \"$(readlink -f -- \"$0\")\")/drgn\" crash \"$@\"\n"

// contents returns the files of a release of a program. native is one that runs here.
func contents(src source, program, native string) ([]file, error) {
	ask := func(args ...string) ([]byte, error) {
		b, err := exec.Command(native, args...).Output()
		if err == nil && len(b) == 0 {
			err = errors.New("it prints nothing")
		}
		if err != nil {
			return nil, fmt.Errorf("drgn %s: %w", strings.Join(args, " "), err)
		}
		return b, nil
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	files := []file{{installed: "usr/bin/drgn", unpacked: "drgn", content: binary, program: true}}
	files = append(files, file{installed: "usr/bin/drgn-crash", unpacked: "drgn-crash", content: []byte(crashScript), program: true})
	for _, s := range []struct{ shell, installed, unpacked string }{
		{"bash", "usr/share/bash-completion/completions/drgn", "completions/drgn.bash"},
		{"fish", "usr/share/fish/vendor_completions.d/drgn.fish", "completions/drgn.fish"},
		{"zsh", "usr/share/zsh/vendor-completions/_drgn", "completions/_drgn"},
	} {
		b, err := ask("--completion", s.shell)
		if err != nil {
			return nil, err
		}
		files = append(files, file{installed: s.installed, unpacked: s.unpacked, content: b})
	}
	manual, err := ask("--manual")
	if err != nil {
		return nil, err
	}
	packed, err := gzipped(manual)
	if err != nil {
		return nil, err
	}
	files = append(files, file{installed: "usr/share/man/man1/drgn.1.gz", content: packed}, file{unpacked: "drgn.1", content: manual})

	for _, name := range []string{"README.md", "CHANGELOG.md", "NOTICE", "LICENSE"} {
		b, err := os.ReadFile(filepath.Join(src.root, name))
		if err != nil {
			return nil, err
		}
		f := file{installed: documents + name, unpacked: name, content: b, licence: name == "NOTICE" || name == "LICENSE"}
		if name == "NOTICE" {
			f.installed = documents + "copyright" // where Debian's policy wants it
		}
		files = append(files, f)
	}
	licences, err := filepath.Glob(filepath.Join(src.root, "licences", "*.txt"))
	if err != nil {
		return nil, err
	}
	if len(licences) == 0 {
		return nil, errors.New("no licences in " + filepath.Join(src.root, "licences"))
	}
	for _, name := range licences {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		base := "licences/" + filepath.Base(name)
		files = append(files, file{installed: documents + base, unpacked: base, content: b, licence: true})
	}
	return files, nil
}

func gzipped(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression) // its header has neither a name nor a time
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// directories returns the directories that files are in, parents before what they contain.
func directories(names []string) []string {
	var out []string
	seen := map[string]bool{".": true}
	for _, name := range names {
		var missing []string
		for dir := path.Dir(name); !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			missing = append([]string{dir}, missing...)
		}
		out = append(out, missing...)
	}
	return out
}
