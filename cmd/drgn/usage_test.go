package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// TestUsage checks that --help shows every flag with a text, in lines that fit.
func TestUsage(t *testing.T) {
	groups := new(flags).groups()
	text := usage(groups)
	n := 0
	for _, g := range groups {
		g.flags.VisitAll(func(f *pflag.Flag) {
			n++
			if f.Usage == "" || strings.Count(text, "--"+f.Name+" ") != 1 {
				t.Errorf("--%s is not shown once with a text", f.Name)
			}
		})
	}
	if n < 20 {
		t.Errorf("only %d flags", n)
	}
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) > usageWidth+10 { // pflag leaves a rest of a few letters on the line
			t.Errorf("too wide: %s", line)
		}
	}
}
