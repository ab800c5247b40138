package expr

// Slice returns the pieces of the n bits from bit at on of an object of total bits that is in pieces; what these do not hold is [Empty].
// A part of a pointer to what has no address is not known. On a little-endian target bits count from the least significant one, else from the most
// significant, as in [Bytes].
func Slice(pieces []Piece, total, at, n uint64, big bool) []Piece {
	var out []Piece
	done, end := uint64(0), at+n
	for i := range pieces {
		p := pieces[i]
		size := p.BitSize
		if size == 0 || size > total-done {
			size = total - done
		}
		from, to := max(at, done), min(end, done+size)
		if from < to {
			out = append(out, p.slice(size, from-done, to-from, big))
		}
		if done += size; p.BitSize == 0 {
			break
		}
	}
	if held, _ := sizeOf(out); held < n {
		out = append(out, Piece{BitSize: n - held})
	}
	return out
}

// slice returns the n bits from bit at on of a piece that has size bits.
func (p Piece) slice(size, at, n uint64, big bool) Piece {
	p.BitSize = n
	switch p.Kind {
	case Memory:
		first := p.BitOffset + at
		p.Value, p.BitOffset = p.Value+first/8, first%8
	case Register, Number, Implicit:
		if big { // BitOffset counts from the least significant bit
			at = size - at - n
		}
		p.BitOffset += at
		p.Sliced = p.Sliced || n != size
	case ImplicitPointer:
		if n != size {
			return Piece{BitSize: n}
		}
	}
	return p
}
