package deps

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

const modulePath = "github.com/godrgn/drgn"

// rooms states who may import whom, in the notation of Go's own go/build/deps_test.go:
// "a, b < c, d;" lets c and d import a and b and all that those may import. A pattern
// with a star stands for all packages that match it and have no rule of their own, and
// such packages may import one another. "drgn" is the root. Data flows one way: bytes,
// memory, debug info, types, objects, helpers, front ends.
const rooms = `
	# Bytes, memory, instruction sets, the type graph: they know nobody.
	NONE < internal/lock;
	NONE < report;
	NONE < failure, internal/demangle, internal/handover, internal/logtext, internal/nameindex;
	internal/lock < arch, internal/bounded, internal/bin, internal/bits, internal/flags, vmcoreinfo, mem;
	failure < internal/bin, mem;
	mem < internal/cache, internal/safe;
	failure, internal/lock < types;

	# File formats to records; no policy.
	arch, internal/bin, mem < internal/elf;
	arch < arch/disasm;
	internal/bin, internal/cache, mem < internal/compressed;
	internal/elf, internal/nameindex < internal/symtab;
	internal/elf < internal/kdump;

	# What has memory.
	internal/compressed, internal/kdump, vmcoreinfo < target;
	arch, failure, mem < internal/qmp;

	# Notebooks.
	NONE < internal/zmtp;
	internal/zmtp < internal/jupyter;

	# What is found in memory.
	mem < internal/search;

	# Debug sections to types, functions, lines, unwind rows.
	types < internal/debugdata;
	internal/bin, types < internal/dwarf/expr;
	internal/bin < internal/dwarf/line;
	internal/cache, internal/debugdata, internal/demangle, internal/dwarf/expr, internal/dwarf/line, mem, types < internal/dwarf;
	arch, internal/dwarf/expr < internal/cfi;
	internal/cfi < internal/orc, internal/unwind;
	internal/bin < internal/btf;
	internal/bin, internal/nameindex < internal/kallsyms;
	internal/elf < internal/placed;

	# The language, over types.
	failure, internal/bin, internal/bits, types < lang/c;
	failure, types < internal/fields;

	# What answers as a source of debugging information.
	internal/debugdata, internal/dwarf, internal/placed, lang/c < internal/debugdata/fromdwarf;
	internal/btf, internal/debugdata, internal/elf, lang/c < internal/debugdata/frombtf;

	# Where debug files are found; the index cache.
	internal/btf, internal/compressed, internal/elf < internal/debuginfo;

	# The files of a program: which they are, where they lie, how stacks are unwound by them.
	arch, failure, internal/debugdata, internal/debuginfo, internal/demangle, internal/placed, internal/symtab < module;
	internal/debugdata/fromdwarf, internal/debugdata/frombtf, module < internal/debugdata/fromfile;
	failure, internal/lock < internal/finders;
	internal/finders, module < debuginfo;
	internal/orc, internal/unwind, module < internal/stack;

	# Objects. The root never imports linux or user: personalities are handed in.
	arch, failure, mem, lang/c, internal/bounded, internal/fields, internal/debugdata/fromfile, internal/stack,
	internal/finders, internal/kallsyms, module, debuginfo
	< drgn;

	# What users look for in memory.
	drgn, internal/search < search;

	# Memory with what each word may be.
	drgn < annotate;

	# What slices of Rust and Go refer to.
	drgn < lang/slice;

	# Which names there are.
	drgn < names;

	# Facts of the kernel on each architecture.
	internal/flags < linux/internal/sigabi;
	arch < linux/internal/kmod;

	# Helpers, then the kernel as a personality, which is built with some of them.
	drgn < internal/walk, linux/internal/machine, linux/internal/globals, linux/internal/constant;
	internal/walk, linux/internal/constant, linux/internal/sigabi, linux/internal/kmod, helper/table < linux/*;
	internal/flags, vmcoreinfo < linux/*;
	linux/*, linux/internal/globals, linux/internal/machine, internal/debuginfo < linux;
	drgn < user/goroutine;
	internal/debuginfo, target, user/goroutine < user;

	# Helpers by name, for Python and for whatever else calls them by name. They know nothing of Python and need no cgo.
	drgn < helper/table;
	drgn, internal/handover < helper/call;
	linux/*, user/goroutine, helper/call < helper/registry;

	# The commands of crash, for the shell and for Python.
	lang/c, search, linux/* < linux/crash;

	# Stacks of all threads.
	linux/*, user/goroutine, report < stacks;

	# What there is to say of a kernel at first.
	arch/disasm, internal/safe, report, stacks, target < triage;

	# Front ends.
	linux, user, target, internal/qmp, internal/logtext < attach;
	linux < explain;
	names, lang/slice < expression;
	linux/crash, expression < dap;
	linux/crash, triage, search, expression < look;
	look < mcp;
	annotate, look < web;
	NONE < licences, internal/perlre, python/internal/*;
	arch < python/internal/enumgen;
	annotate, attach, explain, licences, names, lang/slice, search, helper/registry, linux/crash, internal/jupyter, internal/perlre, python/internal/* < python;
	dap, mcp, web, python < cmd/drgn;

	# Programs that show how the library is used.
	attach < examples/*, lab/stress, lab/thin;
	stacks < examples/*;

	# Tools: generators, writers of test files, the lab.
	helper/call < internal/helpergen;
	drgn < internal/worldtest;
	NONE < internal/schema; # tests only
	attach < internal/coretest;
	NONE < internal/childtest, internal/deps, internal/elf/elftest, internal/kdump/kdumptest, internal/qmp/qmptest, internal/zmtp/zmtptest;
	report < lab;
	arch < release;
`

