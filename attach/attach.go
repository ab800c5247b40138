// Package attach opens what can be debugged: it looks at what it is given and makes a program of it.
package attach

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/logtext"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

// Options say how a target is opened. The zero Options are good.
type Options struct {
	// Symbols are files with debugging information, or directories with those of a kernel, to look at first.
	Symbols []string
	// NoDefaultSymbols leaves out the search for debugging information.
	NoDefaultSymbols bool
	// MainSymbols leaves out the search for debugging information of all but the main module.
	MainSymbols bool
	// ExtraSymbols are files with debugging information that belong to nothing that is loaded.
	ExtraSymbols []string
	// Parts are the other files of a core dump that was split, in any order; those in the directory of the first are found.
	Parts []string
	// Platform is that of the program where the target does not say it.
	Platform arch.Platform
	// Prepare is called with the new program before it is opened; may be nil.
	Prepare func(p *drgn.Program) error
	// Opened is called when the program has its target, before debugging information is looked for: to say how; may be nil.
	Opened func(p *drgn.Program) error
	// Log is told what is done to find debugging information; if it is nil, Warn is told of warnings.
	Log *slog.Logger
	// Context ends downloads when it is canceled, and a program that is being opened then gets no target; nil is never.
	Context context.Context
	// CacheDir is where the indexes of debugging information are kept; "" is "godrgn" in the user's cache directory,
	// and "-" disables the cache.
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
	p, err := o.newProgram()
	if err != nil {
		return nil, err
	}
	if err := setCore(p, path, o); err != nil {
		return nil, err
	}
	if err := load(p, o); err != nil {
		p.Close() // the first error is the one to tell
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
	return setCore(p, path, o)
}

func setCore(p *drgn.Program, path string, o Options) error {
	if err := checkEmpty(p); err != nil {
		return err
	}
	if o.Warn == nil {
		o.Warn = func(err error) { p.Logger().Warn(err.Error()) }
	}
	core, err := target.Open(path, o.Parts...)
	if err != nil {
		return err
	}
	if err := o.context().Err(); err != nil { // reading all of a compressed core takes long
		core.Close() // was only read
		return err
	}
	if err := openCore(p, core, path, o); err != nil {
		if len(core.Problems) > 0 { // of which it may come
			err = fmt.Errorf("%w (%w)", err, core.Problems[0])
		}
		return errors.Join(fmt.Errorf("cannot open %s: %w", path, err), core.Close())
	}
	return nil
}

func openCore(p *drgn.Program, core *target.Core, path string, o Options) error {
	for _, problem := range core.Problems {
		o.warn(problem)
	}
	if !core.Kernel {
		return user.SetupCore(p, core, dumpPath(path), core.Platform)
	}
	m := linux.Memory{
		Platform: core.Platform, VMCOREINFO: core.VMCOREINFO, Physical: core.Physical, Virtual: core.Virtual,
		Path: dumpPath(path), Live: core.Live, Local: core.Live, Close: core.Closer(),
	}
	m.PhysBase = core.PhysBase()
	for _, l := range core.Loads() {
		m.Mapped = append(m.Mapped, linux.Mapped(l))
	}
	if p.Platform().Known() {
		m.Platform = p.Platform()
	}
	for desc := range core.Descs("CORE", target.NT_PRSTATUS) {
		m.PrStatus = append(m.PrStatus, desc)
	}
	if core.IsImage() && !p.Platform().Known() {
		return &drgn.ValueError{Problem: "an image of memory does not say of which machine it is: give it with --architecture (Go: Options.Platform)"}
	}
	if given := linux.GivenVMCOREINFO(p); given != nil {
		tried, _, _ := verify(m, given) // linux.Setup says what is wrong with it
		m.Platform = tried.Platform
	} else if err := checkVMCOREINFO(&m, o); err != nil {
		var none *NoVMCOREINFOError
		if !errors.As(err, &none) || len(core.Notes)+len(core.Problems) > 0 || len(core.Loads()) == 0 {
			return err
		}
		// An ELF file of memory and nothing else may be of anything.
		o.warn(fmt.Errorf("nothing but memory can be read of %s, which has no notes: if it is a kernel's dump, %w", path, err))
		core.NotKernel()
		return user.SetupCore(p, core, dumpPath(path), m.Platform)
	}
	m.Notes = linux.Notes{
		Hypervisor: slices.ContainsFunc(core.Notes, func(n target.Note) bool { return n.Name == "QEMU" }), Order: core.ByteOrder(),
	}
	k, err := linux.Setup(p, m)
	if err != nil {
		return err
	}
	if why := k.Unmapped(); why != nil {
		o.warn(fmt.Errorf("only memory can be read whose addresses the headers of %s say: %w", path, why))
	}
	return nil
}

// load gives the program's modules their debugging information, as o says; what is missing is warned of.
func load(p *drgn.Program, o Options) error {
	if o.Opened != nil {
		if err := o.Opened(p); err != nil {
			return err
		}
	}
	for _, path := range o.ExtraSymbols {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.ExtraModule, Name: path})
		if err != nil {
			return err
		}
		if err := m.TryFile(path); err != nil {
			return err
		}
		if m.WantsDebugFile() {
			o.warn(fmt.Errorf("%s has no debugging information that can be read; ignoring", path))
		}
	}
	err := p.LoadDebugInfo(o.context(), drgn.LoadDebugInfo{Paths: o.Symbols, Default: !o.NoDefaultSymbols && !o.MainSymbols, Main: o.MainSymbols})
	if err == nil {
		return nil
	}
	parts := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok && errors.Join(several.Unwrap()...).Error() == err.Error() {
		parts = several.Unwrap()
	}
	if lost := (*target.LostNotesError)(nil); errors.As(err, &lost) { // its memory can be read all the same
		o.warn(fmt.Errorf("the modules of the program are not known: %w", err))
		return nil
	}
	main, none := p.MainModule()
	if missing := (*drgn.MissingDebugInfoError)(nil); !errors.As(err, &missing) && (none != nil || !main.HasTypes()) {
		return err
	}
	for _, part := range parts { // of the rest a part is there, or will be when the user names where it is
		var missing *drgn.MissingDebugInfoError
		if k, e := linux.Of(p); errors.As(part, &missing) && e == nil {
			if without, ok := k.Without(missing); ok {
				part = without
			}
		}
		o.warn(part)
	}
	return nil
}

// newProgram makes a program that is to be opened with options.
func (o Options) newProgram() (*drgn.Program, error) {
	p := drgn.New(o.Platform)
	p.SetCacheDir(o.CacheDir)
	p.SetProgress(o.Progress)
	if p.SetLogger(o.Log); o.Log == nil {
		p.SetLogger(o.warnings())
	}
	if o.Prepare != nil {
		if err := o.Prepare(p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// warnings returns a log that tells of warnings only.
func (o Options) warnings() *slog.Logger {
	return slog.New(logtext.New(func(l slog.Level) bool { return l >= slog.LevelWarn }, slog.Value.String,
		func(_ slog.Record, text string) error {
			o.warn(errors.New(text))
			return nil
		}))
}

func (o Options) context() context.Context {
	if o.Context == nil {
		return context.Background()
	}
	return o.Context
}

func (o Options) warn(err error) {
	if o.Warn != nil {
		o.Warn(err)
	}
}
