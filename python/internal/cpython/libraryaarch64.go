//go:build arm64

package cpython

import _ "embed"

// Library is libpython: an ELF shared object.
//
//go:embed libpython3.14-linux-arm64.so
var Library string
