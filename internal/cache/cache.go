// Package cache keeps files that can be made again: private to the user, whole or not there, checked when read, and
// bounded in size.
//
// A file's content must depend on nothing but its name and the code that made it: the caller puts into the name all
// that the content depends on, the version of the code included.
package cache

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/mem"
)

// A Dir is a directory of cached files of one kind.
type Dir struct {
	Path   string // made when first written to, for the user only
	Suffix string // of the files' names; what else lies in the directory is left alone
	Limit  int64  // what the files may take together, in bytes; the least recently used are removed first
}

// tempPrefix begins the names of files that are still being written.
const tempPrefix = ".tmp-"

// trailerSize is the size of what a file ends with: a mark and the CRC-32C of what is before it.
const trailerSize = 8

var mark = []byte("gdc1")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(parts ...[]byte) []byte {
	sum := uint32(0)
	for _, b := range parts {
		sum = crc32.Update(sum, castagnoli, b)
	}
	return trailer(sum)
}

// trailer is what a file ends with whose contents have a checksum.
func trailer(sum uint32) []byte {
	return append(slices.Clone(mark), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
}

// A File is a cached file that is mapped into memory.
type File struct {
	Data    []byte // gone after Close; read it under a [mem.Guard]
	mapping *mem.Mapping
}

// Release frees the memory of the file's pages; those that are read again are loaded again.
func (f *File) Release() { f.mapping.Release(f.mapping.Bytes()) }

// Close unmaps the file.
func (f *File) Close() error {
	f.Data = nil
	return f.mapping.Close()
}

// Open maps the file of a name if it is there, whole, and no other user may have written it.
func (d Dir) Open(name string) (*File, bool) {
	path := filepath.Join(d.Path, name+d.Suffix)
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, false
	}
	defer file.Close() // the mapping keeps the file
	st, err := file.Stat()
	if err != nil || !own(st) || st.Size() > d.Limit {
		return nil, false
	}
	m, err := mem.MapOpen(file)
	if err != nil {
		return nil, false
	}
	f := &File{mapping: m}
	if err := f.check(file); err != nil {
		_ = f.Close() // the file is not used, so a failure to unmap it does not matter
		return nil, false
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // least recently used goes first; when that fails, an older one may go
	return f, true
}

// check takes the data out of the file if that is whole. It reads the file itself: pages of the mapping would stay in memory,
// and few of them are looked at later.
func (f *File) check(file *os.File) error {
	all := f.mapping.Bytes()
	size := int64(len(all)) - trailerSize
	if size < 0 {
		return errDamaged
	}
	sum := crc32.New(castagnoli)
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(file, 0, size), make([]byte, min(size+1, 64<<10))); err != nil {
		return err
	}
	var end [trailerSize]byte
	if _, err := file.ReadAt(end[:], size); err != nil {
		return err
	}
	if !bytes.Equal(trailer(sum.Sum32()), end[:]) {
		return errDamaged
	}
	f.Data = all[:size:size]
	return nil
}

var errDamaged = errors.New("damaged")

// own reports whether a file is a regular one that only this user may have written.
func own(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && st.Mode().IsRegular() && st.Mode().Perm()&0o022 == 0 && int(sys.Uid) == os.Geteuid()
}

// Write makes the file of a name from parts. Others see all of it or nothing.
func (d Dir) Write(name string, parts ...[]byte) (err error) {
	if err := os.MkdirAll(d.Path, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(d.Path, tempPrefix+"*"+d.Suffix) // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name()) // the next eviction removes it
		}
	}()
	for _, b := range append(slices.Clone(parts), checksum(parts...)) {
		if _, err = tmp.Write(b); err != nil {
			return errors.Join(err, tmp.Close())
		}
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	if err = os.Rename(tmp.Name(), filepath.Join(d.Path, name+d.Suffix)); err != nil {
		return err
	}
	return d.evict(name + d.Suffix)
}

// writing counts the files that are being written in the background.
var writing sync.WaitGroup

// WriteLater is Write in the background, of parts that do not change; a failure is not told: what is cached can be made again.
func (d Dir) WriteLater(name string, parts ...[]byte) {
	writing.Go(func() { _ = d.Write(name, parts...) })
}

// Finish waits until all files are written, but no longer than a time: what is not written by then is lost if the program ends.
func Finish(longest time.Duration) {
	done := make(chan struct{})
	go func() {
		writing.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
}

// evict removes the least recently used files, but not keep, until those left take at most Limit bytes; and files that
// were never finished.
func (d Dir) evict(keep string) error {
	list, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	var cached []fs.FileInfo
	total := int64(0)
	for _, e := range list {
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() || !strings.HasSuffix(e.Name(), d.Suffix) {
			continue
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if time.Since(st.ModTime()) > time.Hour {
				if err := os.Remove(filepath.Join(d.Path, e.Name())); err != nil {
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
		if total <= d.Limit {
			break
		}
		if err := os.Remove(filepath.Join(d.Path, st.Name())); err != nil {
			return err
		}
		total -= st.Size()
	}
	return nil
}
