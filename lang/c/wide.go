package c

import (
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/types"
)

// wide tells the character types of more than one byte, and char8_t: of C++, or the typedefs of their names in C. It returns what
// comes before a literal of such, and the size of one in bytes; 0: it is none.
func wide(t *types.Type) (prefix string, size uint64) {
	name := t.Name()
	u := t.WithoutTypedefs()
	if u.Kind() != types.Int || t.Kind() != types.Int && t.Kind() != types.Typedef {
		return "", 0
	}
	size = u.OwnSize()
	switch {
	case name == "wchar_t" && (size == 2 || size == 4):
		return "L", size
	case name == "char16_t" && size == 2:
		return "u", size
	case name == "char32_t" && size == 4:
		return "U", size
	case name == "char8_t" && size == 1:
		return "u8", size
	}
	return "", 0
}

// wideText writes characters of more than one byte each, or UTF-8, up to the first that is 0; ended says that there was one.
func (f *formatter) wideText(b []byte, t *types.Type) (ended bool) {
	prefix, size := wide(t)
	f.write(prefix)
	f.b = append(f.b, '"')
	big := isBig(t)
	var units []uint64
	for i := uint64(0); i+size <= uint64(len(b)); i += size {
		v, _ := bits.Extract(b, i*8, size*8, big)
		if v == 0 {
			ended = true
			break
		}
		units = append(units, v)
	}
	for i := 0; i < len(units); i++ {
		v := units[i]
		switch size {
		case 1:
			text := make([]byte, 0, utf8.UTFMax)
			for j := i; j < min(i+utf8.UTFMax, len(units)); j++ {
				text = append(text, byte(units[j]))
			}
			if r, n := utf8.DecodeRune(text); n > 1 {
				v, i = uint64(r), i+n-1
			} else if v >= utf8.RuneSelf {
				f.character(byte(v), '"')
				continue
			}
		case 2:
			if i+1 < len(units) {
				if r := utf16.DecodeRune(rune(v), rune(units[i+1])); r != unicode.ReplacementChar {
					v, i = uint64(r), i+1
				}
			}
		}
		f.wideCharacter(v)
	}
	f.b = append(f.b, '"')
	return ended
}

// wideCharacter writes a character as it stands in a literal.
func (f *formatter) wideCharacter(v uint64) {
	switch {
	case v < utf8.RuneSelf:
		f.character(byte(v), '"')
	case v <= unicode.MaxRune && unicode.IsPrint(rune(v)):
		f.b = utf8.AppendRune(f.b, rune(v))
	default:
		digits := 4
		f.b = append(f.b, '\\', 'u')
		if v > 0xffff {
			f.b[len(f.b)-1] = 'U'
			digits = 8
		}
		hex := strconv.FormatUint(v, 16)
		for range digits - len(hex) {
			f.b = append(f.b, '0')
		}
		f.write(hex)
	}
}

// wideString writes the text that a pointer to such characters points to, if it can be read.
func (f *formatter) wideString(addr uint64, t *types.Type) {
	_, size := wide(t)
	if addr%size != 0 {
		return
	}
	var text []byte
	const piece = 256
	for uint64(len(text)) < maxText {
		// What is on the next page may not be there.
		n := uint64(piece - addr%piece)
		b := make([]byte, n)
		if !f.readable(b, addr) {
			return
		}
		text = append(text, b...)
		addr += n
		if hasZero(b, size) || addr < n {
			break
		}
	}
	f.write(" = ")
	if !f.wideText(text, t) {
		f.write("...")
	}
}

// hasZero reports whether one of the characters is 0.
func hasZero(b []byte, size uint64) bool {
next:
	for i := uint64(0); i+size <= uint64(len(b)); i += size {
		for _, c := range b[i:][:size] {
			if c != 0 {
				continue next
			}
		}
		return true
	}
	return false
}

// wideArray prints an array of such characters as text; false where it can't be read as a whole.
func (f *formatter) wideArray(p part, length uint64, t *types.Type) bool {
	_, size := wide(t)
	shown := min(length, maxText/size)
	b, err := p.src.bytes(p.off/8, shown*size)
	if err != nil || p.off%8 != 0 {
		return false
	}
	f.readAny = true
	if !f.wideText(b, t) && shown < length {
		f.write("...")
	}
	return true
}
