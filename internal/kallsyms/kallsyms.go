// Package kallsyms decodes the kernel's own table of symbols (kernel/kallsyms.c), whose names are compressed by tokens.
package kallsyms

import (
	"bytes"
	"errors"
	"fmt"
)

// Tokens are the texts that the bytes of compressed names stand for.
type Tokens struct {
	text    [256][]byte
	longest int
}

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
		t.text[i], t.longest = table[at:][:n], max(t.longest, n)
	}
	return &t, nil
}

// maxName bounds how long a name may be: the kernel's KSYM_NAME_LEN is 512.
const maxName = 1 << 12

// check returns an error if the tokens of a name are not a letter and a name.
func (t *Tokens) check(name []byte) error {
	if len(name) == 0 || len(t.text[name[0]]) == 0 {
		return errors.New("it has no type")
	}
	if letter := t.text[name[0]][0] | 0x20; (letter < 'a' || letter > 'z') && letter != '?' { // nm writes ? where it does not know
		return fmt.Errorf("its type is %q", t.text[name[0]][0])
	}
	if len(name) > 1 && len(name)*t.longest <= maxName {
		return nil // as nearly all
	}
	size := 0
	for _, b := range name {
		size += len(t.text[b])
	}
	if size < 2 || size > maxName {
		return fmt.Errorf("its name has %d bytes", size-1)
	}
	return nil
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
