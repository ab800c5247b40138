package drgn

import "slices"

// DebugInfoOptions say where the finder "standard" looks for the files of modules.
type DebugInfoOptions struct {
	// Directories are where separate debug files are kept: "/usr/lib/debug".
	Directories []string
	// NoModuleName leaves out the file whose path is the module's name.
	NoModuleName bool
	// NoBuildID leaves out the files below Directories that are named for a build ID: .build-id/ab/cdef.debug.
	NoBuildID bool
	// DebugLinkDirectories are where the file is that a loaded file's .gnu_debuglink names. $ORIGIN and ${ORIGIN} stand for
	// the directory of the loaded file; "" is that directory below each of Directories.
	DebugLinkDirectories []string
	// NoDebugLink leaves out the files that .gnu_debuglink names.
	NoDebugLink bool
	// NoProcfs leaves out /proc/PID/exe and /proc/PID/map_files of a process on this machine.
	NoProcfs bool
	// NoEmbeddedVdso leaves out the vDSO that is in the memory of a process.
	NoEmbeddedVdso bool
	// NoReuse leaves out a module's loaded file as its debug file and the other way round.
	NoReuse bool
	// NoSupplementary leaves out supplementary files (.gnu_debugaltlink).
	NoSupplementary bool
	// KernelDirectories hold a kernel's image and modules. "" stands for where they are installed: /boot, /lib/modules, and
	// these below each of Directories.
	KernelDirectories []string
	// Kmod says how modules of the kernel are found in KernelDirectories.
	Kmod KmodSearchMethod
}

// A KmodSearchMethod says how the files of kernel modules are found in kernel directories.
type KmodSearchMethod uint8

// The ways to find kernel modules.
const (
	KmodNone          KmodSearchMethod = iota // by build ID only
	KmodDepmod                                // by depmod's index, modules.dep.bin or modules.dep
	KmodWalk                                  // by looking at every file
	KmodDepmodOrWalk                          // by depmod's index; by looking at every file where there is none
	KmodDepmodAndWalk                         // by both
)

// DefaultDebugInfoOptions returns the options that programs start with.
func DefaultDebugInfoOptions() DebugInfoOptions {
	return DebugInfoOptions{
		Directories: []string{"/usr/lib/debug"}, DebugLinkDirectories: []string{"$ORIGIN", "$ORIGIN/.debug", ""},
		KernelDirectories: []string{""}, Kmod: KmodDepmodOrWalk,
	}
}

func (o DebugInfoOptions) clone() *DebugInfoOptions {
	o.Directories = slices.Clone(o.Directories)
	o.DebugLinkDirectories = slices.Clone(o.DebugLinkDirectories)
	o.KernelDirectories = slices.Clone(o.KernelDirectories)
	return &o
}

// DebugInfoOptions returns the program's options.
func (p *Program) DebugInfoOptions() DebugInfoOptions {
	if o := p.debug.options.Load(); o != nil {
		return *o.clone()
	}
	return DefaultDebugInfoOptions()
}

// SetDebugInfoOptions sets the program's options.
func (p *Program) SetDebugInfoOptions(o DebugInfoOptions) { p.debug.options.Store(o.clone()) }
