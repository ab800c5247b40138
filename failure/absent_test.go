package failure

import "testing"

func TestAbsence(t *testing.T) {
	for r, want := range map[AbsenceReason][2]string{
		OtherAbsence:   {"absent", "object absent"},
		OptimizedOut:   {"optimized out", "object absent: optimized out"},
		NotImplemented: {"not implemented", "object absent: its location is of a kind that is not implemented"},
	} {
		if got := (&AbsentError{Reason: r}).Error(); r.String() != want[0] || got != want[1] {
			t.Errorf("%d: %q, %q", r, r.String(), got)
		}
	}
}
