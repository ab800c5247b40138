package dwarf

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// Of a type unit that is not there, the error says which file needs it, and which files are missing, and names no file twice; so does that of damage in a file of
// split DWARF.
func TestMissingTypeUnit(t *testing.T) {
	for _, program := range []string{"cpp.gcc-split-types-O0-4", "cpp.gcc-split-types-O2-5"} {
		s := loadSplit(t, program+".dwo")
		s.TypeUnits = nil
		if strings.HasSuffix(program, "5") { // they are among the others
			s.InfoUnits = s.InfoUnits[len(s.InfoUnits)-1:]
		}
		cfg := withTypes(loadELF(t, readFile(t, program)))
		cfg.Name = "the program"
		cfg.Split = func(Skeleton) ([]*SplitFile, error) { return []*SplitFile{s}, nil }
		f := mustOpen(t, cfg)
		for missing, want := range map[string]string{
			"":        "there is no type unit of signature 0x",
			"a.dwo":   ": it may be in a.dwo, which is missing",
			"a.dwo b": ": it may be in one of 2 files that are missing, the first of them a.dwo",
		} {
			f.split.missing = nil
			for _, name := range strings.Fields(missing) {
				f.split.missing = append(f.split.missing, MissingSplit{Skeleton{Name: name}, errors.New("none")})
			}
			_, _, err := f.FindEntity(EntityVariable, "three", "", nil)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), s.Name+": .debug_info.dwo+0x") != 1 {
				t.Errorf("%s: %v, want %s", program, err, want)
			}
		}
	}
}

// Damage in other sections of a file of split DWARF is that of this file, too, and a reference to nowhere is where it is made.
func TestDamagedSplitFile(t *testing.T) {
	for section, damage := range map[string]func(s *SplitFile){
		".debug_abbrev":      func(s *SplitFile) { s.Abbrev = s.Abbrev[:40] },
		".debug_str":         func(s *SplitFile) { s.Str = s.Str[:5] },
		".debug_str_offsets": func(s *SplitFile) { s.StrOffsets = s.StrOffsets[:24] },
	} {
		s := loadSplit(t, "c.gcc-split-O0-5.dwo")
		damage(s)
		cfg := withTypes(loadELF(t, readFile(t, "c.gcc-split-O0-5")))
		cfg.Name = "the program"
		cfg.Split = func(Skeleton) ([]*SplitFile, error) { return []*SplitFile{s}, nil }
		f, err := Open(cfg)
		if err == nil {
			err = f.IndexNames(nil)
		}
		if err != nil {
			t.Errorf("%s: %v", section, err)
			continue
		}
		if missing := f.Missing(); len(missing) != 1 || missing[0].Name != s.Name || !strings.HasPrefix(missing[0].Why.Error(), s.Name+": "+section+"+0x") {
			t.Errorf("%s: %v", section, missing)
		}
	}
	// Of units that are whole, all is known, and of a damaged one what comes before the damage; nothing of that is cached.
	s := loadSplit(t, "cpp.gcc-split-types-O2-5.dwo")
	s.InfoUnits = slices.Clone(s.InfoUnits)
	s.InfoUnits[0] = slices.Concat(s.InfoUnits[0][:30], slices.Repeat([]byte{0x7f}, len(s.InfoUnits[0])-30))
	cfg := withTypes(loadELF(t, readFile(t, "cpp.gcc-split-types-O2-5")))
	cfg.Name = "the program"
	cfg.Cache.Dir, cfg.Cache.Identity = t.TempDir(), []byte("id")
	cfg.Split = func(Skeleton) ([]*SplitFile, error) { return []*SplitFile{s}, nil }
	for range 2 {
		f := mustOpen(t, cfg)
		if e, ok, err := f.FindEntity(EntityVariable, "three", "", nil); err != nil || !ok {
			t.Errorf("%v, %t, %v", e, ok, err)
		}
		if missing := f.Missing(); len(missing) != 1 || missing[0].Name != s.Name || !strings.Contains(missing[0].Why.Error(), "past the end of its unit") {
			t.Errorf("%v", missing)
		}
	}
	f := mustOpen(t, write(false, 8))
	other := &part{file: "other.dwo", section: ".debug_info.dwo", start: 1000, at: 10}
	if _, err := (Value{Form: FormRef4, u: 1 << 20, unit: &Unit{File: f, Off: 1000, End: 1020, from: other}}).DIE(); err == nil || err.Error() != "other.dwo: .debug_info.dwo+0x10000a: reference out of the unit" {
		t.Error(err)
	}
}
