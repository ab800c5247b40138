package python

/*
#include <stdlib.h>
*/
import "C"

import (
	"os"
	"unsafe"
)

// environment are the variables that are read while debugging information is looked for: by debuginfod's client, for its cache and
// ours, and for the way to servers.
var environment = []string{"DEBUGINFOD_URLS", "DEBUGINFOD_CACHE_PATH", "DEBUGINFOD_TIMEOUT", "DEBUGINFOD_MAXTIME", "DEBUGINFOD_MAXSIZE",
	"DEBUGINFOD_RETRY_LIMIT", "DEBUGINFOD_HEADERS_FILE", "DEBUGINFOD_VERBOSE", "HOME", "XDG_CACHE_HOME",
	"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"}

// syncEnvironment has Go see what scripts put into os.environ, which is C's environment; Go has a copy of its own. The GIL is
// held: Python changes nothing meanwhile.
func syncEnvironment() {
	for _, name := range environment {
		n := C.CString(name)
		value := C.getenv(n)
		C.free(unsafe.Pointer(n))
		is, there := os.LookupEnv(name)
		switch {
		case value == nil && there:
			_ = os.Unsetenv(name) // it can't fail: the names are good
		case value != nil && (!there || is != C.GoString(value)):
			_ = os.Setenv(name, C.GoString(value))
		}
	}
}
