package user_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/types"
)

var updateAgreement = flag.Bool("update", false, "write docs/agreement.md anew")

// differences are where we do not say what gdb says, with the reason: "program frame/function/variable", or the beginning of that.
var differences = map[string]string{
	"arrays.clang-split 0/arrays/":                  "gdb 13 does not find lists of locations in files of split DWARF 5; the values are those that it has of `arrays.clang-O2`",
	"entry.clang 1/indirect/":                       "the variable was in a register that the call may have changed: gdb takes it to be unchanged",
	"entry.clang 5/passes/a":                        "the same; what gdb says is wrong (it was 120)",
	"scopes.clang-O2-5 2/nested/letter":             "in a register that the call may have changed",
	"scopes.clang-O2-5 2/nested/byte":               "in a register that the call may have changed",
	"scopes.clang-O3-4 2/nested/letter":             "in a register that the call may have changed",
	"scopes.clang-O3-4 2/nested/byte":               "in a register that the call may have changed",
	"scopes.gcc-O2-3 2/nested/wide":                 "in a register that the call may have changed",
	"scopes.gcc-O2-4 2/nested/wide":                 "in a register that the call may have changed",
	"scopes.gcc-O3-5 2/nested/wide":                 "in a register that the call may have changed",
	"entry.clang 4/outer":                           "the frame of `jumps`, which ended with a jump: gdb 13 does not read where clang 14 says in DWARF 5 that it was",
	"tail.clang-5 12/_start":                        "the same of `around`",
	"tail.gcc-4 5/join":                             "gdb leaves out the frame of `first`, into which `within` was inlined that ended with a jump",
	"tail.gcc-5 5/join":                             "the same",
	"tail.gcc-4 10/again":                           "gdb guesses: how often `around` and `again` have jumped to each other nothing tells (it was twice)",
	"tail.gcc-4 11/around":                          "the same",
	"tail.gcc-5 10/again":                           "the same",
	"tail.gcc-5 11/around":                          "the same",
	"tail.clang-4 13/again":                         "the same",
	"tail.clang-4 14/around":                        "the same",
	"tail.clang-4 12/around/a":                      "it was in a register that has been used since; what gdb says is wrong (it was 3)",
	"tail.clang-4 7/meet/a":                         "in a register that the call may have changed",
	"tail.clang-5 7/meet/a":                         "in a register that the call may have changed",
	"tail.clang21 7/meet/a":                         "in a register that the call may have changed",
	"tail.clang21 12/_start":                        "the frame of `around`, which ended with a jump: gdb 13 does not read where clang 21 says in DWARF 5 that it was",
	"tail.gcc16 5/join":                             "gdb leaves out the frame of `first`, into which `within` was inlined that ended with a jump",
	"tail.gcc16 10/again":                           "gdb guesses how often `around` and `again` have jumped to each other",
	"tail.gcc16 11/around":                          "gdb guesses how often `around` and `again` have jumped to each other",
	"whole.clang19 3/second/n":                      "in a register that the call may have changed; what gdb says is wrong (it was 100)",
	"entry.clang21 4/outer":                         "the frame of `jumps`, which ended with a jump: gdb 13 does not read where clang 21 says in DWARF 5 that it was",
	"entry.clang21 5/passes/a":                      "in a register that the call may have changed; what gdb says is wrong (it was 120)",
	"pieces.gcc-O2 4/parts/s.":                      "gdb 13 knows nothing of it since one part is in a register that the call may have changed",
	"pieces.gcc16-O3 4/parts/s.":                    "gdb 13 knows nothing of it since one part is in a register that the call may have changed",
	"scopes.gcc16-O2-5 2/nested/wide":               "in a register that the call may have changed",
	"pieces.clang-O2 1/sum/got":                     "in a register that the call may have changed",
	"pieces.clang-O2 5/_start/n":                    "in a register that the call may have changed",
	"pieces.clang-O2 3/pointers/p.to":               "a part that the location does not tell of, which gdb takes for a pointer to something without an address",
	"pieces.clang-O2 4/parts/array[2]":              "a part that the location does not tell of, which gdb takes for a pointer to something without an address",
	"pieces.clang-O2 4/parts/s.inner.a":             "a part that the location does not tell of, which gdb takes for a pointer to something without an address",
	"pieces.clang21-O2 1/sum/got":                   "in a register that the call may have changed",
	"pieces.clang21-O2 5/_start/n":                  "in a register that the call may have changed",
	"pieces.clang21-O2 3/pointers/p.to":             "a part that the location does not tell of, which gdb takes for a pointer to something without an address",
	"pieces.clang21-O2 4/parts/array[2]":            "a part that the location does not tell of, which gdb takes for a pointer to something without an address",
	"bools.gcc-O1 0/bools/not_yes":                  "gcc says the complement of a truth value by DW_OP_not, of which gdb takes all bits (254): it was false",
	"bools.gcc-O1 0/bools/array[1]":                 "gdb takes all bits of what DW_OP_not makes of a truth value (254): it was false",
	"bools.gcc-O1 0/bools/copy.truth":               "gdb takes all bits of what DW_OP_not makes of a truth value (254): it was false",
	"bools.gcc-O1 0/bools/pair.truth":               "gdb takes all bits of what DW_OP_not makes of a truth value (254): it was false",
	"varying.gcc-O2 1/varying/s.b":                  "gdb 13 takes a member whose place is a list of locations to lie at the beginning",
	"varying.gcc-O2 1/varying/outer.in.b":           "gdb 13 takes a member whose place is a list of locations to lie at the beginning",
	"varying.gcc-O2 1/varying/outer.two":            "gdb 13 takes a member whose place is a list of locations to lie at the beginning",
	"varying.gcc-O2 1/varying/outer.last":           "gdb 13 takes a member whose place is a list of locations to lie at the beginning",
	"goroutines 1/runtime.futexsleep/addr":          "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/runtime.futexsleep/ns":            "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/runtime.sysmon/lastgomaxprocs":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/syscall.RawSyscall6/a2":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/syscall.RawSyscall6/a3":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/syscall.RawSyscall6/a4":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/syscall.RawSyscall6/a5":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/syscall.RawSyscall6/a6":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 1/syscall.RawSyscall6/trap":         "in a register that the call may have changed: code of Go keeps none",
	"goroutines 10/runtime.clone":                   "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 11/None":                            "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 12/None":                            "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 3/runtime.sigtrampgo/ctx":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 3/runtime.sigtrampgo/sig":           "in a register that the call may have changed: code of Go keeps none",
	"goroutines 4/syscall.Read/fd":                  "in a register that the call may have changed: code of Go keeps none",
	"goroutines 5/main.reads/file":                  "in a register that the call may have changed: code of Go keeps none",
	"goroutines 5/runtime.clone":                    "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 5/runtime.schedule/mp":              "in a register that the call may have changed: code of Go keeps none",
	"goroutines 6/None":                             "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 6/runtime.findRunnable/pp":          "in a register that the call may have changed: code of Go keeps none",
	"goroutines 6/runtime.schedule/pp":              "in a register that the call may have changed: code of Go keeps none",
	"goroutines 7/None":                             "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 7/runtime.clone":                    "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines 7/runtime.schedule/pp":              "in a register that the call may have changed: code of Go keeps none",
	"goroutines 8/None":                             "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 1/runtime.futexsleep/addr":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/runtime.futexsleep/ns":      "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/syscall.RawSyscall6/a2":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/syscall.RawSyscall6/a3":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/syscall.RawSyscall6/a4":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/syscall.RawSyscall6/a5":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/syscall.RawSyscall6/a6":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 1/syscall.RawSyscall6/num":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 11/None":                      "the first frame of the goroutine, which has left this stack; gdb takes what lies on it for a return address",
	"goroutines.go121 12/runtime.newproc":           "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 13/runtime.mstart":            "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 14/runtime.rt0_go":            "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 15/None":                      "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 16/None":                      "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 17/None":                      "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 3/runtime.findRunnable/delay": "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 3/runtime.notetsleep/n":       "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 3/runtime.sigtrampgo/ctx":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 3/runtime.sigtrampgo/sig":     "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 4/runtime.schedule/pp":        "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 5/main.reads/file":            "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 5/runtime.mstart0/osStack":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 5/runtime.schedule/mp":        "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 6/runtime.findRunnable/mp":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 6/runtime.findRunnable/pp":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 6/runtime.mstart0/osStack":    "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 7/runtime.clone":              "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 7/runtime.schedule/pp":        "in a register that the call may have changed: code of Go keeps none",
	"goroutines.go121 8/None":                       "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 8/runtime.clone":              "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 9/None":                       "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"goroutines.go121 9/runtime.gopreempt_m/gp":     "in a register that the call may have changed: code of Go keeps none",
	"gotypes 1/runtime.futexsleep/addr":             "in a register that the call may have changed: code of Go keeps none",
	"gotypes 1/runtime.futexsleep/ns":               "in a register that the call may have changed: code of Go keeps none",
	"gotypes 10/None":                               "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"gotypes 13/main.crash/list.":                   "in a register that the call may have changed: code of Go keeps none",
	"gotypes 13/main.crash/s.":                      "in a register that the call may have changed: code of Go keeps none",
	"gotypes 3/runtime.notetsleep/n":                "in a register that the call may have changed: code of Go keeps none",
	"gotypes 3/runtime.sigtrampgo/ctx":              "in a register that the call may have changed: code of Go keeps none",
	"gotypes 3/runtime.sigtrampgo/sig":              "in a register that the call may have changed: code of Go keeps none",
	"gotypes 6/runtime.findRunnable/pp":             "in a register that the call may have changed: code of Go keeps none",
	"gotypes 7/runtime.schedule/pp":                 "in a register that the call may have changed: code of Go keeps none",
	"gotypes 8/runtime.clone":                       "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
	"gotypes 9/None":                                "the stack of the thread ends where Go's runtime has begun it; gdb takes what lies after it for frames",
}

