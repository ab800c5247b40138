package module

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// A WantedFile says which supplementary file a module's debug file needs.
type WantedFile struct {
	Path     string // of the debug file that needs it
	Name     string // path of the supplementary file as the debug file has it: absolute, or relative to the debug file's
	Checksum []byte // its build ID
}

// WantedSupplementaryFile returns which supplementary file is wanted; a *failure.ValueError says that none is.
func (m *Module) WantedSupplementaryFile() (WantedFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.debug.status != WantSupplementary {
		return WantedFile{}, &failure.ValueError{Problem: "module does not want supplementary debug file"}
	}
	return m.sup.wanted, nil
}

// SetLoadedFileStatus says whether the module's loaded file is to be looked for; a [*FileStatusError] names a
// change that is not allowed.
func (m *Module) SetLoadedFileStatus(s FileStatus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loaded.set(m, s)
}

// SetDebugFileStatus says whether the module's debug file is to be looked for; a [*FileStatusError] names a
// change that is not allowed.
func (m *Module) SetDebugFileStatus(s FileStatus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.debug.set(m, s); err != nil {
		return err
	}
	if s != WantSupplementary {
		m.sup = supplement{}
	}
	return nil
}

// A FileStatusError says that the status of a module's file can't be set to another one by hand.
type FileStatusError struct {
	File     string // "loaded" or "debug"
	From, To FileStatus
}

func (e *FileStatusError) Error() string {
	return fmt.Sprintf("cannot change the status of the %s file from '%s' to '%s'", e.File, e.From, e.To)
}

func (f *fileState) set(m *Module, s FileStatus) error {
	what := "debug"
	if f == &m.loaded {
		what = "loaded"
	}
	if s != f.status && (s == HaveFile || s == WantSupplementary || s > WantSupplementary || f.status == HaveFile) {
		return &FileStatusError{File: what, From: f.status, To: s}
	}
	f.status = s
	return nil
}

// TryFile uses a file for the module if it fits: it has the module's build ID, if the module has one, and is one that the
// module wants. A file with code and data becomes the loaded file; one with debugging information the debug file, unless
// that needs a supplementary file, which is then wanted; and the file that is wanted so becomes the supplementary file. A
// file that does not fit, or can't be read, is passed over: what was wrong with it is logged.
func (m *Module) TryFile(path string) error {
	_, err := m.Try(Candidate{Path: path})
	return err
}

// TryOpenFile is TryFile of an open file, which is closed. Force takes a file of another build too. A nil file is the one
// at path.
func (m *Module) TryOpenFile(path string, file *os.File, force bool) error {
	_, err := m.Try(Candidate{Path: path, File: file, Force: force})
	return err
}

// A Candidate is a file that may be a module's.
type Candidate struct {
	Path  string
	Name  string    // what the file is called; "": its path without links
	File  *os.File  // Path, open; or nil
	ELF   *elf.File // the file as it was opened by [Set.OpenFile], or nil. The caller closes it if it is not used.
	Force bool      // a file of another build is taken, too
	Quiet bool      // it is a guess that the file is there
	NoID  bool      // a file without a build ID is taken, too: it lies where only the right one does
	CRC   *uint32   // the checksum that the file must have (.gnu_debuglink), or nil
}

// Try is [Module.TryFile] of a candidate; used reports whether the file became one of the module's.
func (m *Module) Try(c Candidate) (used bool, err error) {
	if c.ELF != nil {
		m.trying(&c)
		return m.useGuarded(&c)
	}
	log := m.set.Log()
	if !c.Quiet {
		log.Debug(fmt.Sprintf("%s (%s): trying provided file as %s", m.name, m.BuildIDText(), m.WantedText()))
	}
	name := c.Name
	if name == "" {
		name = c.Path
	}
	if c.ELF, err = m.set.OpenFile(c.Path, name, c.File); err != nil {
		log.Debug(fmt.Sprintf("%s: %v", c.Path, Reason(err)))
		m.Tried(c.Path, Reason(err).Error(), false)
		return false, nil
	}
	m.trying(&c)
	if used, err = m.useGuarded(&c); !used {
		_ = c.ELF.Close() // nothing was written
	}
	return used, err
}

// trying says which file is looked at.
func (m *Module) trying(c *Candidate) {
	m.set.Log().Debug(fmt.Sprintf("%s: trying %s", m.name, c.Path))
	if c.ELF.Name != c.Path {
		m.set.Log().Debug("canonical path is " + c.ELF.Name)
	}
}

// OpenFile opens an ELF file that may be compressed as a whole. file is the file at path, open, or nil. The file is called
// name or, if that is path, the path without links.
func (s *Set) OpenFile(path, name string, file *os.File) (*elf.File, error) {
	canonical := name
	if file != nil {
		if to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", file.Fd())); err == nil && filepath.IsAbs(to) {
			canonical = to
		}
	} else if name == path {
		if to, err := filepath.EvalSymlinks(path); err == nil {
			canonical = to
		}
	}
	if abs, err := filepath.Abs(canonical); err == nil {
		canonical = abs
	}
	return mem.Guarded(func() (*elf.File, error) {
		return debuginfo.OpenFile(path, canonical, file, debuginfo.OpenOptions{CacheDir: s.CacheDir(), Progress: s.Progress("reading debugging information")})
	})
}

// Reason leaves the path out of an error about a file.
func Reason(err error) error {
	var e *os.PathError
	if errors.As(err, &e) {
		if text := e.Err.Error(); text != "" {
			return errors.New(strings.ToUpper(text[:1]) + text[1:]) // as the system's tools write it
		}
		return e.Err
	}
	var bad *bin.DecodeError
	if errors.As(err, &bad) {
		return errors.New(bad.Problem)
	}
	return err
}

// BuildIDText names the module's build ID in messages.
func (m *Module) BuildIDText() string {
	if id := m.BuildID(); id != nil {
		return fmt.Sprintf("build ID %x", id)
	}
	return "no build ID"
}

// WantedText says in messages which files the module wants.
func (m *Module) WantedText() string {
	loaded, debug := m.WantsLoadedFile(), m.DebugFile().Status
	switch {
	case debug == WantSupplementary && loaded:
		return "loaded and supplementary debug files"
	case debug == WantSupplementary:
		return "supplementary debug file"
	case loaded && debug == WantFile:
		return "loaded and debug files"
	case loaded:
		return "loaded file"
	}
	return "debug file"
}
