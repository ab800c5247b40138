//go:build !amd64 && !arm64

package cpython

// Library is empty: there is no libpython for this machine.
var Library string
