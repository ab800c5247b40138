// Package debuginfo finds the files of a program's modules: those that the user names, those that systems keep where
// [Options] say, and those that debuginfod's servers have.
package debuginfo

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"

	"github.com/godrgn/drgn/internal/finders"
	"github.com/godrgn/drgn/module"
)

// A Finder looks for the files of modules that want some: it calls [module.Module.TryFile], or says with
// [module.Module.SetDebugFileStatus] that a file is not needed, and skips modules that it does not know.
type Finder func(ctx context.Context, modules []*module.Module) error

// A Search looks for the files of a program's modules.
type Search struct {
	// Finders are asked in order, each for what the modules still want.
	Finders finders.List[Finder]

	target  Target
	modules *module.Set
	options atomic.Pointer[Options]
}

// A Target is the program whose modules' files are looked for.
type Target interface {
	// LoadedModules walks the modules that the program has loaded, adding those that are not known yet.
	LoadedModules() module.LoadedSeq
	// CoreDumpPath returns the file the program was opened from, or "".
	CoreDumpPath() string
}

// New returns a search with the finders "standard" and "debuginfod".
func New(t Target, modules *module.Set) *Search {
	s := &Search{target: t, modules: modules}
	s.Finders.Kind = "module debug info"
	s.add("standard", func(ctx context.Context, modules []*module.Module) error {
		return s.FindStandard(ctx, modules, s.Options())
	})
	s.addDebuginfod(os.Getenv)
	return s
}

// add registers a finder of a name that no other has.
func (s *Search) add(name string, f Finder) {
	if err := s.Finders.Register(name, f, finders.Last); err != nil {
		panic(err)
	}
}

// debug logs what is done.
func (s *Search) debug(format string, args ...any) {
	s.modules.Log().Debug(fmt.Sprintf(format, args...))
}

// run asks the finders in order, each with the modules that still want something.
func (s *Search) run(ctx context.Context, modules []*module.Module) error {
	for _, f := range s.Finders.Enabled() {
		modules = slices.DeleteFunc(slices.Clone(modules), func(m *module.Module) bool { return !m.WantsDebugFile() && !m.WantsLoadedFile() })
		if len(modules) == 0 {
			return nil
		}
		askedBy(f.Name, modules...)
		err := f.Find(ctx, modules)
		askedBy("", modules...)
		if err != nil {
			return err
		}
	}
	return nil
}

// askedBy says of modules who looks for their files.
func askedBy(finder string, modules ...*module.Module) {
	for _, m := range modules {
		m.AskedBy(finder)
	}
}

// byUser is who looks for the files that the user named.
const byUser = "named"
