package search_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/godrgn/drgn/arch"
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
