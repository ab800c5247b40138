package debuginfo

import (
	"errors"
	"os"
	"syscall"

	"github.com/godrgn/drgn/internal/btf"
	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/elf"
)

// OpenOptions say how files are opened.
type OpenOptions struct {
	CacheDir string                   // where decompressed files are kept; "" disables caching
	Progress func(done, total uint64) // is told how much of a compressed file was read; may be nil
}

// OpenFile opens the ELF file at path, or the open file that it is if file is not nil, which is closed. It may be
// compressed as a whole with zstd, xz or gzip. A file of BTF becomes the only section of an ELF file. Name is what the result is called. Only regular files are read: opening
// another neither waits for who is at the other end of a pipe nor wakes a device.
func OpenFile(path, name string, file *os.File, o OpenOptions) (f *elf.File, err error) {
	if file == nil {
		if file, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0); err != nil {
			return nil, err
		}
	}
	opts := compressed.Options{CacheDir: o.CacheDir}
	if o.Progress != nil {
		opts.Progress = func(done, total int64) error {
			o.Progress(uint64(done), uint64(total))
			return nil
		}
	}
	image, err := compressed.OpenFile(file, opts)
	if cerr := file.Close(); err == nil && cerr != nil {
		return nil, errors.Join(cerr, image.Close())
	}
	if err != nil {
		return nil, err
	}
	if btf.Is(image.Data) {
		return elf.OfSection(name, ".BTF", image.Data, image.Data[0] == 0xeb, image), nil
	}
	return elf.ParseOwned(name, image.Data, image)
}

// IsSplit reports whether a file is one of BTF that is split from the kernel's: a module's.
func IsSplit(f *elf.File) bool { return f.IsDetached() && btf.IsSplit(f.Data) }
