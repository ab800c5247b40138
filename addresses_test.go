package drgn_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// loadRelocatable makes a program that has loaded a relocatable file, its sections at the addresses given, as a kernel
// loads a module.
func loadRelocatable(t *testing.T, path, cacheDir string, sections map[string]uint64) *drgn.Program {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := drgn.New(arch.PlatformOf(f.Machine, f.Data[4], f.Data[5]))
	p.SetCacheDir(cacheDir)
	ranges := []mem.Range{}
	for name, at := range sections {
		s := f.Section(name)
		data, err := f.RelocatedData(s, func(i int) uint64 { return sections[f.Sections[i].Name] })
		if !s.HasData() {
			data, err = make([]byte, s.Size), nil
		}
		if err != nil {
			t.Fatal(name, err)
		}
		if err := p.Memory().Add(mem.BytesSegment(at, slices.Clone(data), false)); err != nil {
			t.Fatal(err)
		}
		ranges = append(ranges, mem.Range{Min: at, Max: at + s.Size - 1})
	}
	slices.SortFunc(ranges, func(a, b mem.Range) int { return int(int64(a.Min>>4) - int64(b.Min>>4)) })
	m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.RelocatableModule, Name: "mod", ID: ranges[0].Min, Ranges: ranges,
		Sections: func() (map[string]uint64, error) { return sections, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.TryFile(path); err != nil {
		t.Fatal(err)
	}
	if !m.HasDebugInfo() {
		t.Fatal("no debugging information in", path)
	}
	return p
}

// frames says what the program knows of the code at an address: functions, lines and locals, the innermost first.
func framesAt(t *testing.T, p *drgn.Program, pc uint64) string {
	t.Helper()
	trace, err := p.StackTraceFromPCs([]uint64{1, pc + 1}) // the second is one that a call returns to
	if err != nil {
		t.Fatal(err)
	}
	if trace.Err != nil {
		t.Error(trace.Err)
	}
	var out []string
	for f := range trace.Frames() {
		if f.Index() == 0 {
			continue
		}
		name, _ := f.FunctionName()
		line := 0
		if s, err := f.Source(); err == nil {
			line = s.Line
		}
		locals, err := f.Locals()
		if err != nil {
			t.Error(err)
		}
		out = append(out, fmt.Sprintf("%s:%d %s", name, line, strings.Join(locals, ",")))
	}
	return strings.Join(out, "; ")
}

// A module's file lies elsewhere in the next boot of the same kernel: what a cached index says must hold there, too.
// Lines and inlined functions are those that addr2line says, addresses those of nm, values those of mod.c.
func TestRelocatablePlacements(t *testing.T) {
	const twiceInWork, work = "twice:13 x,doubled; work:19 n,sum", "work:21 n,sum"
	for _, file := range []struct {
		name  string
		bases [2]uint64
		code  map[string]map[uint64]string // section → offset → frames
	}{
		{"mod.gcc-O2-5", [2]uint64{0xffffffffc0100000, 0xffffffffc0983000}, map[string]map[uint64]string{
			".text":      {0: twiceInWork, 8: "twice:12 x,doubled; work:19 n,sum", 0xb: "work:20 n,sum", 0x14: twiceInWork, 0x1b: work},
			".init.text": {0: "twice:12 x,doubled; start:26 first,result", 4: "twice:13 x,doubled; start:26 first,result", 0x11: "start:27 first,result"},
		}},
		{"mod.gcc-m32-O2-4", [2]uint64{0xf0100000, 0xf8983000}, map[string]map[uint64]string{
			".text":      {0: "work:18 n,sum", 4: twiceInWork, 0xb: "twice:12 x,doubled; work:19 n,sum", 0xe: "work:20 n,sum"},
			".init.text": {0: "twice:12 x,doubled; start:26 first,result", 4: "twice:12 x,doubled; start:26 first,result", 0xc: "start:27 first,result"},
		}},
	} {
		path := filepath.Join("testdata/programs", file.name)
		// The sections lie in another order, and in one of the two without what was freed after the start.
		first := map[string]uint64{".text": 0x0, ".data": 0x2000, ".bss": 0x3000, ".rodata": 0x4000, ".data..percpu": 0x5000}
		second := map[string]uint64{".text": 0x7000, ".data": 0x1000, ".bss": 0x500, ".rodata": 0x6000, ".data..percpu": 0x100, ".init.text": 0x7800, ".init.data": 0x20}
		for name := range first {
			first[name] += file.bases[0]
		}
		for name := range second {
			second[name] += file.bases[1]
		}
		for _, order := range [][]map[string]uint64{{first, second}, {second, first}} {
			dir := t.TempDir()
			for i, sections := range order {
				p := loadRelocatable(t, path, dir, sections)
				what := fmt.Sprintf("%s opened as number %d at %#x", file.name, i, sections[".text"])
				for section, frames := range file.code {
					base, loaded := sections[section]
					for offset, want := range frames {
						if !loaded {
							continue
						}
						if got := framesAt(t, p, base+offset); got != want {
							t.Errorf("%s: %s+%#x: %q, want %q", what, section, offset, got, want)
						}
					}
				}
				if got := framesAt(t, p, file.bases[i^1]+0x20000); got != "" && got != ":0 " {
					t.Errorf("%s: elsewhere there is %q", what, got)
				}
				for name, want := range map[string]uint64{"total": sections[".bss"], "work": sections[".text"], "counter": sections[".data..percpu"],
					"gone": sections[".init.data"], "start": sections[".init.text"], "seen": sections[".data"]} {
					at, ok := p.Object(name).Address()
					if ok != (want != 0) || at != want {
						t.Errorf("%s: %s is at %#x, %v; want %#x", what, name, at, ok, want)
					}
					if why, absent := p.Object(name).Absent(); absent != (want == 0) || absent && why != drgn.OtherAbsence {
						t.Errorf("%s: %s of a section that was not loaded is %v", what, name, p.Object(name))
					}
				}
				wantInt(t, p.Object("seen").Index(3), 4)
				wantInt(t, p.Object("pointer").Deref(), 3)
			}
			if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
				t.Errorf("%s: files in the cache: %v, %v; want one index", file.name, list, err)
			}
		}
	}
}
