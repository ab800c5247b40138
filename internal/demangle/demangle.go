// Package demangle makes names of C++ and Rust of those that linkers see. Names are untrusted: what comes out is bounded.
package demangle

import (
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// Bounds on names: of what a linker sees, in bytes, and of what is made of it, as a power of 2.
const (
	maxMangled = 16 << 10
	maxLength  = 14
)

// Name returns the name of a symbol as the source code has it: "outer::call(outer::Chain<int>)" for
// "_ZN5outer4callENS_5ChainIiEE". ok is false for what is no mangled name, or one of more than 16 KiB.
func Name(symbol string) (name string, ok bool) { return of(symbol) }

// Function is Name without the parameters of a function, and without what it returns.
func Function(symbol string) (name string, ok bool) { return of(symbol, demangle.NoParams) }

func of(symbol string, options ...demangle.Option) (string, bool) {
	if len(symbol) < 3 || len(symbol) > maxMangled || symbol[0] != '_' {
		return "", false
	}
	if !strings.HasPrefix(symbol, "_Z") && !strings.HasPrefix(symbol, "_R") {
		return "", false
	}
	name, err := demangle.ToString(symbol, append(options, demangle.MaxLength(maxLength))...)
	return name, err == nil
}
