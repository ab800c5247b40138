package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

const root = "../.."

var update = flag.Bool("update", false, "write testdata/golden")

// TestUpToDate checks that what is committed is what the source says.
func TestUpToDate(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	stale, err := compare(root, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stale {
		t.Errorf("%s is not what the source says: run go run ./internal/helpergen", name)
	}
}

// differences are the helpers whose signature is deliberately another one than drgn's, and why.
var differences = map[string]string{
	"drgn.helpers.linux.sysfs.sysfs_lookup":         "drgn's, too, is never None but a null pointer",
	"drgn.helpers.linux.sysfs.sysfs_lookup_kobject": "drgn's, too, is never None but a null pointer",
}

// TestInterface compares the helpers with those that drgn has, and says which are still missing.
func TestInterface(t *testing.T) {
	text, err := os.ReadFile("testdata/interface.txt")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := parseInterface(string(text))
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLoader(root)
	if err != nil {
		t.Fatal(err)
	}
	modules, err := l.modules()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, m := range modules {
		if m.hand, err = handWritten(root, m); err != nil {
			t.Fatal(err)
		}
		for _, n := range m.all() {
			have[m.name+"."+n] = true
		}
		for _, h := range m.helpers {
			k := theirs[m.name][h.name]
			full := m.name + "." + h.name
			if k == nil {
				t.Logf("%s: drgn has none of this name", full)
				continue
			}
			if how := k.differs(h); how != "" && differences[full] == "" {
				t.Errorf("%v", l.errorAt(h.decl.Pos(), "%s: %s", h.name, how))
			}
		}
	}
	for _, m := range pythonModules(t) {
		have[m] = true
	}
	total, missing := 0, []string(nil)
	for name, fs := range theirs {
		if !strings.HasPrefix(name, "drgn.helpers.linux.") {
			continue
		}
		var names []string
		for f := range fs {
			total++
			if !have[name+"."+f] {
				names = append(names, f)
			}
		}
		if len(names) > 0 {
			sort.Strings(names)
			missing = append(missing, fmt.Sprintf("%s (%d of %d): %s", name, len(names), len(fs), strings.Join(names, ", ")))
		}
	}
	sort.Strings(missing)
	t.Logf("of drgn's %d helpers for the kernel, these are missing:\n%s", total, strings.Join(missing, "\n"))
}

// pythonModules returns the public names of the modules that are written in Python alone.
func pythonModules(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pythonDir, "helpers", "*", "*.py"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(filepath.Join(root, "python/lib"), f)
		if err != nil {
			t.Fatal(err)
		}
		all := allTuple.FindSubmatch(src)
		if all == nil || strings.Contains(string(src), marker) {
			continue
		}
		module := strings.ReplaceAll(strings.TrimSuffix(filepath.ToSlash(rel), ".py"), "/", ".")
		for _, q := range quoted.FindAllSubmatch(all[1], -1) {
			out = append(out, module+"."+string(q[1]))
		}
	}
	return out
}

