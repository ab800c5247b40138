package main

import (
	"errors"
	"fmt"
	"slices"
)

// A knownFailure is a check that fails on a kernel since the program is wrong there. The health page shows it as failing;
// it does not fail the lab's check. The list is to shrink: one that passes does fail the lab's check, until its line is gone.
type knownFailure struct {
	series, check string
	reason        string // what is wrong with the program
}

// known are all of them.
var known []knownFailure

// is reports whether a result is of a known failure.
func (r result) is(k knownFailure) bool { return r.series == k.series && r.check == k.check }

// judge counts results in words, and returns an error when a check failed that is not known to, or a known failure passed on all
// dumps that it was run on.
func judge(results []result, known []knownFailure) (counts string, err error) {
	var passed, failed, expected int
	var wrong []error
	for _, r := range results {
		switch {
		case r.why == "":
			passed++
		case slices.ContainsFunc(known, r.is):
			expected++
		default:
			failed++
			wrong = append(wrong, fmt.Errorf("%s %s %s: %s", r.series, r.dump, r.check, r.why))
		}
	}
	for _, k := range known {
		ran, fails := false, false
		for _, r := range results {
			if r.is(k) {
				ran, fails = true, fails || r.why != ""
			}
		}
		if ran && !fails {
			failed++
			wrong = append(wrong, fmt.Errorf("%s %s passes: take it out of the known failures in lab/known.go", k.series, k.check))
		}
	}
	if passed == 0 {
		wrong = append(wrong, errors.New("no check passed"))
	}
	return fmt.Sprintf("%d passed, %d failed, %d known to fail", passed, failed, expected), errors.Join(wrong...)
}