// outside states which packages may import which other modules and which packages of
// the standard library that are not for everybody; "..." stands for everything below.
var outside = map[string][]string{
	"github.com/klauspost/compress":          {"internal/compressed", "internal/elf", "internal/kdump", "internal/kdump/kdumptest", "lab", "linux/kconfig"},
	"github.com/ulikunitz/xz":                {"internal/compressed", "lab"},
	"github.com/anchore/go-lzo":              {"internal/kdump"},
	"github.com/spf13/pflag":                 {"cmd/drgn"},
	"github.com/google/go-dap":               {"dap"},
	"github.com/google/rpmpack":              {"release"},
	"github.com/modelcontextprotocol/go-sdk": {"mcp"},
	"github.com/ianlancetaylor/demangle":     {"internal/demangle"},
	"golang.org/x/arch":                      {"arch/disasm"},
	"golang.org/x/sys":                       {"mem", "target", "internal/...", "linux/kmodify", "python/...", "cmd/drgn"},
	"C":                                      {"python/..."},
	"runtime/cgo":                            {},
	"net":                                    {"internal/jupyter", "internal/qmp", "internal/qmp/qmptest", "internal/zmtp", "internal/zmtp/zmtptest", "lab", "web"},
	"net/http":                               {"internal/debuginfo", "web"},
	"os/exec":                                {"internal/childtest", "lab", "python/internal/pack", "release"},
	"os/signal":                              {"lab"}, // in the program, signals are Python's
	"testing":                                {"internal/childtest", "internal/coretest", "internal/worldtest"},
	"debug/dwarf":                            {},                                                                            // too slow for a kernel, and it trusts its input
	"debug/elf":                              {"lab", "lab/thin", "linux/internal/kmod", "python/internal/pack", "release"}, // kmod: its names of what it writes
}

// restrictedStandard are the packages of the standard library in outside.
var restrictedStandard = []string{"C", "runtime/cgo", "net", "net/http", "os/exec", "os/signal", "testing", "debug/dwarf", "debug/elf"}

// A listed package is one as go list tells it.
type listed struct {
	ImportPath string
	Name       string
	Dir        string
	Imports    []string

	TestImports, XTestImports []string
}

// short returns the name of a package of this module in the rules.
func short(importPath string) (string, bool) {
	if importPath == modulePath {
		return "drgn", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// packages lists the module's packages.
func packages(t *testing.T) []listed {
	t.Helper()
	all, err := list()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// list asks the go command once for all tests: it takes seconds.
var list = sync.OnceValues(func() ([]listed, error) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Name,Dir,Imports,TestImports,XTestImports", "./...")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // the files of python, too; nothing is compiled
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	var all []listed
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		return nil, fmt.Errorf("go list names only %d packages", len(all))
	}
	return all, nil
})

// A house is the rules, read.
type house map[string][]string // a name or pattern → the names and patterns left of it

func readRules(t *testing.T, text string) house {
	t.Helper()
	var plain strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		plain.WriteString(line + " ")
	}
	rules := make(house)
	names := func(list string) []string {
		var all []string
		for _, name := range strings.Split(list, ",") {
			if name = strings.TrimSpace(name); name != "" && name != "NONE" {
				all = append(all, name)
			}
		}
		return all
	}
	for _, rule := range strings.Split(plain.String(), ";") {
		if strings.TrimSpace(rule) == "" {
			continue
		}
		sides := strings.Split(rule, "<")
		if len(sides) < 2 {
			t.Fatalf("no < in rule %q", rule)
		}
		for i, right := range sides[1:] {
			for _, name := range names(right) {
				rules[name] = append(rules[name], names(sides[i])...)
			}
		}
	}
	return rules
}

// rule returns the name under which the rules have a package: its own, or the
// longest pattern that matches it.
func (h house) rule(name string) (string, bool) {
	if _, ok := h[name]; ok {
		return name, true
	}
	best := ""
	for pattern := range h {
		if ok, err := path.Match(pattern, name); err == nil && ok && len(pattern) > len(best) {
			best = pattern
		}
	}
	return best, best != ""
}

