package kdump

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"math/bits"
	"sync"
)

// Pages that zlib packed (RFC 1950, RFC 1951) are unpacked here and not by a package for streams: both ends are in memory and
// small, which takes less than half the time.

var (
	errDeflate  = errors.New("its compressed data is malformed")
	errChecksum = errors.New("its checksum is wrong")
)

// An entry of a table says what the next bits are: how many bits the word has (4 bits), how many bits follow that belong to it
// (4, from bit 8 on), what it is (3, from bit 12 on), and its value (16, from bit 16 on). 0 is no word.
type entry uint32

const (
	isLiteral entry = 1 << (12 + iota)
	isEnd           // of the block
	isLonger        // the word goes on in a table of its own, at the value, which the bits that follow are the index of
)

func (e entry) bits() uint32  { return uint32(e) & 15 }
func (e entry) extra() uint32 { return uint32(e) >> 8 & 15 }
func (e entry) value() uint32 { return uint32(e) >> 16 }

// What the first bits of a word are looked up by, and what longer ones take at most: as many as 286 and 30 words can.
const (
	literalBits, literalMore   = 10, 1 << 10
	distanceBits, distanceMore = 8, 1 << 9
	sizesBits                  = 7
	maxBits                    = 15
)

type (
	literalTable  [1<<literalBits + literalMore]entry
	distanceTable [1<<distanceBits + distanceMore]entry
)

var literalWords, distanceWords, sizeWords = words()

// words returns what the numbers of words stand for: RFC 1951, 3.2.5 and 3.2.7.
func words() (literals [286]entry, distances [30]entry, sizes [19]entry) {
	for i := range 256 {
		literals[i] = isLiteral | entry(i)<<16
	}
	literals[256] = isEnd
	length, extra := 3, 0
	for i := range 28 {
		if i >= 8 && i%4 == 0 {
			extra++
		}
		literals[257+i] = entry(length)<<16 | entry(extra)<<8
		length += 1 << extra
	}
	literals[285] = 258 << 16
	distance, extra := 1, 0
	for i := range distances {
		if i >= 4 && i%2 == 0 {
			extra++
		}
		distances[i] = entry(distance)<<16 | entry(extra)<<8
		distance += 1 << extra
	}
	for i := range sizes {
		sizes[i] = isLiteral | entry(i)<<16
	}
	return literals, distances, sizes
}

// fixed are the tables of blocks that bring none: RFC 1951, 3.2.6.
var fixed = sync.OnceValue(func() *inflater {
	var z inflater
	sizes := make([]uint8, 288)
	for i := range sizes {
		sizes[i] = 8
		switch {
		case i >= 280:
		case i >= 256:
			sizes[i] = 7
		case i >= 144:
			sizes[i] = 9
		}
	}
	build(z.literals[:], literalBits, literalWords[:], sizes)
	for i := range 32 {
		sizes[i] = 5
	}
	build(z.distances[:], distanceBits, distanceWords[:], sizes[:32])
	return &z
})

// build makes a table from the number of bits that each word has, 0 if there is none. ok is false if these can't be: as others
// do it, only a code of one word may leave room for others. What has no meaning is left as no word.
func build(table []entry, first uint, meanings []entry, sizes []uint8) (ok bool) {
	var count, next [maxBits + 2]int
	for _, n := range sizes {
		count[n]++
	}
	count[0] = 0
	longest := maxBits
	for longest > 0 && count[longest] == 0 {
		longest--
	}
	used := 0
	for n := 1; n <= longest; n++ {
		used = used<<1 + count[n]
		next[n+1] = next[n] + count[n]
	}
	if used != 1<<longest || longest == 0 {
		clear(table[:1<<first])
		if longest == 0 {
			return true
		}
		if used != 1 || longest != 1 {
			return false
		}
	}
	var ordered [288]uint16 // by how many bits they have
	for i, n := range sizes {
		if n > 0 {
			ordered[next[n]] = uint16(i)
			next[n]++
		}
	}
	meaning := func(i int) entry {
		if w := int(ordered[i]); w < len(meanings) {
			return meanings[w]
		}
		return 0
	}
	n, i, all := uint(1), 0, next[longest]
	reversed := uint32(0) // the word, its first bit lowest
	// advance makes reversed the next word of n bits.
	advance := func() {
		if high := bits.Len32(^reversed & (1<<n - 1)); high > 0 {
			reversed = reversed&(1<<(high-1)-1) | 1<<(high-1)
		}
	}
	for ; n <= first; n++ {
		if n > 1 { // both ways on from shorter words are the same so far
			copy(table[1<<(n-1):1<<n], table[:1<<(n-1)])
		}
		for ; i < all && uint(sizes[ordered[i]]) == n; i++ {
			e := meaning(i)
			if e != 0 {
				e |= entry(n)
			}
			table[reversed] = e
			advance()
		}
	}
	free := uint32(1) << first
	for i < all {
		// Words that begin alike follow each other, the longest last.
		prefix := reversed & (1<<first - 1)
		n = uint(sizes[ordered[i]])
		room, last := 1<<(n-first), n
		for j := i; room > 0 && j < all; j++ {
			for m := uint(sizes[ordered[j]]); last < m; last++ {
				room <<= 1
			}
			room--
		}
		more := last - first
		if free+1<<more > uint32(len(table)) {
			return false
		}
		table[prefix] = isLonger | entry(free)<<16 | entry(more)<<8 | entry(first)
		for i < all && reversed&(1<<first-1) == prefix {
			n = uint(sizes[ordered[i]])
			e := meaning(i)
			if e != 0 {
				e |= entry(n - first)
			}
			for at := reversed >> first; at < 1<<more; at += 1 << (n - first) {
				table[free+at] = e
			}
			i++
			if ^reversed&(1<<n-1) == 0 {
				break // the last word
			}
			advance()
		}
		free += 1 << more
	}
	return true
}

