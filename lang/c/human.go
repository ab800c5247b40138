package c

import (
	"math/bits"
	"strconv"
	"time"

	"github.com/godrgn/drgn/types"
)

// flags writes a value of an enumerated type as the enumerators whose bits it has, and in hexadecimal the bits that no enumerator has:
// F1 | F4 | 0x10. It reports false, and writes nothing, if the type's enumerators are not flags or the value has none of them.
func (f *formatter) flags(v uint64, es []types.Enumerator) bool {
	known, ok := flagBits(es)
	if !ok || v&known == 0 {
		return false
	}
	first := true
	for _, e := range es {
		if bits.OnesCount64(e.Value) == 1 && v&known&e.Value != 0 {
			if !first {
				f.write(" | ")
			}
			f.write(e.Name)
			first, known = false, known&^e.Value // of two names of a bit the first counts
		}
	}
	if all, _ := flagBits(es); v&^all != 0 {
		f.write(" | 0x")
		f.b = strconv.AppendUint(f.b, v&^all, 16)
	}
	return true
}

// flagBits returns the bits that enumerators name. They are no flags if they count up (0, 1, 2, 3), if one has several bits that do not have
// names of their own, or if fewer than two bits have names.
func flagBits(es []types.Enumerator) (known uint64, ok bool) {
	counted := 0
	for i, e := range es {
		if bits.OnesCount64(e.Value) == 1 {
			known |= e.Value
		}
		if i > 0 && e.Value == es[i-1].Value+1 {
			counted++
		}
	}
	if bits.OnesCount64(known) < 2 || len(es) > 2 && counted == len(es)-1 {
		return 0, false
	}
	for _, e := range es {
		if e.Value&^known != 0 {
			return 0, false
		}
	}
	return known, true
}

// humanUnits are what integers of a typedef are counted in: bytes, or nanoseconds.
var humanUnits = map[string]string{"size_t": "bytes", "loff_t": "bytes", "resource_size_t": "bytes", "ktime_t": "ns"}

// human writes what a number is for people, behind the number: 120 'x', 8192 (8.0 KiB), 1500000000 (1.5 s). It writes nothing for
// numbers that say it themselves.
func (f *formatter) human(v uint64, typ, u *types.Type) {
	if isCharacter(typ) {
		f.write(" '")
		f.character(byte(v), '\'')
		f.write("'")
		return
	}
	for t := typ; t.Kind() == types.Typedef; t = t.Elem() {
		switch humanUnits[t.Name()] {
		case "bytes":
			if n := int64(v); n >= 1024 || !u.IsSigned() && n < 0 {
				f.write(" (" + binaryUnits(v) + ")")
			}
			return
		case "ns":
			if d := time.Duration(v); d >= time.Microsecond || d <= -time.Microsecond {
				f.write(" (" + d.String() + ")")
			}
			return
		}
	}
}

// binaryUnits writes a number of bytes, at least 1024, with the greatest of KiB, MiB, … that fits.
func binaryUnits(v uint64) string {
	const units = "KMGTPE"
	i := (bits.Len64(v) - 1) / 10
	return strconv.FormatFloat(float64(v)/float64(uint64(1)<<(10*i)), 'f', 1, 64) + " " + units[i-1:i] + "iB"
}
