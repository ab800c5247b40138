package user_test

import (
	"strings"
	"testing"
)

// TestEntryValues has functions that do not keep what they are called with: their callers tell. The values are those that
// testdata/process/entry.c gives them, and gdb shows. What is entered by a jump, or called through a pointer that is gone, has none; gdb
// guesses a frame between the two for the former.
func TestEntryValues(t *testing.T) {
	const gone = "<optimized out>"
	for name, want := range map[string]map[string]string{
		"entry.gcc": {
			"outer a": "(int)120", "outer b": "(long)1000000000120", "outer c": "(int)7", "outer p": "*(struct pair *)0x", "outer text": "(const char *)0x40026c = \"text\"",
			"passes a": "(int)120", "passes text": "(const char *)0x40026c = \"text\"",
			"jumped a": "(int)" + gone, "jumped b": "(int)" + gone, "indirect a": "(int)" + gone, "indirect b": "(int)" + gone,
		},
		"entry.clang": {
			"jumped a": "(int)" + gone, "jumped b": "(int)" + gone, "indirect a": "(int)" + gone, "indirect b": "(int)" + gone,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := openCore(t, name)
			load(t, p)
			thread, err := p.CrashedThread()
			if err != nil {
				t.Fatal(err)
			}
			stack, err := thread.StackTrace()
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			for frame := range stack.Frames() {
				for variable, want := range want {
					if function, local, _ := strings.Cut(variable, " "); function == frame.Name() {
						seen++
						if got := frame.Object(local).String(); got != want && (local != "p" || !strings.HasPrefix(got, want)) {
							t.Errorf("%s: %s, want %s", variable, got, want)
						}
					}
				}
			}
			if seen != len(want) {
				t.Errorf("%d variables seen, want %d", seen, len(want))
			}
		})
	}
}
