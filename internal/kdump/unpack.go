package kdump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	lzo "github.com/anchore/go-lzo"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

var errPageSize = errors.New("it has not the size of a page")

// unpack returns the page of size bytes that packed holds, compressed as the flags of its descriptor say. A page that is
// not compressed is returned as it is.
func unpack(packed []byte, flags uint32, size uint64) ([]byte, error) {
	switch flags & (flagZlib | flagLZO | flagSnappy | flagZstd) {
	case 0:
		if uint64(len(packed)) != size {
			return nil, errPageSize
		}
		return packed, nil
	case flagZlib:
		return unzlib(packed, size)
	case flagLZO:
		page := make([]byte, size)
		n, err := lzo.Decompress(packed, page)
		if err == nil && uint64(n) != size {
			err = errPageSize
		}
		return page, err
	case flagSnappy:
		n, err := snappy.DecodedLen(packed)
		if err == nil && uint64(n) != size {
			err = errPageSize
		}
		if err != nil {
			return nil, err
		}
		return snappy.Decode(make([]byte, size), packed)
	case flagZstd:
		dec, err := zstdDecoder()
		if err != nil {
			return nil, err
		}
		page, err := dec.DecodeAll(packed, make([]byte, 0, size))
		if err == nil && uint64(len(page)) != size {
			err = errPageSize
		}
		return page, err
	}
	return nil, fmt.Errorf("compression %#x is unknown", flags)
}

var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxBlockSize))
})

// inflater is a zlib reader with the reader of its input, both used again.
type inflater struct {
	in  bytes.Reader
	out io.ReadCloser
}

var inflaters sync.Pool

func unzlib(packed []byte, size uint64) (page []byte, err error) {
	z, _ := inflaters.Get().(*inflater)
	if z == nil {
		z = &inflater{}
		z.in.Reset(packed)
		if z.out, err = zlib.NewReader(&z.in); err != nil {
			return nil, err
		}
	} else {
		z.in.Reset(packed)
		if err = z.out.(zlib.Resetter).Reset(&z.in, nil); err != nil {
			return nil, err
		}
	}
	page = make([]byte, size)
	if _, err = io.ReadFull(z.out, page); err != nil {
		return nil, err
	}
	// The checksum is looked at, at the end of the stream.
	var more [1]byte
	if n, err := z.out.Read(more[:]); n != 0 || err != io.EOF {
		if n == 0 && err != nil {
			return nil, err
		}
		return nil, errPageSize
	}
	inflaters.Put(z)
	return page, nil
}
