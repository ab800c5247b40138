//go:build amd64

package cpython

import _ "embed"

// Library is libpython: an ELF shared object.
//
//go:embed libpython3.14-linux-amd64.so
var Library string
