package attach

import (
	"errors"
	"fmt"
	"strings"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// checkVMCOREINFO makes m that of a kernel which says where it lies in memory: where the dump's note is missing or damaged,
// memory is searched for it.
func checkVMCOREINFO(m *linux.Memory, o Options) error {
	problem := errors.New("it has no VMCOREINFO note")
	if m.VMCOREINFO != nil {
		err := linux.CheckVMCOREINFO(linux.ParseVMCOREINFO(m.VMCOREINFO), m.Platform.Arch)
		if err == nil {
			return nil
		}
		problem = fmt.Errorf("its VMCOREINFO note is damaged (%w)", err)
	}
	found, err := findVMCOREINFO(*m, o)
	var none *NoVMCOREINFOError
	if errors.As(err, &none) {
		return fmt.Errorf("%w, which says where the kernel lies in memory, and %w: give it with --vmcoreinfo (Go: linux.SetVMCOREINFO), "+
			"or dump with a vmcoreinfo device (QEMU: -device vmcoreinfo) or from /proc/vmcore", problem, err)
	}
	if err != nil {
		return err
	}
	if m.VMCOREINFO != nil {
		o.warn(fmt.Errorf("%w: that in memory is used", problem))
	}
	*m = found
	return nil
}

// findVMCOREINFO looks for VMCOREINFO in a kernel's physical memory and returns m with the one that is surely the kernel's own: its page
// tables lead to the release that it names. It fails with a [*NoVMCOREINFOError] if there is none, or more than one.
func findVMCOREINFO(m linux.Memory, o Options) (linux.Memory, error) {
	s := mem.NewSpace()
	if err := s.Add(m.Physical...); err != nil {
		return m, err
	}
	var report func(done, total uint64)
	if o.Progress != nil {
		report = func(done, total uint64) { o.Progress("searching memory for VMCOREINFO", done, total) }
	}
	found, err := target.FindVMCOREINFO(o.context(), s, report)
	if err != nil {
		return m, err
	}
	none := &NoVMCOREINFOError{}
	own := m
	for _, f := range found {
		tried, verified, err := verify(m, f.Text)
		var wrong *linux.WrongVMCOREINFOError
		switch {
		case verified:
			none.Verified = append(none.Verified, f)
			own = tried
		case err != nil && !errors.As(err, &wrong):
			none.Others = append(none.Others, fmt.Errorf("at physical address %#x: it can't be used: %w", f.Address, err))
		case err != nil:
			none.Others = append(none.Others, fmt.Errorf("at physical address %#x: %s", f.Address, wrong.Problem))
		default:
			none.Others = append(none.Others, fmt.Errorf("at physical address %#x: what tells whether it is this kernel's is not in the dump", f.Address))
		}
	}
	if len(none.Verified) != 1 {
		none.Encrypted = len(found) == 0 && target.LooksEncrypted(s)
		return m, none
	}
	return own, nil
}

// verify checks that VMCOREINFO describes the kernel in m, and returns m with it and the platform that it says: see [linux.Verify]. Where
// neither it nor the dump says which machine it is, as QEMU's kdump files of Arm, that is the one as whose kernel it is verified.
func verify(m linux.Memory, info []byte) (_ linux.Memory, verified bool, err error) {
	m.VMCOREINFO, m.Platform = info, platformBy(info, m.Platform)
	if m.Platform.Arch != arch.Unknown {
		verified, err = linux.Verify(m)
		return m, verified, err
	}
	flags := m.Platform.Flags
	for _, a := range arch.All {
		if m.Platform = (arch.Platform{Arch: a, Flags: flags}); (a.DefaultFlags^flags)&arch.Is64Bit != 0 {
			continue
		}
		if verified, e := linux.Verify(m); verified {
			return m, true, nil
		} else if e != nil {
			err = e
		}
	}
	m.Platform.Arch = arch.Unknown
	return m, false, err
}

// platformBy returns the platform of a dump, which VMCOREINFO says where the dump does not: QEMU's kdump files call the machine
// "Unknown" of a guest whose architecture they have no name for, as RISC-V.
func platformBy(info []byte, of arch.Platform) arch.Platform {
	if of.Arch != arch.Unknown {
		return of
	}
	return target.PlatformByVMCOREINFO(info, of)
}

// A NoVMCOREINFOError says that no VMCOREINFO was found in memory which is surely the kernel's own.
type NoVMCOREINFOError struct {
	Verified []target.FoundVMCOREINFO // more than one, of kernels that ran one after the other
	Others   []error                  // what else was found, and why it is not the kernel's

	Encrypted bool // whether the memory looks encrypted; see [target.LooksEncrypted]
}

func (e *NoVMCOREINFOError) Error() string {
	switch {
	case len(e.Verified) > 0:
		var each []string
		for _, f := range e.Verified {
			info := linux.ParseVMCOREINFO(f.Text)
			text := fmt.Sprintf("at physical address %#x", f.Address)
			for _, key := range []string{"OSRELEASE", "KERNELOFFSET", "CRASHTIME"} {
				if v, ok := info.String(key); ok {
					text += fmt.Sprintf(", %s=%s", key, v)
				}
			}
			each = append(each, text)
		}
		return fmt.Sprintf("there are several in memory that kernels left which ran one after the other, and one must be given: %s", strings.Join(each, "; "))
	case len(e.Others) > 0:
		const most = 4
		text := errors.Join(e.Others[:min(len(e.Others), most)]...).Error()
		return fmt.Sprintf("what looks like it in memory is not this kernel's: %s", strings.ReplaceAll(text, "\n", "; "))
	}
	if e.Encrypted {
		return "none was found in memory, which looks encrypted, as that of a guest with AMD SEV or Intel TDX does from outside (then only " +
			"a dump that the guest makes of itself, by kdump, can be read)"
	}
	return "none was found in memory"
}
