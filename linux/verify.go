package linux

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/mem"
)

// A WrongVMCOREINFOError says that VMCOREINFO, or phys_base where that is said apart from it, is not that of the kernel in the
// memory: what it leads to is something else.
type WrongVMCOREINFOError struct {
	Release string // of the kernel, as VMCOREINFO says
	Address uint64 // virtual, of init_uts_ns, which begins with the names of the system
	Problem string
}

func (e *WrongVMCOREINFOError) Error() string {
	return fmt.Sprintf("VMCOREINFO, of kernel %s, is not that of the kernel in this memory, or phys_base is wrong: %s (init_uts_ns at %#x)", e.Release, e.Problem, e.Address)
}

// Verify checks that m.VMCOREINFO describes the kernel in m: its page tables must lead to the release that it names. It returns
// a [*WrongVMCOREINFOError] if they don't. verified is false where that can't be said, since what it takes is not in a dump.
func Verify(m Memory) (verified bool, err error) {
	k := &Kernel{info: ParseVMCOREINFO(m.VMCOREINFO), machine: machine.For(m.Platform.Arch), physBase: m.PhysBase}
	for _, r := range m.Mapped {
		k.mapped = append(k.mapped, machine.Mapped(r))
	}
	if k.machine == nil {
		return false, nil
	}
	if err := checkPageSize(k.info, k.machine); err != nil {
		return false, err
	}
	if err := k.findPhysBase(m); err != nil {
		return false, err
	}
	verified, _, err = k.verify(m)
	return verified, err
}

// verify is [Verify] of m, of which the kernel has been made. It returns the machine's name that the kernel tells in uname(2), too; "" if it
// is not verified.
func (k *Kernel) verify(m Memory) (verified bool, uname string, err error) {
	address, err := k.info.Symbol("init_uts_ns")
	if err != nil {
		return false, "", nil // without it there is nothing to hold against the memory
	}
	s := mem.NewSpace()
	defer s.Close()
	outside := false  // whether it leads to where no memory is, neither in the dump nor left out
	pathless := false // whether the way through the page tables can't be read
	read := func(buf []byte, address uint64) error { return s.Read(buf, address, false) }
	if m.Local {
		// What /proc/kcore maps is read without page tables, which a Xen guest's kernel can't follow itself.
		if err := s.Add(m.Virtual...); err != nil {
			return false, "", err
		}
	} else {
		nowhere := func(_ []byte, address, _ uint64, _ bool) error {
			outside = true
			return &mem.FaultError{Message: "no memory at this physical address", Address: address}
		}
		if err := s.Add(mem.Segment{Max: ^uint64(0), Physical: true, Read: nowhere}); err != nil {
			return false, "", err
		}
		if err := s.Add(m.Physical...); err != nil {
			return false, "", err
		}
		tables, err := k.machine.NewTranslator(k.facts(m.Platform, s))
		if err != nil {
			return false, "", err
		}
		read = func(buf []byte, address uint64) error {
			for len(buf) > 0 {
				physical, contiguous, err := tables.Translate(0, address)
				if err != nil {
					pathless = true
					return err
				}
				n := min(uint64(len(buf)), contiguous)
				if err := s.Read(buf[:n], physical, true); err != nil {
					return err
				}
				buf, address = buf[n:], address+n
			}
			return nil
		}
	}
	wrong := &WrongVMCOREINFOError{Release: k.Release(), Address: address}
	names := make([]byte, machine.UTSSize)
	if err := read(names, address); err != nil {
		var fault *mem.FaultError
		switch {
		case outside:
			wrong.Problem = "its page tables lie or lead to where there is no memory"
		case errors.As(err, &fault) && (fault.Message == machine.NotMapped || fault.Message == machine.NotCanonical):
			wrong.Problem = "its page tables do not map the kernel's name"
		case pathless && k.prog != nil && GivenVMCOREINFO(k.prog) != nil: // with page tables that are not in the dump nothing of the kernel could be read
			wrong.Problem = fmt.Sprintf("its page tables can't be read: %v", err)
		default:
			return false, "", nil // it can't be read, which is said where it is needed
		}
	} else if at := bytes.Index(names, []byte(wrong.Release+"\x00")); at >= 0 {
		return true, unameMachine(names[at:]), nil
	} else if bytes.Contains(names, machine.Erased) {
		return false, "", nil
	} else {
		wrong.Problem = "its page tables lead to something else than the kernel's name"
	}
	if mask, err := k.info.Number("sme_mask"); err == nil && mask != 0 {
		wrong.Problem += fmt.Sprintf("; the kernel had its memory encrypted (sme_mask %#x): a dump that was not made in the machine itself can't be read", mask)
	}
	return false, "", wrong
}

// unameMachine returns the name of the machine in a struct new_utsname (include/uapi/linux/utsname.h), from its release on: names of 65
// bytes each, of which that of the machine is the next but one.
func unameMachine(names []byte) string {
	const size = 65
	if len(names) < 3*size {
		return ""
	}
	name, _, _ := bytes.Cut(names[2*size:3*size], []byte{0})
	return string(name)
}

// findPhysBase sets k.physBase of a kernel whose VMCOREINFO does not say it.
func (k *Kernel) findPhysBase(m Memory) error {
	if k.machine.Unsaid.FindPhysBase == nil || m.Local {
		return nil
	}
	s := mem.NewSpace()
	defer s.Close()
	if err := s.Add(m.Physical...); err != nil {
		return err
	}
	base, err := k.machine.Unsaid.FindPhysBase(k.facts(m.Platform, s), m.Physical)
	if base != nil {
		k.physBase = base
	}
	return err
}
