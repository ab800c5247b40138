// Package kallsyms decodes the kernel's own table of symbols (kernel/kallsyms.c), whose names are compressed by tokens.
package kallsyms

import (
	"bytes"
	"fmt"
	"io"
)

// Tokens are the texts that the bytes of compressed names stand for.
type Tokens [256][]byte

// maxToken bounds how long a token may be.
const maxToken = 1 << 10

// NewTokens takes kallsyms_token_table apart; index is kallsyms_token_index. A token that does not end within the table is
// an error.
func NewTokens(table []byte, index [256]uint16) (*Tokens, error) {
	var t Tokens
	for i, at := range index {
		if int(at) >= len(table) {
			return nil, fmt.Errorf("kallsyms_token_index: token %d lies past the end of the table", i)
		}
		n := bytes.IndexByte(table[at:min(len(table), int(at)+maxToken)], 0)
		if n < 0 {
			return nil, fmt.Errorf("kallsyms_token_table: token %d has no end", i)
		}
		t[i] = table[at:][:n]
	}
	return &t, nil
}

// maxName bounds how long a name may be: the kernel's KSYM_NAME_LEN is 512.
const maxName = 1 << 12

// A Names reads the compressed names in kallsyms_names one after another.
type Names struct {
	tokens *Tokens
	r      io.ByteReader
	buf    []byte
}

// NewNames returns a reader of the names in r.
func NewNames(t *Tokens, r io.ByteReader) *Names { return &Names{tokens: t, r: r} }

// Next returns the next symbol: the letter of its type, as nm(1) writes it, and its name.
func (n *Names) Next() (letter byte, name string, err error) {
	length, err := n.length()
	if err != nil {
		return 0, "", err
	}
	n.buf = n.buf[:0]
	for range length {
		b, err := n.r.ReadByte()
		if err != nil {
			return 0, "", err
		}
		if n.buf = append(n.buf, n.tokens[b]...); len(n.buf) > maxName {
			return 0, "", fmt.Errorf("kallsyms_names: a name is longer than %d bytes", maxName)
		}
	}
	if len(n.buf) == 0 {
		return 0, "", fmt.Errorf("kallsyms_names: a symbol has neither type nor name")
	}
	return n.buf[0], string(n.buf[1:]), nil
}

// length reads how many bytes a compressed name has. It is in two bytes from 128 on since v6.1.
func (n *Names) length() (int, error) {
	low, err := n.r.ReadByte()
	if err != nil || low < 0x80 {
		return int(low), err
	}
	high, err := n.r.ReadByte()
	return int(low&0x7f) | int(high)<<7, err
}

// PlaceRelative returns the addresses that the words of kallsyms_offsets stand for in kernels without kallsyms_relative_base,
// whose assembler source has ".long symbol - ." (scripts/kallsyms.c since v7.2): a word counts from its own address, the first
// one's being at.
func PlaceRelative(words []uint32, at uint64) []uint64 {
	out := make([]uint64, len(words))
	for i, w := range words {
		out[i] = at + 4*uint64(i) + uint64(int64(int32(w)))
	}
	return out
}

// Addresses returns the addresses that the words of kallsyms_offsets stand for, given kallsyms_relative_base.
//
// On machines whose per-CPU variables begin at 0 (CONFIG_KALLSYMS_ABSOLUTE_PERCPU) words that are not negative are
// absolute, and others count down from below the base. Elsewhere they are unsigned, and no kernel is so large that one
// has the highest bit: whether there are such words tells which it is.
func Addresses(words []uint32, base uint64) []uint64 {
	absolute := false
	for _, w := range words {
		absolute = absolute || int32(w) < 0
	}
	out := make([]uint64, len(words))
	for i, w := range words {
		switch {
		case !absolute:
			out[i] = base + uint64(w)
		case int32(w) >= 0:
			out[i] = uint64(w)
		default:
			out[i] = base - 1 - uint64(int64(int32(w)))
		}
	}
	return out
}
