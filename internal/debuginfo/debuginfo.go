// Package debuginfo finds the files that hold debugging information, by build ID and by the places where distributions
// put them.
package debuginfo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/elf"
)

// Open opens the ELF file at path, which may be compressed as a whole with zstd, xz or gzip. It is then kept decompressed
// in s.CacheDir.
func (s *Search) Open(path string) (*elf.File, error) {
	opts := compressed.Options{CacheDir: s.CacheDir}
	if s.Progress != nil {
		opts.Progress = func(done, total int64) error {
			s.Progress(uint64(done), uint64(total))
			return nil
		}
	}
	image, err := compressed.Open(path, opts)
	if err != nil {
		return nil, err
	}
	return elf.ParseOwned(path, image.Data, image)
}

// A Search says where files are looked for.
type Search struct {
	// Beside is a directory whose files are looked at when their names are those of debug files: where a core lies.
	Beside string
	// Roots are the directories under which distributions keep debug files; DefaultRoots if nil.
	Roots []string
	// Kernels are directories that hold the modules' and the image's files of one kernel, searched as a whole.
	Kernels []string
	// CacheDir is where decompressed files are kept; "" is nowhere.
	CacheDir string
	// Progress is told how much of a compressed file has been read; may be nil.
	Progress func(done, total uint64)
}

// DefaultRoots are the directories under which distributions keep debug files.
var DefaultRoots = []string{"/usr/lib/debug"}

// A Tried is a file that was looked at and why it was not taken.
type Tried struct {
	Path string
	Err  error
}

// A NotFoundError says that no file with debugging information was found, and which were looked at.
type NotFoundError struct {
	What  string // "kernel 6.12.43", "module ext4"
	Tried []Tried
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no debugging information of %s was found", e.What)
	for _, t := range e.Tried {
		fmt.Fprintf(&b, "\n  %s: %v", t.Path, t.Err)
	}
	return b.String()
}

// BuildIDError says that a file is of another build.
type BuildIDError struct{ Want, Have []byte }

func (e *BuildIDError) Error() string {
	if e.Have == nil {
		return fmt.Sprintf("has no build ID; %x is wanted", e.Want)
	}
	return fmt.Sprintf("has build ID %x; %x is wanted", e.Have, e.Want)
}

// Kernel finds the image of a kernel that has a symbol table or debugging information. buildID is that of the kernel,
// or nil: then the release must do.
func (s *Search) Kernel(release string, buildID []byte) (*elf.File, error) {
	missing := &NotFoundError{What: "kernel " + release}
	for _, path := range s.kernelPaths(release, buildID) {
		f, err := s.try(path, buildID)
		if err == nil {
			return f, nil
		}
		if !os.IsNotExist(err) {
			missing.Tried = append(missing.Tried, Tried{path, err})
		}
	}
	return nil, missing
}

// kernelPaths lists the places of a kernel's image, the likeliest first.
func (s *Search) kernelPaths(release string, buildID []byte) []string {
	paths := s.beside()
	roots := s.Roots
	if roots == nil {
		roots = DefaultRoots
	}
	for _, dir := range s.Kernels {
		for _, name := range []string{"vmlinux", "vmlinux-" + release} {
			paths = append(paths, filepath.Join(dir, name))
		}
	}
	for _, root := range roots {
		if id := hex.EncodeToString(buildID); len(id) > 2 {
			paths = append(paths, filepath.Join(root, ".build-id", id[:2], id[2:]+".debug"))
		}
		if release != "" {
			paths = append(paths, filepath.Join(root, "boot", "vmlinux-"+release), filepath.Join(root, "lib/modules", release, "vmlinux"))
		}
	}
	if release != "" {
		paths = append(paths, "/boot/vmlinux-"+release, "/lib/modules/"+release+"/build/vmlinux", "/lib/modules/"+release+"/vmlinux")
	}
	return paths
}

