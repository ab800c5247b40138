package linux

import (
	"fmt"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// VMCOREINFO is what the kernel says of itself to readers of a dump of its memory
// (Documentation/admin-guide/kdump/vmcoreinfo.rst): lines such as "SYMBOL(init_uts_ns)=ffffffff9d6a1ae0".
type VMCOREINFO = vmcoreinfo.Info

// An InvalidVMCOREINFOError says that VMCOREINFO lacks what every kernel's has.
type InvalidVMCOREINFOError = vmcoreinfo.InvalidError

// A VMCOREINFONumberError says that a number in VMCOREINFO is none, or too large.
type VMCOREINFONumberError = vmcoreinfo.NumberError

// ParseVMCOREINFO reads the note's text. Lines without "=" and bytes after a NUL are left out; the last line of a key
// holds.
func ParseVMCOREINFO(raw []byte) *VMCOREINFO { return vmcoreinfo.Parse(raw) }

// CheckVMCOREINFO returns an [*InvalidVMCOREINFOError] or a [*VMCOREINFONumberError] if a note lacks what every kernel's has, or has
// what no kernel of an instruction set can have.
func CheckVMCOREINFO(info *VMCOREINFO, of *arch.Arch) error {
	if err := info.Check(); err != nil {
		return err
	}
	if err := info.CheckValues(); err != nil {
		return err
	}
	return checkPageSize(info, machine.For(of))
}

// checkPageSize returns an error if a note says a page size that the machine, which may be nil, can't have, since every address
// would be taken apart in the wrong way.
func checkPageSize(info *VMCOREINFO, m *machine.Machine) error {
	said, ok := info.String("PAGESIZE")
	if !ok {
		return nil // a custom kernel's note may be short
	}
	size, err := info.PageSize()
	if err != nil {
		return err
	}
	if m == nil || len(m.PageSizes) == 0 || slices.Contains(m.PageSizes, size) {
		return nil
	}
	sizes := strings.ReplaceAll(strings.Trim(fmt.Sprint(m.PageSizes), "[]"), " ", " or ")
	return &InvalidVMCOREINFOError{Key: "PAGESIZE", Value: said, Want: sizes + " on " + m.Arch.Name}
}

type givenKey struct{}

// SetVMCOREINFO gives a program, before it has a target, a kernel's description of itself, which then counts instead of that
// of the target.
func SetVMCOREINFO(p *drgn.Program, info []byte) { p.SetValue(givenKey{}, info) }

// GivenVMCOREINFO returns what SetVMCOREINFO gave, or nil.
func GivenVMCOREINFO(p *drgn.Program) []byte {
	info, _ := p.Value(givenKey{}).([]byte)
	return info
}
