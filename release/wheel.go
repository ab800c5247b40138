package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/arch"
)

// module is the extension module's file: any CPython from 3.11 on imports one of this name.
const module = "_drgn.abi3.so"

// makeWheel builds the engine as an extension module and puts it and package drgn into a wheel, which
// pip installs (https://packaging.python.org/en/latest/specifications/binary-distribution-format/).
func makeWheel(r release) ([]string, error) {
	tmp, err := os.MkdirTemp("", "wheel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	built := filepath.Join(tmp, module)
	if _, err := command(r.root, "go", "build", "-tags", "extension", "-buildmode=c-shared", "-trimpath",
		"-ldflags", "-s -w", "-o", built, "./cmd/drgn"); err != nil {
		return nil, err
	}
	library, err := os.ReadFile(built)
	if err != nil {
		return nil, err
	}
	platform, err := platformTag(library)
	if err != nil {
		return nil, err
	}
	w := wheel{version: r.version, tag: "cp311-abi3-" + platform, files: map[string][]byte{module: library}}
	if err := w.addSources(filepath.Join(r.root, "python", "lib")); err != nil {
		return nil, err
	}
	if err := w.addLicences(r.root); err != nil {
		return nil, err
	}
	data, err := w.pack()
	if err != nil {
		return nil, err
	}
	return []string{w.name()}, os.WriteFile(filepath.Join(r.out, w.name()), data, 0o644)
}

// platformTag returns the name of the systems that a shared object runs on: those with a glibc as new as the newest version of
// a symbol that it wants (PEP 600).
func platformTag(library []byte) (string, error) {
	f, err := elf.NewFile(bytes.NewReader(library))
	if err != nil {
		return "", err
	}
	newest, err := needsGlibc(f)
	if err != nil {
		return "", err
	}
	newest = max(newest, 17) // no tag is older
	names := arch.ByMachine(uint16(f.Machine), 0).Arch.Names.Uname
	if len(names) == 0 {
		return "", fmt.Errorf("no wheels are made for %v", f.Machine)
	}
	return fmt.Sprintf("manylinux_2_%d_%s", newest, names[0]), nil
}

// newestGlibc is what may be asked for at most, the 36 of Debian 12's 2.36.
const newestGlibc = 36

// needsGlibc returns the minor version of the GNU C library, 2.x, that an ELF file needs; 0 if it needs none.
func needsGlibc(f *elf.File) (int, error) {
	needs, err := f.DynamicVersionNeeds()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return 0, err
	}
	newest := 0
	for _, library := range needs {
		for _, need := range library.Needs {
			minor, ok := strings.CutPrefix(need.Dep, "GLIBC_2.")
			if !ok {
				continue
			}
			minor, _, _ = strings.Cut(minor, ".")
			n, err := strconv.Atoi(minor)
			if err != nil {
				return 0, fmt.Errorf("version of a symbol: %s", need.Dep)
			}
			newest = max(newest, n)
		}
	}
	if newest > newestGlibc {
		return 0, fmt.Errorf("it needs glibc 2.%d; Debian 12 has 2.%d: build on an older system", newest, newestGlibc)
	}
	return newest, nil
}

// A wheel is what will be in one.
type wheel struct {
	version, tag string
	files        map[string][]byte // by path
}

func (w *wheel) name() string { return "godrgn-" + w.version + "-" + w.tag + ".whl" }

func (w *wheel) info(name string) string { return "godrgn-" + w.version + ".dist-info/" + name }

// addSources adds package drgn. The start-up code is in the module.
func (w *wheel) addSources(lib string) error {
	return filepath.WalkDir(lib, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".py", ".pyi", ".typed"}, filepath.Ext(file)) || d.Name() == "_drgn_boot.py" {
			return err
		}
		rel, err := filepath.Rel(lib, file)
		if err != nil {
			return err
		}
		w.files[filepath.ToSlash(rel)], err = os.ReadFile(file)
		return err
	})
}

// addLicences adds the licences of all that may be compiled in, with the text that says which belongs to what.
func (w *wheel) addLicences(root string) error {
	texts, err := filepath.Glob(filepath.Join(root, "licences", "*.txt"))
	if err != nil {
		return err
	}
	for _, file := range append(texts, filepath.Join(root, "LICENSE"), filepath.Join(root, "NOTICE")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		w.files[w.info("licenses/"+filepath.Base(file))] = text
	}
	return nil
}

const metadata = `Metadata-Version: 2.1
Name: godrgn
Version: %s
Summary: Programmable debugger for the Linux kernel and processes: drgn's Python interface, with an engine in Go
License: Apache-2.0
Requires-Python: >=3.11
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: Implementation :: CPython
`

// pack returns the wheel's bytes, which depend on nothing but what is in it.
func (w *wheel) pack() ([]byte, error) {
	w.files[w.info("METADATA")] = fmt.Appendf(nil, metadata, w.version)
	w.files[w.info("WHEEL")] = []byte("Wheel-Version: 1.0\nGenerator: godrgn\nRoot-Is-Purelib: false\nTag: " + w.tag + "\n")
	w.files[w.info("entry_points.txt")] = []byte("[console_scripts]\ndrgn = drgn.__main__:main\ndrgn-crash = drgn.internal.crashcli:_main\n")
	var names []string
	for name := range w.files {
		names = append(names, name)
	}
	slices.Sort(names)
	record := w.info("RECORD")
	var lines strings.Builder
	for _, name := range names {
		sum := sha256.Sum256(w.files[name])
		fmt.Fprintf(&lines, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(w.files[name]))
	}
	lines.WriteString(record + ",,\n")
	contents := maps.Clone(w.files)
	contents[record] = []byte(lines.String())
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range append(names, record) { // the specification wants it last
		mode := fs.FileMode(0o644)
		if path.Ext(name) == ".so" {
			mode = 0o755
		}
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		header.SetMode(mode)
		f, err := z.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(contents[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
