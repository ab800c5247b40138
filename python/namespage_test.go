package python

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A nameRow is a line of testdata/names/names.txt: a public name of the reference, or of ours.
type nameRow struct{ module, name, kind, parameters string }

func nameRows(t *testing.T, path string) (rows []nameRow) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 4 {
			t.Fatalf("%s: %q", path, line)
		}
		rows = append(rows, nameRow{f[0], f[1], f[2], f[3]})
	}
	return rows
}

// nameGaps says why a name is not there, by the name of its module, or by its own.
var nameGaps = map[string]string{
	"drgn.commands.linux.linux_kernel_raw_command": "is not there yet",
}

// nameDifferences says why the parameters of a name are others.
var nameDifferences = map[string]string{"drgn.Object.format_": "human is more than the reference has"}

// sameParameters reports whether what one can call with the reference's parameters one can call with ours. The first parameter of a
// helper may be left out if it is a program, which both show in their ways.
func sameParameters(ours, reference string) bool {
	if ours == reference || reference == "" || reference == "?" || reference == "args:va, kwargs:vk" {
		return true
	}
	first, rest, _ := strings.Cut(ours, ", ")
	theirFirst, theirRest, _ := strings.Cut(reference, ", ")
	return rest == theirRest && strings.TrimSuffix(first, "=None") == theirFirst
}

// toldParameters adds to what the reference told of its names what its interface files say of those that are written in C.
func toldParameters(t *testing.T, rows []nameRow) {
	text, err := os.ReadFile(filepath.Join("testdata", "signatures.txt"))
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, parameters, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t"); ok {
			told[name] = parameters
		}
	}
	for i, r := range rows {
		if p, ok := told[r.module+"."+r.name]; ok && (r.parameters == "?" || r.parameters == "object:po") {
			rows[i].parameters = p
		} else if r.parameters == "object:po" { // what Python makes up for C functions of one parameter
			rows[i].parameters = "?"
		}
	}
}

// nameTests finds the test of a name: a script of Python, or the test of the Go function that a helper is.
type nameTests struct {
	words   map[string]string    // the first file that has a word
	helpers map[string][2]string // the Go package and name of helpers
}

func newNameTests(t *testing.T) *nameTests {
	n := &nameTests{words: map[string]string{}, helpers: map[string][2]string{}}
	word := regexp.MustCompile(`\w+`)
	called := regexp.MustCompile(`\w+\.\w+`) // of Go: PACKAGE.FUNCTION
	add := func(words *regexp.Regexp, file, text string) {
		for _, w := range words.FindAllString(text, -1) {
			if n.words[w] == "" {
				n.words[w] = file
			}
		}
	}
	names, texts := apiSources(t)
	for _, name := range names {
		add(word, name, texts[name])
	}
	for _, source := range []struct {
		pattern string
		words   *regexp.Regexp
	}{{"../lab/check/*.py", word}, {"../linux/*/*_test.go", called}, {"../linux/*_test.go", called}} {
		for path, text := range read(t, source.pattern) {
			add(source.words, filepath.ToSlash(filepath.Join("python", path)), text)
		}
	}
	directive := regexp.MustCompile(`(?m)^//drgn:helper (\w+).*\n(?://.*\n)*func (\w+)`)
	for path, text := range read(t, "../linux/*/*.go") {
		for _, m := range directive.FindAllStringSubmatch(text, -1) {
			n.helpers[m[1]] = [2]string{filepath.Base(filepath.Dir(path)), m[2]}
		}
	}
	return n
}

// read walks the files that match a pattern in their order, with their text.
func read(t *testing.T, pattern string) iter.Seq2[string, string] {
	return func(yield func(path, text string) bool) {
		paths, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(path, string(text)) {
				return
			}
		}
	}
}

// of returns the file that tests a name, or "".
func (n *nameTests) of(name string) string {
	last := name[strings.LastIndex(name, ".")+1:]
	helper, ok := n.helpers[last]
	if !ok {
		return n.words[last]
	}
	// The last resort calls all of them with the types of several kernels.
	return cmp.Or(n.words[last], n.words[helper[0]+"."+helper[1]], "internal/schema/schema_test.go")
}

