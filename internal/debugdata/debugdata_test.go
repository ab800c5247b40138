package debugdata

import "testing"

// A path is named by its last components, or by all of it.
func TestPathMatches(t *testing.T) {
	const have = "/src/linux/kernel/sched/core.c"
	for want, match := range map[string]bool{
		"core.c": true, "sched/core.c": true, "./sched/core.c": true, "sched//core.c": true, have: true,
		"ore.c": false, "/core.c": false, "linux/core.c": false, "/sched/core.c": false, "x/src/linux/kernel/sched/core.c": false,
		"src/linux/kernel/sched/core.c": true,
	} {
		if got := PathMatches(have, want); got != match {
			t.Errorf("%q: %v, want %v", want, got, match)
		}
	}
}