// TestAgreement holds the stacks of the cores, and the variables of their frames, against what gdb says of them (testdata/process/dump.py), and
// docs/agreement.md against the result. The variables of testdata/programs are held against what gdb says by TestPrograms of the root.
func TestAgreement(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(data, "*.stacks.txt"))
	if err != nil || len(files) < 52 {
		t.Fatal(files, err)
	}
	var page strings.Builder
	page.WriteString(agreementHead)
	programTable(t, &page)
	page.WriteString(agreementCores)
	unused := make(map[string]bool)
	for k := range differences {
		unused[k] = true
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".stacks.txt")
		t.Run(name, func(t *testing.T) {
			c := comparison{t: t, name: name, unused: unused}
			c.compare(file)
			fmt.Fprintf(&page, "| `%s` | %d of %d | %d of %d | %d of %d |\n", name, c.frames.same, c.frames.all, c.values.same, c.values.all, c.gone.same, c.gone.all)
		})
	}
	for k := range unused {
		t.Errorf("no difference any more: %s", k)
	}
	page.WriteString(agreementEnd)
	for _, k := range slices.Sorted(keys(differences)) {
		fmt.Fprintf(&page, "| `%s` | %s |\n", k, differences[k])
	}
	const path = "../docs/agreement.md"
	if *updateAgreement {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != page.String() {
		t.Errorf("docs/agreement.md is not what it should be (%v): go test ./user -run TestAgreement -update", err)
	}
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

const agreementHead = `# What agrees with gdb

This page is written by a test, which fails where it is not true any more: ` + "`go test ./user -run TestAgreement -update`" + `.

## Variables

Programs of ` + "`testdata/programs`" + ` as compilers make them: gcc 12.2 and 16.2, clang 14, 19 and 21, of C and C++, with what gdb 13 says of each variable and of each
part of one: type, size, offset, value. The numbers say how many of each kind there are; all agree. The number at the end of a program's name is
the version of DWARF; ` + "`lto`" + ` is a program optimized as a whole, ` + "`split`" + ` one with files of split DWARF, ` + "`dwz`" + ` one whose types are in a file that
it shares. gdb does not print what is unknown: ` + "`_BitInt`" + ` of more than 64 bits by gcc.

`

// kindColumns are the kinds of variables and parts of them; see testdata/programs/dump.py.
var kindColumns = []string{"int", "bool", "enum", "float", "decimal", "pointer", "text", "array", "struct", "union", "absent", "unknown"}

// programTable writes how many variables of each kind each program has.
func programTable(t *testing.T, page *strings.Builder) {
	t.Helper()
	files, err := filepath.Glob("../testdata/programs/*.txt")
	if err != nil || len(files) < 59 {
		t.Fatal(files, err)
	}
	fmt.Fprintf(page, "| program | %s |\n|---|%s\n", strings.Join(kindColumns, " | "), strings.Repeat("---|", len(kindColumns)))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for line := range strings.Lines(string(text)) {
			kind, _, _ := strings.Cut(line, "\t")
			counts[kind]++
		}
		fmt.Fprintf(page, "| `%s` |", strings.TrimSuffix(filepath.Base(file), ".txt"))
		for _, k := range kindColumns {
			fmt.Fprintf(page, " %d |", counts[k])
		}
		page.WriteString("\n")
	}
}

