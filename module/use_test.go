package module

import (
	"testing"

	"github.com/godrgn/drgn/internal/elf"
)

// What becomes of a file, by what it is and what the module wants: a line for each row of the table, and for the order
// of the rows.
func TestDecide(t *testing.T) {
	mine, other := []byte{1}, []byte{2}
	linked, relocatable := &elf.File{Type: elf.ET_DYN}, &elf.File{Type: elf.ET_REL}
	for _, test := range []struct {
		name string
		c    choice
		want verdict
	}{
		{"both wanted and there", choice{loadable: true, debug: true}, fits},
		{"only code", choice{loadable: true}, fits},
		{"only debugging information", choice{debug: true}, fits},
		{"code not wanted, debugging information is", choice{loadable: true, debug: true, loadedStatus: DontNeedFile}, fits},
		{"neither there", choice{}, useless},
		{"code not wanted", choice{loadable: true, loadedStatus: DontNeedFile}, loadedUnwanted},
		{"code there already", choice{loadable: true, debug: true, loadedStatus: HaveFile, debugStatus: HaveFile}, loadedUnwanted},
		{"debugging information not wanted", choice{debug: true, debugStatus: DontWantFile}, debugUnwanted},
		{"neither wanted; code is missing", choice{debug: true, debugStatus: HaveFile}, debugUnwanted},
		{"same build", choice{loadable: true, id: mine, buildID: mine}, fits},
		{"another build", choice{loadable: true, id: other, buildID: mine}, otherBuild},
		{"a build that is not in memory", choice{loadable: true, id: other, elsewhere: true}, otherBuild},
		{"a build that is not in memory, forced", choice{loadable: true, loadedStatus: WantFile, id: other, elsewhere: true, force: true}, fits},
		{"no build", choice{loadable: true, buildID: mine}, otherBuild},
		{"any build fits a module without one", choice{loadable: true, id: other}, fits},
		{"another build by force", choice{loadable: true, id: other, buildID: mine, force: true}, fits},
		{"another build comes before another checksum", choice{debug: true, id: other, buildID: mine, otherSum: true}, otherBuild},
		{"another checksum", choice{debug: true, otherSum: true}, otherChecksum},
		{"another checksum comes before relocatable", choice{debug: true, otherSum: true, file: relocatable}, otherChecksum},
		{"relocatable file of a linked module", choice{debug: true, file: relocatable, kind: Main}, unlinked},
		{"relocatable file of a library", choice{loadable: true, file: relocatable, kind: SharedLibrary}, unlinked},
		{"relocatable file of a relocatable module", choice{debug: true, file: relocatable, kind: Relocatable}, fits},
		{"relocatable file of an extra module", choice{debug: true, file: relocatable, kind: Extra}, fits},
		{"needs a supplementary file", choice{debug: true, supName: "sup", supID: other}, waits},
		{"needs a supplementary file, has code", choice{loadable: true, debug: true, supName: "sup", supID: other}, waits},
		{"needs a supplementary file, but only code is wanted", choice{loadable: true, debug: true, supName: "sup", supID: other, debugStatus: HaveFile}, fits},
		{"another that needs one, while one waits", choice{debug: true, supName: "sup", supID: other, debugStatus: WantSupplementary, wantedSup: other}, waits},
		{"the supplementary file", choice{debug: true, id: other, buildID: mine, debugStatus: WantSupplementary, wantedSup: other}, supplements},
		{"the supplementary file, of the module's own build", choice{debug: true, id: mine, buildID: mine, debugStatus: WantSupplementary, wantedSup: mine}, supplements},
		{"that one by force is the debug file", choice{debug: true, id: mine, buildID: mine, debugStatus: WantSupplementary, wantedSup: mine, force: true}, fits},
		{"a supplementary file that nobody waits for", choice{debug: true, id: other, buildID: mine, wantedSup: other}, otherBuild},
		{"a debug file that needs none instead of the one that waits", choice{debug: true, id: mine, buildID: mine, debugStatus: WantSupplementary, wantedSup: other}, fits},
	} {
		if test.c.file == nil {
			test.c.file = linked
		}
		if got, _ := decide(&test.c); got != test.want {
			t.Errorf("%s: verdict %d, want %d", test.name, got, test.want)
		}
	}
}

// Every verdict has its row.
func TestVerdicts(t *testing.T) {
	seen := map[verdict]bool{}
	for _, v := range verdicts {
		seen[v.verdict] = true
	}
	for v := supplements; v <= fits; v++ {
		if !seen[v] {
			t.Errorf("verdict %d is in no row", v)
		}
	}
}
