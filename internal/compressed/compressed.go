// Package compressed opens files that may be compressed as a whole (zstd, xz, gzip) and gives their contents.
package compressed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/internal/cache"
	"github.com/godrgn/drgn/mem"
)

// MaxSize is the bound of the decompressed size in bytes that [Open] takes if its options have none.
const MaxSize = 16 << 30

// Options say how far decompression may go. The zero value is fine.
type Options struct {
	// MaxSize bounds the decompressed size in bytes; 0 stands for the constant MaxSize.
	MaxSize uint64
	// Progress, unless nil, is called now and then with the compressed bytes read so far and those there are. An error
	// it returns ends the work and is what Open returns.
	Progress func(done, total int64) error
	// CacheDir is where decompressed contents are kept, so that they are mapped the next time; "" disables caching.
	CacheDir string
}

// maxCache bounds what the decompressed files take on disk together, minCached is the size in bytes of a compressed one
// from which on they are kept.
const (
	maxCache  = 4 << 30
	minCached = 1 << 20
)

// An Image is the contents of a file.
type Image struct {
	Path   string
	Data   []byte // gone after Close
	Format string // "zstd", "xz", "gzip", or "" if the file is not compressed
	close  func() error
	plain  *mem.Mapping
}

// Release frees the memory of a part of Data that is unlikely to be read again; reading it loads it again.
func (i *Image) Release(b []byte) {
	if i.plain != nil { // what was decompressed into memory can't be loaded again
		i.plain.Release(b)
	}
}

// Close frees the memory; nothing may use Data afterwards.
func (i *Image) Close() error {
	if i.close == nil {
		return nil
	}
	err := i.close()
	i.close, i.Data = nil, nil
	return err
}

// Open maps the file at path or, if it is compressed, decompresses it into memory outside of Go's heap.
func Open(path string, opts Options) (*Image, error) {
	m, err := mem.MapFile(path)
	if err != nil {
		return nil, err
	}
	return openMapped(path, m, opts)
}

// OpenFile is [Open] of an open file, which may be closed afterwards.
func OpenFile(f *os.File, opts Options) (*Image, error) {
	m, err := mem.MapOpen(f)
	if err != nil {
		return nil, err
	}
	return openMapped(f.Name(), m, opts)
}

func openMapped(path string, m *mem.Mapping, opts Options) (*Image, error) {
	format := Format(m.Bytes())
	if format == "" {
		if IsKernelImage(m.Bytes()) {
			m.Close() // the kernel image is the error to tell
			return nil, fmt.Errorf("%s is a bootable kernel image, which has no debug information: give its vmlinux instead", path)
		}
		return &Image{Path: path, Data: m.Bytes(), close: m.Close, plain: m}, nil
	}
	image, err := cached(path, m.Bytes(), opts)
	if cerr := m.Close(); err == nil && cerr != nil {
		image.Close() // the first error is the one to tell
		return nil, cerr
	}
	return image, err
}

// cached returns the decompressed contents from the cache, else decompresses data and puts them there. Contents that
// can't be kept are no failure: the next start is merely slower.
//
// The key is the hash of all compressed bytes, and the contents depend on nothing else.
func cached(path string, data []byte, opts Options) (*Image, error) {
	if opts.CacheDir == "" || len(data) < minCached {
		return Decompress(path, data, opts)
	}
	dir := cache.Dir{Path: opts.CacheDir, Suffix: ".image", Limit: maxCache}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	limit := opts.MaxSize
	if limit == 0 {
		limit = MaxSize
	}
	if f, ok := dir.Open(name); ok {
		if uint64(len(f.Data)) > limit { // cached by a caller with a higher bound
			_ = f.Close() // the bound is the error to tell
			return nil, fmt.Errorf("%s: %w", path, ErrTooLarge)
		}
		return &Image{Path: path, Data: f.Data, Format: Format(data), close: f.Close}, nil
	}
	image, err := Decompress(path, data, opts)
	if err == nil && len(image.Data) <= maxCache/4 {
		_ = dir.Write(name, image.Data)
	}
	return image, err
}

var formats = []struct{ magic, name string }{
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"\xfd7zXZ\x00", "xz"},
	{"\x1f\x8b\x08", "gzip"},
}

