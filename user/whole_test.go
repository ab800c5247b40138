package user_test

import "testing"

// TestWholePrograms has programs that were optimized as a whole: what a name means is a matter of the file that a function is from, into whichever it was
// inlined. The values are those that testdata/process/whole.c gives its variables; gdb 13 has those of one file for all functions that gcc compiled.
func TestWholePrograms(t *testing.T) {
	for _, core := range []string{"whole.gcc", "whole.gcc16", "whole.clang19"} {
		for function, want := range map[string]int64{"leaf": 105, "third": 302, "kept": 302, "second": 302, "_start": 105} {
			if got, err := frameOf(t, core, function).Object("own").Int(); err != nil || got != want {
				t.Errorf("%s: own of %s is %d, %v, want %d", core, function, got, err, want)
			}
		}
	}
}
