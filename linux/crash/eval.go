package crash

import (
	"errors"
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
)

var asciiCommand = Command{
	Name:        "ascii",
	Description: "show a number as text",
	Long:        "Show the bytes of 32-bit or 64-bit hexadecimal numbers as ASCII. Without arguments the table of ASCII is shown.",
	Arguments: []Argument{
		{Meta: "value", Value: Any, Help: "a hexadecimal number", Check: func(v string) string {
			if strings.Trim(strings.TrimPrefix(strings.ToLower(v), "0x"), "0123456789abcdef") != "" || v == "" {
				return isHexadecimal(v)
			}
			return ""
		}},
		drgnArgument,
	},
	Run: func(c *Call) error {
		if c.Has("--drgn") {
			return c.code(func(b *builder) error {
				texts := make([]string, len(c.List("value")))
				for i, v := range c.List("value") {
					texts[i] = "0x" + strings.TrimPrefix(strings.ToLower(v), "0x")
				}
				b.line("unsigned_long_size = prog.type(\"unsigned long\").size")
				b.line("unsigned_long_long_size = prog.type(\"unsigned long long\").size")
				b.openf("for value in [%s]:", strings.Join(texts, ", "))
				b.line("small = value.bit_length() <= unsigned_long_size * 8")
				b.line("size = unsigned_long_size if small else unsigned_long_long_size")
				b.linef("bytestring = value.to_bytes(size, byteorder=%s)", quoted(byteOrder(c)))
				b.close()
				return nil
			})
		}
		return ascii(c)
	},
}

func byteOrder(c *Call) string {
	if c.Prog.Platform().Known() && !c.Prog.Platform().IsLittleEndian() {
		return "big"
	}
	return "little"
}

// controls are the names of ASCII's characters below the blank.
var controls = strings.Fields("NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US")

func asciiName(b byte, blank string) string {
	switch {
	case b < ' ':
		return controls[b]
	case b == ' ':
		return blank
	case b == 0x7f:
		return "DEL"
	}
	return string(rune(b))
}

func ascii(c *Call) error {
	values := c.List("value")
	if len(values) == 0 {
		c.print("      0    1   2   3   4   5   6   7\n        +-------------------------------\n")
		for low := range 16 {
			line := fmt.Sprintf("    %X |", low)
			for high := range 8 {
				name := asciiName(byte(high<<4|low), "SP")
				if len(name) == 1 {
					name += " "
				}
				line += fmt.Sprintf(" %3s", name)
			}
			c.print(strings.TrimRight(line, " "), "\n")
		}
		return nil
	}
	for _, v := range values {
		n, err := hexadecimal(v)
		if err != nil {
			digits := strings.TrimLeft(strings.TrimPrefix(strings.ToLower(v), "0x"), "0")
			if n, err = hexadecimal("0" + digits); err != nil {
				first, _ := hexadecimal(digits[:1])
				return c.wrong("value too large: 0x%s (%d bits vs 64)", digits, (len(digits)-1)*4+bits.Len64(first))
			}
		}
		size, err := c.Prog.AddressSize()
		if err != nil {
			return err
		}
		if n>>32 != 0 {
			size = 8
		}
		c.printf("%0*x: ", int(size)*2, n)
		for i := range size {
			shift := i * 8
			if byteOrder(c) == "big" {
				shift = (size - 1 - i) * 8
			}
			switch b := byte(n >> shift); {
			case b < ' ' || b == 0x7f:
				c.printf("<%s>", asciiName(b, ""))
			case b > 0x7f:
				c.printf("<%02x>", b)
			default:
				c.print(string(rune(b)))
			}
		}
		c.print("\n")
	}
	return nil
}

var evalCommand = Command{
	Name:        "eval",
	Description: "calculate, and show the result in several bases",
	Usage:       "[-b] [-l] [--drgn] (expression)",
	Raw:         true,
	Arguments: []Argument{
		{Meta: "expression", Shown: true, Help: "a value, or two with an operator between them: + - & | ^ * % / << >>. A value is a decimal or hexadecimal number, " +
			"with - or ~ in front and K, M or G behind if need be. An expression with |, << or >> must be in parentheses."},
		{Names: []string{"-b"}, Help: "also the numbers of the bits that are set"},
		{Names: []string{"-l"}, Help: "with 64 bits even where words have 32"},
		drgnArgument,
	},
	Run: func(c *Call) error { return eval(c, strings.Join(c.List(""), " ")) },
}

const operand = `((?:[-~]\s*)*)((?:0[xX])?[0-9a-fA-F]+)(?:\s*([kKmMgG])\b)?`

var (
	evalOptions    = regexp.MustCompile(`^\s*(-b|-l|--drgn)(?:\s+|$)`)
	evalOpen       = regexp.MustCompile(`^\s*\(\s*`)
	evalOperand    = regexp.MustCompile(`^\s*` + operand)
	evalOperator   = regexp.MustCompile(`^\s*([-+&^*%/])`)
	evalInBrackets = regexp.MustCompile(`^\s*(<<|>>|[-+&|^*%/])`)
	evalClose      = regexp.MustCompile(`^\s*\)`)
	evalEnd        = regexp.MustCompile(`^\s*(?:$|[<>|#]|\d+[<>])`)
	evalLater      = regexp.MustCompile(`^\s+(-b|-l|--drgn)\b`)
)

// An expression is what eval is to calculate.
type expression struct {
	left, right term
	operator    string // "": only left
	options     map[string]bool
}

type term struct{ unary, digits, unit string }

// errExpression says that there is no such expression.
var errExpression = errors.New("bad expression")

// EvalLength returns how much of a line is the arguments of eval: behind them are redirections and pipes, whose operators are
// part of expressions, too.
func EvalLength(line string) (int, error) {
	_, n, err := parseExpression(line)
	return n, err
}

