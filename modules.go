package drgn

import (
	"context"
	"iter"
	"log/slog"

	"github.com/godrgn/drgn/debuginfo"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/debugdata/fromfile"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
)

// What package module has, under the names of a program.
type (
	Module          = module.Module
	ModuleKind      = module.Kind
	ModuleSpec      = module.Spec
	ModuleFile      = module.File
	FileStatus      = module.FileStatus
	FileStatusError = module.FileStatusError
	WantedFile      = module.WantedFile
	LoadedModule    = module.Loaded
	LoadedModuleSeq = module.LoadedSeq
)

// The kinds of modules.
const (
	MainModule          = module.Main
	SharedLibraryModule = module.SharedLibrary
	VdsoModule          = module.Vdso
	RelocatableModule   = module.Relocatable
	ExtraModule         = module.Extra
)

// The statuses of a module's file.
const (
	WantFile          = module.WantFile
	HaveFile          = module.HaveFile
	DontWantFile      = module.DontWantFile
	DontNeedFile      = module.DontNeedFile
	WantSupplementary = module.WantSupplementary
)

// newModules returns the empty set of a program's modules: what opens their debug files.
func (p *Program) newModules() *module.Set {
	return module.NewSet(module.Config{
		Owner: p, Generation: p.generation, Platform: p.setPlatform, Has: fromfile.In,
		Open: func(m *module.Module, f *placed.File, sup *elf.File) (debugdata.Info, error) {
			cfg := fromfile.Config{Config: fromdwarf.Config{
				File: f, Sup: sup, Path: m.Name(), Set: p.types, CacheDir: p.modules.CacheDir(),
				Read: func(buf []byte, address uint64) error { return p.mem.Read(buf, address, false) },
				Argument: func(e debugdata.Entity) (any, error) {
					o := p.entity(m, "", &e)
					return o, o.Err()
				},
			}, Check: p.modules.CheckTypes, Platform: p.Platform()}
			if m.Kind() != MainModule {
				cfg.Main, _ = p.MainModule() // if there is one
			}
			return fromfile.Open(cfg)
		},
	})
}

// findDefinition finds what a type that debugging information only declares is defined as: see [module.Set.Definition].
func (p *Program) findDefinition(kinds types.KindSet, name string) (*types.Type, error) {
	type key struct {
		kinds types.KindSet
		name  string
	}
	return Memo(p, key{kinds, name}, func() (*types.Type, error) { return p.modules.Definition(kinds, name) })
}

// ModuleProgram returns the program that a module is part of.
func ModuleProgram(m *Module) *Program { return m.Set().Owner().(*Program) }

// ModuleObject returns the object that describes a module: the struct module * of a kernel module; an absent one otherwise.
func ModuleObject(m *Module) Object {
	if o, ok := m.Data().(Object); ok {
		return o
	}
	p := ModuleProgram(m)
	return p.AbsentObject(p.types.Void(p.language()), OtherAbsence)
}

// SetModuleObject sets the object that describes a module.
func SetModuleObject(m *Module, o Object) error {
	if err := o.Err(); err != nil {
		return err
	}
	if o.prog != ModuleProgram(m) {
		return &ValueError{Problem: "objects are from different programs"}
	}
	m.SetData(o)
	return nil
}

// LoadedModules walks the modules that the program has loaded, adding those that are not known yet.
func (p *Program) LoadedModules() LoadedModuleSeq {
	if p.Personality() == nil {
		return func(func(LoadedModule, error) bool) {}
	}
	return p.Personality().LoadedModules(p)
}

// LoadedModulesContext is [Program.LoadedModules] until ctx is canceled, which is the error of the last pair then.
func (p *Program) LoadedModulesContext(ctx context.Context) LoadedModuleSeq {
	return p.debug.LoadedModules(ctx)
}

// CreateLoadedModules adds all modules that the program has loaded and that are not known yet.
func (p *Program) CreateLoadedModules() error {
	for _, err := range p.LoadedModules() {
		if err != nil {
			return err
		}
	}
	return nil
}

// AddModule adds a module, or returns the one of the same kind, name and ID that is there; then isNew is false. There is
// one main module only: a *MainModuleError says that it has another name.
func (p *Program) AddModule(spec ModuleSpec) (m *Module, isNew bool, err error) {
	return p.modules.Add(spec)
}

// FindModule returns the module of a kind, a name and an ID, or a *ModuleNotFoundError.
func (p *Program) FindModule(kind ModuleKind, name string, id uint64) (*Module, error) {
	return p.modules.Find(kind, name, id)
}

// Modules walks the program's modules, the main one first.
func (p *Program) Modules() iter.Seq[*Module] {
	return func(yield func(*Module) bool) {
		for _, m := range p.modules.All() {
			if !yield(m) {
				return
			}
		}
	}
}

