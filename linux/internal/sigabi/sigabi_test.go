package sigabi_test

import (
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux/internal/sigabi"
)

// Names of signals are names of one number on each machine, those beyond the standard ones are numbers of real-time signals.
func TestNames(t *testing.T) {
	later := 0
	for _, a := range arch.All {
		number := map[string]uint64{}
		for _, s := range append(sigabi.Standard[:len(sigabi.Standard):len(sigabi.Standard)], sigabi.Later(a.Name)...) {
			if _, twice := number[s.Name]; twice {
				t.Errorf("%s: %s is there twice", a.Name, s.Name)
			}
			number[s.Name] = s.Number
		}
		for _, s := range sigabi.Later(a.Name) {
			if later++; s.Number < sigabi.RTMin {
				t.Errorf("%s: %s is %d, which is no real-time signal", a.Name, s.Name, s.Number)
			}
		}
	}
	if later == 0 {
		t.Error("no machine has names for its real-time signals")
	}
}