// beside lists the files next to the core whose names are those of debug files.
func (s *Search) beside() []string {
	if s.Beside == "" {
		return nil
	}
	entries, err := os.ReadDir(s.Beside)
	if err != nil {
		return nil // the core was opened from there; without the right to list it there is nothing to find
	}
	var first, rest []string
	for _, e := range entries {
		name := plainName(e.Name())
		switch path := filepath.Join(s.Beside, e.Name()); {
		case e.IsDir():
		case name == "vmlinux" || strings.HasPrefix(name, "vmlinux-") || strings.HasPrefix(name, "vmlinux."):
			first = append(first, path)
		case strings.HasSuffix(name, ".debug"):
			rest = append(rest, path)
		}
	}
	return append(first, rest...)
}

// plainName returns a file's name without the ending of a compressed one.
func plainName(name string) string {
	for _, end := range []string{".zst", ".xz", ".gz"} {
		if n, ok := strings.CutSuffix(name, end); ok {
			return n
		}
	}
	return name
}

// try opens a file if it is of the wanted build and has symbols or debugging information.
func (s *Search) try(path string, buildID []byte) (*elf.File, error) {
	f, err := s.Open(path)
	if err != nil {
		return nil, err
	}
	if err := Check(f, buildID); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Check says why a file is not the debugging information of a build; a nil buildID fits all files.
func Check(f *elf.File, buildID []byte) error {
	if have := f.BuildID(); buildID != nil && !bytes.Equal(have, buildID) {
		return &BuildIDError{bytes.Clone(buildID), bytes.Clone(have)} // the file is closed before the error is read
	}
	debug, syms := f.Section(".debug_info"), f.Section(".symtab")
	if (debug == nil || !debug.HasData()) && (syms == nil || !syms.HasData()) {
		return fmt.Errorf("has neither debugging information nor a symbol table")
	}
	return nil
}

// Modules lists the files of a kernel's modules by their names, with '_' for '-', in the directories of a release. A file
// with debugging information is found before one without.
func (s *Search) Modules(release string) map[string][]string {
	dirs := append([]string(nil), s.Kernels...)
	if s.Beside != "" {
		dirs = append(dirs, s.Beside)
	}
	roots := s.Roots
	if roots == nil {
		roots = DefaultRoots
	}
	if release != "" {
		for _, root := range roots {
			dirs = append(dirs, filepath.Join(root, "lib/modules", release), filepath.Join(root, "usr/lib/modules", release))
		}
		dirs = append(dirs, "/lib/modules/"+release)
	}
	found := map[string][]string{}
	for i, dir := range dirs {
		flat := s.Beside != "" && i == len(s.Kernels)
		if to, err := filepath.EvalSymlinks(dir); err == nil {
			dir = to // a walk does not follow a link, not even where it starts
		}
		// Directories that can't be read have nothing for us; which files were found says it all.
		_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			if e.IsDir() {
				if flat && path != dir {
					return fs.SkipDir
				}
				return nil
			}
			if name, ok := ModuleName(e.Name()); ok {
				found[name] = append(found[name], path)
			}
			return nil
		})
	}
	return found
}

// ModuleName returns the name of the module in a file: "snd_pcm" for "snd-pcm.ko.debug.xz".
func ModuleName(file string) (string, bool) {
	name := plainName(file)
	name = strings.TrimSuffix(name, ".debug")
	name, ok := strings.CutSuffix(name, ".ko")
	return strings.ReplaceAll(name, "-", "_"), ok
}

// Module opens the first of the files that is of a module's build and has debugging information, else the first with
// symbols.
func (s *Search) Module(name string, paths []string, buildID []byte) (*elf.File, error) {
	missing := &NotFoundError{What: "module " + name}
	var second *elf.File
	for _, path := range paths {
		f, err := s.try(path, buildID)
		switch {
		case err != nil:
			missing.Tried = append(missing.Tried, Tried{path, err})
		case f.Section(".debug_info") != nil:
			return f, nil
		case second == nil:
			second = f
		}
	}
	if second != nil {
		return second, nil
	}
	return nil, missing
}
