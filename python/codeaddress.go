package python

import (
	"errors"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
)

// codeAddress parses what names a code address: a symbol or a number that begins with 0x, then perhaps "+" and a number
// in decimal or beginning with 0x. Spaces between them do not matter.
func codeAddress(p *drgn.Program, s string) (uint64, error) {
	const spaces = " \t\n\v\f\r"
	s = strings.TrimLeft(s, spaces)
	if s == "" {
		return 0, valueError("expected symbol name or address")
	}
	name, rest := s, ""
	if i := strings.IndexAny(s, spaces+"+"); i >= 0 {
		name, rest = s[:i], strings.TrimLeft(s[i:], spaces)
	}
	if name == "" {
		return 0, valueError("expected symbol name")
	}
	var offset uint64
	if rest != "" {
		text, ok := strings.CutPrefix(rest, "+")
		if !ok {
			return 0, valueError("unexpected input after symbol name or address")
		}
		text = strings.Trim(text, spaces)
		digits, more := text, ""
		if i := strings.IndexFunc(text, func(r rune) bool { return !isWord(r) }); i >= 0 {
			digits, more = text[:i], text[i:]
		}
		n, ok, err := codeNumber(digits, true)
		switch {
		case err != nil:
			return 0, &pyErr{excOverflowError, "symbol offset out of range"}
		case !ok:
			return 0, valueError("expected symbol offset, not '" + text + "'")
		case more != "":
			return 0, valueError("unexpected input after symbol offset: '" + more + "'")
		}
		offset = n
	}
	address, ok, err := codeNumber(name, false)
	if err != nil {
		return 0, &pyErr{excOverflowError, "address out of range"}
	}
	if !ok {
		symbol, err := p.Symbol(name)
		if err != nil {
			return 0, err
		}
		address = symbol.Address
	}
	return address + offset, nil
}

func isWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
}

// codeNumber parses a number that begins with 0x or, where decimal says so, one in decimal; an error says that it does not
// fit 64 bits.
func codeNumber(s string, decimal bool) (n uint64, ok bool, err error) {
	base := 10
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		s, base = s[2:], 16
	} else if !decimal {
		return 0, false, nil
	}
	n, err = strconv.ParseUint(s, base, 64)
	if errors.Is(err, strconv.ErrRange) {
		return 0, false, err
	}
	return n, err == nil, nil
}
