package python

import "testing"

// search_memory_regex over bytes finds what Python's own re finds.
func TestRegexAgreesWithRe(t *testing.T) {
	const source = `
import random, re
from drgn import Architecture, Platform, Program
random.seed(7)
patterns = [rb"a\sb", rb"a\Sb", rb"[\s]+", rb"[^\s]+", rb"(?i)\xe9", rb"(?i)[\xe0-\xe9]+x?", rb"(?i)[^\xe0a]", b"(?i)\xe9A\xc0", rb"a{,2}b", rb"\w+\W",
    rb"(?s)a.b", rb"a.b", rb"(?m)^b|a$", rb"\bab\b", rb"\d\D", rb"(?i:aB)b", rb"[]a]+[^]b]", rb"a|ab|abc", rb"(?:ab|a)(?:c|bcd)?", rb"a+?b", rb"x*", rb"a*b*", rb"[\x80-\xff]{2,3}", rb"\x00+", rb"(?i)k", rb"(?i)\xb5|\xff|s",
    rb"[\b]", rb"\xe9", rb"a{2}", rb"\101|\0"]
data = bytes(random.choice(b"aabbBAc x09\x00\x08\x0b\n\xe9\xc9\xe0\xc0\xb5\xff]kKsS") for _ in range(20000))
p = Program(Platform(Architecture.X86_64))
p.add_memory_segment(0x1000, len(data), lambda address, count, offset, physical: data[offset:offset + count])
matches = 0
for pattern in patterns:
    got = [(a - 0x1000, m) for a, m in p.search_memory_regex(pattern)]
    want = [(m.start(), m.group()) for m in re.finditer(pattern, data)]
    if got != want:
        print(pattern, len(got), len(want), [x for x in got if x not in want][:3], [x for x in want if x not in got][:3])
    matches += len(want)
print("compared", matches > 10000)
for pattern in [rb"|a", rb"x*?", rb"(a|b*|c)", rb"x??"]:
    try:
        list(p.search_memory_regex(pattern))
        print(pattern, "is not refused")
    except ValueError as e:
        if "matches nothing where it could match something" not in str(e): print(e)
`
	if out := script(t, false, source); out != "compared True\n" {
		t.Error(out)
	}
}
