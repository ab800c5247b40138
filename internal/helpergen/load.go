package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// A loader reads Go packages of the module as source.
type loader struct {
	root, modulePath string
	fset             *token.FileSet
	pkgs             map[string]*pkg // by import path
	structs          map[*ast.TypeSpec]*structType
}

// A pkg is a Go package.
type pkg struct {
	l          *loader
	path, name string
	files      []*ast.File
	types      map[string]typeDecl
	doc        string
	module     string // of Python; "" for a package without helpers
	funcNames  map[string]string
}

// A typeDecl is a declaration of a type, and the file whose imports it uses.
type typeDecl struct {
	spec *ast.TypeSpec
	doc  *ast.CommentGroup
	file *ast.File
}

// A module is a Python module.
type module struct {
	name    string // "drgn.helpers.linux.list"
	doc     string
	pkgs    []*pkg
	helpers []*helper
	structs []*structType
	foreign []*structType // those of other modules that its helpers return
	hand    []string      // names that hand-written Python adds
	// computed are the names of numbers that hand-written Python adds to the classes.
	computed map[string][]string
}

func newLoader(root string) (*loader, error) {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(mod)) {
		if path, ok := strings.CutPrefix(line, "module "); ok {
			return &loader{root, strings.TrimSpace(path), token.NewFileSet(), map[string]*pkg{}, map[*ast.TypeSpec]*structType{}}, nil
		}
	}
	return nil, errors.New("go.mod names no module")
}

// errorAt says where in the source something is wrong.
func (l *loader) errorAt(pos token.Pos, format string, args ...any) error {
	p := l.fset.Position(pos)
	if name, err := filepath.Rel(l.root, p.Filename); err == nil {
		p.Filename = filepath.ToSlash(name)
	}
	return fmt.Errorf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...))
}

// modules finds the packages with helpers and returns their Python modules in the order of their names.
func (l *loader) modules() ([]*module, error) {
	dirs := map[string]bool{}
	err := filepath.WalkDir(l.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			switch {
			case path == l.root:
			case strings.HasPrefix(name, "."), strings.HasPrefix(name, "_"), name == "internal", name == "testdata", name == "python", name == "lab":
				return fs.SkipDir
			}
			return nil
		}
		if !isSource(name) || dirs[filepath.Dir(path)] {
			return nil
		}
		src, err := os.ReadFile(path)
		if err == nil && bytes.Contains(src, []byte("\n//drgn:helper ")) {
			dirs[filepath.Dir(path)] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	byName := map[string]*module{}
	var errs []error
	for dir := range dirs {
		rel, err := filepath.Rel(l.root, dir)
		if err != nil {
			return nil, err
		}
		path := l.modulePath
		if rel != "." {
			path += "/" + filepath.ToSlash(rel)
		}
		p, err := l.load(path)
		if err != nil {
			return nil, err
		}
		m := byName[p.module]
		if m == nil {
			m = &module{name: p.module}
			byName[p.module] = m
		}
		m.pkgs = append(m.pkgs, p)
	}
	var modules []*module
	for _, m := range byName {
		modules = append(modules, m)
		sort.Slice(m.pkgs, func(i, j int) bool { return m.pkgs[i].path < m.pkgs[j].path })
		var docs []string
		for _, p := range m.pkgs {
			if p.doc != "" {
				docs = append(docs, pythonDoc(p.doc))
			}
			if err := p.collect(m); err != nil {
				errs = append(errs, err)
			}
		}
		m.doc = strings.Join(docs, "\n")
		seen := map[string]bool{}
		for _, h := range m.helpers {
			if seen[h.name] {
				errs = append(errs, l.errorAt(h.decl.Pos(), "%s is declared twice", h.name))
			}
			seen[h.name] = true
		}
	}
	sort.Slice(modules, func(i, j int) bool { return modules[i].name < modules[j].name })
	sort.Slice(errs, func(i, j int) bool { return errs[i].Error() < errs[j].Error() })
	for _, m := range modules { // a class is one of the module that declares it, whichever return it
		for _, s := range m.structs {
			if s.module != m.name {
				m.foreign = append(m.foreign, s)
			}
		}
		m.structs = slices.DeleteFunc(m.structs, func(s *structType) bool { return s.module != m.name })
	}
	for _, m := range modules {
		for _, s := range m.foreign {
			owner := byName[s.module]
			if owner == nil {
				errs = append(errs, l.errorAt(s.spec.Pos(), "%s returns a named tuple of %s, which has no helpers", m.name, s.module))
				continue
			}
			owner.addStruct(s)
		}
	}
	return modules, errors.Join(errs...)
}

func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// load parses a package of the module.
func (l *loader) load(path string) (*pkg, error) {
	if p := l.pkgs[path]; p != nil {
		return p, nil
	}
	rel, ok := strings.CutPrefix(path+"/", l.modulePath+"/")
	if !ok {
		return nil, fmt.Errorf("package %s is not of this module", path)
	}
	dir := filepath.Join(l.root, filepath.FromSlash(rel))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	p := &pkg{l: l, path: path, types: map[string]typeDecl{}, funcNames: map[string]string{}}
	for _, e := range entries {
		if e.IsDir() || !isSource(e.Name()) {
			continue
		}
		f, err := parser.ParseFile(l.fset, filepath.Join(dir, e.Name()), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.files = append(p.files, f)
		p.name = f.Name.Name
		if f.Doc != nil && p.doc == "" {
			p.doc = f.Doc.Text()
		}
		if name, ok := directive(f.Doc, "module"); ok {
			p.module = name
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					doc := s.Doc
					if doc == nil {
						doc = g.Doc
					}
					p.types[s.Name.Name] = typeDecl{s, doc, f}
				}
			}
		}
	}
	if p.module == "" {
		p.module = "drgn.helpers." + strings.ReplaceAll(strings.TrimSuffix(rel, "/"), "/", ".")
	}
	for _, f := range p.files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				if text, ok := directive(fn.Doc, "helper"); ok {
					name, _, _ := strings.Cut(text, "(")
					p.funcNames[fn.Name.Name] = strings.TrimSpace(name)
				}
			}
		}
	}
	l.pkgs[path] = p
	return p, nil
}

