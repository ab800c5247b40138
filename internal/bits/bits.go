// Package bits takes integers of up to 64 bits from and puts them into bytes, at any bit offset and in both byte orders.
package bits

import "encoding/binary"

// Truncate returns the low n bits of v.
func Truncate(v, n uint64) uint64 {
	if n >= 64 {
		return v
	}
	return v & (1<<n - 1)
}

// SignExtend returns the low n bits of v as a signed number; 0 when n is 0.
func SignExtend(v, n uint64) int64 {
	if n == 0 {
		return 0
	}
	if n >= 64 {
		return int64(v)
	}
	return int64(v<<(64-n)) >> (64 - n)
}

// Extract returns the n (up to 64) bits that start off bits into data. In little-endian order off counts from the least
// significant bit of the first byte and the first bit is the value's least significant one; in big-endian order off
// counts from the most significant bit and the first bit is the most significant one. ok is false when data is too
// short or n too large.
func Extract(data []byte, off, n uint64, big bool) (v uint64, ok bool) {
	size := uint64(len(data))
	if n > 64 || off/8 > size || (off%8+n+7)/8 > size-off/8 {
		return 0, false
	}
	data = data[off/8:]
	off %= 8
	if off == 0 {
		switch n {
		case 8:
			return uint64(data[0]), true
		case 16:
			return uint64(order(big).Uint16(data)), true
		case 32:
			return uint64(order(big).Uint32(data)), true
		case 64:
			return order(big).Uint64(data), true
		}
	}
	data = data[:(off+n+7)/8] // up to 9 bytes
	if big {
		for i, b := range data[:min(len(data), 8)] {
			v |= uint64(b) << (56 - 8*i)
		}
		v <<= off
		if len(data) == 9 {
			v |= uint64(data[8]) >> (8 - off)
		}
		if n == 0 {
			return 0, true
		}
		return v >> (64 - n), true
	}
	for i, b := range data[:min(len(data), 8)] {
		v |= uint64(b) << (8 * i)
	}
	v >>= off
	if len(data) == 9 {
		v |= uint64(data[8]) << (64 - off)
	}
	return Truncate(v, n), true
}

// Insert puts the low n (up to 64) bits of v into data, off bits from its start, and leaves all other bits alone; off is
// that of [Extract]. It reports whether they fit; if not, data is left alone.
func Insert(data []byte, off, n uint64, big bool, v uint64) bool {
	size := uint64(len(data))
	if n > 64 || off/8 > size || (off%8+n+7)/8 > size-off/8 {
		return false
	}
	data = data[off/8:]
	off %= 8
	for n > 0 {
		k := min(8-off, n) // bits in this byte
		shift := off
		part := v
		if big {
			shift = 8 - off - k
			part = v >> (n - k)
		} else {
			v >>= k
		}
		mask := byte(1<<k-1) << shift
		data[0] = data[0]&^mask | byte(part<<shift)&mask
		data = data[1:]
		off = 0
		n -= k
	}
	return true
}

func order(big bool) binary.ByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Copy returns a copy of the n bits that start off (0 to 7) bits into data, nil when there are fewer.
func Copy(data []byte, off, n uint64, big bool) []byte {
	if size := uint64(len(data)) * 8; size < off || size-off < n {
		return nil
	}
	out := make([]byte, (n+7)/8)
	if off == 0 && n%8 == 0 {
		copy(out, data)
		return out
	}
	for at := uint64(0); at < n; at += 64 {
		k := min(n-at, 64)
		v, _ := Extract(data, off+at, k, big)
		Insert(out, at, k, big, v)
	}
	return out
}