// MainModule returns the program's main module, or a *NoMainModuleError.
func (p *Program) MainModule() (*Module, error) { return p.modules.Main() }

// ModuleAt returns the module that contains an address, or a *NoModuleAtError.
func (p *Program) ModuleAt(address uint64) (*Module, error) { return p.modules.Containing(address) }

// ModuleNamed returns the module of a name, or a *ModuleNotFoundError. Of several with that name it is the one added
// last, the main module only if there is no other.
func (p *Program) ModuleNamed(name string) (*Module, error) { return p.modules.Named(name) }

// What package debuginfo has, under the names of a program.
type (
	LoadDebugInfo    = debuginfo.What
	DebugInfoOptions = debuginfo.Options
	KmodSearchMethod = debuginfo.KmodSearchMethod
)

// The ways to find kernel modules.
const (
	KmodNone          = debuginfo.KmodNone
	KmodDepmod        = debuginfo.KmodDepmod
	KmodWalk          = debuginfo.KmodWalk
	KmodDepmodOrWalk  = debuginfo.KmodDepmodOrWalk
	KmodDepmodAndWalk = debuginfo.KmodDepmodAndWalk
)

// DefaultDebugInfoOptions returns the options that programs start with.
func DefaultDebugInfoOptions() DebugInfoOptions { return debuginfo.DefaultOptions() }

// A DebugInfoFinder looks for the files of modules that want some: it calls [Module.TryFile], or says with
// [Module.SetDebugFileStatus] that a file is not needed, and skips modules that it does not know.
type DebugInfoFinder func(ctx context.Context, p *Program, modules []*Module) error

// RegisterDebugInfoFinder registers a finder; at is its place among those that are asked: see [Program.RegisterTypeFinder].
func (p *Program) RegisterDebugInfoFinder(name string, f DebugInfoFinder, at int) error {
	return p.debug.Finders.Register(name, func(ctx context.Context, modules []*Module) error { return f(ctx, p, modules) }, at)
}

// LoadDebugInfo finds out what the program has loaded and gives modules their debugging information: from the files that
// are named, then from those that finders find. A *MissingDebugInfoError says that some was not found; the rest is loaded.
// Canceling ctx ends a download.
func (p *Program) LoadDebugInfo(ctx context.Context, what LoadDebugInfo) error {
	return p.debug.Load(ctx, what)
}

// LoadModuleDebugInfo has the finders that are enabled look for the files that modules want. What is not found is no error.
func (p *Program) LoadModuleDebugInfo(ctx context.Context, modules ...*Module) error {
	return p.debug.LoadModules(ctx, modules...)
}

// FindStandardDebugInfo looks for the files of modules where systems keep them, as options say: it is what the finder
// "standard" does with the program's options.
func (p *Program) FindStandardDebugInfo(ctx context.Context, modules []*Module, o DebugInfoOptions) error {
	return p.debug.FindStandard(ctx, modules, o)
}

// DebugInfoOptions returns the options of the finder "standard".
func (p *Program) DebugInfoOptions() DebugInfoOptions { return p.debug.Options() }

// SetDebugInfoOptions sets the options of the finder "standard".
func (p *Program) SetDebugInfoOptions(o DebugInfoOptions) { p.debug.SetOptions(o) }

// SetLogger sets where the program logs what it does to find debugging information; nil disables logging.
func (p *Program) SetLogger(l *slog.Logger) { p.modules.SetLogger(l) }

// Logger returns where the program logs what it does to find out what is loaded; it is never nil.
func (p *Program) Logger() *slog.Logger { return p.modules.Log() }

// SetProgress sets the callback that is told how much of long work is done; nil disables it.
func (p *Program) SetProgress(report func(what string, done, total uint64)) {
	p.modules.SetProgress(report)
}

// SetBlocking sets what runs work that a caller has to wait for, see [module.Set.SetBlocking]; nil, the default, runs it.
func (p *Program) SetBlocking(block func(work func(ctx context.Context) error) error) {
	p.modules.SetBlocking(block)
}

// Wait runs work that a caller has to wait for, as [Program.SetBlocking] says. It may return before work does, with an error: work must
// not change what the caller looks at then.
func (p *Program) Wait(work func(ctx context.Context) error) error { return p.modules.Wait(work) }

// SetCacheDir sets the directory where indexes of debugging information and decompressed files are cached: "", the default,
// is "godrgn" in the user's cache directory, "-" disables caching.
func (p *Program) SetCacheDir(dir string) { p.modules.SetCacheDir(dir) }

// CacheDir returns the directory of [Program.SetCacheDir], or "" if nothing is cached.
func (p *Program) CacheDir() string { return p.modules.CacheDir() }
