package dwarf

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godrgn/drgn/types"
)

// testC writes types as C does, enough to compare with what the reference printed.
type testC struct{ name string }

func (l *testC) Name() string { return l.name }

func (l *testC) TypeName(t *types.Type) string {
	s, err := l.Declaration(t, "")
	if err != nil {
		return err.Error()
	}
	return s
}

func (l *testC) Declaration(t *types.Type, name string) (string, error) {
	for {
		switch t.Kind() {
		case types.Pointer:
			if q := quals(t, false); q != "" {
				name = " " + q + name
			}
			name = "*" + strings.TrimRight(name, " ")
			if k := t.Elem().Kind(); k == types.Array || k == types.Function {
				name = "(" + name + ")"
			}
			t = t.Elem()
		case types.Array:
			if n, ok := t.Length(); ok {
				name += fmt.Sprintf("[%d]", n)
			} else {
				name += "[]"
			}
			t = t.Elem()
		case types.Function:
			ps, err := t.Parameters()
			if err != nil {
				return "", err
			}
			var args []string
			for _, p := range ps {
				s, err := p.Slot()
				if err != nil {
					return "", err
				}
				a, err := l.Declaration(s.Type, p.Name)
				if err != nil {
					return "", err
				}
				args = append(args, a)
			}
			if t.IsVariadic() {
				args = append(args, "...")
			} else if len(args) == 0 {
				args = []string{"void"}
			}
			name += "(" + strings.Join(args, ", ") + ")"
			t = t.Elem()
		default:
			s := quals(t, true)
			if t.Kind().IsCompound() || t.Kind() == types.Enum {
				s += t.Kind().String() + " " + t.Tag()
			} else {
				s += t.Name()
			}
			return strings.TrimRight(s+" "+name, " "), nil
		}
	}
}

func quals(t *types.Type, before bool) string {
	s := ""
	for _, q := range []struct {
		bit  types.Qualifiers
		text string
	}{{types.Const, "const"}, {types.Volatile, "volatile"}, {types.Restrict, "restrict"}, {types.Atomic, "_Atomic"}} {
		if t.Qualifiers()&q.bit != 0 {
			s += q.text + " "
		}
	}
	return s
}

// Definition writes a type out, also unnamed types in it.
func (l *testC) Definition(t *types.Type) (string, error) { return l.define(t, "", "") }

func (l *testC) define(t *types.Type, name, indent string) (string, error) {
	var b strings.Builder
	head := strings.TrimSpace(quals(t, true) + t.Kind().String() + " " + t.Tag())
	b.WriteString(head + " {\n")
	switch {
	case t.Kind() == types.Typedef:
		s, err := l.Declaration(t.Elem(), t.Name())
		if k := t.Elem(); (k.Kind().IsCompound() || k.Kind() == types.Enum) && k.Tag() == "" {
			s, err = l.define(k, t.Name(), indent)
		}
		return "typedef " + s, err
	case t.Kind() == types.Enum:
		es, err := t.Enumerators()
		if err != nil {
			return "", err
		}
		for _, e := range es {
			var v any = e.Value
			if t.Elem().Underlying().IsSigned() {
				v = int64(e.Value)
			}
			fmt.Fprintf(&b, "%s\t%s = %d,\n", indent, e.Name, v)
		}
	default:
		ms, err := t.Members()
		if err != nil {
			return "", err
		}
		for _, m := range ms {
			s, err := m.Slot()
			if err != nil {
				return "", err
			}
			base, dims := s.Type, ""
			for base.Kind() == types.Array {
				n, _ := base.Length()
				dims += fmt.Sprintf("[%d]", n)
				base = base.Elem()
			}
			var line string
			if (base.Kind().IsCompound() || base.Kind() == types.Enum) && base.Tag() == "" {
				line, err = l.define(base, m.Name+dims, indent+"\t")
			} else {
				line, err = l.Declaration(s.Type, m.Name)
			}
			if err != nil {
				return "", err
			}
			if s.BitFieldSize != 0 {
				line += fmt.Sprintf(" : %d", s.BitFieldSize)
			}
			fmt.Fprintf(&b, "%s\t%s;\n", indent, line)
		}
	}
	b.WriteString(indent + "}")
	if name != "" {
		b.WriteString(" " + name)
	}
	return b.String(), nil
}

func withTypes(cfg Config) Config {
	cfg.Set, cfg.C, cfg.CPP = types.NewSet(), &testC{"C"}, &testC{"C++"}
	return cfg
}

var anyKind = types.KindsOf(types.Int, types.Bool, types.Float, types.Typedef)

// findTest finds a type as C names it.
func findTest(f *File, name string) (*types.Type, error) {
	for _, k := range []types.Kind{types.Struct, types.Union, types.Class, types.Enum} {
		if tag, ok := strings.CutPrefix(name, k.String()+" "); ok {
			return f.FindType(types.KindsOf(k), tag, "")
		}
	}
	return f.FindType(anyKind, name, "")
}

// TestKernelTypes holds definitions and sizes against what the reference says.
func TestKernelTypes(t *testing.T) {
	f, err := Open(withTypes(kernelConfig()))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(fixture + "expected/types.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var name string
	var want []string
	n := 0
	check := func() {
		if name == "" {
			return
		}
		typ, err := findTest(f, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if strings.HasPrefix(want[0], "LookupError") {
			if typ != nil {
				t.Errorf("%s: found, want none", name)
			}
			return
		}
		if typ == nil {
			t.Errorf("%s: not found", name)
			return
		}
		got, err := f.cfg.C.Definition(typ)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		size, err := typ.Size()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got += fmt.Sprintf("\nsize %d", size)
		if w := strings.Join(want, "\n"); got != w {
			t.Errorf("%s:\n--- got\n%s\n--- want\n%s", name, got, w)
		}
		n++
	}
	for s := bufio.NewScanner(file); s.Scan(); {
		if next, ok := strings.CutPrefix(s.Text(), "## "); ok {
			check()
			name, want = next, nil
			continue
		}
		want = append(want, s.Text())
	}
	check()
	if n < 40 {
		t.Errorf("only %d types compared", n)
	}
}

// TestOneType checks that goroutines that ask at the same time, and DIEs of several units, get the same types.
func TestOneType(t *testing.T) {
	f, err := Open(withTypes(kernelConfig()))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"struct task_struct", "struct mm_struct", "struct file", "struct inode", "pid_t", "enum pid_type"}
	const workers = 8
	got := make([][]*types.Type, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for _, name := range names {
				typ, err := findTest(f, name)
				if err != nil || typ == nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if typ.Kind() == types.Struct {
					if _, err := typ.FindMember("no such member"); err == nil {
						t.Errorf("%s: found a member that is not there", name)
					}
				}
				got[i] = append(got[i], typ)
			}
		})
	}
	wg.Wait()
	for i := range got {
		if !slices.Equal(got[i], got[0]) {
			t.Error("two types for one DIE")
		}
	}
	// Every definition of the same structure in any unit is the same type.
	task := got[0][0]
	n := 0
	for u, err := range f.Units() {
		if err != nil {
			t.Fatal(err)
		}
		root, err := u.Root()
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range root.Children() {
			if err != nil {
				t.Fatal(err)
			}
			if d.Tag != TagStructureType {
				continue
			}
			if name, err := d.Name(); err != nil || name != "task_struct" {
				continue
			}
			if typ, err := f.TypeOf(d); err != nil || typ != task {
				t.Errorf("task_struct at %#x is another type: %v", d.Off, err)
			}
			n++
		}
	}
	if n < 2 {
		t.Errorf("only %d DIEs of task_struct", n)
	}
}