// allows reports whether a package may import another.
func (h house) allows(from, to string) bool {
	fromRule, ok := h.rule(from)
	if !ok {
		return false
	}
	toRule, ok := h.rule(to)
	if !ok {
		return false
	}
	if fromRule == toRule && strings.Contains(fromRule, "*") {
		return true
	}
	seen := make(map[string]bool)
	var reaches func(string) bool
	reaches = func(rule string) bool {
		if seen[rule] {
			return false
		}
		seen[rule] = true
		return slices.ContainsFunc(h[rule], func(left string) bool { return left == toRule || reaches(left) })
	}
	return reaches(fromRule)
}

func TestRooms(t *testing.T) {
	rules := readRules(t, rooms)
	for _, p := range packages(t) {
		name, ok := short(p.ImportPath)
		if !ok {
			t.Errorf("%s is not in this module", p.ImportPath)
			continue
		}
		if _, ok := rules.rule(name); !ok {
			t.Errorf("%s has no place in the house: add it to the rules", name)
			continue
		}
		for _, imported := range p.Imports {
			if to, ok := short(imported); ok {
				if !rules.allows(name, to) {
					t.Errorf("%s may not import %s", name, to)
				}
				continue
			}
			checkOutside(t, name, imported)
		}
	}
}

// doors are packages that only few may import, whatever the rules say: who needs what they know asks those few.
var doors = map[string][]string{
	"internal/dwarf":               {"internal/debugdata/fromdwarf"},        // others ask a debugdata.Info
	"internal/debugdata/fromdwarf": {"internal/debugdata/fromfile", "drgn"}, // the root says how files are opened
	"internal/btf":                 {"internal/debugdata/frombtf", "internal/debuginfo"},
}

func TestDoors(t *testing.T) {
	for _, p := range packages(t) {
		name, _ := short(p.ImportPath)
		for _, imported := range p.Imports {
			to, _ := short(imported)
			if allowed, ok := doors[to]; ok && !slices.Contains(allowed, name) {
				t.Errorf("%s may not import %s; only %v may", name, to, allowed)
			}
		}
	}
}

// checkOutside checks an import from another module or the standard library.
func checkOutside(t *testing.T, name, imported string) {
	t.Helper()
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") && !slices.Contains(restrictedStandard, imported) {
		return
	}
	for module, allowed := range outside {
		if imported != module && !strings.HasPrefix(imported, module+"/") {
			continue
		}
		if !strings.Contains(module, ".") && imported != module {
			continue // of the standard library, exactly the package is meant
		}
		if !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, name) }) {
			t.Errorf("%s may not import %s", name, imported)
		}
		return
	}
	t.Errorf("%s imports %s, which the rules don't know", name, imported)
}

// What is allowed must be in use: a rule for a room that is gone, or a permission that nobody needs, hides the next mistake.
func TestRulesAreUsed(t *testing.T) {
	rules := readRules(t, rooms)
	present := map[string]bool{}
	imported := map[string]bool{} // "package: import"
	for _, p := range packages(t) {
		name, _ := short(p.ImportPath)
		if rule, ok := rules.rule(name); ok {
			present[rule] = true
		}
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			imported[name+": "+i] = true
		}
	}
	for rule := range rules {
		if !present[rule] {
			t.Errorf("the rules have %s, which is not there", rule)
		}
	}
	for module, allowed := range outside {
		for _, pattern := range allowed {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(imported)), func(s string) bool {
				from, to, _ := strings.Cut(s, ": ")
				return matches(pattern, from) && (to == module || strings.HasPrefix(to, module+"/"))
			}) {
				t.Errorf("%s may import %s, but does not", pattern, module)
			}
		}
	}
}

// matches reports whether a pattern of outside stands for a package.
func matches(pattern, name string) bool {
	below, all := strings.CutSuffix(pattern, "/...")
	return name == pattern || all && (name == below || strings.HasPrefix(name, below+"/"))
}

// The rules themselves must have no cycle: a room would be above itself.
func TestRulesHaveNoCycle(t *testing.T) {
	rules := readRules(t, rooms)
	for name := range rules {
		if !strings.Contains(name, "*") && rules.allows(name, name) {
			t.Errorf("%s may import itself", name)
		}
	}
}

func TestAllows(t *testing.T) {
	rules := readRules(t, "NONE < a; a < b, c/*; b < d < f; # d < a;")
	for _, test := range []struct {
		from, to string
		want     bool
	}{
		{"b", "a", true}, {"d", "a", true}, {"f", "a", true}, {"d", "f", false}, {"c/x", "a", true}, {"c/x", "c/y", true},
		{"a", "b", false}, {"a", "d", false}, {"c/x", "b", false}, {"a", "c/x", false}, {"e", "a", false},
	} {
		if got := rules.allows(test.from, test.to); got != test.want {
			t.Errorf("%s imports %s: %v, want %v", test.from, test.to, got, test.want)
		}
	}
}
