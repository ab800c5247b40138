package c

import (
	"slices"
	"strings"

	"github.com/godrgn/drgn/types"
)

// A templateStyle is how a compiler writes the arguments of a template in the name of an instance.
type templateStyle struct {
	gcc bool   // "long int", "char const*", "void(int)", "int [2]", "5ul" where LLVM has "long", "const char *", "void (int)", "int[2]", "5UL"
	end string // between the ends of two lists
}

// templateStyles are those of GCC, of Clang and of what else LLVM compiles.
var templateStyles = [...]templateStyle{{true, " "}, {false, " "}, {false, ""}}

// maxTemplateName bounds the names, and maxTemplates how deep the templates in one another, that are written anew.
const maxTemplateName, maxTemplates = 1 << 14, 64

// TemplateSpellings returns the ways in which compilers may write a name with arguments of templates, the given one first: what a user calls
// "box<const long *>" is "box<long int const*>" to GCC. A name without any is the only one.
func TemplateSpellings(name string) []string {
	all := []string{name}
	if strings.IndexByte(name, '<') < 0 || len(name) > maxTemplateName {
		return all
	}
	for _, style := range templateStyles {
		if s := style.name(name, maxTemplates); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// name writes a name anew, of whose arguments the outermost may have depth others in them.
func (style templateStyle) name(name string, depth int) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(name, '<')
		if at < 0 || depth == 0 || strings.HasSuffix(strings.TrimRight(name[:at], " "), "operator") {
			break
		}
		n := templateArguments(name[at:])
		if n == 0 {
			break
		}
		b.WriteString(strings.TrimRight(name[:at], " "))
		b.WriteByte('<')
		b.WriteString(style.list(name[at+1:at+n-1], depth-1))
		if s := b.String(); s[len(s)-1] == '>' {
			b.WriteString(style.end)
		}
		b.WriteByte('>')
		name = name[at+n:]
	}
	b.WriteString(name)
	return b.String()
}

// list writes a list of arguments or parameters.
func (style templateStyle) list(list string, depth int) string {
	if depth < 0 {
		return list
	}
	var all []string
	for rest := list; ; {
		n := argumentLen(rest)
		all = append(all, style.argument(strings.TrimFunc(rest[:n], func(r rune) bool { return r < 0x80 && isSpace(byte(r)) }), depth))
		if n == len(rest) {
			return strings.Join(all, ", ")
		}
		rest = rest[n+1:]
	}
}

// argumentLen returns how many bytes of a list are its first argument.
func argumentLen(list string) int {
	depth := 0
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '\'', '"':
			i += max(quoted(list[i:]), 1) - 1
		case '<':
			i += max(templateArguments(list[i:]), 1) - 1
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(list)
}

// argument writes one argument: a type, a number or a character. What begins otherwise stays as it is: expressions, and Rust's references.
func (style templateStyle) argument(s string, depth int) string {
	if digits := strings.TrimPrefix(s, "-"); digits != "" && isDigit(digits[0]) {
		return style.number(s)
	}
	if s == `'"'` || s == `'\"'` {
		if style.gcc {
			return `'\"'`
		}
		return `'"'`
	}
	var words []string // of the type that comes first
	rest := s
	for {
		n := qualifiedLen(rest)
		if n == 0 || strings.HasSuffix(rest[:n], "::") { // a pointer to a member
			break
		}
		words = append(words, style.name(rest[:n], depth))
		rest = strings.TrimLeft(rest[n:], " ")
	}
	if words == nil {
		return s
	}
	return style.specifiers(words) + style.declarator(rest, depth)
}

// number writes a decimal number, whose suffix is of its value: with "template<auto V>", 5 and 5L make two instances. Clang and old GCC have the suffix in
// the name, GCC 12 has not: a name with one is not taken for one without, as that may be another's. What is no such number stays as it is.
func (style templateStyle) number(s string) string {
	n := len(strings.TrimRight(s, "uUlL"))
	suffix := integerSuffixes[strings.ReplaceAll(s[n:], "U", "u")]
	if suffix == "" || strings.Trim(strings.TrimPrefix(s[:n], "-"), "0123456789") != "" {
		return s
	}
	if style.gcc {
		suffix = strings.ToLower(suffix)
	}
	return s[:n] + suffix
}

// integerSuffixes are Clang's of those that a number may have, in which the case of 'u' does not matter (C++20, [lex.icon]).
var integerSuffixes = map[string]string{
	"u": "U", "l": "L", "L": "L", "ll": "LL", "LL": "LL", "ul": "UL", "uL": "UL", "lu": "UL", "Lu": "UL", "ull": "ULL", "uLL": "ULL", "llu": "ULL", "LLu": "ULL",
}

