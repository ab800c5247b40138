package linux

import (
	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// VMCOREINFO is what the kernel says of itself to readers of a dump of its memory
// (Documentation/admin-guide/kdump/vmcoreinfo.rst): lines such as "SYMBOL(init_uts_ns)=ffffffff9d6a1ae0".
type VMCOREINFO = vmcoreinfo.Info

// An InvalidVMCOREINFOError says that VMCOREINFO lacks what every kernel's has.
type InvalidVMCOREINFOError = vmcoreinfo.InvalidError

// ParseVMCOREINFO reads the note's text. Lines without "=" and bytes after a NUL are left out; the last line of a key
// holds.
func ParseVMCOREINFO(raw []byte) *VMCOREINFO { return vmcoreinfo.Parse(raw) }

type givenKey struct{}

// SetVMCOREINFO gives a program, before it has a target, a kernel's description of itself, which then counts instead of that
// of the target.
func SetVMCOREINFO(p *drgn.Program, info []byte) { p.SetValue(givenKey{}, info) }

// GivenVMCOREINFO returns what SetVMCOREINFO gave, or nil.
func GivenVMCOREINFO(p *drgn.Program) []byte {
	info, _ := p.Value(givenKey{}).([]byte)
	return info
}