// An inflater unpacks pages, one after the other.
type inflater struct {
	in   []byte
	at   int    // what of in comes next
	hold uint64 // bits before that, the next one lowest
	n    uint   // how many
	past uint   // bits that were added to hold behind the end of in

	literals  literalTable
	distances distanceTable
}

// fill has at least 56 bits in hold.
func (z *inflater) fill() {
	if len(z.in)-z.at >= 8 {
		// Bits that are in hold beyond n are put there again.
		z.hold |= binary.LittleEndian.Uint64(z.in[z.at:]) << z.n
		z.at += int(63-z.n) >> 3
		z.n |= 56
		return
	}
	for ; z.n < 56; z.n += 8 {
		if z.at < len(z.in) {
			z.hold |= uint64(z.in[z.at]) << z.n
			z.at++
		} else {
			z.past += 8
		}
	}
}

// take returns the next bits, of which fill provided for.
func (z *inflater) take(n uint) uint {
	v := uint(z.hold) & (1<<n - 1)
	z.hold >>= n
	z.n -= n
	return v
}

// rest returns what follows the byte that the last bit was in.
func (z *inflater) rest() ([]byte, error) {
	if z.n < z.past {
		return nil, io.ErrUnexpectedEOF
	}
	at := z.at - int((z.n-z.past)>>3)
	z.at, z.hold, z.n, z.past = len(z.in), 0, 0, 0
	return z.in[at:], nil
}

