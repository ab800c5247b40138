package attach

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/qmp"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/target"
)

// QEMU opens a guest of QEMU that runs Linux; see [SetQEMU]. Its debugging information is found as that of a core dump is.
func QEMU(address string, options ...Options) (*drgn.Program, error) {
	var o Options
	for _, given := range options {
		o = given
	}
	p, err := o.newProgram()
	if err != nil {
		return nil, err
	}
	if err := SetQEMU(p, address, o); err != nil {
		return nil, err
	}
	if p.Flags()&drgn.IsLinuxKernel == 0 {
		return p, nil // SetQEMU has warned
	}
	if err := load(p, o); err != nil {
		p.Close() // the first error is the one to tell
		return nil, fmt.Errorf("cannot open the guest at %s: %w", address, err)
	}
	return p, nil
}

// SetQEMU makes a program, which must have no target yet, that of a guest of QEMU, over the QEMU Machine Protocol. The
// address is "host:port" (TCP), or else the path of a Unix socket. It loads no debugging information.
//
// Over a Unix socket, memory is read from QEMU's process, if that may be traced (see ptrace(2)), and a Linux kernel is
// found out about when it has loaded qemu_fw_cfg and QEMU was started with -device vmcoreinfo; otherwise
// [linux.SetVMCOREINFO] must say it. A guest about which nothing can be said is a program with physical memory only.
//
// The guest runs on. It is stopped for some milliseconds when it is opened and each time that a running task's stack is
// looked at while someone else has stopped it, for QEMU to tell registers. While it runs, what is read may be in the middle
// of a change: have QEMU stop it (QMP command stop, monitor command stop) where that matters.
func SetQEMU(p *drgn.Program, address string, options ...Options) error {
	return setQEMU(p, func() (*qmp.Client, error) { return qmp.Dial(address) }, options)
}

// SetQEMUFile does what [SetQEMU] does over an open socket that is connected to QEMU. The program takes a copy of it.
func SetQEMUFile(p *drgn.Program, fd int, options ...Options) error {
	return setQEMU(p, func() (*qmp.Client, error) { return qmp.FromFD(fd) }, options)
}

func setQEMU(p *drgn.Program, dial func() (*qmp.Client, error), options []Options) error {
	var o Options
	for _, given := range options {
		o = given
	}
	if err := checkEmpty(p); err != nil {
		return err
	}
	client, err := dial()
	if err != nil {
		return err
	}
	memory, err := client.Memory()
	if err == nil {
		if err = openGuest(p, client, memory, o); err == nil {
			return nil
		}
		err = errors.Join(err, memory.Close())
	}
	client.Close() // the first error is the one to tell
	return err
}

// openGuest makes the program that of the guest.
func openGuest(p *drgn.Program, client *qmp.Client, memory *qmp.Memory, o Options) error {
	if client.IsUnix() && memory.Slow != nil {
		o.warn(fmt.Errorf("reading the guest's memory will be slow: %w", memory.Slow))
	}
	g := guest{client, memory.Segments[0].Min}
	m := linux.Memory{Platform: p.Platform(), Physical: memory.Segments, Live: true, Notes: linux.Notes{Hypervisor: true}}
	m.Close = func() error { return errors.Join(memory.Close(), client.Close()) }
	var why error
	if client.IsUnix() {
		core, err := g.dump()
		if err != nil {
			why = fmt.Errorf("QEMU can't say where its kernel lies in memory: %w", err)
		} else {
			if !m.Platform.Known() {
				m.Platform = core.Platform
			}
			m.VMCOREINFO, m.CPUs, m.Notes.Order = bytes.Clone(core.VMCOREINFO), g.registers, core.ByteOrder()
			if err := core.Close(); err != nil {
				return err
			}
		}
	}
	if !m.Platform.Known() {
		var err error
		if m.Platform, err = g.platform(); err != nil {
			return err
		}
	}
	if m.VMCOREINFO == nil && linux.GivenVMCOREINFO(p) == nil && memory.Slow == nil && memory.Size <= maxSearched {
		found, err := findVMCOREINFO(m, o)
		var none *NoVMCOREINFOError
		if err != nil && !errors.As(err, &none) {
			return err
		}
		if m = found; why == nil && err != nil {
			why = fmt.Errorf("it has no VMCOREINFO: %w", err)
		}
	}
	if err := o.context().Err(); err != nil {
		return err
	}
	if m.VMCOREINFO != nil || linux.GivenVMCOREINFO(p) != nil {
		k, err := linux.Setup(p, m)
		if err != nil {
			return fmt.Errorf("cannot open the guest at %s: %w", client.Address(), err)
		}
		if why := k.Unmapped(); why != nil {
			o.warn(fmt.Errorf("only physical memory can be read of the guest at %s: %w", client.Address(), why))
		}
		return nil
	}
	if why == nil {
		why = errors.New("it has no VMCOREINFO")
	}
	o.warn(fmt.Errorf("the guest is not known to run Linux, only its physical memory can be read: %w: start QEMU with -device vmcoreinfo "+
		"and load qemu_fw_cfg in the guest, connect over a Unix socket, or give the VMCOREINFO yourself", why))
	return p.Setup(drgn.Setup{Platform: m.Platform, Flags: drgn.IsLive, Memory: m.Physical, Close: m.Close})
}

// maxSearched is the size of the largest guest whose memory is searched for VMCOREINFO, in bytes: it takes some seconds.
const maxSearched = 8 << 30

// A guest is what QEMU is asked about.
type guest struct {
	client *qmp.Client
	start  uint64 // first address of memory
}

// dump has QEMU write a core file with next to no memory: what counts are its header and notes.
func (g guest) dump() (*target.Core, error) {
	file, err := g.client.DumpPage(g.start)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the core has its own view of it
	return target.Open(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
}

// registers returns the NT_PRSTATUS notes of the CPUs of a guest that is stopped.
func (g guest) registers() ([][]byte, error) {
	running, err := g.client.Running()
	if err != nil {
		return nil, err
	}
	if running {
		return nil, &drgn.UnsupportedError{Problem: "cannot unwind stack of running task (stop the guest first)"}
	}
	core, err := g.dump()
	if err != nil {
		return nil, err
	}
	var notes [][]byte
	for desc := range core.Descs("CORE", target.NT_PRSTATUS) {
		notes = append(notes, bytes.Clone(desc))
	}
	return notes, core.Close()
}

// platform asks QEMU what machine the guest is.
func (g guest) platform() (arch.Platform, error) {
	return g.client.Platform()
}
