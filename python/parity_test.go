package python

import (
	"os"
	"path/filepath"
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
			wants, gots := parityCases(string(want)), parityCases(got)
			if len(wants) != len(gots) {
				t.Fatalf("%d cases; want %d", len(gots), len(wants))
			}
			if meant[name] == nil {
				meant[name] = map[string]bool{}
			}
			for i, got := range gots {
				if sameCase(got, wants[i]) {
					continue
				}
				if _, ok := meant[name][got]; !ok {
					t.Errorf("%s\nreference:\n%s", got, wants[i])
				}
				meant[name][got] = false
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
