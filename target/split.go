package target

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
)

// A split is what is open of a dump that makedumpfile --split wrote to several files. Each holds the headers and bitmaps of all
// of it, and the pages of a range of memory.
type split struct {
	whole *Core
	files []*kdump.File
	infos []os.FileInfo
}

// join makes one core of all files of a split dump: those that are open and, where pages are missing, those that lie beside
// the first.
func join(cores []*Core) (*Core, error) {
	s := split{whole: cores[0]}
	first := s.whole.headers.part
	for _, c := range cores {
		if c.headers.part == nil {
			return nil, fmt.Errorf("%s is not a file of a split dump, whose files alone can be opened together", c.Path)
		}
		if !first.SameDump(c.headers.part) {
			return nil, fmt.Errorf("%s and %s are files of different dumps", s.whole.Path, c.Path)
		}
		s.add(c)
	}
	if len(kdump.Missing(s.files)) > 0 {
		s.addSiblings()
	}
	for _, r := range kdump.Missing(s.files) {
		s.whole.Problems = append(s.whole.Problems, &MissingPartError{s.whole.Path, r})
	}
	s.whole.headers.part = nil // would keep the file mapped
	return s.whole, nil
}

// add adds a core's pages to those of the whole. The first file's own segments stay below: they tell what is missing.
func (s *split) add(c *Core) {
	s.files = append(s.files, c.headers.part)
	if info, err := os.Stat(c.Path); err == nil { // else it has no name any more, and no sibling can be it
		s.infos = append(s.infos, info)
	}
	physical := c.Physical
	if c != s.whole {
		s.whole.Truncated = s.whole.Truncated || c.Truncated
		s.whole.Problems = append(s.whole.Problems, c.Problems...)
		s.whole.closers = append(s.whole.closers, c.closers...)
	}
	pages, ok := c.headers.part.Pages()
	if !ok {
		return
	}
	for _, seg := range slices.Clone(physical) {
		if seg.Min, seg.Max = max(seg.Min, pages.Min), min(seg.Max, pages.Max); seg.Min <= seg.Max {
			s.whole.Physical = append(s.whole.Physical, seg)
		}
	}
}

// addSiblings adds the files with missing pages from the directory of the first file. Of two with the same pages one that is
// whole is taken.
func (s *split) addSiblings() {
	path, err := filepath.EvalSymlinks(s.whole.Path)
	if err != nil {
		return // it has no name any more
	}
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.whole.Problems = append(s.whole.Problems, fmt.Errorf("the other files of the split dump can't be looked for: %w", err))
		return
	}
	var truncated []*Core
	for _, e := range entries {
		if e.Type()&^os.ModeSymlink != 0 {
			continue
		}
		c, err := s.sibling(filepath.Join(dir, e.Name()))
		if err != nil {
			s.whole.Problems = append(s.whole.Problems, err)
		}
		switch {
		case c == nil:
		case c.Truncated:
			truncated = append(truncated, c)
		default:
			s.addMissing(c)
		}
	}
	for _, c := range truncated {
		s.addMissing(c)
	}
}

// addMissing adds a file if it has missing pages.
func (s *split) addMissing(c *Core) {
	pages, ok := c.headers.part.Pages()
	if ok && slices.ContainsFunc(kdump.Missing(s.files), func(r mem.Range) bool { return r.Min <= pages.Max && pages.Min <= r.Max }) {
		s.add(c)
	}
}

// sibling opens a file if it belongs to the same dump and is not open yet. Of other files no more than the start is read, and
// nothing of what is no regular file. An error is of a file that has the dump's header.
func (s *split) sibling(path string) (*Core, error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() < kdump.StampSize ||
		slices.ContainsFunc(s.infos, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a FIFO
	if err != nil {
		return nil, nil // it is not ours to read, and most likely another dump's; the warning says what is missing
	}
	defer f.Close() // was only read
	start := make([]byte, kdump.StampSize)
	first := s.files[0]
	if _, err := io.ReadFull(f, start); err != nil || !bytes.Equal(start, first.Stamp()) {
		return nil, nil
	}
	c, err := openCore(path)
	if err != nil {
		return nil, fmt.Errorf("a file that may be of the same split dump can't be opened: %w", err)
	}
	if c.headers.part == nil || !first.SameDump(c.headers.part) {
		return nil, c.Close()
	}
	return c, nil
}

// A MissingPartError says that the file of a split dump with the pages of a range of physical memory is not open.
type MissingPartError struct {
	Path  string // of a file of the dump
	Range mem.Range
}

func (e *MissingPartError) Error() string {
	return fmt.Sprintf("%s is one file of a split dump: the one with physical memory from %#x to %#x is missing, which can't be read; "+
		"name it, too, or put it into the same directory", e.Path, e.Range.Min, e.Range.Max)
}

// closeAll closes cores after an error, which is returned with those of closing.
func closeAll(err error, cores []*Core) error {
	for _, c := range cores {
		err = errors.Join(err, c.Close())
	}
	return err
}
