package drgn

// An UnsupportedError says that what was asked for is not defined for the program.
type UnsupportedError struct{ Problem string }

func (e *UnsupportedError) Error() string { return e.Problem }

// A NotImplementedError says that what was asked for makes sense but can't be done yet.
type NotImplementedError struct{ Problem string }

func (e *NotImplementedError) Error() string { return e.Problem }
