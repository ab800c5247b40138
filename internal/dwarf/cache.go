package dwarf

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	cacheSuffix = ".dwarfidx"
	// maxCache bounds what the cached indexes take on disk together; the least recently used are removed first.
	maxCache = 512 << 20
	// minCached is the size of .debug_info from which on reading the cache is faster than building the index.
	minCached = 1 << 20
)

// openIndex takes the index from the cache or builds it. A cached index that is odd in any way is built anew; one that
// cannot be written is no failure, the next start is merely slower.
func (f *File) openIndex() error {
	path := f.cachePath()
	if path != "" && f.mapCache(path) {
		return nil
	}
	if err := f.scanUnits(); err != nil {
		return err
	}
	data, err := f.buildIndex()
	if err != nil {
		return err
	}
	if path != "" && f.writeCache(path, data) == nil && f.mapCache(path) {
		return nil // mapped: the pages need not stay in memory
	}
	ix, ok := parseIndex(data)
	if !ok {
		panic("dwarf: the index just built is damaged")
	}
	f.index, f.mainCPP = ix, ix.cpp
	return nil
}

// cachePath returns where the index is cached, "" when it is not.
func (f *File) cachePath() string {
	if f.cfg.CacheDir == "" || len(f.cfg.BuildID) < 8 || len(f.cfg.BuildID) > 64 || len(f.sec.Info) < minCached {
		return ""
	}
	return filepath.Join(f.cfg.CacheDir, hex.EncodeToString(f.cfg.BuildID)+cacheSuffix)
}

// mapCache maps the cached index if it is one of this file.
func (f *File) mapCache(path string) bool {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil || !ownFile(st) || st.Size() < headerSize+trailerSize || st.Size() > maxCache {
		return false
	}
	data, err := unix.Mmap(int(file.Fd()), 0, int(st.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return false
	}
	ix, ok := parseIndex(data[:len(data)-trailerSize])
	if ok && string(data[len(data)-trailerSize:]) == string(f.trailer()) {
		f.index = ix
		if f.loadUnits() {
			f.mainCPP = ix.cpp
			runtime.AddCleanup(ix, func(b []byte) { _ = unix.Munmap(b) }, data) // nothing can be done about a failure
			now := time.Now()
			_ = os.Chtimes(path, now, now) // least recently used goes first; when that fails, an older one may go
			return true
		}
		f.index = nil
	}
	_ = unix.Munmap(data) // nothing can be done about a failure
	return false
}

// ownFile reports whether a file is a regular one that only this user may have written.
func ownFile(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && st.Mode().IsRegular() && st.Mode().Perm()&0o022 == 0 && int(sys.Uid) == os.Geteuid()
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

// writeCache writes the index under a name of its own and renames it: others see all of it or nothing.
func (f *File) writeCache(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, tempPrefix+"*"+cacheSuffix) // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name()) // evict removes it later
		}
	}()
	for _, b := range [][]byte{data, f.trailer()} {
		if _, err = tmp.Write(b); err != nil {
			_ = tmp.Close() // the failure to write is what counts
			return err
		}
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return evict(dir, filepath.Base(path), maxCache)
}

// tempPrefix begins the names of files that are still being written.
const tempPrefix = ".tmp-"

// evict removes the least recently used indexes, but not keep, until those left take at most limit bytes; and files
// that were never finished.
func evict(dir, keep string, limit int64) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var cached []fs.FileInfo
	total := int64(0)
	for _, e := range list {
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() || !strings.HasSuffix(e.Name(), cacheSuffix) {
			continue
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if time.Since(st.ModTime()) > time.Hour {
				if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
					return err
				}
			}
			continue
		}
		total += st.Size()
		if e.Name() != keep {
			cached = append(cached, st)
		}
	}
	slices.SortFunc(cached, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, st := range cached {
		if total <= limit {
			break
		}
		if err := os.Remove(filepath.Join(dir, st.Name())); err != nil {
			return err
		}
		total -= st.Size()
	}
	return nil
}
