package dwarf

import (
	"os"
	"testing"
)

const programDir = "../../testdata/programs/"

// loadSplit fills a SplitFile from a .dwo or .dwp file.
func loadSplit(t testing.TB, name string) *SplitFile {
	t.Helper()
	s := &SplitFile{Name: name}
	one := map[string]*[]byte{
		".debug_abbrev.dwo": &s.Abbrev, ".debug_str.dwo": &s.Str, ".debug_str_offsets.dwo": &s.StrOffsets, ".debug_line.dwo": &s.Line,
		".debug_loc.dwo": &s.Loc, ".debug_loclists.dwo": &s.LocLists, ".debug_rnglists.dwo": &s.RngLists,
		".debug_cu_index": &s.CUIndex, ".debug_tu_index": &s.TUIndex,
	}
	eachSection(t, readFile(t, name), func(name string, data []byte) {
		switch name {
		case ".debug_info.dwo":
			s.InfoUnits = append(s.InfoUnits, data)
		case ".debug_types.dwo":
			s.TypeUnits = append(s.TypeUnits, data)
		default:
			if to := one[name]; to != nil {
				*to = data
			}
		}
	})
	return s
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(programDir + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// FuzzSplit reads units that are in other files, and packages of such.
func FuzzSplit(f *testing.F) {
	names := []string{"c.gcc-split-O2-4", "c.gcc-split-O0-5", "cpp.gcc-split-types-O0-4", "cpp.gcc-split-types-O2-5", "cpp.gcc-split-types-dwp-O0-4", "c.clang-split-dwp-O0-5"}
	var configs []Config
	for i, name := range names {
		configs = append(configs, withTypes(loadELF(f, readFile(f, name))))
		suffix := ".dwo"
		if i >= 4 {
			suffix = ".dwp"
		}
		s := loadSplit(f, name+suffix)
		first := func(list [][]byte) []byte {
			if len(list) == 0 {
				return nil
			}
			return list[0]
		}
		f.Add(uint8(i), first(s.TypeUnits), s.InfoUnits[len(s.InfoUnits)-1], s.Abbrev, s.Str, s.StrOffsets, append(s.Loc, s.LocLists...), s.RngLists, s.Line, s.CUIndex, s.TUIndex)
	}
	f.Fuzz(func(t *testing.T, which uint8, types, info, abbrev, str, strOffsets, lists, ranges, line, cus, tus []byte) {
		s := &SplitFile{Name: "split", CUIndex: cus, TUIndex: tus}
		if len(info) > 0 {
			s.InfoUnits = [][]byte{info}
		}
		if len(types) > 0 {
			s.TypeUnits = [][]byte{types}
		}
		if len(cus) == 0 {
			s.CUIndex = nil
		}
		if len(tus) == 0 {
			s.TUIndex = nil
		}
		s.Sections = Sections{Abbrev: abbrev, Str: str, StrOffsets: strOffsets, Loc: lists, LocLists: lists, RngLists: ranges, Line: line}
		cfg := withTypes(configs[int(which)%len(configs)])
		cfg.Split = func(Skeleton) ([]*SplitFile, error) { return []*SplitFile{s}, nil }
		file, err := Open(cfg)
		if err != nil {
			return
		}
		for _, m := range file.Missing() {
			if m.Why == nil {
				t.Fatal("a unit is missing for no reason")
			}
		}
		explore(t, file)
		for pc := uint64(0x401000); pc < 0x401400; pc += 16 {
			fns, err := file.Functions(pc)
			for i := range fns {
				if err != nil {
					t.Fatal("functions and an error")
				}
				_, _ = fns[i].Title()
			}
			_, _ = file.Sources(pc)
		}
	})
}