// TestGolden generates from the packages in testdata/module and compares with testdata/golden.
func TestGolden(t *testing.T) {
	files, err := generate("testdata/module")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for name, content := range files {
		golden := filepath.Join("testdata/golden", name+".golden")
		found = append(found, golden)
		if *update {
			if err := os.MkdirAll(filepath.Dir(golden), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(golden, content, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if string(want) != string(content) {
			t.Errorf("%s is not as in %s; go test -update writes it:\n%s", name, golden, content)
		}
	}
	if len(found) < 6 {
		t.Errorf("only %v", found)
	}
}

// TestErrors checks that what has no form in Python is named with its place.
func TestErrors(t *testing.T) {
	for _, test := range []struct{ directive, decl, want string }{
		{"f", "func F(c chan int)", "a parameter of type chan int has no form in Python"},
		{"f", "func F(fn func() error)", "a parameter of type func() error"},
		{"f", "func F() map[drgn.Object]int", "a result of type map[drgn.Object]int"},
		{"f", "func F() (error, int)", "an error that is not the last result"},
		{"f", "func F(p drgn.Program)", "m.Program has no form"},
		{"f(a, b)", "func F(a drgn.Object)", "the directive has 2 parameters, the function 1"},
		{"f(a", "func F(a drgn.Object)", "do not end in )"},
		{"f(a=1)", "func F(a bool)", "1 is no default for type bool"},
		{"f(a=True, b)", "func F(a bool, b drgn.Object)", "parameter b must be given"},
		{"f(*, a)", "func F(a bool)", "keyword-only parameter a has no default"},
		{"f(a: Path)", "func F(a uint64)", "Path takes a parameter of type string or []byte"},
		{"f-g", "func F()", `"f-g" is no name`},
		{"f", "func f()", "an exported function"},
		{"f", "func (t T) F()", "an exported function"},
		{"f", "func F[T any](t T)", "no drgn.TypeLike"},
		{"f", "func F(o drgn.Object, s drgn.Scope)", "a scope is the first parameter"},
		{"f", "func F() iter.Seq2[int, string]", "a result of type iter.Seq2[int, string]"},
		{"f", "func F() (iter.Seq[int], int)", "not the only result"},
		{"f", "func F() Recursive", "a result of type Recursive"},
		{"f() -> Optional[int]", "func F() uint64", "can't be None"},
	} {
		dir := t.TempDir()
		src := "package bad\n\nimport (\n\t\"iter\"\n\t\"example.org/m\"\n)\n\ntype T struct{}\n\ntype Recursive struct { R []Recursive }\n\n//drgn:helper " +
			test.directive + "\n" + test.decl + " { panic(0) }\n"
		src = strings.Replace(src, `"example.org/m"`, `drgn "example.org/m"`, 1)
		write(t, filepath.Join(dir, "go.mod"), "module example.org/m\n")
		write(t, filepath.Join(dir, "m.go"), "package m\n")
		write(t, filepath.Join(dir, "linux/bad/bad.go"), src)
		_, err := generate(dir)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "linux/bad/bad.go:1") {
			t.Errorf("%s, %s: %v, want %s", test.directive, test.decl, err, test.want)
		}
	}
}

func TestDeclaredTwice(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.org/m\n")
	write(t, filepath.Join(dir, "linux/bad/bad.go"), "package bad\n\n//drgn:helper f\n//drgn:slow\n//drgn:eager\nfunc F() {}\n")
	if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), "a slow walk cannot be eager") {
		t.Errorf("eager and slow: %v", err)
	}
	write(t, filepath.Join(dir, "linux/bad/bad.go"), "package bad\n\n//drgn:helper f\n//drgn:eager all\nfunc F() {}\n")
	if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), "only eager faults is known") {
		t.Errorf("eager in a way that is not known: %v", err)
	}
	write(t, filepath.Join(dir, "linux/bad/bad.go"), "package bad\n\n//drgn:helper f\n//drgn:wraps\nfunc F(n int64, small uint32) {}\n")
	if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), "there is no parameter of type uint64") {
		t.Errorf("nothing that wraps: %v", err)
	}
	write(t, filepath.Join(dir, "linux/bad/bad.go"), "package bad\n\n//drgn:helper f\n//drgn:wraps twice\nfunc F(n uint64) {}\n")
	if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), "only wraps literals is known") {
		t.Errorf("another word: %v", err)
	}
	write(t, filepath.Join(dir, "linux/bad/bad.go"), "package bad\n\n//drgn:helper f\nfunc F() {}\n\n//drgn:helper f\nfunc G() {}\n")
	if _, err := generate(dir); err == nil || !strings.Contains(err.Error(), "linux/bad/bad.go:7: f is declared twice") {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestRun writes, finds nothing more to do, notices a change, and removes what has no source any more.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	helper := filepath.Join(dir, "linux/good/good.go")
	write(t, filepath.Join(dir, "go.mod"), "module example.org/m\n")
	write(t, helper, "// Package good is good.\npackage good\n\n// F does nothing.\n//\n//drgn:helper f\nfunc F() {}\n")
	if err := run(dir, true); err == nil {
		t.Error("nothing is generated, and that is fine")
	}
	if err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err != nil {
		t.Error(err)
	}
	page := filepath.Join(dir, docsDir, "linux.good.md")
	if _, err := os.Stat(page); err != nil {
		t.Error(err)
	}
	if err := os.Remove(helper); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err == nil {
		t.Error("the source is gone, and that is fine")
	}
	if err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(page); !os.IsNotExist(err) {
		t.Errorf("the page is still there: %v", err)
	}
}

func TestParseDirective(t *testing.T) {
	name, params, has, returns, err := parseDirective("mount(ns, *, src: Optional[Union[str, bytes]] = None, kind='a,b') -> Iterator[Object]")
	if err != nil || name != "mount" || !has || returns != "Iterator[Object]" || len(params) != 3 ||
		params[0] != (written{name: "ns"}) || params[1] != (written{"src", "Optional[Union[str, bytes]]", "None", true}) ||
		params[2] != (written{"kind", "", "'a,b'", true}) {
		t.Error(name, params, has, returns, err)
	}
}

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{"pidType": "pid_type", "NSName": "ns_name", "ID": "id", "a": "a", "Index2": "index2", "CPUMask": "cpu_mask"} {
		if got := snake(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Texts of Go's become those of Python's where they name what Python does not have.
func TestPythonNames(t *testing.T) {
	for in, want := range map[string]string{
		"a name; ok is false if there is none": "a name; None if there is none", "nil or a *ValidationError": "None or a ValidationError",
		"a *failure.CycleError": "a ValidationError", "a struct task_struct *": "a struct task_struct *",
	} {
		if got := pythonNames(in, nil); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"returns the x.": "Return the x.", "reports whether x.": "Return whether x.", "walks x": "Walk x", "is what x": "Is what x",
		"fetches x": "Fetch x", "looks up and walks the x": "Look up and walk the x", "uses x": "Use x",
	} {
		if got := sentence(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
