package deps

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
)

// mayNameArchitectures are the files and directories that may ask for an architecture by name,
// with the reason.
var mayNameArchitectures = map[string]string{
	"arch":                 "it is what architectures are told by",
	"linux/internal":       "facts of the kernel on each architecture",
	"internal/elf/elftest": "writes files for tests",
	"internal/qmp/qmptest": "a server for tests",
	"internal/worldtest":   "makes kernels of several machines for tests",
	"release":              "names what is made for each machine",
	"lab":                  "boots an x86-64 machine",
	"internal/deps":        "has the list",
	"python/internal/pack": "packs libpython for each machine that the program is built for",
}

// architectures are the names that code outside the rooms for it must not ask for, machineNumbers the values of e_machine.
var architectures, machineNumbers = func() (names []string, numbers []uint64) {
	names = append(slices.Clone(machines), "x86-64", "armhf", "ppc64el", "powerpc")
	for _, a := range arch.All {
		names = slices.Concat(names, a.Names.Uname, []string{a.Names.QEMU}, a.Names.GOARCH)
		for _, m := range a.Machines {
			numbers = append(numbers, uint64(m))
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
	return names, append(numbers, 20) // EM_PPC
}()

// No package but those for it asks which architecture it has before it, or has a table of them: neither by a name, nor by
// ELF's machine number, nor by the machine the program was built for. It asks the arch.Arch for the fact.
func TestNoSwitchOnArchitectures(t *testing.T) {
	parsed(t, false, func(name string, files *token.FileSet, file *ast.File) {
		for place := range mayNameArchitectures {
			if name == place || strings.HasPrefix(name, place+"/") {
				return
			}
		}
		askedArchitectures(file, func(n ast.Node, what string) {
			t.Errorf("%s: asks for %s: that belongs into arch or linux/internal", files.Position(n.Pos()), what)
		})
	})
}

// askedArchitectures calls found for each place in a file that tells architectures apart.
func askedArchitectures(file *ast.File, found func(n ast.Node, what string)) {
	complain := func(e ast.Expr) {
		if what := architectureIn(e); what != "" {
			found(e, what)
		}
	}
	number := func(e ast.Expr) {
		if v, ok := integer(e); ok && slices.Contains(machineNumbers, v) {
			found(e, "machine "+strconv.FormatUint(v, 10))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SwitchStmt:
			for _, s := range n.Body.List {
				for _, e := range s.(*ast.CaseClause).List {
					complain(e)
					if n.Tag != nil && isMachine(n.Tag) {
						number(e)
					}
				}
			}
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				complain(n.X)
				complain(n.Y)
				if isMachine(n.X) {
					number(n.Y)
				}
				if isMachine(n.Y) {
					number(n.X)
				}
			}
		case *ast.ValueSpec:
			for i, v := range n.Values {
				if i < len(n.Names) && isMachine(n.Names[i]) {
					number(v)
				}
			}
		case *ast.CompositeLit:
			inTable(n, complain, number, found)
		}
		return true
	})
}

// inTable looks at a composite literal: a list or map of architectures by name; one with machine numbers as keys; or one
// of structures with a field for a machine number.
func inTable(n *ast.CompositeLit, complain, number func(ast.Expr), found func(ast.Node, string)) {
	machines, others := 0, 0
	for _, e := range n.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			complain(e)
			continue
		}
		complain(kv.Key)
		complain(kv.Value)
		if isMachine(kv.Key) {
			number(kv.Value)
		}
		if v, ok := integer(kv.Key); ok && slices.Contains(machineNumbers, v) {
			machines++
		} else {
			others++
		}
	}
	if machines > 1 && others == 0 {
		found(n, "machines by number")
	}
	element := n.Type
	switch t := element.(type) {
	case *ast.ArrayType:
		element = t.Elt
	case *ast.MapType:
		element = t.Value
	}
	s, ok := element.(*ast.StructType)
	if !ok {
		return
	}
	field := 0
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			if isMachine(name) {
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok {
						e = kv.Value
					}
					if row, ok := e.(*ast.CompositeLit); ok && field < len(row.Elts) {
						number(row.Elts[field])
					}
				}
			}
			field++
		}
	}
}

