// Package attach opens what can be debugged: it looks at what it is given and makes a program of it.
package attach

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/target"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/user"
)

// Options say how a target is opened. The zero Options are good.
type Options struct {
	// Symbols are files with debugging information, or directories with those of a kernel, to look at first.
	Symbols []string
	// NoDefaultSymbols leaves out the search for debugging information.
	NoDefaultSymbols bool
	// CacheDir is where the indexes of debugging information are kept; "" is "godrgn" in the user's cache directory,
	// and "-" is nowhere.
	CacheDir string
	// Progress is told what takes long, and how much of it is done; may be nil.
	Progress func(what string, done, total uint64)
	// Warn is told what could not be found or loaded but does not stop the opening; may be nil.
	Warn func(err error)
}

// Core opens a core dump of a kernel or of a process. Its debugging information is found by its build ID: beside the core, then where
// distributions keep it.
func Core(path string, options ...Options) (*drgn.Program, error) {
	var o Options
	for _, given := range options {
		o = given
	}
	p := drgn.New(arch.Platform{})
	k, err := setCore(p, path, o)
	if err != nil {
		return nil, err
	}
	if k == nil {
		err = loadProcess(p, o)
	} else {
		err = loadKernel(p, k, filepath.Dir(path), o)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open %s: %w", path, err)
	}
	return p, nil
}

// SetCore makes a program, which must have no target yet, that of a core dump. It loads no debugging information.
func SetCore(p *drgn.Program, path string, options ...Options) error {
	var o Options
	for _, given := range options {
		o = given
	}
	_, err := setCore(p, path, o)
	return err
}

func setCore(p *drgn.Program, path string, o Options) (*linux.Kernel, error) {
	if err := p.CheckUnopened(); err != nil {
		return nil, err
	}
	core, err := target.Open(path)
	if err != nil {
		return nil, err
	}
	k, err := openCore(p, core, path, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open %s: %w", path, err), core.Close())
	}
	return k, nil
}

func openCore(p *drgn.Program, core *target.Core, path string, o Options) (*linux.Kernel, error) {
	if core.Truncated {
		o.warn(fmt.Errorf("%s is truncated: what it lacks can't be read; copy or dump it again", path))
	}
	if !core.Kernel {
		return nil, user.SetupCore(p, core, dumpPath(path), platformOf(core))
	}
	if core.VMCOREINFO == nil && p.VMCOREINFO() == nil {
		return nil, &drgn.ValueError{Problem: "it has no VMCOREINFO note, which says where the kernel lies in memory: " +
			"dump with a vmcoreinfo device (QEMU: -device vmcoreinfo) or from /proc/vmcore"}
	}
	m := linux.Memory{
		Platform: platformOf(core), VMCOREINFO: core.VMCOREINFO, Physical: core.Physical, Virtual: core.Virtual,
		Path: path, Live: core.Live, Local: core.Live,
	}
	for desc := range core.Descs("CORE", target.NT_PRSTATUS) {
		m.PrStatus = append(m.PrStatus, desc)
	}
	return linux.Setup(p, m)
}

func platformOf(core *target.Core) arch.Platform {
	class, data := byte(1), byte(1)
	if core.Is64 {
		class = 2
	}
	if core.Big {
		data = 2
	}
	return arch.PlatformOf(core.Machine, class, data)
}

// loadKernel gives the kernel and its modules their debugging information.
func loadKernel(p *drgn.Program, k *linux.Kernel, beside string, o Options) error {
	cache, err := cacheDir(o.CacheDir)
	if err != nil {
		o.warn(err)
	}
	main, _, err := p.AddModule(k.MainModule())
	if err != nil {
		return err
	}
	search := &debuginfo.Search{Beside: beside, CacheDir: cache, Progress: o.progress("reading debugging information")}
	p.SetCacheDir(o.CacheDir)
	p.SetProgress(o.Progress)

	for _, path := range o.Symbols {
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		if st.IsDir() {
			search.Kernels = append(search.Kernels, path)
			continue
		}
		f, err := search.Open(path)
		if err != nil {
			return err
		}
		if _, isModule := debuginfo.ModuleName(filepath.Base(path)); isModule {
			search.Kernels = append(search.Kernels, path)
			continue
		}
		if err := main.CheckFile(f); err != nil {
			return err
		}
		if err := main.TryFile(path); err != nil {
			return err
		}
	}
	if o.NoDefaultSymbols && len(search.Kernels) == 0 {
		return nil
	}
	if o.NoDefaultSymbols {
		search.Beside, search.Roots = "", []string{}
	}
	if !main.HasDebugInfo() {
		f, err := search.Kernel(k.Release(), main.BuildID())
		if err != nil {
			o.warn(&drgn.MissingDebugInfoError{Problem: err.Error() + "\nname the kernel's vmlinux with -s"})
			return nil
		}
		if err := main.TryFile(f.Name); err != nil {
			return err
		}
	}
	for _, err := range k.LoadModules(search) {
		o.warn(err)
	}
	return nil
}

func (o Options) warn(err error) {
	if o.Warn != nil {
		o.Warn(err)
	}
}

func (o Options) progress(what string) func(done, total uint64) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total uint64) { o.Progress(what, done, total) }
}

func cacheDir(dir string) (string, error) {
	if dir == "-" {
		return "", nil
	}
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("indexes of debugging information can't be kept: %w", err)
		}
		dir = filepath.Join(base, "godrgn")
	}
	return dir, nil
}
