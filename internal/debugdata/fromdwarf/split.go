package fromdwarf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/elf"
)

// A splitFinder opens the files of split DWARF of a program. It is asked only while the program's file is opened.
type splitFinder struct {
	paths    []string // of the program, as it is known
	big      bool
	opened   map[string]opened
	packages []*dwarf.SplitFile
	problem  error // why a package can't be read
	looked   bool  // for packages
}

// opened is what became of opening a path.
type opened struct {
	file *dwarf.SplitFile
	err  error
}

func newSplitFinder(f *elf.File, path string) *splitFinder {
	s := &splitFinder{paths: []string{f.Name}, big: f.Big, opened: map[string]opened{}}
	if path != "" && path != f.Name {
		s.paths = append(s.paths, path)
	}
	return s
}

// find returns the files in which the unit may be that a skeleton stands for: packages beside the program, "program.dwp", and the
// file that the skeleton names, in the directory of the compiler or in that of the program.
func (s *splitFinder) find(k dwarf.Skeleton) ([]*dwarf.SplitFile, error) {
	if !s.looked {
		s.looked = true
		s.findPackages()
	}
	var names []string
	switch {
	case k.Name == "":
		return s.packages, errors.Join(s.problem, errors.New("the file's name is missing"))
	case filepath.IsAbs(k.Name):
		names = append(names, k.Name)
	case k.CompDir != "":
		names = append(names, filepath.Join(k.CompDir, k.Name))
	}
	for _, path := range s.paths {
		dir := filepath.Dir(path)
		if !filepath.IsAbs(k.Name) {
			names = append(names, filepath.Join(dir, k.Name))
		}
		names = append(names, filepath.Join(dir, filepath.Base(k.Name)))
	}
	files := s.packages[:len(s.packages):len(s.packages)]
	problem := s.problem
	for _, name := range names {
		o := s.open(name)
		switch {
		case o.err == nil:
			files = append(files, o.file)
		case !errors.Is(o.err, fs.ErrNotExist) && problem == nil:
			problem = o.err
		}
	}
	if problem == nil {
		problem = errors.New("it was not found")
	}
	return files, problem
}

func (s *splitFinder) findPackages() {
	for _, path := range s.paths {
		for _, name := range []string{path + ".dwp", strings.TrimSuffix(path, ".debug") + ".dwp"} {
			if _, seen := s.opened[name]; seen {
				continue
			}
			switch o := s.open(name); {
			case o.err == nil:
				s.packages = append(s.packages, o.file)
			case !errors.Is(o.err, fs.ErrNotExist):
				s.problem = o.err
			}
		}
	}
}

func (s *splitFinder) open(name string) opened {
	o, ok := s.opened[name]
	if !ok {
		o.file, o.err = openSplit(name, s.big)
		s.opened[name] = o
	}
	return o
}

// openSplit opens a file of split DWARF or a package. An object may have its split DWARF in sections of its own.
func openSplit(name string, big bool) (*dwarf.SplitFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	f, err := elf.Open(name)
	if err != nil {
		return nil, err
	}
	if f.Big != big {
		return nil, fmt.Errorf("%s is of another byte order than the program", name)
	}
	s := &splitFile{SplitFile: dwarf.SplitFile{Name: name}, elf: f}
	s.Identity = binary.LittleEndian.AppendUint64(s.Identity, uint64(info.Size()))
	s.Identity = binary.LittleEndian.AppendUint64(s.Identity, uint64(info.ModTime().UnixNano()))
	one := map[string]*[]byte{
		".debug_abbrev.dwo": &s.Abbrev, ".debug_str.dwo": &s.Str, ".debug_str_offsets.dwo": &s.StrOffsets, ".debug_line.dwo": &s.Line,
		".debug_loc.dwo": &s.Loc, ".debug_loclists.dwo": &s.LocLists, ".debug_rnglists.dwo": &s.RngLists,
		".debug_cu_index": &s.CUIndex, ".debug_tu_index": &s.TUIndex,
	}
	many := map[string]*[][]byte{".debug_info.dwo": &s.InfoUnits, ".debug_types.dwo": &s.TypeUnits}
	for i := range f.Sections {
		section := &f.Sections[i]
		to, isOne := one[section.Name]
		list, isMany := many[section.Name]
		if !isOne && !isMany || !section.HasData() {
			continue
		}
		data, err := f.RelocatedData(section, nil)
		if err != nil {
			return nil, &sectionError{err}
		}
		if isMany {
			*list = append(*list, data)
		} else {
			*to = data
		}
	}
	if s.InfoUnits == nil && s.TypeUnits == nil {
		return nil, fmt.Errorf("%s has no split debugging information", name)
	}
	return &s.SplitFile, nil
}

// A splitFile keeps the bytes of a file that its SplitFile, the first field, is of: a pointer into it keeps the whole.
type splitFile struct {
	dwarf.SplitFile
	elf *elf.File
}
