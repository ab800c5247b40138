package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestMirrorOf(t *testing.T) {
	for _, test := range []struct{ name, text, mirror, keyring string }{
		{"deb822", "Types: deb\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm\nSigned-By: /k.gpg\n\n", "http://mirror.example/debian", "/k.gpg"},
		{"deb822, security first", "URIs: http://m/debian-security\nSigned-By: /s.gpg\n\nURIs: http://m/debian http://n/debian\n", "http://m/debian", ""},
		{"one line", "# deb http://old/debian x main\ndeb [arch=amd64 signed-by=/k.gpg] https://m/debian/ bookworm main\n", "https://m/debian/", "/k.gpg"},
		{"one line, no options", "deb http://m/debian bookworm main\n", "http://m/debian", ""},
		{"another archive", "deb https://packages.example/apt stable main\n", "", ""},
	} {
		mirror, keyring := mirrorOf(test.text)
		if mirror != test.mirror || keyring != test.keyring {
			t.Errorf("%s: %q %q, want %q %q", test.name, mirror, keyring, test.mirror, test.keyring)
		}
	}
}

func TestReleases(t *testing.T) {
	packages := []string{
		"linux-image-6.12.9+deb13-cloud-amd64-dbg", "linux-image-6.12.9+deb13-cloud-amd64-unsigned",
		"linux-image-6.12.10+deb13-cloud-amd64-unsigned", "linux-image-6.12.10+deb13-cloud-amd64-dbg",
		"linux-image-6.12.10+deb13.1-cloud-amd64-dbg",
		"linux-image-6.12.11+deb13-amd64-dbg", "linux-image-6.12.11+deb13-amd64-unsigned",
		"linux-image-6.12.12+deb13-cloud-amd64-unsigned",
		"linux-image-6.12.12+deb13-cloud-arm64-unsigned", "linux-image-6.12.12+deb13-cloud-arm64-dbg",
		"linux-image-6.1.0-47-cloud-amd64-dbg", "linux-image-6.1.0-47-cloud-amd64-unsigned", "linux-image-6.1-cloud-amd64-dbg",
		"linux-image-7.2.13+deb14-cloud-amd64", "linux-image-7.2.13+deb14-cloud-amd64-dbg", "linux-modules-7.2.13+deb14-cloud-amd64",
		"linux-binary-7.2.13+deb14-cloud-amd64", "linux-binary-unsigned-7.2.13+deb14-cloud-amd64", "linux-base-7.2.13+deb14-cloud-amd64",
		"linux-image-6.12.11+deb13-rt-amd64-dbg", "linux-image-6.12.11+deb13-rt-amd64-unsigned",
		"linux-image-7.3.1+deb14-cloud-amd64-dbg", "linux-binary-unsigned-7.3.1+deb14-cloud-amd64", // without its modules
	}
	for _, test := range []struct {
		name  string
		among []string
		of    series
		want  []release
	}{
		{"numbers, not letters; newest first", packages, series{name: "6.12", flavour: cloud, board: amd64}, []release{
			{"6.12.10+deb13-cloud-amd64", []string{"linux-image-6.12.10+deb13-cloud-amd64-unsigned", "linux-image-6.12.10+deb13-cloud-amd64-dbg"}},
			{"6.12.9+deb13-cloud-amd64", []string{"linux-image-6.12.9+deb13-cloud-amd64-unsigned", "linux-image-6.12.9+deb13-cloud-amd64-dbg"}},
		}},
		{"6.1 is not 6.12", packages, series{name: "6.1", flavour: cloud, board: amd64}, []release{
			{"6.1.0-47-cloud-amd64", []string{"linux-image-6.1.0-47-cloud-amd64-unsigned", "linux-image-6.1.0-47-cloud-amd64-dbg"}},
		}},
		{"image and modules apart", packages[13:], newest, []release{
			{"7.2.13+deb14-cloud-amd64", []string{"linux-binary-unsigned-7.2.13+deb14-cloud-amd64", "linux-base-7.2.13+deb14-cloud-amd64",
				"linux-image-7.2.13+deb14-cloud-amd64-dbg", "linux-modules-7.2.13+deb14-cloud-amd64"}},
		}},
		{"none is whole, or of this flavour", packages[4:10], newest, nil},
		{"another machine", packages, series{name: "6.12-arm64", flavour: "cloud-arm64", board: arm64}, []release{
			{"6.12.12+deb13-cloud-arm64", []string{"linux-image-6.12.12+deb13-cloud-arm64-unsigned", "linux-image-6.12.12+deb13-cloud-arm64-dbg"}},
		}},
		{"generic, not cloud", packages, series{name: "6.12-generic", flavour: "amd64", board: amd64}, []release{
			{"6.12.11+deb13-amd64", []string{"linux-image-6.12.11+deb13-amd64-unsigned", "linux-image-6.12.11+deb13-amd64-dbg"}},
		}},
		{"not signed", []string{"linux-image-6.12.11+deb13-s390x", "linux-image-6.12.11+deb13-s390x-dbg"}, series{name: "6.12-s390x", flavour: "s390x", board: s390x}, []release{
			{"6.12.11+deb13-s390x", []string{"linux-image-6.12.11+deb13-s390x", "linux-image-6.12.11+deb13-s390x-dbg"}},
		}},
		{"not signed, image and modules apart", []string{"linux-image-7.2.13+deb14-s390x", "linux-image-7.2.13+deb14-s390x-dbg", "linux-modules-7.2.13+deb14-s390x",
			"linux-binary-7.2.13+deb14-s390x", "linux-base-7.2.13+deb14-s390x", "linux-image-7.3.1+deb14-s390x", "linux-image-7.3.1+deb14-s390x-dbg", "linux-modules-7.3.1+deb14-s390x"},
			series{name: "newest-s390x", flavour: "s390x", board: s390x}, []release{
				{"7.2.13+deb14-s390x", []string{"linux-binary-7.2.13+deb14-s390x", "linux-base-7.2.13+deb14-s390x",
					"linux-image-7.2.13+deb14-s390x-dbg", "linux-modules-7.2.13+deb14-s390x"}},
			}},
	} {
		got := releases(test.among, test.of)
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		for _, r := range got {
			if r.image() != r.packages[0] {
				t.Errorf("%s: the image of %s is in %s, want %s", test.name, r.name, r.image(), r.packages[0])
			}
		}
	}
}

