package deps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// stillInternal are what public packages have of internal ones, and why.
var stillInternal = map[string]string{
	"module.Config.Has":          hooks,
	"module.Config.Open":         hooks,
	"module.Files.Loaded":        hooks,
	"module.Files.Debug":         hooks,
	"module.Files.Symbols":       hooks,
	"module.Module.CodeInfo":     hooks,
	"module.Module.Info":         hooks,
	"module.Module.FindEntity":   hooks,
	"module.Module.SetFallback":  hooks,
	"module.Module.LoadedELF":    hooks,
	"module.Module.ReusableFile": hooks,
	"module.Set.OpenFile":        hooks,
	"module.Candidate.ELF":       hooks,
	"module.IsLoadable":          hooks,
	"debuginfo.Search.Finders":   hooks,
}

const (
	hooks = "the root, debuginfo and the personalities put modules together; others use what the root hands out"
)

// isInternal reports whether only this module can import a package.
func isInternal(path string) bool {
	return strings.HasPrefix(path, modulePath) && slices.Contains(strings.Split(path, "/"), "internal")
}

// Who uses the library can name every type that it hands out or takes: no exported function, method, field, variable or
// alias of a public package has a type of an internal one.
func TestPublicTypes(t *testing.T) {
	found := map[string]bool{}
	for _, p := range publicPackages(t) {
		name, _ := short(p.Path())
		checkPublic(p, func(where string, internal *types.TypeName) {
			where = name + "." + where
			found[where] = true
			if _, ok := stillInternal[where]; !ok {
				t.Errorf("%s has the type %s.%s, which its users can't name", where, strings.TrimPrefix(internal.Pkg().Path(), modulePath+"/"), internal.Name())
			}
		})
	}
	for where := range stillInternal {
		if !found[where] {
			t.Errorf("%s is an exception without need", where)
		}
	}
}

// publicPackages returns the packages that others can import, with their types as the compiler wrote them down.
func publicPackages(t *testing.T) []*types.Package {
	t.Helper()
	// Without cgo, python can't be compiled (-e) and has no types to look at.
	cmd := exec.Command("go", "list", "-e", "-export", "-deps", "-json=ImportPath,Name,Export", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	exports := map[string]string{}
	var public []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ ImportPath, Name, Export string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if _, ours := short(p.ImportPath); ours && p.Name != "main" && p.Export != "" && !isInternal(p.ImportPath) {
			public = append(public, p.ImportPath)
		}
	}
	read := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var packages []*types.Package
	for _, path := range public {
		p, err := read.Import(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 50 {
		t.Fatalf("only %d public packages", len(packages))
	}
	return packages
}

// checkPublic calls report for what is exported of a package and has an internal type.
func checkPublic(p *types.Package, report func(where string, internal *types.TypeName)) {
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		typeName, ok := object.(*types.TypeName)
		if !ok {
			mentions(object.Type(), func(in *types.TypeName) { report(name, in) })
			continue
		}
		if typeName.IsAlias() {
			mentions(object.Type(), func(in *types.TypeName) { report(name, in) })
			continue
		}
		named := object.Type().(*types.Named)
		for i := range named.TypeParams().Len() {
			mentions(named.TypeParams().At(i).Constraint(), func(in *types.TypeName) { report(name, in) })
		}
		for m := range named.Methods() {
			if m.Exported() {
				mentions(m.Type(), func(in *types.TypeName) { report(name+"."+m.Name(), in) })
			}
		}
		switch u := named.Underlying().(type) {
		case *types.Struct:
			for f := range u.Fields() {
				if f.Exported() {
					mentions(f.Type(), func(in *types.TypeName) { report(name+"."+f.Name(), in) })
				}
			}
		case *types.Interface:
			for m := range u.Methods() {
				if m.Exported() {
					mentions(m.Type(), func(in *types.TypeName) { report(name+"."+m.Name(), in) })
				}
			}
		default:
			mentions(u, func(in *types.TypeName) { report(name, in) })
		}
	}
}

// mentions calls found for the internal types that a type is made of.
func mentions(t types.Type, found func(*types.TypeName)) {
	tuple := func(list *types.Tuple) {
		for v := range list.Variables() {
			mentions(v.Type(), found)
		}
	}
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if o := t.Obj(); o.Pkg() != nil && isInternal(o.Pkg().Path()) {
			found(o)
		}
		for a := range t.TypeArgs().Types() {
			mentions(a, found)
		}
	case *types.Pointer:
		mentions(t.Elem(), found)
	case *types.Slice:
		mentions(t.Elem(), found)
	case *types.Array:
		mentions(t.Elem(), found)
	case *types.Chan:
		mentions(t.Elem(), found)
	case *types.Map:
		mentions(t.Key(), found)
		mentions(t.Elem(), found)
	case *types.Signature:
		for p := range t.TypeParams().TypeParams() {
			mentions(p.Constraint(), found)
		}
		tuple(t.Params())
		tuple(t.Results())
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				mentions(f.Type(), found)
			}
		}
	case *types.Interface:
		for m := range t.Methods() {
			mentions(m.Type(), found)
		}
		for e := range t.EmbeddedTypes() {
			mentions(e, found)
		}
	case *types.Union:
		for term := range t.Terms() {
			mentions(term.Type(), found)
		}
	}
}

