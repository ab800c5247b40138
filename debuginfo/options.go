package debuginfo

import "slices"

// Options say where the finder "standard" looks for the files of modules.
type Options struct {
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
	KmodDepmodOrWalk                          // by depmod's index; by looking at every file if there is no index
	KmodDepmodAndWalk                         // by both
)

// DefaultOptions returns the options that programs start with.
func DefaultOptions() Options {
	return Options{
		Directories: []string{"/usr/lib/debug"}, DebugLinkDirectories: []string{"$ORIGIN", "$ORIGIN/.debug", ""},
		KernelDirectories: []string{""}, Kmod: KmodDepmodOrWalk,
	}
}

func (o Options) clone() *Options {
	o.Directories = slices.Clone(o.Directories)
	o.DebugLinkDirectories = slices.Clone(o.DebugLinkDirectories)
	o.KernelDirectories = slices.Clone(o.KernelDirectories)
	return &o
}

// Options returns the options of the finder "standard".
func (s *Search) Options() Options {
	if o := s.options.Load(); o != nil {
		return *o.clone()
	}
	return DefaultOptions()
}

// SetOptions sets the options of the finder "standard".
func (s *Search) SetOptions(o Options) { s.options.Store(o.clone()) }
