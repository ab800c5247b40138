// Package kdumptest writes kdump-compressed and flattened files for tests.
package kdumptest

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Compressions of pages.
const (
	Raw    = 0
	Zlib   = 1
	LZO    = 2
	Snappy = 4
	Zstd   = 0x20
)

// A Dump describes a kdump-compressed file.
type Dump struct {
	Is64, Big  bool
	Packed     bool // 64-bit numbers of a 32-bit sub header are aligned to 4 bytes, as on i386
	Version    int
	Machine    string // of uname
	BlockSize  int
	Status     uint32
	MaxPFN     uint64
	Pages      map[uint64][]byte // pages in the file
	Excluded   map[uint64]bool   // pages that were there and are not in the file
	Lost       map[uint64]bool   // pages of Pages that a full disk left out
	Compress   int
	VMCOREINFO []byte
	Notes      []byte
	Erased     []byte // what makedumpfile --config erased
	Split      bool
	StartPFN   uint64
	EndPFN     uint64
}

// Compress returns data compressed in a way, and the flags of its descriptor.
func Compress(data []byte, how int) ([]byte, uint32) {
	var b bytes.Buffer
	switch how {
	case Zlib:
		w := zlibWriters.Get().(*zlib.Writer)
		defer zlibWriters.Put(w)
		w.Reset(&b)
		if _, err := w.Write(data); err != nil {
			panic(err) // a bytes.Buffer fails never
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return b.Bytes(), Zlib
	case LZO:
		return lzoLiterals(data), LZO
	case Snappy:
		return snappy.Encode(nil, data), Snappy
	case Zstd:
		w, err := encoder()
		if err != nil {
			panic(err) // its options are right
		}
		return w.EncodeAll(data, nil), Zstd
	}
	return data, 0
}

// lzoLiterals returns data of at least 19 bytes as an LZO1X stream of one run of literals.
func lzoLiterals(data []byte) []byte {
	b := []byte{0}
	n := len(data) - 18
	for ; n > 255; n -= 255 {
		b = append(b, 0)
	}
	b = append(b, byte(n))
	b = append(b, data...)
	return append(b, 0x11, 0, 0)
}

// Bytes returns the file.
func (d *Dump) Bytes() []byte {
	var o interface {
		binary.ByteOrder
		binary.AppendByteOrder
	} = binary.LittleEndian
	if d.Big {
		o = binary.BigEndian
	}
	bs := d.BlockSize
	bitmapBlocks := 2 * (int(d.MaxPFN)/8/bs + 1)
	infoAt := bs + 256
	notesAt := infoAt + len(d.VMCOREINFO)
	subBlocks := (256 + len(d.VMCOREINFO) + len(d.Notes) + bs - 1) / bs

	eraseinfoAt := 0 // where the file says where that lies
	pad := func(b []byte, n int) []byte { return append(b, make([]byte, n-len(b))...) }
	b := []byte("KDUMP   ")
	b = o.AppendUint32(b, uint32(d.Version))
	for i, s := range []string{"Linux", "", "6.12", "", d.Machine, ""} {
		b = pad(append(b, s...), 12+65*(i+1))
	}
	if d.Is64 {
		b = pad(b, 408+16)
	} else {
		b = pad(b, 404+8)
	}
	for _, v := range []uint32{d.Status, uint32(bs), uint32(subBlocks), uint32(bitmapBlocks), uint32(d.MaxPFN), 0, 0, 0, 0, 2} {
		b = o.AppendUint32(b, v)
	}
	b = pad(b, bs)

	long := func(v uint64) {
		if d.Is64 {
			b = o.AppendUint64(b, v)
		} else {
			b = o.AppendUint32(b, uint32(v))
		}
	}
	wide := func(v uint64) {
		if !d.Is64 && !d.Packed {
			b = append(b, make([]byte, -(len(b)-bs)&7)...)
		}
		b = o.AppendUint64(b, v)
	}
	long(0x1234000) // phys_base
	b = o.AppendUint32(b, 31)
	if d.Version >= 2 {
		split := uint32(0)
		if d.Split {
			split = 1
		}
		b = o.AppendUint32(b, split)
		long(d.StartPFN)
		long(d.EndPFN)
	}
	extent := func(at, n int) {
		if n == 0 {
			at = 0
		}
		wide(uint64(at))
		long(uint64(n))
	}
	if d.Version >= 3 {
		extent(infoAt, len(d.VMCOREINFO))
	}
	if d.Version >= 4 {
		extent(notesAt, len(d.Notes))
	}
	if d.Version >= 5 {
		eraseinfoAt = len(b)
		extent(0, len(d.Erased))
	}
	if d.Version >= 6 {
		wide(d.StartPFN)
		wide(d.EndPFN)
		wide(d.MaxPFN)
	}
	b = pad(b, infoAt)
	b = append(append(b, d.VMCOREINFO...), d.Notes...)
	b = pad(b, bs*(1+subBlocks))

	exists, dumped := make([]byte, bitmapBlocks*bs/2), make([]byte, bitmapBlocks*bs/2)
	var pfns []uint64
	for pfn := range d.MaxPFN {
		if _, ok := d.Pages[pfn]; ok {
			exists[pfn/8] |= 1 << (pfn % 8)
			dumped[pfn/8] |= 1 << (pfn % 8)
			if !d.Split || pfn >= d.StartPFN && pfn < d.EndPFN {
				pfns = append(pfns, pfn)
			}
		} else if d.Excluded[pfn] {
			exists[pfn/8] |= 1 << (pfn % 8)
		}
	}
	b = append(append(b, exists...), dumped...)

	at := len(b) + 24*len(pfns)
	var data []byte
	for _, pfn := range pfns {
		page, flags := Compress(d.Pages[pfn], d.Compress)
		off, size := at+len(data), len(page)
		if d.Lost[pfn] {
			off, size, page = 0, 0, nil
		}
		b = o.AppendUint64(b, uint64(off))
		b = o.AppendUint32(b, uint32(size))
		b = o.AppendUint32(b, flags)
		b = o.AppendUint64(b, 0)
		data = append(data, page...)
	}
	b = append(b, data...)
	if d.Is64 && len(d.Erased) > 0 {
		o.PutUint64(b[eraseinfoAt:], uint64(len(b)))
		b = append(b, d.Erased...)
	}
	return b
}

var zlibWriters = sync.Pool{New: func() any { return zlib.NewWriter(nil) }}

var encoder = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil) })

// A Piece is a range of a file.
type Piece struct {
	Off  uint64
	Data []byte
}

// Flatten returns the flattened file of pieces.
func Flatten(pieces []Piece) []byte {
	b := append([]byte("makedumpfile\x00\x00\x00\x00"), make([]byte, 4096-16)...)
	binary.BigEndian.PutUint64(b[16:], 1)
	binary.BigEndian.PutUint64(b[24:], 1)
	for _, p := range pieces {
		b = binary.BigEndian.AppendUint64(b, p.Off)
		b = binary.BigEndian.AppendUint64(b, uint64(len(p.Data)))
		b = append(b, p.Data...)
	}
	return append(b, bytes.Repeat([]byte{0xff}, 16)...)
}

// Cut returns data in pieces of n bytes.
func Cut(data []byte, n int) []Piece {
	var pieces []Piece
	for at := 0; at < len(data); at += n {
		pieces = append(pieces, Piece{uint64(at), data[at:min(at+n, len(data))]})
	}
	return pieces
}
