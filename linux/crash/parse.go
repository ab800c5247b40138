package crash

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// given are the values of a command's arguments.
type given struct {
	times  map[string]int      // how often an option was given, or 1 for what stands in its place
	values map[string][]string // in order
}

// maxArguments bounds what one command may be given.
const maxArguments = 1 << 16

var negativeNumber = regexp.MustCompile(`^-\d+$|^-\d*\.\d+$`)

// option finds the option that a word is; value is what is attached to it.
func (c *Command) option(word string) (a *Argument, value string, attached, unknown bool) {
	if len(word) < 2 || word[0] != '-' {
		return nil, "", false, false
	}
	numbers := false
	for i := range c.Arguments {
		for _, n := range c.Arguments[i].Names {
			if n == word {
				return &c.Arguments[i], "", false, false
			}
			numbers = numbers || negativeNumber.MatchString(n)
		}
	}
	if negativeNumber.MatchString(word) && !numbers {
		return nil, "", false, false
	}
	name, value, equals := strings.Cut(word, "=")
	var found *Argument
	matches := 0
	for i := range c.Arguments {
		for _, n := range c.Arguments[i].Names {
			switch {
			case strings.HasPrefix(n, "--"):
				if strings.HasPrefix(word, "--") && len(name) > 2 && strings.HasPrefix(n, name) {
					found, attached = &c.Arguments[i], equals
					matches++
				}
			case !strings.HasPrefix(word, "--") && len(n) == 2 && strings.HasPrefix(word, n):
				return &c.Arguments[i], word[2:], true, false
			}
		}
	}
	if matches == 1 {
		return found, value, attached, false
	}
	if strings.Contains(word, " ") {
		return nil, "", false, false
	}
	return nil, "", false, true
}

// parse sorts words to the command's arguments.
func (c *Command) parse(words []string) (*given, error) {
	g := &given{map[string]int{}, map[string][]string{}}
	wrong := func(format string, a ...any) error {
		return &ArgumentError{c.Name, fmt.Sprintf(format, a...), c.usage()}
	}
	if len(words) > maxArguments {
		return nil, wrong("%d arguments are too many", len(words))
	}
	var free, unknown []string
	sets := map[int]*Argument{}
	isValue := func(i int) bool {
		if i >= len(words) || words[i] == "--" {
			return false
		}
		a, _, _, unknown := c.option(words[i])
		return a == nil && !unknown
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if word == "--" {
			free = append(free, words[i+1:]...)
			break
		}
		a, value, attached, isUnknown := c.option(word)
		switch {
		case isUnknown:
			unknown = append(unknown, word)
			continue
		case a == nil:
			free = append(free, word)
			continue
		}
		name := a.called()
		g.times[a.key()]++
		if a.Value == None {
			if attached { // more switches in the same word
				if strings.HasPrefix(word, "--") {
					return nil, wrong("argument %s: ignored explicit argument '%s'", name, value)
				}
				if more, _, _, _ := c.option("-" + value); more == nil {
					return nil, wrong("argument %s: ignored explicit argument '%s'", name, value)
				}
				words[i] = "-" + value
				i--
			}
			if err := a.alone(sets, wrong); err != nil {
				return nil, err
			}
			continue
		}
		var values []string
		switch {
		case attached:
			values = []string{value}
		case a.Value == Any || a.Value == Some:
			for isValue(i + 1) {
				i++
				values = append(values, words[i])
			}
		case isValue(i + 1):
			i++
			values = []string{words[i]}
		}
		switch {
		case len(values) > 0 || a.Value == Maybe || a.Value == Any:
		case a.Value == Some:
			return nil, wrong("argument %s: expected at least one argument", name)
		default:
			return nil, wrong("argument %s: expected one argument", name)
		}
		if err := a.check(values, wrong); err != nil {
			return nil, err
		}
		if err := a.alone(sets, wrong); err != nil {
			return nil, err
		}
		if a.Each {
			g.values[a.key()] = append(g.values[a.key()], values...)
		} else {
			g.values[a.key()] = values
		}
	}
	missing := c.places(g, free, &unknown)
	for i := range c.Arguments {
		a := &c.Arguments[i]
		if len(a.Names) > 0 || g.times[a.key()] == 0 {
			continue
		}
		if err := a.check(g.values[a.key()], wrong); err != nil {
			return nil, err
		}
		if err := a.alone(sets, wrong); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		return nil, wrong("the following arguments are required: %s", strings.Join(missing, ", "))
	}
	if len(unknown) > 0 {
		return nil, wrong("unrecognized arguments: %s", strings.Join(unknown, " "))
	}
	return g, nil
}

// called is what errors call an argument.
func (a *Argument) called() string {
	if len(a.Names) > 0 {
		return strings.Join(a.Names, "/")
	}
	return a.Meta
}

// check returns the error of the first value that the argument does not take.
func (a *Argument) check(values []string, wrong func(string, ...any) error) error {
	if a.Check == nil {
		return nil
	}
	for _, v := range values {
		if problem := a.Check(v); problem != "" {
			return wrong("argument %s: %s", a.called(), problem)
		}
	}
	return nil
}

