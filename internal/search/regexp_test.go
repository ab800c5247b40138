package search

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/godrgn/drgn/mem"
)

// expressions are of all kinds that make needles, or none.
var expressions = []string{
	`abc`, `abcabc`, `a`, `(?i)abc`, `(?i)task`, `a.c`, `ab+c`, `ab*c`, `ab?c`, `a(b|c)a`, `abc|cab`, `(abc)+`, `(ab){2}`, `(ab){1,3}c`,
	`[ab]{4}`, `[a-c]+bca`, `ab.*ca`, `\bab\b`, `(?m)^ab`, `(?m)ab$`, `\Bbc`, `c{3,}`, `[^a]bc`, `é`, `aéb`, `[é-ü]a`, `(?i)é`, `\xe9`, `\xffa`, `.ab`,
	`a\x00b`, `[0-9]{6}`, `[0-9a-f]{8}-`, `(a|b|c)(a|b|c)(a|b|c)x`, `x*`, `(?:ab|)c`, `a{0}b`, `[^\x00-\x{10FFFF}]`, `a[^\x00-\x{10FFFF}]|bc`,
	`((a{5}){5}){5}b`, `.{3}a`, `(?s).ab.`, `\x{100}a`, `ab\x{100}`, `Kb`, `(?i)kb`,
}

// What is found by way of needles is what the regular expression finds by itself.
func TestNeedlesLoseNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alphabets := []string{"abc", "abcABC ", "ab\n", "aéb\xc3\xe9\xff\x00", "kKsſKb task", "0123456789abcdef-", "ab\U0001F600\xf0\x9f"}
	with := 0
	for _, pattern := range expressions {
		re, err := regexp.Compile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, wide := range []bool{false, true} {
			fast, err := NewRegexp(re, wide)
			if err != nil {
				t.Fatal(err)
			}
			slow := withoutNeedles(fast)
			if fast.by[0].needles != nil {
				with++
			}
			for range 300 {
				alphabet := alphabets[rng.IntN(len(alphabets))]
				b := make([]byte, rng.IntN(600))
				for i := range b {
					// Mostly what can't match, so that the parts around needles lie apart.
					if b[i] = '.'; rng.IntN(40) < i/8%40 {
						b[i] = alphabet[rng.IntN(len(alphabet))]
					}
				}
				got, want := notEmpty(fast.find(b, false, false)), notEmpty(slow.find(b, false, false))
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("%s (wide: %v) in %q: found %v, want %v", pattern, wide, b, got, want)
				}
			}
		}
	}
	if with < len(expressions) {
		t.Errorf("only %d of %d have needles", with, 2*len(expressions))
	}
}

func withoutNeedles(r *Regexp) *Regexp {
	slow := *r
	for i := range slow.by {
		slow.by[i].needles = nil
	}
	return &slow
}

// notEmpty leaves out empty matches.
func notEmpty(all []span) []span {
	kept := []span{}
	for _, s := range all {
		if s.from < s.to {
			kept = append(kept, s)
		}
	}
	return kept
}

func TestNeedles(t *testing.T) {
	for _, test := range []struct {
		pattern string
		wide    bool
		want    string // each needle: its literal or the number of its bytes, the greatest numbers of bytes before and after it
	}{
		{`needle`, false, "needle 0 0"},
		{`x{2,4}needle.`, false, "needle 4 4"},
		{`[0-9]{4}`, false, "4 0 0"},
		{`(?:foo|bar)\d+`, false, "foo 0 65536; bar 0 65536"},
		{`.*needle`, true, "needle 65536 0"},
		{`é`, false, "\xc3\xa9 0 0"},
		{`é`, true, "\xe9 0 0"},
		{`(?i)Ab`, false, "2 0 0"},
		{`\w`, false, ""},
		{`a*`, false, ""},
		{`(a|bc*)?`, false, ""},
		{`abc|\w`, false, ""},
	} {
		parsed, err := syntax.Parse(test.pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range needles(parsed, test.wide) {
			what := string(n.literal)
			if n.literal == nil {
				what = fmt.Sprint(len(n.sets))
			}
			got = append(got, fmt.Sprint(what, " ", n.before, " ", n.after))
		}
		if s := strings.Join(got, "; "); s != test.want {
			t.Errorf("%s: %q, want %q", test.pattern, s, test.want)
		}
	}
}

// pieces are memory in pieces of random length, some of which follow one another.
func pieces(b []byte, rng *rand.Rand, most int) iter.Seq2[mem.Chunk, error] {
	return func(yield func(mem.Chunk, error) bool) {
		for at := 0; at < len(b); {
			n := min(1+rng.IntN(most), len(b)-at)
			if !yield(mem.Chunk{Address: 0x1000 + uint64(at), Data: b[at : at+n]}, nil) {
				return
			}
			at += n
		}
	}
}

// Matches lie across pieces and windows.
func TestMatchesAcrossPieces(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	b := make([]byte, 3*window+12345)
	var want []Match
	put := func(at int, s string) {
		copy(b[at:], s)
		want = append(want, Match{0x1000 + uint64(at), []byte(s)})
	}
	for at := 100; at+100 < len(b); at += 1 + rng.IntN(20000) {
		put(at, "needle-"+strings.Repeat("7", 1+rng.IntN(9)))
		at += 30
	}
	for _, wide := range []bool{false, true} {
		r, err := NewRegexp(regexp.MustCompile(`needle-7+`), wide)
		if err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{3000, 1 << 20, 1 << 24} {
			var got []Match
			for m, err := range r.Matches(pieces(b, rng, most), nil) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, m)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("wide %v, pieces of %d: %d matches, want %d", wide, most, len(got), len(want))
			}
		}
	}
}

func FuzzNeedles(f *testing.F) {
	for i, pattern := range expressions {
		f.Add(pattern, []byte("abcabc xx task 1234567890\xff\xc3\xa9"+pattern), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, pattern string, b []byte, wide bool) {
		if len(pattern) > 100 || len(b) > 2000 {
			return
		}
		re, err := regexp.Compile(pattern)
		if err != nil {
			return
		}
		fast, err := NewRegexp(re, wide)
		if err != nil {
			return // it prefers to match nothing
		}
		got, want := notEmpty(fast.find(b, false, false)), notEmpty(withoutNeedles(fast).find(b, false, false))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q (wide: %v) in %q: found %v, want %v", pattern, wide, b, got, want)
		}
	})
}

func BenchmarkRegexp(b *testing.B) {
	data := make([]byte, 64<<20)
	rng := rand.NewChaCha8([32]byte{})
	for at := 0; at < len(data); at += 8192 { // half of it is zero
		_, _ = rng.Read(data[at : at+4096])
	}
	copy(data[len(data)-100:], "needle in a haystack: task 1234567890123456")
	chunks := func(yield func(mem.Chunk, error) bool) {
		for at := 0; at < len(data); at += 4 << 20 {
			if !yield(mem.Chunk{Address: uint64(at), Data: data[at : at+4<<20]}, nil) {
				return
			}
		}
	}
	for _, pattern := range []string{`needle\s+in`, `(?i)needle`, `[0-9]{16}`, `needle|haystack`, `[a-z]+: task`, `k\s`, `\w+ \w+ \w+`} {
		for _, wide := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/wide=%v", pattern, wide), func(b *testing.B) {
				r, err := NewRegexp(regexp.MustCompile(pattern), wide)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					last := Match{}
					for m := range r.Matches(chunks, nil) {
						last = m
					}
					if !bytes.Contains(data[len(data)-100:], last.Data) || len(last.Data) == 0 {
						b.Fatal("not found")
					}
				}
			})
		}
	}
}
