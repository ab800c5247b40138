package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestWheel packs a wheel and reads it as pip does: RECORD lists every file but itself, with its hash and size.
func TestWheel(t *testing.T) {
	root := ".."
	version, err := versionOf(root)
	if err != nil {
		t.Fatal(err)
	}
	w := wheel{version: version, tag: "cp311-abi3-manylinux_2_34_x86_64", files: map[string][]byte{module: []byte("engine")}}
	if err := w.addSources(filepath.Join(root, "python", "lib")); err != nil {
		t.Fatal(err)
	}
	if err := w.addLicences(root); err != nil {
		t.Fatal(err)
	}
	data, err := w.pack()
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.pack()
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("a second time it is another wheel: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := files[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		files[f.Name] = string(text)
	}
	for _, name := range []string{module, "_drgn_main.py", "drgn/__init__.py", "drgn/__main__.py", "drgn/helpers/linux/pid.py", "drgn/helpers/linux/pid.pyi",
		w.info("METADATA"), w.info("WHEEL"), w.info("entry_points.txt"), w.info("licenses/NOTICE"), w.info("licenses/go.txt")} {
		if _, ok := files[name]; !ok {
			t.Errorf("%s is not there", name)
		}
	}
	record := files[w.info("RECORD")]
	var want strings.Builder
	for _, f := range z.File {
		if f.Name == w.info("RECORD") {
			want.WriteString(f.Name + ",,\n")
			continue
		}
		sum := sha256.Sum256([]byte(files[f.Name]))
		fmt.Fprintf(&want, "%s,sha256=%s,%d\n", f.Name, base64.RawURLEncoding.EncodeToString(sum[:]), len(files[f.Name]))
	}
	if record != want.String() {
		t.Errorf("RECORD is\n%s\nnot\n%s", record, want.String())
	}
}

func TestPlatformTag(t *testing.T) {
	if tag, err := platformTag([]byte("no shared object")); err == nil {
		t.Errorf("what is no ELF file is for %s", tag)
	}
}
