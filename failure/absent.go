package failure

// An AbsenceReason says why an object has neither address nor value.
type AbsenceReason uint8

// The reasons of absence.
const (
	OtherAbsence   AbsenceReason = iota
	OptimizedOut                 // the compiler did not keep it
	NotImplemented               // where it is is stated in a way that can't be evaluated
)

// String returns "optimized out", "not implemented" or "absent".
func (r AbsenceReason) String() string {
	switch r {
	case OptimizedOut:
		return "optimized out"
	case NotImplemented:
		return "not implemented"
	}
	return "absent"
}

// An AbsentError says that an object has no value to read.
type AbsentError struct {
	Reason AbsenceReason
}

func (e *AbsentError) Error() string {
	switch e.Reason {
	case OptimizedOut:
		return "object absent: optimized out"
	case NotImplemented:
		return "object absent: its location is of a kind that is not implemented"
	}
	return "object absent"
}
