package frombtf

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/elf"
)

// kernels are files of kernels with DWARF and BTF, of which it is recorded how the two differ.
var kernels = flag.String("kernels", "", "comma-separated `RELEASE=vmlinux` files: write testdata/kernels.txt and docs/btf-and-dwarf.md anew")

// kinds are those of differences; the first whose expression matches a line, "STRUCT page\tin BTF\tin DWARF", counts.
var differenceKinds = []struct {
	what   string
	line   *regexp.Regexp
	equal  func(s string) string // if it is not nil, both sides are the same after it
	remark string                // why
}{
	{what: "only BTF has it", line: regexp.MustCompile(`\tnot in DWARF$`), remark: "functions that DWARF has under another name or not at all; types that the compiler left out"},
	{what: "array of arrays", equal: flattened, remark: "`int [2][3]` is `int [6]` in BTF before pahole 1.28"},
	{what: "array of no elements", equal: func(s string) string { return strings.ReplaceAll(s, "[0]", "[]") }, remark: "`[]` or `[0]`"},
	{what: "sign of char", line: regexp.MustCompile(`^INT char\t`), remark: "BTF does not say it; the kernel's version does"},
	{what: "sign of an enumeration", equal: func(s string) string {
		return strings.NewReplacer("as unsigned int", "as int", " = -1", " = 4294967295").Replace(s)
	}, remark: "BTF before pahole 1.24 does not say it"},
	{what: "values of 64 bits", line: regexp.MustCompile(`^ENUM .*\t1 lines\t`), remark: "cut to 32 bits by pahole before 1.24; such an enumeration has none here"},
	{what: "another type of that name", line: regexp.MustCompile(`.`), remark: "as a rule the kernel has several, as static functions: which one is found first is no more than chance"},
}

func flattened(s string) string {
	pair := regexp.MustCompile(`\[(\d+)\]\[(\d+)\]`)
	for pair.MatchString(s) {
		s = pair.ReplaceAllStringFunc(s, func(m string) string {
			var a, b uint64
			fmt.Sscanf(m, "[%d][%d]", &a, &b) // it matched
			return fmt.Sprintf("[%d]", a*b)
		})
	}
	return s
}

// kindOfDifference returns the index in differenceKinds of a line that compare returned.
func kindOfDifference(line string) int {
	parts := strings.Split(line, "\t")[1:] // a side may have tabs
	ours, theirs := strings.Join(parts[:len(parts)/2], " "), strings.Join(parts[len(parts)/2:], " ")
	for i, k := range differenceKinds {
		if k.line != nil && k.line.MatchString(line) || k.equal != nil && k.equal(ours) == k.equal(theirs) {
			return i
		}
	}
	return len(differenceKinds) - 1
}

// TestKernels holds the page on how the BTF of real kernels differs from their DWARF against what was recorded of them. With -kernels it
// is recorded anew: a line for each kernel, kind of thing and kind of difference.
func TestKernels(t *testing.T) {
	record, page := filepath.Join("testdata", "kernels.txt"), filepath.Join("..", "..", "..", "docs", "btf-and-dwarf.md")
	if *kernels != "" {
		var b strings.Builder
		for _, named := range strings.Split(*kernels, ",") {
			release, path, _ := strings.Cut(named, "=")
			recordKernel(t, &b, release, path)
		}
		if err := os.WriteFile(record, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	want := pageOf(t, string(text))
	if *kernels != "" {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("%s is not what %s says: %v", page, record, err)
	}
}

func recordKernel(t *testing.T, b *strings.Builder, release, path string) {
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() // was only read
	data, err := f.RelocatedData(f.Section(".BTF"), nil)
	if err != nil {
		t.Fatal(err)
	}
	same, differences := newPair(t, f, bytes.Clone(data)).compare(t)
	fmt.Fprintf(b, "%s\tall\tthe same\t%d\n", release, same)
	counts, examples := map[string]int{}, map[string]string{}
	for _, d := range differences {
		kind, _, _ := strings.Cut(d, " ")
		key := kind + "\t" + differenceKinds[kindOfDifference(d)].what
		if counts[key]++; counts[key] == 1 {
			examples[key] = strings.ReplaceAll(d, "\t", " | ")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(b, "%s\t%s\t%d\t%s\n", release, key, counts[key], examples[key])
	}
}

// pageOf writes the page of a record.
func pageOf(t *testing.T, record string) string {
	var releases []string
	counts := map[[3]string]string{} // release, kind of thing, what
	examples := map[string]string{}
	for line := range strings.Lines(record) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) < 4 {
			t.Fatalf("%q", line)
		}
		if !slices.Contains(releases, fields[0]) {
			releases = append(releases, fields[0])
		}
		counts[[3]string{fields[0], fields[1], fields[2]}] = fields[3]
		if len(fields) > 4 && examples[fields[2]] == "" {
			examples[fields[2]] = fields[4]
		}
	}
	var b strings.Builder
	b.WriteString("# How BTF differs from DWARF\n\n")
	b.WriteString("Each name that the BTF of a kernel has was looked up in the DWARF of the same vmlinux, and all that is known of the two was\n")
	b.WriteString("compared: sizes, members, offsets, bit-fields, values, parameters, types. `go test ./internal/debugdata/frombtf -run TestKernels\n")
	b.WriteString("-kernels RELEASE=vmlinux,…` writes this page.\n\n| difference | of |")
	for _, r := range releases {
		b.WriteString(" " + r + " |")
	}
	b.WriteString("\n| --- | --- |" + strings.Repeat(" ---: |", len(releases)) + "\n| none | all |")
	for _, r := range releases {
		b.WriteString(" " + counts[[3]string{r, "all", "the same"}] + " |")
	}
	b.WriteString("\n")
	for _, k := range differenceKinds {
		for _, of := range []string{"STRUCT", "UNION", "ENUM", "ENUM64", "TYPEDEF", "INT", "FLOAT", "FUNC", "VAR"} {
			row, any := fmt.Sprintf("| %s | %s |", k.what, of), false
			for _, r := range releases {
				n := counts[[3]string{r, of, k.what}]
				any = any || n != ""
				row += " " + n + " |"
			}
			if any {
				b.WriteString(row + "\n")
			}
		}
	}
	b.WriteString("\n")
	for _, k := range differenceKinds {
		if examples[k.what] != "" {
			fmt.Fprintf(&b, "- %s: %s. For example `%s`.\n", k.what, k.remark, strings.ReplaceAll(examples[k.what], "`", "'"))
		}
	}
	b.WriteString("\nOnly DWARF has source lines, functions that were inlined, parameters' and locals' places, and nearly all variables: see\n")
	b.WriteString("[without-debug-files.md](without-debug-files.md).\n")
	return b.String()
}