var machineName = regexp.MustCompile(`(?i)^(e_?|.*[a-z_])?machine$`)

// isMachine reports whether an expression is called a machine: x, f.Machine, u.EMachine(), uint16(machine).
func isMachine(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return machineName.MatchString(e.Name)
	case *ast.SelectorExpr:
		return isMachine(e.Sel)
	case *ast.CallExpr:
		return isMachine(e.Fun) || len(e.Args) == 1 && isMachine(e.Args[0])
	case *ast.ParenExpr:
		return isMachine(e.X)
	}
	return false
}

func integer(e ast.Expr) (uint64, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.INT {
		return 0, false
	}
	v, err := strconv.ParseUint(lit.Value, 0, 64)
	return v, err == nil
}

var machineConstant = regexp.MustCompile(`^EM_[A-Z0-9_]+$|^GOARCH$`)

// architectureIn returns what in an expression names an architecture, or "".
func architectureIn(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			if value, err := strconv.Unquote(e.Value); err == nil && slices.Contains(architectures, strings.ToLower(value)) {
				return e.Value
			}
		}
	case *ast.Ident:
		if machineConstant.MatchString(e.Name) && e.Name != "EM_NONE" {
			return e.Name
		}
	case *ast.SelectorExpr:
		if in := architectureIn(e.Sel); in != "" {
			return in
		}
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "arch" && slices.ContainsFunc(arch.All, func(a *arch.Arch) bool {
			return strings.EqualFold(strings.ReplaceAll(a.Name, "_", ""), strings.ReplaceAll(e.Sel.Name, "_", ""))
		}) {
			return "arch." + e.Sel.Name
		}
	}
	return ""
}

func TestAskedArchitectures(t *testing.T) {
	for _, test := range []struct {
		code string
		want int // places
	}{
		{`var m = map[uint16]string{3: "a", 62: "b"}`, 1},
		{`var m = [...]string{62: "b", 183: "c"}`, 1},
		{`var m = map[uint32]string{3: "a", 11: "b"}`, 0},
		{`var m = map[int]string{40: "forty"}`, 0},
		{`var m = []struct{ key string; machine uint16 }{{"kimage_voffset", 183}, {"other", 7}}`, 1},
		{`var m = []struct{ key string; size uint16 }{{"kimage_voffset", 183}}`, 0},
		{`var m = map[string]struct{ machine uint16 }{"a": {22}}`, 1},
		{`var m = map[string]uint16{"aarch64": 7}`, 1},
		{`var m = []string{"loongarch64"}`, 1},
		{`var m = header{Machine: 243, Size: 243}`, 1},
		{`const eMachine = 62`, 1},
		{`const size = 62`, 0},
		{`func f(h header) bool { return h.EMachine() != 3 }`, 1},
		{`func f(h header) bool { return 258 == uint16(h.machine) }`, 1},
		{`func f(h header) bool { return h.size == 62 || h.Machine == 0 || h.Machine == 7 }`, 0},
		{`func f(h header) { switch h.Machine { case 62, 183: } }`, 2},
		{`func f(h header) { switch h.kind { case 62, 183: } }`, 0},
		{`func f(a string) bool { return a == "arm64" }`, 1},
		{`func f(a *arch.Arch) bool { return a == arch.LoongArch64 }`, 1},
		{`func f(a *arch.Arch) bool { return a == arch.Unknown }`, 0},
		{`func f() { switch runtime.GOARCH { case "riscv64": } }`, 1},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+test.code, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		askedArchitectures(file, func(_ ast.Node, what string) { got = append(got, what) })
		if len(got) != test.want {
			t.Errorf("%s: finds %q, want %d places", test.code, got, test.want)
		}
	}
}