func parseExpression(line string) (e expression, n int, err error) {
	e.options = map[string]bool{}
	take := func(re *regexp.Regexp) []string {
		m := re.FindStringSubmatch(line[n:])
		if m != nil {
			n += len(m[0])
		}
		return m
	}
	for m := take(evalOptions); m != nil; m = take(evalOptions) {
		e.options[m[1]] = true
	}
	brackets := take(evalOpen) != nil
	m := take(evalOperand)
	if m == nil {
		return e, n, errExpression
	}
	e.left = term{m[1], m[2], m[3]}
	operator := evalOperator
	if brackets {
		operator = evalInBrackets
	}
	if m := take(operator); m != nil {
		e.operator = m[1]
		if m = take(evalOperand); m == nil {
			return e, n, errExpression
		}
		e.right = term{m[1], m[2], m[3]}
	}
	if brackets && take(evalClose) == nil {
		return e, n, errExpression
	}
	for m := take(evalLater); m != nil; m = take(evalLater) {
		e.options[m[1]] = true
	}
	if !evalEnd.MatchString(line[n:]) {
		return e, n, errExpression
	}
	return e, n, nil
}

var units = map[string]uint64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

func (t term) value() (uint64, error) {
	v, err := strconv.ParseUint(t.digits, 10, 64)
	if err != nil {
		if v, err = hexadecimal(t.digits); err != nil {
			return 0, errExpression
		}
	}
	v *= units[strings.ToLower(t.unit)]
	for i := len(t.unary) - 1; i >= 0; i-- {
		switch t.unary[i] {
		case '-':
			v = -v
		case '~':
			v = ^v
		}
	}
	return v, nil
}

func (t term) code(name string) string {
	digits := t.digits
	if _, err := strconv.ParseUint(digits, 10, 64); err != nil {
		digits = "0x" + strings.TrimPrefix(strings.ToLower(digits), "0x")
	} else if digits = strings.TrimLeft(digits, "0"); digits == "" {
		digits = "0"
	}
	text := fmt.Sprintf("Object(prog, %s, %s)", quoted(name), digits)
	if t.unit != "" {
		text = fmt.Sprintf("(%s * %d)", text, units[strings.ToLower(t.unit)])
	}
	return strings.ReplaceAll(t.unary, " ", "") + text
}

// DivisionError says that something was divided by zero.
type DivisionError struct{}

func (*DivisionError) Error() string { return "division by zero" }

func eval(c *Call, line string) error {
	e, n, err := parseExpression(line)
	if err == nil && strings.TrimSpace(line[n:]) != "" {
		err = errExpression
	}
	if err != nil {
		return &ArgumentError{"eval", err.Error(), c.command.usage()}
	}
	size, err := c.Prog.AddressSize()
	if err != nil {
		return err
	}
	unsigned, signed := "unsigned long", "long"
	if e.options["-l"] && size < 8 {
		size, unsigned, signed = 8, "unsigned long long", "long long"
	}
	if e.options["--drgn"] {
		return c.code(func(b *builder) error {
			b.from("drgn", "Object", "cast")
			b.from("drgn.helpers.common.format", "number_in_binary_units")
			if e.operator == "" {
				b.linef("value = %s", e.left.code(unsigned))
			} else {
				b.linef("lhs = %s\nrhs = %s\nvalue = lhs %s rhs", e.left.code(unsigned), e.right.code(unsigned), e.operator)
			}
			b.linef("\nsigned = cast(%s, value)", quoted(signed))
			b.line("in_units = number_in_binary_units(value)\nin_hex = hex(value)\nin_octal = oct(value)\nin_binary = bin(value)")
			return nil
		})
	}
	v, err := e.calculate()
	if err != nil {
		return err
	}
	width := int(size) * 8
	v &= 1<<(width-1)<<1 - 1
	c.printf("hexadecimal: %x%s\n", v, binaryUnits(v))
	c.printf("    decimal: %d", v)
	if v>>(width-1) == 1 {
		c.printf("  (%d)", int64(v)-int64(1<<(width-1)<<1))
	}
	c.printf("\n      octal: %o\n     binary: %0*b\n", v, width, v)
	if e.options["-b"] {
		var set []string
		for i := width - 1; i >= 0; i-- {
			if v>>i&1 == 1 {
				set = append(set, strconv.Itoa(i))
			}
		}
		c.print(strings.TrimRight("   bits set: "+strings.Join(set, " "), " "), "\n")
	}
	return nil
}

func (e expression) calculate() (uint64, error) {
	a, err := e.left.value()
	if err != nil || e.operator == "" {
		return a, err
	}
	b, err := e.right.value()
	if err != nil {
		return 0, err
	}
	switch e.operator {
	case "+":
		return a + b, nil
	case "-":
		return a - b, nil
	case "&":
		return a & b, nil
	case "|":
		return a | b, nil
	case "^":
		return a ^ b, nil
	case "*":
		return a * b, nil
	case "<<":
		return a << b, nil
	case ">>":
		return a >> b, nil
	}
	if b == 0 {
		return 0, &DivisionError{}
	}
	if e.operator == "%" {
		return a % b, nil
	}
	return a / b, nil
}

// binaryUnits returns "  (3KB)" for a number that is a multiple of a unit.
func binaryUnits(v uint64) string {
	for _, u := range []struct {
		shift uint
		name  string
	}{{30, "GB"}, {20, "MB"}, {10, "KB"}} {
		if v >= 1<<u.shift && v&(1<<u.shift-1) == 0 {
			return fmt.Sprintf("  (%d%s)", v>>u.shift, u.name)
		}
	}
	return ""
}
