package python

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestParity runs the scripts in testdata/parity and compares case by case what they print with what the reference printed
// (the .expected files): the same text, or, where both raise, the same exception with a text that contains the
// reference's. Cases that are meant to differ are in differences.txt.
func TestParity(t *testing.T) {
	dir := filepath.Join("testdata", "parity")
	text, err := os.ReadFile(filepath.Join(dir, "differences.txt"))
	if err != nil {
		t.Fatal(err)
	}
	meant := differences(string(text))
	paths, err := filepath.Glob(filepath.Join(dir, "*.expected"))
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts: ", err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".expected")
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got, errs, code := runProgram(t, "", "script", filepath.Join(dir, "run.py"), filepath.Join(dir, name+".py"))
			if code != 0 || errs != "" {
				t.Fatalf("exit code %d\n%s", code, errs)
			}
			if meant[name] == nil {
				meant[name] = map[string]bool{}
			}
			wants, gots := named(parityCases(string(want))), named(parityCases(got))
			for _, c := range slices.Sorted(maps.Keys(wants)) {
				if _, ok := gots[c]; !ok {
					t.Errorf("the script has no case %s", c)
				}
			}
			for _, c := range slices.Sorted(maps.Keys(gots)) {
				got, want := gots[c], wants[c]
				switch _, recorded := wants[c]; {
				case !recorded:
					t.Errorf("case %s: no result of the reference: put it after the case before it in %s, or run record.sh", c, path)
				case sameCase(got, want):
				case !mapHas(meant[name], got):
					t.Errorf("case %s\n%s\nreference:\n%s", c, got, want)
				default:
					meant[name][got] = false
				}
			}
			for got, unused := range meant[name] {
				if !unused {
					continue
				}
				t.Errorf("differences.txt has what is no difference:\n%s", got)
			}
		})
	}
}

// named returns cases by their names: what is evaluated, and for one that is evaluated again a number: ">>> next(i) #2".
// So a case that is added or left out moves no other.
func named(cases []string) map[string]string {
	byName, seen := map[string]string{}, map[string]int{}
	for _, c := range cases {
		lines := strings.Split(c, "\n")
		n := 1
		for n < len(lines) && strings.HasPrefix(lines[n], "... ") {
			n++
		}
		name := strings.Join(lines[:n], "\n")
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf(" #%d", seen[name])
		}
		byName[name] = c
	}
	return byName
}

func mapHas(m map[string]bool, key string) bool {
	_, ok := m[key]
	return ok
}

// parityCases splits what run.py prints.
func parityCases(s string) []string {
	var cases []string
	for line := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		if n := len(cases); n > 0 && !strings.HasPrefix(line, ">>> ") {
			cases[n-1] += "\n" + line
		} else {
			cases = append(cases, line)
		}
	}
	return cases
}

// differences reads differences.txt: the cases of each script.
func differences(s string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for section := range strings.SplitSeq("\n"+s, "\n== ") {
		name, body, ok := strings.Cut(section, "\n")
		if !ok {
			continue
		}
		var lines []string
		for line := range strings.SplitSeq(body, "\n") {
			if !strings.HasPrefix(line, "# ") && line != "" {
				lines = append(lines, line)
			}
		}
		all[name] = map[string]bool{}
		for _, c := range parityCases(strings.Join(lines, "\n")) {
			all[name][c] = true
		}
	}
	return all
}

// sameCase reports whether our result of a case is as good as the reference's.
func sameCase(got, want string) bool {
	if got == want {
		return true
	}
	g, gotError, raised := strings.Cut(got, "\n! ")
	w, wantError, ok := strings.Cut(want, "\n! ")
	if !raised || !ok || g != w {
		return false
	}
	gotClass, gotText, _ := strings.Cut(gotError, ": ")
	wantClass, wantText, _ := strings.Cut(wantError, ": ")
	// Ours may say more than the reference does. What it leaves without a word is ours to word, too, but listed as a
	// difference: nothing would be compared.
	return gotClass == wantClass && wantText != "" && strings.Contains(gotText, wantText)
}
