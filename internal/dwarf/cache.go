package dwarf

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"

	"github.com/godrgn/drgn/internal/cache"
)

const (
	cacheSuffix = ".dwarfidx"
	// maxCache bounds what the cached indexes take on disk together.
	maxCache = 512 << 20
)

// openIndex takes the index from the cache or builds it. A cached index with anything inconsistent is rebuilt; failing to
// write one is no error, the next start is merely slower.
//
// The content of an index depends on the bytes of the sections and of those of the supplementary file, on the byte order
// and the size of addresses, all of which [Config.Identity] stands for, and on the code here, which indexMagic stands for.
// It does not depend on where the file lies in a program: see [Config.Load].
func (f *File) openIndex() error {
	dir, name, cached := f.cacheFile()
	if cached && f.mapCache(dir, name) {
		return nil
	}
	if err := f.load(); err != nil {
		return err
	}
	if err := f.scanUnits(); err != nil {
		return err
	}
	data, err := f.buildIndex()
	if err != nil {
		return err
	}
	if cached && dir.Write(name, data) == nil && f.mapCache(dir, name) {
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
	if f.cfg.CacheDir == "" || len(f.cfg.Identity) == 0 {
		return dir, "", false
	}
	h := sha256.New()
	h.Write([]byte(indexMagic))
	h.Write(f.cfg.Identity)
	return cache.Dir{Path: f.cfg.CacheDir, Suffix: cacheSuffix, Limit: maxCache}, hex.EncodeToString(h.Sum(nil)), true
}

// mapCache maps the cached index if there is one.
func (f *File) mapCache(dir cache.Dir, name string) bool {
	file, ok := dir.Open(name)
	if !ok {
		return false
	}
	if ix, ok := parseIndex(file.Data); ok {
		f.index = ix
		if f.loadUnits() && (!ix.split || f.attachCached(ix)) {
			f.mainCPP = ix.cpp
			runtime.AddCleanup(ix, func(c *cache.File) { _ = c.Close() }, file) // nothing can be done about a failure
			return true
		}
		f.index = nil
	}
	_ = file.Close() // nothing can be done about a failure
	return false
}
