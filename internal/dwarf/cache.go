package dwarf

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/cache"
	"github.com/godrgn/drgn/internal/lock"
)

const (
	cacheSuffix = ".dwarfidx"
	// maxCache bounds what the cached indexes take on disk together.
	maxCache = 512 << 20
)

// openIndex takes everything from a cached index, or else looks where units and their code are: names are indexed when one is first
// asked for. A cached index with anything inconsistent is made anew.
//
// The content of an index depends on the bytes of the sections and of those of the supplementary file, on the byte order
// and the size of addresses, all of which [Cache.Identity] stands for, and on the code here, which indexMagic stands for.
// It does not depend on where the file lies in a program: see [Config.Load].
func (f *File) openIndex() error {
	if dir, name, cached := f.cacheFile(); cached {
		if ix, ok := f.mapCache(dir, name); ok {
			f.code, f.mainCPP = ix.ranges, ix.cpp
			f.byName.index.Store(ix)
			return nil
		}
	}
	if err := f.load(); err != nil {
		return err
	}
	if err := f.scanUnits(); err != nil {
		return err
	}
	if split, err := f.hasSkeletons(); err != nil {
		return err
	} else if split {
		list, err := f.scratch().skeletons()
		if err != nil {
			return err
		}
		f.attach(list)
	}
	s := f.scratch()
	if err := s.findLanguage(); err != nil {
		return err
	}
	f.mainCPP = s.mainCPP
	ranges, err := s.codeRanges(&f.codeErr)
	f.code = encodeRanges(ranges)
	return err
}

// nameIndex is the index of a file's names.
type nameIndex struct {
	index atomic.Pointer[index] // nil: not made yet
	once  lock.Once
	err   error

	damaged atomic.Pointer[[]MissingSplit]

	main   *File // whose supplementary file this is, or nil
	inline inlines

	importing lock.Once
	imports   imports
	importErr error
}

// IndexNames makes the index of the file's names and of those of its supplementary file, unless that was done. Whoever looks for a name
// does it, too; here it can be watched: report, if not nil, is called with bytes done of total, from several goroutines at once.
func (f *File) IndexNames(report func(done, total uint64)) error {
	for ; f != nil; f = f.sup {
		if err := f.indexNames(report); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) indexNames(report func(done, total uint64)) error {
	if f.byName.index.Load() != nil {
		return nil
	}
	f.byName.once.Do(func() { f.byName.err = f.makeIndex(report) })
	return f.byName.err
}

// makeIndex makes the index and caches it. Failing to write it is no error, the next start is merely slower.
func (f *File) makeIndex(report func(done, total uint64)) error {
	if err := f.load(); err != nil { // see serve
		return err
	}
	data, damaged, err := f.buildIndex(report)
	if err != nil {
		return err
	}
	f.byName.damaged.Store(&damaged)
	if dir, name, cached := f.cacheFile(); cached && len(damaged) == 0 && f.codeErr == nil && dir.Write(name, data) == nil {
		if file, ix, ok := openCache(dir, name); ok { // mapped: the pages need not stay in memory
			unmapWith(ix, file)
			f.byName.index.Store(ix)
			return nil
		}
	}
	ix, ok := parseIndex(data)
	if !ok {
		panic("dwarf: the index just built is damaged")
	}
	f.byName.index.Store(ix)
	return nil
}

// serve makes f the supplementary file of main. Its units don't say their language: it is main's. The index depends on that, and on what main
// imports; so does [Cache.Identity].
func (f *File) serve(main *File) {
	f.byName.main = main
	f.mainCPP = f.mainCPP || main.mainCPP
}

// cacheFile returns where the index is cached, if it is.
func (f *File) cacheFile() (dir cache.Dir, name string, ok bool) {
	if f.cfg.Cache.Dir == "" || len(f.cfg.Cache.Identity) == 0 {
		return dir, "", false
	}
	h := sha256.New()
	h.Write([]byte(indexMagic))
	h.Write(f.cfg.Cache.Identity)
	return cache.Dir{Path: f.cfg.Cache.Dir, Suffix: cacheSuffix, Limit: maxCache}, hex.EncodeToString(h.Sum(nil)), true
}

// mapCache maps the cached index if there is one, and takes from it where units are.
func (f *File) mapCache(dir cache.Dir, name string) (*index, bool) {
	file, ix, ok := openCache(dir, name)
	if !ok {
		return nil, false
	}
	if !f.loadUnits(ix) || ix.split && !f.attachCached(ix) {
		_ = file.Close() // nothing can be done about a failure
		return nil, false
	}
	unmapWith(ix, file)
	return ix, true
}

// openCache maps a cached index.
func openCache(dir cache.Dir, name string) (*cache.File, *index, bool) {
	file, ok := dir.Open(name)
	if !ok {
		return nil, nil, false
	}
	ix, ok := parseIndex(file.Data)
	if !ok {
		_ = file.Close() // nothing can be done about a failure
	}
	return file, ix, ok
}

// unmapWith has the file of an index unmapped when nobody refers to the index any more.
func unmapWith(ix *index, file *cache.File) {
	runtime.AddCleanup(ix, func(c *cache.File) { _ = c.Close() }, file) // nothing can be done about a failure
}
