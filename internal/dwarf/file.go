// Package dwarf reads DWARF 2 to 5 debug information: an index of names, types, variables, functions and constants.
//
// Nothing is decoded before it is asked for. For addresses it takes to know which units' code is where; for the first name an
// index is made, by one parallel pass that records where the names at the top level and in namespaces are. Section bytes are untrusted; what does not make sense is a [bin.DecodeError].
package dwarf

import (
	"sort"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/dwarf/expr"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/types"
)

// Sections are the bytes of the debug sections, decompressed and relocated; nil where there is none.
type Sections struct {
	Info, Types, Abbrev, Str, LineStr, StrOffsets, Addr, Line, Ranges, RngLists, Loc, LocLists, ARanges []byte
}

// An AddressMap translates between the addresses in the file and those in the program.
type AddressMap = expr.AddressMap

// A Bias is the [AddressMap] of a file that was loaded as a whole.
type Bias = expr.Bias

// A Config says what [Open] reads.
type Config struct {
	Name     string // of the file, for errors
	Sections Sections
	// Load returns the sections in place of Sections when they are first needed: names that a cached index lacks are
	// looked up without them. Sections of a relocatable file must have been relocated for addresses that depend on the
	// file alone, for the index is cached; Addresses says where these are in the program. May be nil.
	Load      func() (Sections, error)
	Addresses AddressMap // nil: the file's addresses are those of the program
	Big       bool       // byte order
	AddrSize  int        // size of an address in bytes where units do not say: 4 or 8
	Sup       *File      // supplementary file of dwz, or nil

	Set    *types.Set
	C, CPP types.Language // languages given to types
	// Alignments are those of the machine's numbers; all 0 if they are not known.
	Alignments types.Alignments

	// Argument returns what a template's value parameter of a type stands for. May be nil.
	Argument func(d DIE, t *types.Type) (any, error)

	Cache Cache // of the index

	// Split returns the files in which the unit that a skeleton stands for may be, best first; what it returns for one file is
	// always the same. The error says why there is none. May be nil: there are none.
	Split func(s Skeleton) ([]*SplitFile, error)

	// Release is called with parts of Sections.Info the index is done with, so that the owner of a file mapping may
	// give the pages back, from several goroutines at once; may be nil.
	Release func(b []byte)
}

// A Cache is where an index is kept.
type Cache struct {
	Dir string // "": nowhere
	// Identity is the key: it must differ between files whose sections differ, those of Sup included, and supplementary files of different
	// files. None: nowhere.
	Identity []byte
}

// A File is the debug information of one file. It may be used by many goroutines.
type File struct {
	cfg      Config
	sec      Sections // after load
	loading  loading
	big      bool
	addrSize uint8
	sup      *File

	byName  nameIndex
	code    []byte // ranges of the units' code, as an index has them
	mainCPP bool   // what units that don't say their language are written in: C++, not C
	unitTable
	abbrevs sync.Map // abbrevKey → *abbrevTable
	// abbrevBytes is the size of all tables in abbrevs.
	abbrevBytes atomic.Uint64
	scopes      scopes // functions and source lines by address

	types sync.Map // DIE.Off → *types.Type

	sigs struct {
		once lock.Once
		m    map[uint64]int // signature of a type unit → unit number
	}
}

// BigEndian reports the file's byte order.
func (f *File) BigEndian() bool { return f.big }

// Sup returns the supplementary file, or nil.
func (f *File) Sup() *File { return f.sup }

// Open takes the index of a file from the cache, or looks where its units are.
func Open(cfg Config) (*File, error) {
	f := &File{cfg: cfg, big: cfg.Big, addrSize: uint8(cfg.AddrSize), sup: cfg.Sup}
	if f.cfg.Addresses == nil {
		f.cfg.Addresses = Bias(0)
	}
	if cfg.Load == nil {
		f.sec = cfg.Sections
		f.setParts()
		f.loading.done.Store(true)
	}
	if f.addrSize != 4 && f.addrSize != 8 {
		f.addrSize = 8
	}
	if err := f.openIndex(); err != nil {
		return nil, err
	}
	if f.sup != nil {
		f.sup.serve(f)
	}
	return f, nil
}

// loading says whether the sections were loaded.
type loading struct {
	done atomic.Bool
	once lock.Once
	err  error
}

// load gets the sections. It is called before any of their bytes are looked at: by who gets the first unit of a question,
// and by who compares names.
func (f *File) load() error {
	if f.loading.done.Load() {
		return nil
	}
	f.loading.once.Do(func() {
		if f.sup != nil { // whose strings and DIEs are referred to
			if f.loading.err = f.sup.load(); f.loading.err != nil {
				return
			}
		}
		if f.cfg.Load == nil { // the sections were given
			return
		}
		if f.sec, f.loading.err = f.cfg.Load(); f.loading.err == nil {
			f.setParts()
			f.loading.done.Store(true)
		}
	})
	return f.loading.err
}

// locate says which section an offset of a DIE or unit is in, and where.
func (f *File) locate(off uint64) (p *part, at uint64) {
	i := sort.Search(len(f.parts), func(i int) bool { return f.parts[i].start > off }) - 1
	if i < 0 { // nothing was loaded
		return &part{file: f.cfg.Name, section: ".debug_info"}, off
	}
	return f.parts[i], off - f.parts[i].start
}

func (f *File) errorAt(off uint64, problem string) *bin.DecodeError {
	p, at := f.locate(off)
	return &bin.DecodeError{File: p.file, Section: p.section, Off: p.at + at, Problem: problem}
}
