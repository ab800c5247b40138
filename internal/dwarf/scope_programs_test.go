package dwarf

import (
	"bytes"
	stddwarf "debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var programs = []string{"v2", "v3", "v4", "v5", "v5-unoptimized", "v5-64bit", "v5-views", "i386"}

func openProgram(tb testing.TB, name string) (*File, *elf.File) {
	tb.Helper()
	image, err := os.ReadFile("testdata/scopes/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		tb.Fatal(err)
	}
	f, err := Open(loadELF(tb, image))
	if err != nil {
		tb.Fatal(err)
	}
	return f, e
}

// stdScope is a scope as the standard library reads it.
type stdScope struct {
	name     string
	tag      stddwarf.Tag
	ranges   [][2]uint64
	call     string
	children []*stdScope
}

// stdScopes reads the functions of a program and what is in them.
func stdScopes(tb testing.TB, d *stddwarf.Data) *stdScope {
	tb.Helper()
	name := func(e *stddwarf.Entry) string {
		for {
			if n, ok := e.Val(stddwarf.AttrName).(string); ok {
				return n
			}
			off, ok := e.Val(stddwarf.AttrAbstractOrigin).(stddwarf.Offset)
			if !ok {
				off, ok = e.Val(stddwarf.AttrSpecification).(stddwarf.Offset)
			}
			if !ok {
				return ""
			}
			r := d.Reader()
			r.Seek(off)
			var err error
			if e, err = r.Next(); err != nil {
				tb.Fatal(err)
			}
		}
	}
	root := &stdScope{}
	stack := []*stdScope{root}
	var files []*stddwarf.LineFile
	for r := d.Reader(); ; {
		e, err := r.Next()
		if err != nil {
			tb.Fatal(err)
		}
		if e == nil {
			return root
		}
		if e.Tag == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		if e.Tag == stddwarf.TagCompileUnit {
			lr, err := d.LineReader(e)
			if err != nil {
				tb.Fatal(err)
			}
			files = lr.Files()
		}
		s := &stdScope{name: name(e), tag: e.Tag}
		if s.ranges, err = d.Ranges(e); err != nil {
			tb.Fatal(err)
		}
		if file, ok := e.Val(stddwarf.AttrCallFile).(int64); ok {
			column, _ := e.Val(stddwarf.AttrCallColumn).(int64)
			s.call = fmt.Sprintf("%s:%d:%d", files[file].Name, e.Val(stddwarf.AttrCallLine), column)
		}
		top := stack[len(stack)-1]
		top.children = append(top.children, s)
		if e.Children {
			stack = append(stack, s)
		}
	}
}

// find describes the scopes around pc: functions by their names, and blocks as {}.
func (s *stdScope) find(pc uint64, nested bool) string {
	for _, c := range s.children {
		in := slices.ContainsFunc(c.ranges, func(r [2]uint64) bool { return r[0] <= pc && pc < r[1] })
		switch c.tag {
		case stddwarf.TagCompileUnit:
			if in {
				if found := c.find(pc, false); found != "" {
					return found
				}
				return c.find(pc, true)
			}
		case stddwarf.TagSubprogram:
			if in && s.tag == stddwarf.TagCompileUnit || in && nested {
				return c.name + c.find(pc, false)
			}
			if nested {
				if found := c.find(pc, true); found != "" {
					return found
				}
			}
		case stddwarf.TagInlinedSubroutine:
			if in && !nested {
				return fmt.Sprintf(" (%s) %s", c.call, c.name) + c.find(pc, false)
			}
		case stddwarf.TagLexDwarfBlock:
			if in && !nested {
				return "{}" + c.find(pc, false)
			}
			if nested {
				if found := c.find(pc, true); found != "" {
					return found
				}
			}
		}
	}
	return ""
}

// TestPrograms compares the scopes and source positions of every address of some programs with what the standard
// library's reader and a search through all scopes find.
func TestPrograms(t *testing.T) {
	for _, name := range programs {
		f, e := openProgram(t, name)
		d, err := e.DWARF()
		if err != nil {
			t.Fatal(err)
		}
		std := stdScopes(t, d)
		text := e.Section(".text")
		const bias = 0x100000
		f.cfg.Addresses = Bias(bias)
		counts := map[int]int{}
		for pc := text.Addr; pc < text.Addr+text.Size; pc++ {
			fns, err := f.Functions(pc + bias)
			if err != nil {
				t.Fatal(err)
			}
			at, err := f.Sources(pc + bias)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for i := len(fns) - 1; i >= 0; i-- {
				if fns[i].Inline {
					got += fmt.Sprintf(" (%s:%d:%d) ", at[i+1].File, at[i+1].Line, at[i+1].Column)
				}
				got += fns[i].Name + strings.Repeat("{}", len(fns[i].Scopes)-1)
			}
			if want := std.find(pc, false); got != want {
				t.Errorf("%s: %#x is in %s, not %s", name, pc, got, want)
			}
			counts[len(fns)]++
		}
		if counts[1] == 0 || counts[2] == 0 || counts[3] == 0 {
			t.Errorf("%s: functions an address: %v", name, counts)
		}
	}
}

// TestSkeleton: the functions are in another file, which is not there; the lines are known all the same.
func TestSkeleton(t *testing.T) {
	f, e := openProgram(t, "v5-skeleton")
	if whole, _ := openProgram(t, "v5"); len(f.Missing()) != 1 || len(whole.Missing()) != 0 {
		t.Errorf("what is missing: %v, and of one that is not split: %v", f.Missing(), whole.Missing())
	}
	fns, err := f.Functions(e.Entry)
	if len(fns) != 0 || err != nil {
		t.Errorf("functions %v, %v", fns, err)
	}
	at, err := f.Sources(e.Entry)
	if err != nil || len(at) != 1 || at[0].File != "/src/scopes.c" || at[0].Line != 74 {
		t.Errorf("sources %v, %v", at, err)
	}
}