const agreementCores = `
## Stacks

Cores of ` + "`testdata/process`" + `, of programs in C, C++, Rust and Go: frames with their function and line, the numbers and pointers among the variables that can be
seen in each and among their members and elements, what pointers to variables without an address point to, and those that gdb says are optimized out.

| core | frames | values | optimized out |
|---|---|---|---|
`

const agreementEnd = `
## Differences

| where | why |
|---|---|
`

type score struct{ same, all int }

// A comparison holds a core against what gdb says of it.
type comparison struct {
	t                    *testing.T
	name                 string
	unused               map[string]bool
	frames, values, gone score
}

// differs reports something that is not as gdb has it, unless that is known.
func (c *comparison) differs(where, got, want string) {
	c.t.Helper()
	key := c.name + " " + where
	for k := range differences {
		if strings.HasPrefix(key, k) {
			delete(c.unused, k)
			return
		}
	}
	c.t.Errorf("%s: %s, gdb says %s", key, got, want)
}

func (c *comparison) compare(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	p := openCore(c.t, c.name)
	if _, err := os.Stat(packed(c.name)); err == nil {
		loadMain(c.t, p, packed(c.name))
	} else {
		load(c.t, p)
	}
	var trace *drgn.StackTrace
	var frame drgn.StackFrame
	var where string
	index, there := 0, false
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch f[0] {
		case "thread":
			tid, err := strconv.ParseUint(f[1], 10, 64)
			if err != nil {
				c.t.Fatal(err)
			}
			thread, err := p.Thread(tid)
			if err != nil {
				c.t.Fatal(err)
			}
			if trace, err = thread.StackTrace(); err != nil {
				c.t.Fatal(err)
			}
			index = 0
		case "frame":
			where = fmt.Sprintf("%s/%s", f[1], f[2])
			c.frames.all++
			for tail := f[4] == "tail"; index < trace.Len() && trace.Frame(index).IsTailCall() && !tail; index++ {
				c.differs(where, "before it "+trace.Frame(index).String(), "nothing")
			}
			if there = index < trace.Len() && trace.Frame(index).IsTailCall() == (f[4] == "tail"); !there {
				c.differs(where, "no such frame", f[4])
				continue
			}
			frame = trace.Frame(index)
			index++
			if got, want := frameName(frame), f[2]+":"+f[3]; got != want {
				c.differs(where, got, want)
			} else {
				c.frames.same++
			}
		case "variable", "part":
			if there {
				c.variable(partOf(frame, f[1]), where+"/"+f[1], f[3])
			}
		}
	}
}

