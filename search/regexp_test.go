package search_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
)

// Expressions of bytes see every byte; those of text see no part of what is not UTF-8.
func TestBytesRegexp(t *testing.T) {
	m := newMock(t, arch.X86_64)
	rng := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(rng.IntN(256))
	}
	m.put(0x1000, data...)
	var want []search.RegexpMatch
	for i := 0; i+2 < len(data); i++ {
		if data[i] == 0xff && data[i+1] == 'a' && data[i+2] >= 0x80 {
			want = append(want, search.RegexpMatch{Address: 0x1000 + uint64(i), Data: data[i : i+3]})
			i += 2
		}
	}
	if len(want) < 10 {
		t.Fatal(len(want))
	}
	for _, pattern := range []string{`\xffa[\x80-\xff]`, search.Latin1([]byte("\xffa[\x80-\xff]")), `\x{ff}a[^\x00-\x7f]`} {
		got := found(t, search.BytesRegexp(bg, m.Program, regexp.MustCompile(pattern), search.Area{}))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %d found, want %d", pattern, len(got), len(want))
		}
	}
	n := 0
	for _, match := range found(t, search.Regexp(bg, m.Program, regexp.MustCompile(`[^\x00-\x7f][a-z]|h.llo`), search.Area{})) {
		if n++; !utf8.Valid(match.Data) {
			t.Fatalf("%q", match.Data)
		}
	}
	if n == 0 {
		t.Error("no text")
	}

	m = newMock(t, arch.X86_64)
	m.put(0x1000, []byte("hello\xff\xfeh\xe9llo h\xc3\xa9llo \xc3")...)
	re := regexp.MustCompile(`h.+?o`)
	var text, raw [][]byte
	for _, match := range found(t, search.Regexp(bg, m.Program, re, search.Area{})) {
		text = append(text, match.Data)
	}
	for _, match := range found(t, search.BytesRegexp(bg, m.Program, re, search.Area{})) {
		raw = append(raw, match.Data)
	}
	if got := bytes.Join(text, []byte("|")); string(got) != "hello|h\xc3\xa9llo" {
		t.Errorf("%q", got)
	}
	if got := bytes.Join(raw, []byte("|")); string(got) != "hello|h\xe9llo|h\xc3\xa9llo" {
		t.Errorf("%q", got)
	}
}

// The addresses are those that drgn 0.3.0's search_memory_regex gives, by PCRE2.
func TestRegexpEnds(t *testing.T) {
	middle, ends, pieces := newMock(t, arch.X86_64), newMock(t, arch.X86_64), newMock(t, arch.X86_64)
	middle.put(0x2000, []byte("zap zip\n zop")...)
	ends.put(0, []byte("top\nab")...)
	ends.put(math.MaxUint64-5, []byte("xy\nend")...)
	pieces.put(0x2000, []byte("a\xc3\xa9\xc3\xbf\xff\xfez")...)
	all := func(from, to uint64) (list []uint64) {
		for ; from <= to; from++ {
			list = append(list, from)
		}
		return list
	}
	for _, test := range []struct {
		p       *mock
		pattern string
		text    bool
		in      []mem.Range
		want    []uint64
	}{
		{p: middle, pattern: `q*`, want: all(0x2000, 0x200c)},
		{p: middle, pattern: ``, want: all(0x2000, 0x200c)},
		{p: middle, pattern: ``, text: true, want: all(0x2000, 0x200c)},
		{p: middle, pattern: `(?:z|)a?`, want: append([]uint64{0x2000}, all(0x2002, 0x200c)...)},
		{p: middle, pattern: `^zap`}, {p: middle, pattern: `zop$`}, {p: middle, pattern: `zip|$`, want: []uint64{0x2004}},
		{p: middle, pattern: `zop\z`},
		{p: middle, pattern: `^zap`, in: []mem.Range{{Min: 0x2000, Max: 0x2005}}, want: []uint64{0x2000}},
		{p: ends, pattern: `^top`, want: []uint64{0}}, {p: ends, pattern: `end$`, want: []uint64{math.MaxUint64 - 2}},
		{p: ends, pattern: `^top`, text: true, want: []uint64{0}}, {p: ends, pattern: `end$`, text: true, want: []uint64{math.MaxUint64 - 2}},
		{p: ends, pattern: `^`, want: []uint64{0}}, {p: ends, pattern: `$`, want: []uint64{0}},
		{p: ends, pattern: `^op`, in: []mem.Range{{Min: 1, Max: 5}}, want: []uint64{1}},
		{p: ends, pattern: `ab$`, in: []mem.Range{{Min: 0, Max: 5}}, want: []uint64{4}},
		{p: ends, pattern: `nd$`, in: []mem.Range{{Min: math.MaxUint64 - 8, Max: math.MaxUint64}}, want: []uint64{math.MaxUint64 - 1}},
		{p: pieces, pattern: `z*`, text: true, want: []uint64{0x2000, 0x2001, 0x2003, 0x2005, 0x2006, 0x2007, 0x2008}},
		{p: pieces, pattern: `z$`, text: true}, {p: pieces, pattern: `^z`, text: true},
	} {
		find := search.BytesRegexp
		if test.text {
			find = search.Regexp
		}
		var got []uint64
		for _, m := range found(t, find(bg, test.p.Program, regexp.MustCompile(test.pattern), search.Area{Ranges: test.in})) {
			got = append(got, m.Address)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q in %v: %#x, want %#x", test.pattern, test.in, got, test.want)
		}
	}
	// Across windows, and across pieces that follow one another.
	long := newMock(t, arch.X86_64)
	long.put(0x1000, bytes.Repeat([]byte("x"), 3<<20)...)
	long.put(0x1000+(3<<20)-1, 'y')
	for pattern, want := range map[string]int{`q*`: 3<<20 + 1, `(?m)$`: 1, `x*y`: 1} { // the last is found shortened
		n := 0
		for m, err := range search.BytesRegexp(bg, long.Program, regexp.MustCompile(pattern), search.Area{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; pattern == `q*` && m.Address != 0x1000+uint64(n-1) {
				t.Fatalf("match %d at %#x", n, m.Address)
			}
		}
		if n != want {
			t.Errorf("%s: %d matches, want %d", pattern, n, want)
		}
	}
}