// Format returns the name of the compression that data starts like, or "".
func Format(data []byte) string {
	for _, f := range formats {
		if bytes.HasPrefix(data, []byte(f.magic)) {
			return f.name
		}
	}
	return ""
}

// IsKernelImage reports whether data is a bootable x86 kernel image (vmlinuz), in which the kernel proper is compressed
// and has no debug information.
func IsKernelImage(data []byte) bool {
	const magic = 0x202
	return len(data) > magic+4 && data[0x1fe] == 0x55 && data[0x1ff] == 0xaa && string(data[magic:magic+4]) == "HdrS"
}

// Decompress returns the decompressed contents of the file at path, which are data.
func Decompress(path string, data []byte, opts Options) (*Image, error) {
	format := Format(data)
	if format == "" {
		return nil, fmt.Errorf("%s is not compressed", path)
	}
	if opts.MaxSize == 0 {
		opts.MaxSize = MaxSize
	}
	in := &counter{r: bytes.NewReader(data)}
	r, done, err := reader(format, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %s data: %w", path, format, err)
	}
	defer done()
	buf, err := newBuffer(opts.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("%s: no memory to decompress into: %w", path, err)
	}
	for {
		err := buf.fill(r)
		if err == nil && opts.Progress != nil {
			if perr := opts.Progress(in.n.Load(), int64(len(data))); perr != nil {
				buf.free() // the first error is the one to tell
				return nil, perr
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			buf.free() // the first error is the one to tell
			return nil, fmt.Errorf("%s: %s data near %#x: %w", path, format, in.n.Load(), err)
		}
	}
	image := &Image{Path: path, Format: format, close: buf.free}
	if image.Data, err = buf.finish(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return image, nil
}

func reader(format string, in io.Reader) (io.Reader, func(), error) {
	switch format {
	case "zstd":
		r, err := zstd.NewReader(in, zstd.WithDecoderMaxMemory(MaxSize))
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	case "xz":
		r, err := xz.NewReader(bufio.NewReader(in))
		return r, func() {}, err
	default:
		r, err := gzip.NewReader(in)
		return r, func() {}, err
	}
}

// Head returns the first n bytes of what a file holds once it is decompressed, fewer where it ends or is damaged before; of a
// file that is not compressed, its own.
func Head(f io.ReaderAt, n int) []byte {
	raw := make([]byte, n)
	got, _ := f.ReadAt(raw, 0) // what there is of them is looked at
	format := Format(raw[:got])
	if format == "" {
		return raw[:got]
	}
	r, done, err := reader(format, io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return nil
	}
	defer done()
	got, _ = io.ReadFull(r, raw) // the same
	return raw[:got]
}

// counter counts the bytes read. A decompressor may read on a goroutine of its own.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := mem.Guarded(func() (int, error) { return c.r.Read(b) })
	c.n.Add(int64(n))
	return n, err
}

// ErrTooLarge says that a file's decompressed contents exceed the bound.
var ErrTooLarge = errors.New("decompressed size exceeds the limit")

// buffer is memory of unknown size: address space is reserved for all it may become, of which only what is written
// takes memory, and what is left is given back at the end.
type buffer struct {
	mem   []byte
	n     int
	limit int
}

func newBuffer(limit uint64) (*buffer, error) {
	if limit > 1<<40 || uint64(int(limit)) != limit {
		return nil, fmt.Errorf("limit of %d bytes", limit)
	}
	// A byte more than the limit tells data that just fits from data that does not.
	m, err := unix.Mmap(-1, 0, int(limit)+1, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	return &buffer{mem: m, limit: int(limit)}, err
}

// fill reads some more; at the end it returns io.EOF.
func (b *buffer) fill(r io.Reader) error {
	const step = 4 << 20
	for end := min(b.n+step, len(b.mem)); b.n < end; {
		n, err := r.Read(b.mem[b.n:end])
		b.n += n
		if b.n > b.limit {
			return ErrTooLarge
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *buffer) finish() ([]byte, error) {
	if b.n == 0 {
		return nil, b.free()
	}
	m, err := unix.Mremap(b.mem, b.n, 0)
	if err != nil {
		b.free() // the first error is the one to tell
		return nil, err
	}
	b.mem = m
	mem.Outside(len(m))
	return m, nil
}

func (b *buffer) free() error {
	if b.mem == nil {
		return nil
	}
	err := unix.Munmap(b.mem)
	b.mem = nil
	return err
}
