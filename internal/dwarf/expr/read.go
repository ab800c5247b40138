package expr

import (
	"fmt"
	"slices"

	"github.com/godrgn/drgn/types"
)

// MaxBits bounds the objects that [Bytes] puts together: what is in pieces or registers is not larger.
const MaxBits = 8 << 20

// Bytes puts the value of an object of bitSize bits together from its pieces. On a little-endian target the first bit is
// the least significant of the first byte, else the most significant; what is left of the last byte is zero. A value that
// is smaller than its part is extended by zeros, unless its type says that it is signed. A part that
// cannot be known makes the whole unknown: an [*UnavailableError], or an [*UnsupportedError] for a pointer to what is not in
// memory. [Slice] has the others.
func Bytes(f Format, ctx Context, pieces []Piece, bitSize uint64) ([]byte, error) {
	if bitSize > MaxBits {
		return nil, &UnavailableError{fmt.Sprintf("object of %d bits is not in memory", bitSize)}
	}
	if held, all := sizeOf(pieces); !all && held < bitSize {
		return nil, &UnavailableError{fmt.Sprintf("location holds %d of %d bits", held, bitSize)}
	}
	out := make([]byte, (bitSize+7)/8)
	done := uint64(0)
	for i := range pieces {
		p := &pieces[i]
		n := p.BitSize
		if n == 0 || n > bitSize-done {
			n = bitSize - done
		}
		if n == 0 {
			break
		}
		src, at, err := p.bits(f, ctx, n)
		if err != nil {
			return nil, err
		}
		copyBits(out, done, src, at, n, f.Big)
		done += n
	}
	return out, nil
}

// sizeOf returns how many bits pieces hold; all says that one holds the whole object, whatever its size.
func sizeOf(pieces []Piece) (bits uint64, all bool) {
	for i := range pieces {
		n := pieces[i].BitSize
		if n == 0 {
			return 0, true
		}
		if bits += n; bits < n {
			return ^uint64(0), false
		}
	}
	return bits, false
}

// bits returns bytes that have the n bits of a piece from bit at on.
func (p *Piece) bits(f Format, ctx Context, n uint64) (src []byte, at uint64, err error) {
	switch p.Kind {
	case Memory:
		first := p.Value + p.BitOffset/8
		src = make([]byte, (p.BitOffset%8+n+7)/8)
		return src, p.BitOffset % 8, ctx.Read(src, first)
	case Register:
		v, ok := ctx.Register(p.Value)
		if wide, is := ctx.(WideContext); is && !ok {
			if b := wide.Wide(p.Value); b != nil {
				return p.wide(f, b, n)
			}
		}
		if !ok {
			return nil, 0, unknownRegister(p.Value)
		}
		return p.number(f, v, 8, n)
	case Number:
		if p.Signed {
			src, at = p.extended(f, n)
			return src, at, nil
		}
		return p.number(f, p.Value, uint64(p.Size), n)
	case Implicit:
		if f.Big { // BitOffset counts from the least significant bit, the last
			have := uint64(len(p.Bytes)) * 8
			have -= min(p.BitOffset, have)
			if n <= have {
				return p.Bytes, have - n, nil
			}
			return padded(p.Bytes[:(have+7)/8], 0, n, have, true)
		}
		return padded(p.Bytes, p.BitOffset, n, 8*uint64(len(p.Bytes))-min(p.BitOffset, 8*uint64(len(p.Bytes))), false)
	case ImplicitPointer:
		return nil, 0, &UnsupportedError{opImplicitPointer, "for an object that is not in memory"}
	}
	return nil, 0, &UnavailableError{"optimized out"}
}

// wide returns the n bits of a wide register of a little-endian machine that are BitOffset above its least significant bit.
func (p *Piece) wide(f Format, b []byte, n uint64) ([]byte, uint64, error) {
	if len(b) == types.Extended.Size() {
		return p.x87(f, b, n)
	}
	have := uint64(len(b)) * 8
	if n > have || p.BitOffset > have-n {
		return nil, 0, &UnavailableError{fmt.Sprintf("of register %d no more than %d bits are known", p.Value, have)}
	}
	return b, p.BitOffset, nil
}

// x87 returns the n bits of the floating-point number that a register of x87 holds, which has 80 bits whatever the variable's type.
func (p *Piece) x87(f Format, b []byte, n uint64) ([]byte, uint64, error) {
	if p.BitOffset == 0 && !p.Sliced {
		switch n {
		case 32, 64:
			x, negative := types.Extended.Float(b, false)
			return p.number(f, BaseType{Encoding: ateFloat, Size: n / 8}.narrow(x, negative), 8, n)
		case 80, 96, 128: // what follows the number is padding
			return padded(b, 0, n, 80, false)
		}
	}
	return nil, 0, &UnavailableError{fmt.Sprintf("%d bits of a floating-point number in register %d", n, p.Value)}
}

// extended returns bytes that have the n bits of a signed number from bit at on: of those above the number's, each is its sign.
func (p *Piece) extended(f Format, n uint64) (src []byte, at uint64) {
	shift := 64 - 8*uint64(p.Size)
	v := int64(p.Value<<shift) >> shift
	src = make([]byte, (p.BitOffset+n+7)/8)
	for i := range src {
		src[i] = byte(v >> min(8*i, 63))
	}
	if f.Big {
		slices.Reverse(src)
		return src, uint64(len(src))*8 - p.BitOffset - n
	}
	return src, p.BitOffset
}

// number returns the n bits of v, which has size bytes, that are BitOffset above its least significant bit.
func (p *Piece) number(f Format, v, size, n uint64) ([]byte, uint64, error) {
	if p.BitOffset >= 8*size {
		v = 0
	}
	v = v & (^uint64(0) >> (64 - 8*size)) >> p.BitOffset
	b := make([]byte, 8)
	for i := range b {
		if f.Big {
			b[i] = byte(v >> (56 - 8*i))
		} else {
			b[i] = byte(v >> (8 * i))
		}
	}
	if n > 64 {
		return padded(b, 0, n, 64, f.Big)
	}
	if f.Big {
		return b, 64 - n, nil
	}
	return b, 0, nil
}

// padded returns bytes that have n bits, the least significant of which are have of b's from bit at on, and the rest zeros.
func padded(b []byte, at, n, have uint64, big bool) ([]byte, uint64, error) {
	if n <= have {
		return b, at, nil
	}
	out := make([]byte, (n+7)/8)
	if !big {
		copyBits(out, 0, b, at, have, false)
		return out, 0, nil
	}
	to := uint64(len(out))*8 - n // the bits wanted end where out does
	copyBits(out, to+n-have, b, at, have, true)
	return out, to, nil
}

// copyBits copies n bits from bit s of src to bit d of dst, which is zero there.
func copyBits(dst []byte, d uint64, src []byte, s, n uint64, big bool) {
	if d%8 == 0 && s%8 == 0 {
		copy(dst[d/8:], src[s/8:s/8+n/8])
		d, s, n = d+n&^7, s+n&^7, n&7
	}
	for ; n > 0; d, s, n = d+1, s+1, n-1 {
		if big {
			dst[d/8] |= src[s/8] << (s % 8) & 0x80 >> (d % 8)
		} else {
			dst[d/8] |= src[s/8] >> (s % 8) & 1 << (d % 8)
		}
	}
}
