package kdump

import (
	"fmt"

	"github.com/godrgn/drgn/internal/bin"
)

// A Source is the contents of a dump: a plain file, or the file that a flattened one describes.
type Source interface {
	// Name is the file's path, for errors.
	Name() string
	// Size is the size of the contents in bytes.
	Size() uint64
	// View returns the contiguous bytes from off on that are in memory, none at holes and past the end.
	View(off uint64) []byte
}

// Plain is the Source of a file that is in memory or mapped.
type Plain struct {
	Path  string
	Data  []byte
	Owner any // what Data lives as long as; may be nil
}

// Name returns Path.
func (p *Plain) Name() string { return p.Path }

// Size returns the length of Data.
func (p *Plain) Size() uint64 { return uint64(len(p.Data)) }

// View returns Data from off on.
func (p *Plain) View(off uint64) []byte {
	if off >= uint64(len(p.Data)) {
		return nil
	}
	return p.Data[off:]
}

// MaxSlice bounds what [Slice] assembles from pieces, in bytes.
const MaxSlice = 1 << 30

// Slice returns n bytes of src from off on: without copying them where they lie together. A failure is a
// [*bin.DecodeError] at the first offset that has no bytes.
func Slice(src Source, off, n uint64) ([]byte, error) {
	b := src.View(off)
	if uint64(len(b)) >= n {
		return b[:n:n], nil
	}
	size := src.Size()
	if off > size || n > size-off {
		return nil, &bin.DecodeError{Section: src.Name(), Off: size, Problem: fmt.Sprintf("dump is truncated: %#x bytes wanted at %#x", n, off)}
	}
	if n > MaxSlice {
		return nil, &bin.DecodeError{Section: src.Name(), Off: off, Problem: fmt.Sprintf("%#x bytes are too many", n)}
	}
	buf := make([]byte, 0, min(n, 1<<20)) // more when there are bytes to put there: n may be a lie
	for uint64(len(buf)) < n {
		b := src.View(off + uint64(len(buf)))
		if len(b) == 0 {
			return nil, &bin.DecodeError{Section: src.Name(), Off: off + uint64(len(buf)), Problem: "flattened dump lacks these bytes"}
		}
		buf = append(buf, b[:min(uint64(len(b)), n-uint64(len(buf)))]...)
	}
	return buf, nil
}