// frameName returns a frame's function as traces have it, and line.
func frameName(f drgn.StackFrame) string {
	name := "None"
	if _, ok := f.FunctionName(); ok {
		_, after, _ := strings.Cut(f.String(), " in ")
		name, _, _ = strings.Cut(after, " at ")
	} else if s, err := f.Symbol(); err == nil {
		name = s.Name
	}
	line := 0
	if s, err := f.Source(); err == nil {
		line = s.Line
	}
	return fmt.Sprintf("%s:%d", name, line)
}

// partOf returns a variable of a frame, or a part of one: "s.inner[2]".
func partOf(frame drgn.StackFrame, path string) drgn.Object {
	steps := strings.FieldsFunc(strings.ReplaceAll(path, "[", ".["), func(r rune) bool { return r == '.' || r == ']' })
	o := frame.Object(steps[0])
	for _, s := range steps[1:] {
		index, isIndex := strings.CutPrefix(s, "[")
		if i, err := strconv.ParseInt(index, 10, 64); isIndex && err == nil {
			o = o.Index(i)
		} else {
			o = o.Member(s)
		}
	}
	return o
}

// variable holds a variable of a frame, or a part of one, against what gdb says of it.
func (c *comparison) variable(o drgn.Object, where, want string) {
	if want == "-" || want == "error" {
		return
	}
	if want == "gone" {
		c.gone.all++
		if _, absent := o.Absent(); !absent && !errors.As(o.Err(), new(*drgn.AbsentError)) {
			c.differs(where, o.String(), "it is optimized out")
			return
		}
		c.gone.same++
		return
	}
	c.values.all++
	if want == "synthetic" {
		if got := o.String(); !o.KnownInParts() || !strings.HasSuffix(got, "<synthetic pointer>") {
			c.differs(where, got, want)
			return
		}
		c.values.same++
		return
	}
	got := ""
	var err error
	if o.Type() != nil && o.Type().UnderlyingKind() == types.Float {
		var x float64
		x, err = o.Float()
		got = strconv.FormatFloat(x, 'x', -1, 64)
		if y, perr := strconv.ParseFloat(want, 64); perr == nil {
			want = strconv.FormatFloat(y, 'x', -1, 64)
		}
	} else {
		n, berr := o.BigInt()
		if err = berr; err == nil {
			got = n.String()
		}
	}
	if err != nil {
		got = err.Error()
	}
	if got != want {
		c.differs(where, got, want)
		return
	}
	c.values.same++
}