// alone returns the error of an argument that excludes one that was given before; sets are those that were, by the numbers of their sets.
func (a *Argument) alone(sets map[int]*Argument, wrong func(string, ...any) error) error {
	if a.Set == 0 {
		return nil
	}
	if other := sets[a.Set]; other != nil && other != a {
		return wrong("argument %s: not allowed with argument %s", a.called(), other.called())
	}
	sets[a.Set] = a
	return nil
}

// places gives the words that stand without an option to the arguments that are known by their places, and returns those that must be given
// and are not.
func (c *Command) places(g *given, free []string, unknown *[]string) (missing []string) {
	needed := 0
	for i := range c.Arguments {
		if a := &c.Arguments[i]; len(a.Names) == 0 && !a.Shown && (a.Value == One || a.Value == Some) {
			if needed++; needed > len(free) {
				missing = append(missing, a.Meta)
			}
		}
	}
	spare := max(0, len(free)-needed)
	for i := range c.Arguments {
		a := &c.Arguments[i]
		if len(a.Names) > 0 || a.Shown {
			continue
		}
		n := 0
		switch a.Value {
		case One:
			n = 1
		case Maybe:
			n = min(1, spare)
			spare -= n
		case Any:
			n, spare = spare, 0
		case Some:
			n, spare = 1+spare, 0
		}
		if n = min(n, len(free)); n > 0 {
			g.values[a.key()], free = free[:n:n], free[n:]
			g.times[a.key()] = 1
		}
	}
	*unknown = append(*unknown, free...)
	return missing
}

// Checks of values. Numbers are integers, hexadecimal ones with or without 0x.
func isDecimal(v string) string {
	if _, err := strconv.ParseInt(v, 10, 64); err != nil {
		return fmt.Sprintf("invalid int value: '%s'", v)
	}
	return ""
}

func isHexadecimal(v string) string {
	if _, err := hexadecimal(v); err != nil {
		return fmt.Sprintf("invalid 'hexadecimal' value: '%s'", v)
	}
	return ""
}

func isNumber(v string) string {
	if _, err := number(v); err != nil {
		return fmt.Sprintf("invalid 'decimal_or_hexadecimal' value: '%s'", v)
	}
	return ""
}

// hexadecimal parses a hexadecimal number, with or without 0x.
func hexadecimal(v string) (uint64, error) {
	return strconv.ParseUint(strings.TrimPrefix(strings.TrimPrefix(v, "0x"), "0X"), 16, 64)
}

// number parses a decimal number or, if it is none, a hexadecimal one.
func number(v string) (uint64, error) {
	if n, err := strconv.ParseUint(v, 10, 64); err == nil {
		return n, nil
	}
	return hexadecimal(v)
}

// wordCharacters are those that end no word of a command line.
const notInWords = " \t\n\r\v\f\"&'();<>\\`|"

// Words splits a command line into words as a shell does: at blanks outside quotes. With keep, words keep their quotes. It
// returns what stands behind the first redirection or pipe, with the operator.
func Words(line string, keep bool) (words []string, rest string, err error) {
	for i := 0; i < len(line); {
		switch b := line[i]; {
		case strings.IndexByte(" \t\n\r\v\f", b) >= 0:
			i++
			continue
		case b == '#':
			return words, "", nil
		case strings.IndexByte("<>|", b) >= 0:
			return words, line[i:], nil
		}
		n := wordEnd(line[i:])
		if n == 0 {
			return nil, "", fmt.Errorf("unexpected '%c'", line[i])
		}
		word := line[i : i+n]
		if j := i + n; j < len(line) && (line[j] == '<' || line[j] == '>') && strings.Trim(word, "0123456789") == "" {
			return words, line[i:], nil // the number of a file descriptor
		}
		if !keep {
			word = Unquote(word)
		}
		words = append(words, word)
		i += n
	}
	return words, "", nil
}

// wordEnd returns how long the word at the start of a line is.
func wordEnd(s string) int {
	i := 0
	for i < len(s) {
		switch b := s[i]; {
		case b == '\\':
			if i+1 >= len(s) {
				return i
			}
			i += 2
		case b == '"':
			n := quotedEnd(s[i:])
			if n == 0 {
				return i
			}
			i += n
		case b == '\'':
			n := strings.IndexByte(s[i+1:], '\'')
			if n < 0 {
				return i
			}
			i += n + 2
		case strings.IndexByte(notInWords, b) >= 0:
			return i
		default:
			i++
		}
	}
	return i
}

func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// Unquote takes the quotes and backslashes of a shell's word away.
func Unquote(word string) string {
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		switch {
		case word[i] == '\\' && i+1 < len(word):
			i++
			b.WriteByte(word[i])
		case word[i] == '\'':
			if n := strings.IndexByte(word[i+1:], '\''); n >= 0 {
				b.WriteString(word[i+1 : i+1+n])
				i += n + 1
				continue
			}
			b.WriteByte('\'')
		case word[i] == '"':
			n := quotedEnd(word[i:])
			if n == 0 {
				b.WriteByte('"')
				continue
			}
			in := word[i+1 : i+n-1]
			for j := 0; j < len(in); j++ {
				if in[j] == '\\' && j+1 < len(in) && strings.IndexByte("$`\"\\", in[j+1]) >= 0 {
					j++
				}
				b.WriteByte(in[j])
			}
			i += n - 1
		default:
			b.WriteByte(word[i])
		}
	}
	return b.String()
}
