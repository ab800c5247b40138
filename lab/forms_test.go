package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"testing"
)

// The other headers stay as they are, and what is no such dump is refused.
func TestEraseNotes(t *testing.T) {
	kdump := make([]byte, 8192)
	copy(kdump, "KDUMP   ")
	for i := range 64 {
		kdump[4096+i] = byte(i + 1)
	}
	want := bytes.Clone(kdump)
	clear(want[4096+32 : 4096+48]) // offset_vmcoreinfo and size_vmcoreinfo
	if err := eraseKdumpNote(kdump); err != nil || !bytes.Equal(kdump, want) {
		t.Errorf("%v, % x", err, kdump[4096:4096+64])
	}
	if err := eraseKdumpNote(kdump); err == nil {
		t.Error("no error where there is none any more")
	}
	if err := eraseKdumpNote(make([]byte, 8192)); err == nil {
		t.Error("no error of another format")
	}
	notes := []byte("CORE\x00\x00VMCOREINFO\x00OSRELEASE=VMCOREINFO\n")
	if err := eraseELFNote(notes); err != nil || string(notes) != "CORE\x00\x00XMCOREINFO\x00OSRELEASE=VMCOREINFO\n" {
		t.Errorf("%v, %q", err, notes)
	}
	if err := eraseELFNote(notes); err == nil {
		t.Error("no error where there is none any more")
	}
}

func TestQuoted(t *testing.T) {
	for _, text := range []string{"a b", "it's", `$x "\`, ""} {
		said, err := exec.Command("sh", "-c", "printf %s "+quoted(text)).Output()
		if err != nil || string(said) != text {
			t.Errorf("%q: %q, %v", text, said, err)
		}
	}
}

func TestForms(t *testing.T) {
	names := make(map[string]bool)
	for _, f := range forms {
		if names[f.name] || f.what == "" || f.make == nil || f.lost != "" && f.says == "" {
			t.Errorf("form %q: twice, or something is missing", f.name)
		}
		names[f.name] = true
		if _, err := regexp.Compile(f.says); err != nil {
			t.Errorf("form %q: %v", f.name, err)
		}
	}
}