// unpack fills page from a zlib stream.
func (z *inflater) unpack(page, packed []byte) error {
	if len(packed) < 2 {
		return io.ErrUnexpectedEOF
	}
	// Method 8 is deflate; a preset dictionary nobody has.
	if packed[0]&15 != 8 || packed[0]>>4 > 7 || binary.BigEndian.Uint16(packed)%31 != 0 || packed[1]&0x20 != 0 {
		return errDeflate
	}
	z.in, z.at, z.hold, z.n, z.past = packed, 2, 0, 0, 0
	o := 0
	for last := false; !last; {
		z.fill()
		last = z.take(1) == 1
		var err error
		switch z.take(2) {
		case 0:
			o, err = z.plain(page, o)
		case 1:
			o, err = z.block(page, o, &fixed().literals, &fixed().distances)
		case 2:
			if err = z.tables(); err == nil {
				o, err = z.block(page, o, &z.literals, &z.distances)
			}
		default:
			err = errDeflate
		}
		if err == nil && z.n < z.past {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	sum, err := z.rest()
	switch {
	case err != nil:
		return err
	case len(sum) < 4:
		return io.ErrUnexpectedEOF
	case o != len(page):
		return errPageSize
	case binary.BigEndian.Uint32(sum) != adler32.Checksum(page):
		return errChecksum
	}
	return nil
}

// plain copies a block that is not packed to page, from o on. It returns where it ends.
func (z *inflater) plain(page []byte, o int) (int, error) {
	in, err := z.rest()
	if err != nil {
		return o, err
	}
	if len(in) < 4 {
		return o, io.ErrUnexpectedEOF
	}
	n := int(binary.LittleEndian.Uint16(in))
	if n^int(binary.LittleEndian.Uint16(in[2:])) != 0xffff {
		return o, errDeflate
	}
	in = in[4:]
	switch {
	case n > len(in):
		return o, io.ErrUnexpectedEOF
	case n > len(page)-o:
		return o, errPageSize
	}
	z.at = len(z.in) - len(in) + n
	return o + copy(page[o:], in[:n]), nil
}

// sizesOrder is the order in which the sizes of the words of sizes stand: RFC 1951, 3.2.7.
var sizesOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// tables reads the tables of a block.
func (z *inflater) tables() error {
	z.fill()
	literals, distances, n := z.take(5)+257, z.take(5)+1, z.take(4)+4
	if literals > uint(len(literalWords)) || distances > uint(len(distanceWords)) {
		return errDeflate
	}
	var sizes [19]uint8
	for _, w := range sizesOrder[:n] {
		if z.n < 3 {
			z.fill()
		}
		sizes[w] = uint8(z.take(3))
	}
	var table [1 << sizesBits]entry
	if !build(table[:], sizesBits, sizeWords[:], sizes[:]) {
		return errDeflate
	}
	var all [286 + 30]uint8
	for i := uint(0); i < literals+distances; {
		if z.n < 7+7 {
			z.fill()
		}
		e := table[z.hold&(1<<sizesBits-1)]
		if e.bits() == 0 {
			return errDeflate
		}
		z.take(uint(e.bits()))
		var times uint
		var size uint8
		switch v := e.value(); v {
		case 16:
			if i == 0 {
				return errDeflate
			}
			size, times = all[i-1], 3+z.take(2)
		case 17:
			times = 3 + z.take(3)
		case 18:
			times = 11 + z.take(7)
		default:
			size, times = uint8(v), 1
		}
		if i+times > literals+distances {
			return errDeflate
		}
		for ; times > 0; times-- {
			all[i] = size
			i++
		}
	}
	if z.n < z.past {
		return io.ErrUnexpectedEOF
	}
	if !build(z.literals[:], literalBits, literalWords[:], all[:literals]) ||
		!build(z.distances[:], distanceBits, distanceWords[:], all[literals:literals+distances]) {
		return errDeflate
	}
	return nil
}

// block unpacks a block to page, from o on. It returns where it ends.
func (z *inflater) block(page []byte, o int, literals *literalTable, distances *distanceTable) (int, error) {
	hold, n := z.hold, z.n
	for {
		if in := z.in; len(in)-z.at >= 8 { // as fill does
			hold |= binary.LittleEndian.Uint64(in[z.at:]) << (n & 63)
			z.at += int(63-n) >> 3
			n |= 56
		} else {
			z.hold, z.n = hold, n
			z.fill()
			hold, n = z.hold, z.n
		}
		// A word of 15 bits with 5 more and one of 15 with 13 are fewer than 56 bits; so are three words.
		e := literals[hold&(1<<literalBits-1)]
		if e&isLonger != 0 {
			hold >>= literalBits
			n -= literalBits
			e = literals[(e.value()+uint32(hold)&(1<<e.extra()-1))%uint32(len(literals))]
		}
		hold >>= e.bits()
		n -= uint(e.bits())
		if e&isLiteral != 0 {
			if o >= len(page) {
				return o, errPageSize
			}
			page[o] = byte(e.value())
			o++
			for range 2 {
				e = literals[hold&(1<<literalBits-1)]
				if e&isLiteral == 0 || o >= len(page) {
					break
				}
				hold >>= e.bits()
				n -= uint(e.bits())
				page[o] = byte(e.value())
				o++
			}
			continue
		}
		if e&isEnd != 0 {
			z.hold, z.n = hold, n
			return o, nil
		}
		length := int(e.value() + uint32(hold)&(1<<e.extra()-1))
		hold >>= e.extra()
		n -= uint(e.extra())
		d := distances[hold&(1<<distanceBits-1)]
		if d&isLonger != 0 {
			hold >>= distanceBits
			n -= distanceBits
			d = distances[(d.value()+uint32(hold)&(1<<d.extra()-1))%uint32(len(distances))]
		}
		hold >>= d.bits()
		n -= uint(d.bits())
		distance := int(d.value() + uint32(hold)&(1<<d.extra()-1))
		hold >>= d.extra()
		n -= uint(d.extra())
		switch {
		case e == 0 || d == 0 || distance > o:
			return o, errDeflate
		case length > len(page)-o:
			return o, errPageSize
		}
		repeat(page, o, length, distance)
		o += length
	}
}

// repeat writes length bytes at page[o:], each of which is the one that lies distance before it. It may also write to the seven
// bytes behind them, which are still to come.
func repeat(page []byte, o, length, distance int) {
	end, from := o+length, o-distance
	if end+8 > len(page) {
		for ; o < end; o++ {
			page[o] = page[from]
			from++
		}
		return
	}
	if distance < 8 { // as far back as words can be copied, and be it several times the distance
		for far := (8 + distance - 1) / distance * distance; o-far < end-length-distance; o++ {
			page[o] = page[o-distance]
		}
		from = o - (8+distance-1)/distance*distance
	}
	for ; o < end; o += 8 {
		binary.LittleEndian.PutUint64(page[o:], binary.LittleEndian.Uint64(page[from:]))
		from += 8
	}
}
