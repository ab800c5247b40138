package deps

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines is how long a file may be, and maxFields how large a struct, without a
// reason in longFiles and largeStructs.
const (
	maxLines  = 800
	maxFields = 15
)

// longFiles are the files over maxLines, with the reason.
var longFiles = map[string]string{
	"python/lib/drgn/helpers/linux/mm.py": "generated: a def with its docstring for each public name of one module of drgn's",
}

// largeStructs are the structs over maxFields, as "file name", with the reason.
var largeStructs = map[string]string{
	"arch/arch.go Arch":                          "all that is a fact of an instruction set, in one value",
	"internal/dwarf/scan.go scanner":             "the state of one pass over a section",
	"internal/dwarf/unit.go Unit":                "what a unit's header says, field for field",
	"internal/kdump/header.go Header":            "what the format's headers say, field for field",
	"internal/kdump/kdumptest/kdumptest.go Dump": "a field for each thing a test may get wrong",
	"program.go Program":                         "where all that a program has comes together",
}

// namedForMachines are the files whose name makes Go build them on some machines
// only, with the reason.
var namedForMachines = map[string]string{}

// machines are the GOARCH values, past and present, that make Go leave a file out.
var machines = strings.Fields("386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm")

// sources calls visit for every file of the module with one of the suffixes.
func sources(t *testing.T, suffixes []string, visit func(name string, text []byte)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); file != root && (name == "testdata" || name[0] == '.') {
				return filepath.SkipDir
			}
			return nil
		}
		if !slices.Contains(suffixes, filepath.Ext(file)) {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		visit(filepath.ToSlash(name), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var generated = regexp.MustCompile(`(?m)^(//|#|/\*) Code generated .* DO NOT EDIT\.`)

func TestFileLengths(t *testing.T) {
	sources(t, []string{".go", ".c", ".h", ".py"}, func(name string, text []byte) {
		lines := bytes.Count(text, []byte("\n"))
		if _, reason := longFiles[name]; lines > maxLines && !reason && !generated.Match(text) {
			t.Errorf("%s has %d lines: split it, or give the reason in longFiles", name, lines)
		}
	})
}

func TestFileNames(t *testing.T) {
	sources(t, []string{".go"}, func(name string, _ []byte) {
		base := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(name), ".go"), "_test")
		_, last, found := cutLast(base, "_")
		if _, reason := namedForMachines[name]; found && slices.Contains(machines, last) && !reason {
			t.Errorf("%s is built on %s only: name it without the underscore, or give the reason in namedForMachines", name, last)
		}
	})
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// parsed calls visit for every Go file that is not generated.
func parsed(t *testing.T, tests bool, visit func(name string, files *token.FileSet, file *ast.File)) {
	t.Helper()
	sources(t, []string{".go"}, func(name string, text []byte) {
		if generated.Match(text) || !tests && strings.HasSuffix(name, "_test.go") {
			return
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		visit(name, files, file)
	})
}

func TestStructSizes(t *testing.T) {
	parsed(t, false, func(name string, _ *token.FileSet, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			key := name + " " + spec.Name.Name
			if _, reason := largeStructs[key]; fields.Fields.NumFields() > maxFields && !reason {
				t.Errorf("%s has %d fields: split it, or give the reason in largeStructs", key, fields.Fields.NumFields())
			}
			return true
		})
	})
}

func TestDocComments(t *testing.T) {
	documented := make(map[string]bool) // directory → has a package comment
	commands := make(map[string]bool)
	parsed(t, false, func(name string, files *token.FileSet, file *ast.File) {
		dir := filepath.Dir(name)
		documented[dir] = documented[dir] || file.Doc != nil
		if file.Name.Name == "main" {
			commands[dir] = true
			return
		}
		for _, decl := range file.Decls {
			for _, undocumented := range undocumentedIn(decl) {
				t.Errorf("%s: %s has no doc comment", files.Position(undocumented.Pos()), undocumented.Name)
			}
		}
	})
	for dir, has := range documented {
		if !has {
			t.Errorf("package %s has no doc comment (command: %v)", dir, commands[dir])
		}
	}
}

// wellKnown are methods that say the same on every type.
var wellKnown = []string{"Error", "String", "Unwrap", "Is"}

// undocumentedIn returns the exported names that a declaration leaves without comment.
func undocumentedIn(decl ast.Decl) []*ast.Ident {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Name.IsExported() && decl.Doc == nil && !slices.Contains(wellKnown, decl.Name.Name) && (decl.Recv == nil || ast.IsExported(receiver(decl.Recv.List[0].Type))) {
			return []*ast.Ident{decl.Name}
		}
	case *ast.GenDecl:
		var without []*ast.Ident
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && decl.Doc == nil && spec.Doc == nil {
					without = append(without, spec.Name)
				}
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					if name.IsExported() && decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						without = append(without, name)
					}
				}
			}
		}
		return without
	}
	return nil
}

// receiver returns the name of a receiver's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
