package attach

import (
	"fmt"
	"os"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/target"
)

// Kernel opens the running kernel, which is root's to look at. Its debugging information is found where distributions
// keep it.
func Kernel(options ...Options) (*drgn.Program, error) {
	var o Options
	for _, given := range options {
		o = given
	}
	p, err := o.newProgram()
	if err != nil {
		return nil, err
	}
	if err := SetKernel(p); err != nil {
		return nil, err
	}
	if err := load(p, o); err != nil {
		p.Close() // the first error is the one to tell
		return nil, fmt.Errorf("cannot open the running kernel: %w", err)
	}
	return p, nil
}

// SetKernel makes a program, which must have no target yet, that of the running kernel, by way of /proc/kcore. It loads no
// debugging information. What keeps it from the kernel's memory is an *os.PathError that says what to do about it.
//
// Nothing of what is read is kept: the kernel changes while it is looked at. A walk may meet a structure that is just
// being changed; it ends with an error rather than never.
func SetKernel(p *drgn.Program) error {
	_, err := setKernel(p)
	return err
}

func setKernel(p *drgn.Program) (*linux.Kernel, error) {
	if err := checkEmpty(p); err != nil {
		return nil, err
	}
	core, err := target.OpenKcore("")
	if err != nil {
		return nil, err
	}
	if core.VMCOREINFO == nil && linux.GivenVMCOREINFO(p) == nil {
		core.Close() // was only read
		return nil, &drgn.ValueError{Problem: "the running kernel does not say where it lies in memory: it was built without CONFIG_VMCORE_INFO (CONFIG_CRASH_CORE)"}
	}
	k, err := linux.Setup(p, linux.Memory{
		Platform: core.Platform, VMCOREINFO: core.VMCOREINFO, Physical: core.Physical, Virtual: core.Virtual,
		Live: true, Local: true, Close: core.Closer(), BuildID: runningBuildID("/sys/kernel/notes", core.Big),
	})
	if err != nil {
		core.Close() // was only read
		return nil, fmt.Errorf("cannot open the running kernel: %w", err)
	}
	if why := k.Unmapped(); why != nil {
		p.Logger().Warn("only memory can be read whose addresses /proc/kcore says: " + why.Error())
	}
	return k, nil
}

// runningBuildID returns the build ID that the running kernel's notes hold, nil where they do not say it.
func runningBuildID(path string, big bool) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil // VMCOREINFO says it, too, since v5.9
	}
	id, _ := elf.BuildIDIn(elf.Notes(path, data, big, 4)) // the same
	return id
}

// SetCustomKernel makes a program, which must have no target yet but must know its platform, that of a Linux kernel whose
// physical memory is added to it as segments, before anything is read; vmcoreinfo says where things are in it, unless the
// program was told before. It loads no debugging information. live says that the kernel runs: then nothing is kept of
// what is read.
func SetCustomKernel(p *drgn.Program, vmcoreinfo []byte, live bool) error {
	if err := p.CheckUnopened(); err != nil {
		return err
	}
	if hasMemory(p, false) {
		return errNotEmpty
	}
	if !p.Platform().Known() {
		return &drgn.ValueError{Problem: "the program's platform is not known: give it to drgn.New"}
	}
	_, err := linux.Setup(p, linux.Memory{Platform: p.Platform(), VMCOREINFO: vmcoreinfo, Live: live, Custom: true})
	return err
}

var errNotEmpty = &drgn.ValueError{Problem: "program memory was already initialized"}

// checkEmpty returns a *drgn.ValueError for a program that has a target already, or memory.
func checkEmpty(p *drgn.Program) error {
	if err := p.CheckUnopened(); err != nil {
		return err
	}
	if hasMemory(p, false) || hasMemory(p, true) {
		return errNotEmpty
	}
	return nil
}

func hasMemory(p *drgn.Program, physical bool) bool {
	for range p.Memory().Ranges(physical, 0, ^uint64(0)) {
		return true
	}
	return false
}

// A NoTargetError says that nothing was named to debug, and why it can't be the running kernel.
type NoTargetError struct{ Kernel error }

func (e *NoTargetError) Error() string {
	return "nothing to debug: name it with -c FILE, -p PID or --qemu ADDRESS; the running kernel can't be opened: " + e.Kernel.Error()
}

// Unwrap returns the kernel's error.
func (e *NoTargetError) Unwrap() error { return e.Kernel }