// Every public name of the reference is there, with its parameters, and is used by a test, or docs/names.md says why not.
func TestNamesPage(t *testing.T) {
	own := filepath.Join(t.TempDir(), "names.txt")
	record, err := filepath.Abs(filepath.Join("testdata", "names", "record.py"))
	if err != nil {
		t.Fatal(err)
	}
	if out, errs, code := runProgram(t, "", "script", record, own); code != 0 {
		t.Fatalf("%s%s", out, errs)
	}
	ours := map[[2]string]nameRow{}
	for _, r := range nameRows(t, own) {
		ours[[2]string{r.module, r.name}] = r
	}
	reference := nameRows(t, filepath.Join("testdata", "names", "names.txt"))
	toldParameters(t, reference)
	tests := newNameTests(t)

	var table, gaps strings.Builder
	modules := map[string][3]int{}
	missing := map[string]bool{} // modules
	for _, r := range reference {
		full := strings.TrimSuffix(r.module+"."+r.name, ".")
		own, there := ours[[2]string{r.module, r.name}]
		count := modules[r.module]
		count[0]++
		if !there {
			why := cmp.Or(nameGaps[full], nameGaps[r.module])
			if why == "" {
				t.Errorf("%s is missing (%s)", full, r.parameters)
			}
			missing[full] = true
			if !missing[r.module] || r.name == "" {
				fmt.Fprintf(&gaps, "| `%s` | is not there: %s |\n", full, why)
			}
			modules[r.module] = count
			continue
		}
		count[1]++
		same := sameParameters(own.parameters, r.parameters)
		if own.kind != r.kind && r.kind == "class" {
			t.Errorf("%s is a %s, the reference's a %s", full, own.kind, r.kind)
		}
		if !same {
			why := nameDifferences[full]
			if why == "" {
				t.Errorf("%s(%s); the reference's is (%s)", full, own.parameters, r.parameters)
			}
			fmt.Fprintf(&gaps, "| `%s` | has other parameters: %s |\n", full, why)
		} else {
			count[2]++
		}
		by := ""
		if r.kind != "module" && r.kind != "again" {
			if by = tests.of(r.name); by != "" {
				by = path.Dir(by) // not the file, so that a test may be moved without this page
			} else {
				fmt.Fprintf(&gaps, "| `%s` | is used by no test |\n", full)
			}
		}
		modules[r.module] = count
		if by != "" && r.module != "drgn" { // docs/api.md has those of module drgn
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", full, r.kind, by)
		}
	}
	var page strings.Builder
	page.WriteString("# The names of drgn, and what is here of them\n\nWritten by `go test ./python -run TestNamesPage -update` from the public names of all modules of drgn 0.3.0" +
		" (`python/testdata/names`, recorded\nby running it) and those of this program. Parameters are the same where every call that fits the one fits the other. A test counts if it\nuses the name: it says where;" +
		" [api.md](api.md) has those of module drgn.\n\n| module | names | there | same parameters |\n| --- | --- | --- | --- |\n")
	var sum [3]int
	for _, m := range slices.Sorted(maps.Keys(modules)) {
		c := modules[m]
		for i := range c {
			sum[i] += c[i]
		}
		fmt.Fprintf(&page, "| `%s` | %d | %d | %d |\n", m, c[0], c[1], c[2])
	}
	fmt.Fprintf(&page, "| in all | %d | %d | %d |\n", sum[0], sum[1], sum[2])
	page.WriteString("\n## What differs\n\n| name | |\n| --- | --- |\n" + gaps.String())
	page.WriteString("\n## What tests each name\n\n| name | | test |\n| --- | --- | --- |\n" + table.String())
	out := filepath.Join("..", "docs", "names.md")
	if *updatePages {
		if err := os.WriteFile(out, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(out); err != nil || string(have) != page.String() {
		t.Error("docs/names.md is not what the names say: run go test ./python -run TestNamesPage -update")
	}
}
