package dwarf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"runtime"

	"github.com/godrgn/drgn/internal/cache"
)

const (
	cacheSuffix = ".dwarfidx"
	// maxCache bounds what the cached indexes take on disk together.
	maxCache = 512 << 20
	// minCached is the size of .debug_info from which on reading the cache is faster than building the index.
	minCached = 1 << 20
)

// openIndex takes the index from the cache or builds it. A cached index that is odd in any way is built anew; one that
// cannot be written is no failure, the next start is merely slower.
func (f *File) openIndex() error {
	dir, name, cached := f.cacheFile()
	if cached && f.mapCache(dir, name) {
		return nil
	}
	if err := f.scanUnits(); err != nil {
		return err
	}
	data, err := f.buildIndex()
	if err != nil {
		return err
	}
	if cached && dir.Write(name, data, f.trailer()) == nil && f.mapCache(dir, name) {
		return nil // mapped: the pages need not stay in memory
	}
	ix, ok := parseIndex(data)
	if !ok {
		panic("dwarf: the index just built is damaged")
	}
	f.index, f.mainCPP = ix, ix.cpp
	return nil
}

// cacheFile returns where the index is cached, if it is.
func (f *File) cacheFile() (dir cache.Dir, name string, ok bool) {
	if f.cfg.CacheDir == "" || len(f.cfg.BuildID) < 8 || len(f.cfg.BuildID) > 64 || len(f.sec.Info) < minCached {
		return dir, "", false
	}
	return cache.Dir{Path: f.cfg.CacheDir, Suffix: cacheSuffix, Limit: maxCache}, hex.EncodeToString(f.cfg.BuildID), true
}

// mapCache maps the cached index if it is one of this file.
func (f *File) mapCache(dir cache.Dir, name string) bool {
	file, ok := dir.Open(name)
	if !ok {
		return false
	}
	if n := len(file.Data) - trailerSize; n >= 0 && string(file.Data[n:]) == string(f.trailer()) {
		if ix, ok := parseIndex(file.Data[:n]); ok {
			f.index = ix
			if f.loadUnits() {
				f.mainCPP = ix.cpp
				runtime.AddCleanup(ix, func(c *cache.File) { _ = c.Close() }, file) // nothing can be done about a failure
				return true
			}
			f.index = nil
		}
	}
	_ = file.Close() // nothing can be done about a failure
	return false
}

const trailerSize = sha256.Size

// trailer is what a cached index ends with: it tells files apart that have the same build ID but other sections, as
// before and after dwz.
func (f *File) trailer() []byte {
	h := sha256.New()
	h.Write(f.cfg.BuildID)
	for _, s := range [][]byte{f.sec.Info, f.sec.Types, f.sec.Abbrev, f.sec.Str, f.sec.LineStr, f.sec.Line, f.sec.RngLists, f.sec.Ranges, f.sec.ARanges} {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
	}
	h.Write(f.sec.Info[:min(4096, len(f.sec.Info))])
	return h.Sum(nil)
}
