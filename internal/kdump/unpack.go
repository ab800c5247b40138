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

// packedFlags are the flags of a page that is compressed, each of another method.
const packedFlags = flagZlib | flagLZO | flagSnappy | flagZstd

// unpack fills page with what is compressed, or not, as the flags of its descriptor say. It must have the size of a page.
func unpack(page, packed []byte, flags uint32) (err error) {
	var size int
	switch flags & packedFlags {
	case 0:
		size = len(packed)
		copy(page, packed)
	case flagZlib:
		return unzlib(page, packed)
	case flagLZO:
		size, err = lzo.Decompress(packed, page)
	case flagSnappy:
		if size, err = snappy.DecodedLen(packed); err == nil && size == len(page) {
			_, err = snappy.Decode(page, packed)
		}
	case flagZstd:
		dec, e := zstdDecoder()
		if e != nil {
			return e
		}
		var got []byte
		got, err = dec.DecodeAll(packed, page[:0:len(page)])
		if size = len(got); err == nil && size > 0 && &got[0] != &page[0] {
			copy(page, got) // it does not promise to use the room that it is given
		}
	default:
		return fmt.Errorf("compression %#x is unknown", flags)
	}
	if err == nil && size != len(page) {
		err = errPageSize
	}
	return err
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

func unzlib(page, packed []byte) (err error) {
	z, _ := inflaters.Get().(*inflater)
	if z == nil {
		z = &inflater{}
		z.in.Reset(packed)
		if z.out, err = zlib.NewReader(&z.in); err != nil {
			return err
		}
	} else {
		z.in.Reset(packed)
		if err = z.out.(zlib.Resetter).Reset(&z.in, nil); err != nil {
			return err
		}
	}
	if _, err = io.ReadFull(z.out, page); err != nil {
		return err
	}
	// The checksum is looked at, at the end of the stream.
	var more [1]byte
	if n, err := z.out.Read(more[:]); n != 0 || err != io.EOF {
		if n == 0 && err != nil {
			return err
		}
		return errPageSize
	}
	inflaters.Put(z)
	return nil
}