// directive returns what follows "//drgn:NAME" in a comment.
func directive(doc *ast.CommentGroup, name string) (text string, ok bool) {
	if doc == nil {
		return "", false
	}
	for _, c := range doc.List {
		if rest, found := strings.CutPrefix(c.Text, "//drgn:"+name); found && (rest == "" || rest[0] == ' ') {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// collect adds the package's helpers to its module.
func (p *pkg) collect(m *module) error {
	var errs []error
	for _, f := range p.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			text, ok := directive(fn.Doc, "helper")
			if !ok {
				continue
			}
			h, err := p.helper(f, fn, text)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			m.helpers = append(m.helpers, h)
			for _, r := range h.results {
				r.eachStruct(func(s *structType) { m.addStruct(s) })
			}
		}
	}
	return errors.Join(errs...)
}

func (m *module) addStruct(s *structType) {
	if s.tuple {
		return
	}
	for _, have := range m.structs {
		if have == s {
			return
		}
	}
	m.structs = append(m.structs, s)
}

// importPath returns the path of the package that a file calls name.
func importPath(f *ast.File, name string) string {
	for _, s := range f.Imports {
		path, err := strconv.Unquote(s.Path.Value)
		if err != nil {
			continue
		}
		if s.Name != nil && s.Name.Name == name || s.Name == nil && path[strings.LastIndex(path, "/")+1:] == name {
			return path
		}
	}
	return ""
}

func (m *module) shortName() string  { return strings.TrimPrefix(m.name, "drgn.helpers.") }
func (m *module) fileName() string   { return strings.ReplaceAll(m.shortName(), ".", "_") }
func (m *module) pythonPath() string { return "python/lib/" + strings.ReplaceAll(m.name, ".", "/") }

// goName returns a Go name for the module: linuxList.
func (m *module) goName() string {
	parts := strings.FieldsFunc(m.shortName(), func(r rune) bool { return r == '.' || r == '_' })
	for i := range parts {
		if i > 0 {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}
