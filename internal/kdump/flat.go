package kdump

import (
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/internal/bin"
)

const (
	flatSignature  = "makedumpfile\x00"
	flatHeaderSize = 4096
)

// IsFlat reports whether data starts like a file in makedumpfile's flattened format, which QEMU writes, too.
func IsFlat(data []byte) bool { return bytes.HasPrefix(data, []byte(flatSignature)) }

// Flat is the Source of the file that a flattened one describes: it was made for pipes, which can't seek, and says of
// each piece where it belongs. A piece lies over those before it.
type Flat struct {
	// Truncated says that the file has no mark at its end; Size then is the end of what is there.
	Truncated bool
	Owner     any // what the data lives as long as; may be nil

	name   string
	data   []byte
	pieces []flatPiece // sorted, without overlaps
}

// flatPiece says that the bytes at from in the flattened file belong to the range from off to end-1.
type flatPiece struct{ off, end, from uint64 }

// OpenFlat reads the headers of all pieces of a flattened file, whose contents are data.
func OpenFlat(name string, data []byte) (*Flat, error) {
	if !IsFlat(data) {
		return nil, &bin.DecodeError{Section: name, Problem: "not a flattened dump"}
	}
	c := bin.New(name, data, true)
	c.Seek(16)
	typ, version := c.U64(), c.U64()
	if err := c.Err(); err != nil {
		return nil, err
	}
	if typ != 1 || version != 1 {
		return nil, &bin.DecodeError{Section: name, Off: 16, Problem: fmt.Sprintf("flattened dump of type %d, version %d is unknown", typ, version)}
	}
	f := &Flat{name: name, data: data, Truncated: true}
	sorted := true
	size := uint64(len(data))
	for at := uint64(flatHeaderSize); at <= size && size-at >= 16; {
		off, n := binary.BigEndian.Uint64(data[at:]), binary.BigEndian.Uint64(data[at+8:])
		if int64(off) == -1 && int64(n) == -1 {
			f.Truncated = false
			break
		}
		if int64(off) < 0 || int64(n) < 0 || int64(off+n) < 0 {
			return nil, &bin.DecodeError{Section: name, Off: at, Problem: fmt.Sprintf("piece of %#x bytes for %#x makes no sense", n, off)}
		}
		at += 16
		if n = min(n, size-at); n > 0 {
			if last := len(f.pieces) - 1; last >= 0 && f.pieces[last].end > off {
				sorted = false
			}
			f.pieces = append(f.pieces, flatPiece{off, off + n, at})
		}
		at += n
	}
	if !sorted {
		f.pieces = flatten(f.pieces)
	}
	return f, nil
}

// flatten sorts pieces and cuts away what later ones hide.
func flatten(pieces []flatPiece) []flatPiece {
	// A sweep over the starts and ends of pieces; order holds the pieces, as numbers, by start.
	order := make([]int, len(pieces))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(pieces[a].off, pieces[b].off), cmp.Compare(a, b)) })
	var out []flatPiece
	emit := func(p *flatPiece, lo, hi uint64) {
		from := p.from + lo - p.off
		if n := len(out) - 1; n >= 0 && out[n].end == lo && out[n].from+lo-out[n].off == from {
			out[n].end = hi
			return
		}
		out = append(out, flatPiece{lo, hi, from})
	}
	var open latest // pieces that have started, among them all that reach beyond at
	at := uint64(0)
	for next := 0; next < len(order) || len(open) > 0; {
		if len(open) == 0 {
			at = pieces[order[next]].off
		}
		for next < len(order) && pieces[order[next]].off <= at {
			heap.Push(&open, order[next])
			next++
		}
		top := &pieces[open[0]]
		if top.end <= at {
			heap.Pop(&open)
			continue
		}
		hi := top.end
		if next < len(order) {
			hi = min(hi, pieces[order[next]].off)
		}
		emit(top, at, hi)
		at = hi
	}
	return out
}

// latest is a heap of the numbers of pieces, the latest piece first.
type latest []int

func (h latest) Len() int           { return len(h) }
func (h latest) Less(i, j int) bool { return h[i] > h[j] }
func (h latest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *latest) Push(x any)        { *h = append(*h, x.(int)) }
func (h *latest) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// Name returns the path of the flattened file.
func (f *Flat) Name() string { return f.name }

// Size returns the end of the last piece.
func (f *Flat) Size() uint64 {
	if len(f.pieces) == 0 {
		return 0
	}
	return f.pieces[len(f.pieces)-1].end
}

// View returns the rest of the piece that holds off.
func (f *Flat) View(off uint64) []byte {
	i, _ := slices.BinarySearchFunc(f.pieces, off, func(p flatPiece, off uint64) int {
		if p.end <= off {
			return -1
		}
		return 1
	})
	if i == len(f.pieces) || f.pieces[i].off > off {
		return nil
	}
	p := &f.pieces[i]
	return f.data[p.from+off-p.off : p.from+p.end-p.off]
}