// Sets of cores of one flavour or machine don't push those of another out of the cache.
func TestLineOf(t *testing.T) {
	for name, want := range map[string]string{
		"6.12.117+deb13-cloud-amd64-17ef5e6305db": "6.12-cloud-amd64",
		"6.12.117+deb13-cloud-amd64":              "6.12-cloud-amd64",
		"6.12.117+deb13-cloud-amd64.new":          "6.12-cloud-amd64.new",
		"6.12.117+deb13-amd64-17ef5e6305db":       "6.12-amd64",
		"6.12.117+deb13-cloud-arm64-8b7ce4cb9c55": "6.12-cloud-arm64",
		"6.1.0-57-amd64":                          "6.1-amd64",
		"5.10.0-43-cloud-amd64":                   "5.10-cloud-amd64",
	} {
		if got := lineOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCpio(t *testing.T) {
	var out bytes.Buffer
	c := &cpio{w: &out}
	c.add("ab", 0o100644, []byte("12345"))
	c.add("TRAILER!!!", 0, nil)
	if c.err != nil {
		t.Fatal(c.err)
	}
	text := out.String()
	if len(text)%4 != 0 || !strings.HasPrefix(text, "070701") || strings.Count(text, "070701") != 2 {
		t.Errorf("%q", text)
	}
	// 110 bytes of header and the name with its NUL are padded to 116, the data to 8.
	if text[116:124] != "12345\x00\x00\x00" || text[124:130] != "070701" {
		t.Errorf("data or padding out of place: %q", text)
	}
}

// A file as QEMU 7.2 writes it: the program headers do not follow the ELF header.
func TestUsualELF(t *testing.T) {
	var in bytes.Buffer
	note, memory := []byte("notes 123456"), append(make([]byte, 200<<10), "end"...)
	header := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1},
		Type:  uint16(elf.ET_CORE), Machine: uint16(elf.EM_X86_64), Version: 1,
		Phoff: 128, Ehsize: 8, Phentsize: 56, Phnum: 2,
	}
	programs := []elf.Prog64{
		{Type: uint32(elf.PT_NOTE), Off: 256, Filesz: uint64(len(note)), Memsz: uint64(len(note))},
		{Type: uint32(elf.PT_LOAD), Off: 300, Paddr: 0x1000, Filesz: uint64(len(memory)), Memsz: uint64(len(memory))},
	}
	for _, part := range []any{header, make([]byte, 64), programs, make([]byte, 16), note, make([]byte, 300-256-len(note)), memory} {
		if err := binary.Write(&in, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, in.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := usualELF(from, to); err != nil {
		t.Fatal(err)
	}
	f, err := elf.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, want := range [][]byte{note, memory} {
		got := make([]byte, f.Progs[i].Filesz)
		if _, err := f.Progs[i].ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
			t.Errorf("segment %d: %v, %d bytes", i, err, len(got))
		}
	}
	if f.Progs[1].Paddr != 0x1000 || f.Progs[1].Off%4096 != 0 {
		t.Errorf("segment 1: %+v", f.Progs[1].ProgHeader)
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if size := binary.LittleEndian.Uint16(text[52:]); size != 64 {
		t.Errorf("an ELF header of %d bytes", size)
	}
}
