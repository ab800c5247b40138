package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Redacted is what stands where something private was.
const Redacted = "(redacted)"

// Format returns a value as people read it: "1.5 GiB", "3m20s", "0xffff888003a2c000". nil, which is not known, is "?".
func (u Unit) Format(v any) string {
	switch v := v.(type) {
	case nil:
		return "?"
	case string:
		return Printable(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		text := strconv.FormatFloat(v, 'f', 2, 64)
		if u == Percent {
			return strconv.FormatFloat(v, 'f', 1, 64) + " %"
		}
		return text
	case uint64:
		if u == Address {
			return fmt.Sprintf("%#x", v)
		}
		return u.number(float64(v), strconv.FormatUint(v, 10))
	case int64:
		return u.number(float64(v), strconv.FormatInt(v, 10))
	}
	return fmt.Sprint(v)
}

// number formats an integer of which there is the text.
func (u Unit) number(v float64, text string) string {
	switch u {
	case Bytes:
		return sized(v)
	case Time:
		return Short(time.Duration(v))
	case Percent:
		return text + " %"
	}
	return text
}

// sized returns a number of bytes with as many digits as one reads.
func sized(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 || v >= 100 {
		return fmt.Sprintf("%s%.0f %s", sign, v, units[i])
	}
	return fmt.Sprintf("%s%.1f %s", sign, v, units[i])
}

// Short returns a duration with as many digits as one reads.
func Short(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days %s", d/(24*time.Hour), (d % (24 * time.Hour)).Round(time.Minute).String())
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.String()
}

// Printable returns a text that memory gave so that a terminal can be shown it; newlines and tabs stay.
func Printable(text string) string { return printable(text, "\n\t") }

// PrintableLine is Printable for what stands within a line, as names do: newlines and tabs do not stay either.
func PrintableLine(text string) string { return printable(text, "") }

// printable puts question marks in place of what is neither printable nor one of the others that stay.
func printable(text, others string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || strings.ContainsRune(others, r) {
			return r
		}
		return '?'
	}, text)
}
