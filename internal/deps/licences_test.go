package deps

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goList returns the lines that go list prints.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return strings.Fields(string(out))
}

// noticed finds in NOTICE what a text of a licence belongs to, its version, and the text.
var noticed = regexp.MustCompile(`(?m)^  (\S+)(?: +(\S+))?\s+(licences/\S+\.txt)`)

// NOTICE names each text of a licence, and no other.
func TestNoticeNamesTheTexts(t *testing.T) {
	notice, err := os.ReadFile("../../NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	var named []string
	for _, m := range noticed.FindAllStringSubmatch(string(notice), -1) {
		named = append(named, filepath.Base(m[3]))
	}
	slices.Sort(named)
	named = slices.Compact(named)
	files, err := filepath.Glob("../../licences/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range files {
		have = append(have, filepath.Base(f))
	}
	if !slices.Equal(named, have) {
		t.Errorf("NOTICE names\n%v, but in licences/ are\n%v", named, have)
	}
}

// NOTICE has every module that is linked into the program, at its version, with the licence that the module has.
func TestNoticeHasTheModules(t *testing.T) {
	notice, err := os.ReadFile("../../NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	const format = `{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}@{{.Dir}}{{end}}{{end}}`
	linked := goList(t, "-deps", "-f", format, "./cmd/drgn")
	slices.Sort(linked)
	linked = slices.Compact(linked)
	if len(linked) < 3 {
		t.Fatalf("the program has only the modules %v", linked)
	}
	entries := noticed.FindAllStringSubmatch(string(notice), -1)
	modules := 0
	for _, e := range entries {
		if strings.Contains(e[1], "/") {
			modules++
		}
	}
	if modules != len(linked) {
		t.Errorf("NOTICE has %d modules, the program %d", modules, len(linked))
	}
	for _, module := range linked {
		parts := strings.SplitN(module, "@", 3)
		path, version, dir := parts[0], parts[1], parts[2]
		i := slices.IndexFunc(entries, func(e []string) bool { return e[1] == path })
		if i < 0 {
			t.Errorf("%s is linked into the program: put its licence into licences/ and name it in NOTICE", path)
			continue
		}
		if entries[i][2] != version {
			t.Errorf("NOTICE has %s %s, the program %s", path, entries[i][2], version)
		}
		theirs, err := os.ReadFile(filepath.Join(dir, "LICENSE"))
		if err != nil {
			t.Error(err)
			continue
		}
		ours, err := os.ReadFile(filepath.Join("../..", entries[i][3]))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(ours, theirs) {
			t.Errorf("%s is not the licence of %s %s", entries[i][3], path, version)
		}
	}
}