// qualified finds names such as "walk.CycleError" in a comment.
var qualified = regexp.MustCompile(`\b([a-z]\w*)\.[A-Z]\w*`)

// A documented error is one that users can name.
func TestPublicComments(t *testing.T) {
	for _, p := range packages(t) {
		if p.Name == "main" || isInternal(p.ImportPath) {
			continue
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range internalNames(file) {
				t.Errorf("%s: %s", set.Position(file.Pos()).Filename, problem)
			}
		}
	}
}

// internalNames returns where the comments of exported declarations name what an imported internal package has.
func internalNames(file *ast.File) (problems []string) {
	internal := map[string]bool{}
	for _, i := range file.Imports {
		if path := strings.Trim(i.Path.Value, `"`); isInternal(path) {
			name := path[strings.LastIndex(path, "/")+1:]
			if i.Name != nil {
				name = i.Name.Name
			}
			internal[name] = true
		}
	}
	check := func(name string, doc *ast.CommentGroup) {
		for _, m := range qualified.FindAllStringSubmatch(doc.Text(), -1) {
			if ast.IsExported(name) && internal[m[1]] {
				problems = append(problems, fmt.Sprintf("the comment of %s names %s", name, m[0]))
			}
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			check(d.Name.Name, d.Doc)
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					check(s.Name.Name, d.Doc)
					check(s.Name.Name, s.Doc)
				case *ast.ValueSpec:
					check(s.Names[0].Name, d.Doc)
					check(s.Names[0].Name, s.Doc)
				}
			}
		}
	}
	return problems
}

func TestInternalNames(t *testing.T) {
	const source = `package p
import "github.com/godrgn/drgn/internal/walk"
// F fails with a *walk.CycleError, not a failure.CycleError.
func F() error { return walk.X }
// f fails with a *walk.CycleError.
func f() error { return walk.X }
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if got := internalNames(file); !slices.Equal(got, []string{"the comment of F names walk.CycleError"}) {
		t.Errorf("%q", got)
	}
}

func TestMentions(t *testing.T) {
	inside := types.NewPackage(modulePath+"/internal/x", "x")
	in := types.NewNamed(types.NewTypeName(token.NoPos, inside, "In", nil), types.NewStruct(nil, nil), nil)
	variable := func(t types.Type) *types.Var { return types.NewVar(token.NoPos, nil, "V", t) }
	hidden := types.NewVar(token.NoPos, nil, "v", in)
	alias := types.NewAlias(types.NewTypeName(token.NoPos, types.NewPackage(modulePath, "drgn"), "A", nil), in)
	for _, test := range []struct {
		t    types.Type
		want int
	}{
		{types.Typ[types.Int], 0}, {in, 1}, {alias, 1}, {types.NewPointer(in), 1}, {types.NewSlice(in), 1}, {types.NewMap(in, types.NewArray(in, 2)), 2},
		{types.NewChan(types.SendRecv, in), 1},
		{types.NewSignatureType(nil, nil, nil, types.NewTuple(variable(in)), types.NewTuple(variable(types.NewPointer(in))), false), 2},
		{types.NewStruct([]*types.Var{variable(in), hidden}, nil), 1},
		{types.NewUnion([]*types.Term{types.NewTerm(true, in)}), 1},
	} {
		n := 0
		mentions(test.t, func(o *types.TypeName) { n++ })
		if n != test.want {
			t.Errorf("%s mentions %d internal types, want %d", test.t, n, test.want)
		}
	}
}
