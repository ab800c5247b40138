package target

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
)

// foreign holds the starts of files that people take for core dumps.
var foreign = []struct{ magic, what string }{
	{"EMiL", "a LiME memory image, which can't be read yet"},
	{"AVML", "an AVML memory image, which can't be read yet"},
	{"DISKDUMP", "a diskdump of a Linux 2.4 or 2.6 kernel, which can't be read"},
	{"PAGEDUMP", "a Windows crash dump"},
	{"PAGEDU64", "a Windows crash dump"},
	{"QEVM", "a QEMU save file (savevm or migration), which can't be read; use dump-guest-memory"},
	{"LibvirtQemudSave", "a libvirt save file, which can't be read; use virsh dump --memory-only"},
	{"!<arch>\n", "an archive"},
	{"\x89PNG", "a picture"},
}

// Open opens the core file at path, whatever its format: ELF (a vmcore, /proc/kcore, a process's core), kdump-compressed,
// either of them flattened or compressed as a whole. A file that is none of these is a [*FormatError].
//
// A dump that makedumpfile --split wrote to several files is opened by the name of one, if the others lie in the same
// directory, or by the names of all of them: parts are those after the first, in any order. What is missing is said in
// [Core.Problems], and a fault to read.
//
// A pipe is read to its end, into a temporary file: the output of makedumpfile -F, for instance.
//
// A name of the form FILE@ADDRESS, if no file is called so, is that of a file which holds physical memory from an address on and
// nothing else (0x8000 or decimal). parts are further ones.
func Open(path string, parts ...string) (*Core, error) {
	return mem.Guarded(func() (*Core, error) {
		var cores []*Core
		for _, path := range append([]string{path}, parts...) {
			c, err := openCore(path)
			if err != nil {
				return nil, closeAll(err, cores)
			}
			cores = append(cores, c)
		}
		if len(cores) == 1 && cores[0].headers.part == nil {
			return cores[0], nil
		}
		together := join
		if cores[0].headers.image {
			together = joinImages
		}
		c, err := together(cores)
		if err != nil {
			return nil, closeAll(err, cores)
		}
		return c, nil
	})
}

func openCore(path string) (*Core, error) {
	if file, address, ok := cutAddress(path); ok {
		return openImage(file, address)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping keeps the file
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, &FormatError{Path: path, What: failure.ADirectory}
	case info.Mode()&os.ModeDevice != 0:
		return nil, &FormatError{Path: path, What: "not a regular file"}
	case info.Mode()&os.ModeNamedPipe != 0:
		file, err := spool(f)
		if err != nil {
			return nil, err
		}
		defer file.Close() // the same
		f = file
	}
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return nil, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if fs.Type == unix.PROC_SUPER_MAGIC {
		return openLive(path)
	}
	m, err := mem.MapOpen(f)
	if err != nil {
		return nil, err
	}
	c, err := parse(path, m.Bytes(), m)
	if err != nil {
		m.Close() // the parser's error says more
		return nil, err
	}
	for i := range c.Notes { // they outlive the mapping
		c.Notes[i].Desc = bytes.Clone(c.Notes[i].Desc)
	}
	c.VMCOREINFO = bytes.Clone(c.VMCOREINFO)
	if c.Truncated {
		c.Problems = append(c.Problems, fmt.Errorf("%s is truncated: what it lacks can't be read; copy or dump it again", path))
	}
	return c, nil
}

// An owner is what everything refers to that reads the bytes of a mapped file: these are unmapped when it is unreachable. It
// has a pointer, since objects without one share small blocks of memory with others, and are reachable while one of these is.
type owner struct{ _ *byte }

func own(mapped io.Closer) *owner {
	o := &owner{}
	runtime.AddCleanup(o, func(mapped io.Closer) { _ = mapped.Close() }, mapped) // nothing can be done about a failure
	return o
}

// parse looks what data, the contents of the file at path, is.
func parse(path string, data []byte, mapped io.Closer) (*Core, error) {
	switch {
	case len(data) == 0:
		return nil, &FormatError{Path: path, What: "an empty file"}
	case compressed.Format(data) != "":
		image, err := compressed.Decompress(path, data, compressed.Options{})
		if err != nil {
			return nil, err
		}
		c, err := parseFlat(path, image.Data, image)
		if err != nil {
			image.Close() // the parser's error says more
			return nil, err
		}
		return c, mapped.Close()
	}
	return parseFlat(path, data, mapped)
}

// parseFlat reads data that is not compressed but may be flattened, and belongs to the core unless that can't be made.
func parseFlat(path string, data []byte, mapped io.Closer) (*Core, error) {
	if !kdump.IsFlat(data) {
		plain := &kdump.Plain{Path: path, Data: data}
		c, err := parseSource(plain)
		if err == nil {
			plain.Owner = own(mapped)
		}
		return c, err
	}
	f, err := kdump.OpenFlat(path, data)
	if err != nil {
		return nil, err
	}
	c, err := parseSource(f)
	if err != nil {
		return nil, err
	}
	c.Truncated = c.Truncated || f.Truncated
	f.Owner = own(mapped)
	return c, nil
}

// parseSource looks at a file as it was before it was compressed or flattened.
func parseSource(src kdump.Source) (*Core, error) {
	start := src.View(0)
	for _, f := range foreign {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return nil, &FormatError{Path: src.Name(), What: f.what}
		}
	}
	switch {
	case elf.IsELF(start):
		return parseELF(src)
	case kdump.IsKdump(start):
		return parseKdump(src)
	case compressed.IsKernelImage(start):
		return nil, &FormatError{Path: src.Name(), What: "a bootable kernel image"}
	}
	return nil, &FormatError{Path: src.Name(), What: "in no format known here"}
}
