package user_test

import (
	"strings"
	"testing"
)

// TestEntryValues has functions that do not keep what they are called with: their callers tell. The values are those that
// testdata/process/entry.c gives them, and gdb shows. What is entered by a jump has those that the function before it passes on; what is called through a pointer
// that is gone has none, and clang 14 does not say what it passes.
func TestEntryValues(t *testing.T) {
	const gone = "<optimized out>"
	for name, want := range map[string]map[string]string{
		"entry.gcc": {
			"outer a": "(int)120", "outer b": "(long)1000000000120", "outer c": "(int)7", "outer p": "*(struct pair *)0x", "outer text": "(const char *)0x40026c = \"text\"",
			"passes a": "(int)120", "passes text": "(const char *)0x40026c = \"text\"",
			"jumped a": "(int)12", "jumped b": "(int)99", "jumps x": "(int)11", "indirect a": "(int)" + gone, "indirect b": "(int)" + gone,
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

// TestTailCalls has functions that have ended with a jump to another one. Those are left out of which there are several ways, one that nobody knows, and what has
// jumped in circles.
func TestTailCalls(t *testing.T) {
	const want = `#0  deepest (/src/tail.c:6:38)
#1  end (/src/tail.c:9:54)
#2  third (/src/tail.c:10:37) (tail call)
#3  second (/src/tail.c:11:38) (tail call)
#4  within (/src/tail.c:12:67) (tail call)
#5  first (/src/tail.c:13:37) (tail call)
#6  join (/src/tail.c:16:47)
#7  meet (/src/tail.c:17:36) (tail call)
#8  hidden (/src/tail.c:28:49)
#9  last (/src/tail.c:38:47)
#10 around (/src/tail.c:42:3) (tail call)
#11 _start (/src/tail.c:50:2)`
	p := openCore(t, "tail.gcc-5")
	load(t, p)
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := thread.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	if got := stack.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	// What lies on the stack was that of functions that are gone.
	if sp, ok := stack.Frame(2).SP(); ok {
		t.Errorf("stack pointer %#x of a function that has ended", sp)
	}
}