// qualifiedLen returns how many bytes of s are a name with its namespaces and arguments of templates.
func qualifiedLen(s string) int {
	x := lexer{text: s}
	for {
		before := x.pos
		if next := x.afterSpace(x.pos); next < len(s) && s[next] == '<' {
			x.pos = next
		}
		switch {
		case strings.HasPrefix(s[x.pos:], anonymousNamespace):
			x.pos += len(anonymousNamespace)
		case strings.HasPrefix(s[x.pos:], "::"):
			x.pos += 2
		case strings.HasPrefix(s[x.pos:], "<") && x.pos > 0:
			x.pos += templateArguments(s[x.pos:])
		case x.pos > 0 && s[x.pos-1] == '>': // "box<int>const" are two words
		default:
			for n := x.letter(true); n > 0; n = x.letter(false) {
				x.pos += n
			}
		}
		if x.pos == before {
			return x.pos
		}
	}
}

// specifiers writes the words of a type's name, among which may be qualifiers and what kind of type it is.
func (style templateStyle) specifiers(words []string) string {
	take := func(word string) bool {
		i := slices.Index(words, word)
		if i >= 0 {
			words = slices.Delete(words, i, i+1)
		}
		return i >= 0
	}
	var qualifiers []string
	for _, q := range []string{"const", "volatile"} {
		if take(q) {
			qualifiers = append(qualifiers, q)
		}
	}
	complex := take("_Complex") || take("__complex__")
	if len(words) == 2 && slices.Contains([]string{"struct", "class", "union", "enum"}, words[0]) {
		words = words[1:]
	}
	if len(words) == 1 {
		words[0] = strings.TrimPrefix(words[0], "::")
	}
	base := strings.Join(words, " ")
	p := types.SpelledPrimitive(base)
	own := complex || p != types.NotPrimitive || slices.Contains(builtinTypes, base) // a type that the language itself has
	switch {
	case p >= types.CShort && p <= types.CUnsignedLongLong:
		if base = p.String(); style.gcc {
			base = gccName(base)
		}
	case base == "unsigned __int128" || base == "__int128 unsigned":
		if own, base = true, "unsigned __int128"; style.gcc {
			base = "__int128 unsigned"
		}
	}
	if complex && style.gcc {
		base = "__complex__ " + base
	} else if complex {
		base = "_Complex " + base
	}
	if style.gcc && own {
		return strings.Join(append([]string{base}, qualifiers...), " ")
	}
	return strings.Join(append(qualifiers, base), " ")
}

// builtinTypes are the types that are neither numbers of C nor classes or enumerations: GCC writes qualifiers after these, as after numbers, but before
// the names of others: "char const", "const box<int>".
var builtinTypes = []string{"void", "wchar_t", "char8_t", "char16_t", "char32_t", "__int128", "__float128"}

// gccName returns GCC's name of an integer type that C prefers to call name: "long unsigned int" of "unsigned long".
func gccName(name string) string {
	rest, unsigned := strings.CutPrefix(name, "unsigned ")
	switch {
	case rest == "int":
		return name
	case unsigned:
		return rest + " unsigned int"
	}
	return name + " int"
}

// declarator writes what follows the name of a type: pointers, bounds of arrays, parameters of functions.
func (style templateStyle) declarator(s string, depth int) string {
	var b strings.Builder
	const word = 'a'
	last := byte(word) // of the token before
	for s != "" {
		n, kind, text, space := 1, s[0], "", false
		switch c := s[0]; {
		case c == '*' || c == '&':
			space = last == word && !style.gcc
		case c == '[':
			n += max(strings.IndexByte(s, ']'), 0)
			kind, space = ']', style.gcc && last != ']' && last != ')'
		case c == '(' && isDeclarator(s[1:]):
			space = last == word || style.gcc && last != '('
		case c == '(':
			if n = templateArguments(s); n == 0 {
				return b.String() + s // without an end
			}
			text, kind = "("+style.list(s[1:n-1], depth-1)+")", ')'
			if text == "(void)" {
				text = "()"
			}
			space = last == word && !style.gcc
		case qualifiedLen(s) > 0:
			n, kind = qualifiedLen(s), word
			if space = last != '('; isDeclarator(s) { // a pointer to a member
				n, kind = n+1, '*'
			} else if last == '*' || last == '&' {
				space = style.gcc
			}
		}
		if text == "" {
			text = s[:n]
		}
		if space {
			b.WriteByte(' ')
		}
		b.WriteString(text)
		last, s = kind, strings.TrimLeft(s[n:], " ")
	}
	return b.String()
}

// isDeclarator reports whether what follows a parenthesis is a pointer, or else parameters.
func isDeclarator(s string) bool {
	n := qualifiedLen(s)
	return strings.HasPrefix(s[n:], "*") && (n == 0 || strings.HasSuffix(s[:n], "::")) || strings.HasPrefix(s, "&")
}
