package attach_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
)

// TestUnknownORC has a vmlinux whose .orc_header is that of no kernel known. Its stacks are the same as long as the entries
// are of a known layout. If they aren't, they are left out,
// and a stack ends where it needs them and says why.
func TestUnknownORC(t *testing.T) {
	plain, err := plainVmlinux()
	if err != nil {
		t.Fatal(err)
	}
	stack := func(change func(header, entries []byte)) string {
		t.Helper()
		data, err := os.ReadFile(plain)
		if err != nil {
			t.Fatal(err)
		}
		f, err := elf.Parse("vmlinux", data)
		if err != nil {
			t.Fatal(err)
		}
		section := func(name string) []byte {
			s := f.Section(name)
			return data[s.Offset : s.Offset+s.Size]
		}
		change(section(".orc_header"), section(".orc_unwind"))
		path := filepath.Join(t.TempDir(), "vmlinux")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := attach.Core(filepath.Join(fixture, "vmcore"), attach.Options{Symbols: []string{path}, NoDefaultSymbols: true, CacheDir: "-"})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		trace, err := p.StackTrace(1)
		if err != nil {
			t.Fatal(err)
		}
		text := trace.String()
		if trace.Err != nil && !strings.HasSuffix(text, "\n["+trace.Err.Error()+"]") {
			t.Errorf("%s\ndoes not end with %v", text, trace.Err)
		}
		return text
	}
	want := stack(func(_, _ []byte) {})
	if got := stack(func(header, _ []byte) { header[0]++ }); got != want || strings.Contains(got, "[") {
		t.Errorf("another header:\n%s\nwant\n%s", got, want)
	}
	got := stack(func(header, entries []byte) {
		header[0]++
		entries[4] = 0x0b // a base that no kernel has
	})
	frames, doubt, _ := strings.Cut(got, "\n[")
	// This stack has no inline assembly that DWARF doesn't know of, but an entry in assembly, of which only ORC knows.
	if frames+"\n#10 0x460a63" != want || !strings.HasPrefix(doubt, "the stack goes on: ") ||
		!strings.Contains(doubt, ".orc_header ff5d32bf581bd63b2ca9a5c65ba5a625eab3fe24 is that of no kernel known, and the entries fit no known layout") {
		t.Errorf("another layout:\n%s\nwant\n%s", got, want)
	}
}
