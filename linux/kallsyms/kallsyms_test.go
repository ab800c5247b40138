package kallsyms_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// without returns VMCOREINFO of the bundled core without the lines in which a text is.
func without(t testing.TB, p *drgn.Program, text string) *vmcoreinfo.Info {
	t.Helper()
	raw, err := p.Object("VMCOREINFO").Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		if !strings.Contains(line, text) {
			lines = append(lines, line)
		}
	}
	return vmcoreinfo.Parse([]byte(strings.Join(lines, "")))
}

// A kernel whose VMCOREINFO does not say where its table is, as before v6.0, has it found by its shape: the same one.
func TestSearch(t *testing.T) {
	p := coretest.Open(t)
	want, err := kallsyms.Vmlinux(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, missing := range []string{"kallsyms", "kallsyms_num_syms"} {
		own, err := kallsyms.ReadOwn(p, without(t, p, missing))
		if err != nil {
			t.Fatal(err)
		}
		if got := own.Table().All(); !slices.Equal(got, want) {
			t.Errorf("without %s: %d symbols are found by search, %d by VMCOREINFO", missing, len(got), len(want))
		}
	}
	if _, err := kallsyms.ReadOwn(p, without(t, p, "SYMBOL(")); err == nil {
		t.Error("a table is found that nothing is known of")
	}
	lies := without(t, p, "kallsyms")
	lies = vmcoreinfo.Parse(append(bytes.TrimRight(lies.Raw(), "\x00"), "SYMBOL(_stext)=ffffffff80000000\n"...))
	if _, err := kallsyms.ReadOwn(p, lies); err == nil {
		t.Error("the table of another kernel is taken")
	}
}

// Symbols of the debug file have the same addresses and kinds.
func TestOwn(t *testing.T) {
	p := coretest.Open(t)
	own, err := kallsyms.ReadOwn(p, without(t, p, "-"))
	if err != nil {
		t.Fatal(err)
	}
	first, end, ok := own.Image()
	if !ok || first >= end {
		t.Fatalf("the image lies from %#x to %#x", first, end)
	}
	for _, name := range []string{"schedule", "init_task", "_stext", "runqueues", "nr_cpu_ids"} {
		want, err := p.Symbol(name)
		if err != nil {
			t.Fatal(err)
		}
		named := own.Named(name)
		if len(named) != 1 || named[0].Address != want.Address || want.Kind != named[0].Kind && want.Kind != drgn.SymbolUnknown && named[0].Kind != drgn.SymbolUnknown {
			t.Errorf("%s: %+v, want %+v", name, named, want)
			continue
		}
		at, ok := own.At(want.Address)
		if ok != (want.Address >= first) || ok && at.Address != want.Address {
			t.Errorf("at the address of %s: %+v, %v", name, at, ok)
		}
	}
	for _, address := range []uint64{0, first - 1, end, 1<<64 - 1} {
		if s, ok := own.At(address); ok {
			t.Errorf("%#x is in %+v", address, s)
		}
	}
	text, _ := p.Symbol("schedule")
	data, _ := p.Symbol("init_task")
	if !own.IsText(text.Address) || own.IsText(data.Address) {
		t.Error("code is told from data by its address")
	}
}

// The image of RISC-V begins with a head, before _text: the addresses are those of Debian's 6.12. A symbol _start that lies anywhere else
// is no such head.
func TestHead(t *testing.T) {
	const text = 0xffffffff80002000
	for start, want := range map[uint64]uint64{0xffffffff80000000: 0xffffffff80000000, text: text, text + 0x1000: text, 0: text, text - 16<<20: text} {
		if got := kallsyms.ImageFrom(text, start); got != want {
			t.Errorf("with _start at %#x the image begins at %#x, want %#x", start, got, want)
		}
	}
}

func BenchmarkReadOwn(b *testing.B) {
	p := coretest.Open(b)
	for how, info := range map[string]*vmcoreinfo.Info{"places": without(b, p, "-"), "search": without(b, p, "kallsyms")} {
		b.Run(how, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := kallsyms.ReadOwn(p, info); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
