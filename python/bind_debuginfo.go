package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"syscall"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/logtext"
	"github.com/godrgn/drgn/linux"
)

// logLevel is from which level on Python's logger "drgn" hears something; it is read before work that logs.
var logLevel atomic.Int64

// Log returns what logs to Python's logger "drgn". It waits for the interpreter: what holds it must not wait for who logs.
func Log() *slog.Logger { return slog.New(logtext.New(isHeard, logValue, logToPython)) }

// isHeard reports whether Python's logger takes records of a level.
func isHeard(l slog.Level) bool { return levelOf(l) >= logLevel.Load() }

// logValue writes an attribute's value as Python's repr does.
func logValue(v slog.Value) string { return pyRepr(v.Any()) }

// logToPython gives a record to Python.
func logToPython(r slog.Record, text string) (err error) {
	withGIL(func() {
		if err = logged(levelOf(r.Level), text); err == nil {
			return
		}
		// Other errors in logging are no reason to end what is logged. A signal handler that raises in the midst of it is one.
		var raised *pyError
		if errors.As(err, &raised) && (raised.typ == "KeyboardInterrupt" || raised.typ == "SystemExit") {
			interrupt = &interruptError{raised, syscall.Gettid()}
		}
	})
	return err
}

// logged gives a message to Python's logger "drgn".
func logged(level int64, text string) error {
	o, err := callDebugInfo("log", level, text)
	if err == nil {
		C.sh_decref(o)
	}
	return err
}

// levelOf returns a level as Python counts them: debug is 10, info 20, warning 30, error 40.
func levelOf(l slog.Level) int64 { return int64(l)*10/4 + 20 }

// unheard is above the levels of all records.
const unheard = 1000

// levelBefore returns the level that Python's logger will have as it starts, by [Options.LogLevel].
func levelBefore(name string) int64 {
	switch name {
	case "debug":
		return 10
	case "info":
		return 20
	case "warning":
		return 30
	case "error":
		return 40
	case "critical":
		return 50
	}
	return unheard
}

// syncLog reads the level of Python's logger.
func syncLog() error {
	v, err := askDebugInfo("log_level")
	if err != nil {
		return err
	}
	if n, ok := v.(int64); ok {
		logLevel.Store(n)
	}
	return nil
}

// pathList returns the paths of an iterable; None stands for no paths.
func pathList(c Call, i int) ([]string, error) {
	if !c.Has(i) {
		return nil, nil
	}
	v, err := askDebugInfo("paths", borrowed{c.py(i)})
	if err != nil {
		return nil, err
	}
	return pathStrings(v)
}

// pathStrings returns paths, which Python gives as bytes: a name of a file need not be UTF-8.
func pathStrings(v any) ([]string, error) {
	names, _ := v.(list)
	out := make([]string, len(names))
	for i, x := range names {
		b, ok := x.([]byte)
		if !ok {
			return nil, typeError("paths must be bytes")
		}
		out[i] = string(b)
	}
	return out, nil
}

// moduleList returns the modules of an iterable.
func moduleList(c Call, i int) ([]*drgn.Module, error) {
	all := C.sh_tuple_of(c.py(i))
	if all == nil {
		return nil, raisedError{}
	}
	defer C.sh_decref(all)
	var out []*drgn.Module
	for j := range int(C.sh_tuple_size(all)) {
		x := C.sh_tuple_item(all, C.int(j))
		v, err := decodePy(x)
		if err != nil {
			return nil, err
		}
		in, _ := v.(instance)
		m, ok := in.value.(*drgn.Module)
		if !ok {
			return nil, typeError("expected Module, not " + className(x))
		}
		if drgn.ModuleProgram(m) != c.selfProg() {
			return nil, valueError("module from wrong program")
		}
		out = append(out, m)
	}
	return out, nil
}

// findOrCreate is a method that returns a module by what it is known by.
func findOrCreate(sig, doc string, kind drgn.ModuleKind) Func {
	return Func{Sig: sig, Doc: doc, Do: func(c Call) error {
		p, name, id := c.selfProg(), c.Str(0), c.UintOr(1, 0)
		if c.Bool(2) {
			return createModule(c, drgn.ModuleSpec{Kind: kind, Name: name, ID: id})
		}
		return giveModule(c)(p.FindModule(kind, name, id))
	}}
}

func createModule(c Call, spec drgn.ModuleSpec) error {
	if err := syncLog(); err != nil {
		return err
	}
	var m *drgn.Module
	p := c.selfProg() // asked for on Python's thread
	if err := c.Whole(func(context.Context) (err error) {
		m, _, err = p.AddModule(spec)
		return err
	}); err != nil {
		return err
	}
	return c.Instance(moduleInstance(m))
}

func loadedModules(c Call) error {
	if err := syncLog(); err != nil {
		return err
	}
	p := c.selfProg()
	var (
		walked bool
		found  []drgn.LoadedModule
		end    error // after those
	)
	next := func(i *C.item) (bool, error) {
		if !walked { // it creates modules, and says so of each once: none of that may go on after Ctrl-C
			walked = true
			if err := long(func(ctx context.Context) error {
				for m, err := range p.LoadedModulesContext(ctx) {
					if end = err; err == nil {
						found = append(found, m)
					}
				}
				return nil
			}, forEver); err != nil {
				found = nil
				return false, err
			}
		}
		if len(found) == 0 {
			return false, end
		}
		m := found[0]
		found = found[1:]
		return true, valueItem(tuple{moduleInstance(m.Module), m.New}, i)
	}
	return c.iterate(next)
}

// debugInfoMethods are the methods of Program about modules and their debugging information.
func debugInfoMethods() []Func {
	return []Func{
		// Of drgn's own tests, which log by it: level 0 is debug, 1 info, and so on.
		{Sig: "_log(level: int, message: str, /)", Do: func(c Call) error {
			if level := c.Int(0); level != int64(int32(level)) {
				return &pyErr{excOverflowError, "signed integer is greater than maximum"}
			}
			if err := logged(10*c.Int(0)+10, c.Str(1)); err != nil {
				return err
			}
			return c.None()
		}},
		{Sig: "modules()", Doc: "Return an iterator over the program's modules.", Do: func(c Call) error {
			p := c.selfProg()
			all, at := slices.Collect(p.Modules()), 0
			return c.iterate(func(i *C.item) (bool, error) {
				now := 0
				for range p.Modules() {
					now++
				}
				switch {
				case now != len(all) && at <= len(all):
					return false, &pyErr{excRuntimeError, "modules changed during iteration"}
				case at == len(all):
					return false, nil
				}
				at++
				return true, valueItem(moduleInstance(all[at-1]), i)
			})
		}},
		{Sig: "loaded_modules()", Doc: "Return an iterator over the modules that the program has loaded, each with whether it is new; those that are not known yet are created.", Do: loadedModules},
		{Sig: "create_loaded_modules()", Doc: "Create all modules that the program has loaded.", Do: func(c Call) error {
			p := c.selfProg()
			return loading(c, func(ctx context.Context) error {
				for _, err := range p.LoadedModulesContext(ctx) {
					if err != nil {
						return err
					}
				}
				return nil
			})
		}},
		{Sig: "main_module(name: path = None, *, create: bool = False)", Doc: "Return the main module; with create, it is created if there is none.", Do: func(c Call) error {
			if !c.Has(0) {
				if c.Bool(1) {
					return typeError("name must be given if create=True")
				}
				return giveModule(c)(c.selfProg().MainModule())
			}
			p, name := c.selfProg(), c.Str(0)
			if !c.Bool(1) {
				return giveModule(c)(p.FindModule(drgn.MainModule, name, 0))
			}
			return createModule(c, drgn.ModuleSpec{Kind: drgn.MainModule, Name: name})
		}},
		findOrCreate("shared_library_module(name: path, dynamic_address: index, *, create: bool = False)", "Return the shared library of a name and an address of its dynamic section.", drgn.SharedLibraryModule),
		findOrCreate("vdso_module(name: path, dynamic_address: index, *, create: bool = False)", "Return the vDSO of a name and an address of its dynamic section.", drgn.VdsoModule),
		findOrCreate("relocatable_module(name: path, address: index, *, create: bool = False)", "Return the relocatable module of a name and an address.", drgn.RelocatableModule),
		findOrCreate("extra_module(name: path, id: index = 0, *, create: bool = False)", "Return the extra module of a name and a number.", drgn.ExtraModule),
		{Sig: "linux_kernel_loadable_module(module_obj: object, *, create: bool = False)", Doc: "Return the module of a struct module *.", Do: func(c Call) error {
			p, o, create := c.selfProg(), c.Obj(0), c.Bool(1)
			if o.Prog() != p {
				return valueError("object is from wrong program")
			}
			var m *drgn.Module
			if err := c.Whole(func(context.Context) (err error) {
				m, err = linux.Module(p, o, create)
				return err
			}); err != nil {
				return err
			}
			return c.Instance(moduleInstance(m))
		}},
		{Sig: "module(address_or_name: address, /)", Doc: "Find the module of a name, or the one that contains an address.", Do: func(c Call) error {
			if c.IsStr(0) {
				return giveModule(c)(c.selfProg().ModuleNamed(c.Str(0)))
			}
			return giveModule(c)(c.selfProg().ModuleAt(c.Uint(0)))
		}},
		{Sig: "load_debug_info(paths: any? = (), default: bool = False, main: bool = False)", Doc: "Load debugging information from files and, with default, that of all loaded modules; with main, that of the main module.", Do: func(c Call) error {
			paths, err := pathList(c, 0)
			if err != nil {
				return err
			}
			p, o := c.selfProg(), drgn.LoadDebugInfo{Paths: paths, Default: c.Bool(1), Main: c.Bool(2)}
			return loadDebugInfo(c, p, o)
		}},
		{Sig: "load_default_debug_info()", Doc: "Load the debugging information of all loaded modules.", Do: func(c Call) error {
			return loadDebugInfo(c, c.selfProg(), drgn.LoadDebugInfo{Default: true})
		}},
		{Sig: "load_module_debug_info(*modules)", Doc: "Have the enabled finders look for the files that modules want.", Do: func(c Call) error {
			p := c.selfProg()
			modules, err := moduleList(c, 0)
			if err != nil {
				return err
			}
			return loading(c, func(ctx context.Context) error { return p.LoadModuleDebugInfo(ctx, modules...) })
		}},
		{Sig: "find_standard_debug_info(modules: any, options: any? = None)", Doc: "Look for the files of modules where systems keep them: what the finder 'standard' does.", Do: func(c Call) error {
			p := c.selfProg()
			modules, err := moduleList(c, 0)
			if err != nil {
				return err
			}
			o := p.DebugInfoOptions()
			if c.Has(1) {
				v, err := askDebugInfo("options_values", borrowed{c.py(1)})
				if err != nil {
					return err
				}
				if o, err = optionsOf(v); err != nil {
					return err
				}
			}
			return loading(c, func(ctx context.Context) error { return p.FindStandardDebugInfo(ctx, modules, o) })
		}},
		{Sig: "register_debug_info_finder(name: str, fn: any, *, enable_index: place? = None)", Doc: "Register fn(modules), which calls Module.try_file() with files that modules want.", Do: func(c Call) error {
			f := c.py(1)
			if C.sh_callable(f) == 0 {
				return typeError("fn must be callable")
			}
			if err := hold(c.self, f); err != nil {
				return err
			}
			at, err := enableAt(c, 2)
			if err != nil {
				return err
			}
			return done(c, c.selfProg().RegisterDebugInfoFinder(c.Str(0), func(_ context.Context, _ *drgn.Program, modules []*drgn.Module) error {
				var l list
				for _, m := range modules {
					l = append(l, moduleInstance(m))
				}
				_, err := fromPython(f, l)
				return err
			}, at))
		}},
	}
}

// debugInfoProps are the properties of Program about debugging information.
func debugInfoProps() []property {
	return []property{{name: "debug_info_options", doc: "How the finder 'standard' looks for files.", get: func(c Call) error {
		o, err := callDebugInfo("options_of", borrowed{c.self})
		if err != nil {
			return err
		}
		return c.pyObject(o)
	}, set: func(c Call, v *C.PyObject) error {
		values, err := askDebugInfo("assigned_options", borrowed{v})
		if err != nil {
			return err
		}
		o, err := optionsOf(values)
		if err != nil {
			return err
		}
		c.selfProg().SetDebugInfoOptions(o)
		return c.None()
	}}}
}

// An option is one of the options of the finder "standard" under the name that scripts know.
type option struct {
	name  string
	field any // *[]string, *drgn.KmodSearchMethod, or switchedOff
}

// switchedOff is a field that is true when the option is not.
type switchedOff struct{ field *bool }

func optionList(o *drgn.DebugInfoOptions) []option {
	return []option{
		{"directories", &o.Directories},
		{"try_module_name", switchedOff{&o.NoModuleName}},
		{"try_build_id", switchedOff{&o.NoBuildID}},
		{"debug_link_directories", &o.DebugLinkDirectories},
		{"try_debug_link", switchedOff{&o.NoDebugLink}},
		{"try_procfs", switchedOff{&o.NoProcfs}},
		{"try_embedded_vdso", switchedOff{&o.NoEmbeddedVdso}},
		{"try_reuse", switchedOff{&o.NoReuse}},
		{"try_supplementary", switchedOff{&o.NoSupplementary}},
		{"kernel_directories", &o.KernelDirectories},
		{"try_kmod", &o.Kmod},
	}
}

// optionsOf makes options of a dictionary of their values by name, as drgn._debuginfo keeps them.
func optionsOf(v any) (o drgn.DebugInfoOptions, err error) {
	d, ok := v.(dict)
	if !ok {
		return o, typeError("options must be DebugInfoOptions")
	}
	values := map[any]any{}
	for _, p := range d {
		values[p.key] = p.value
	}
	for _, option := range optionList(&o) {
		v, ok := values[option.name]
		if !ok {
			return o, typeError("options lack " + option.name)
		}
		delete(values, option.name)
		switch to := option.field.(type) {
		case *[]string:
			*to, err = pathStrings(v)
		case switchedOff:
			on, isBool := v.(bool)
			if *to.field = !on; !isBool {
				err = typeError(option.name + " must be bool")
			}
		case *drgn.KmodSearchMethod:
			method, isInt := v.(int64)
			if *to = drgn.KmodSearchMethod(method); !isInt {
				err = typeError(option.name + " must be KmodSearchMethod")
			}
		}
		if err != nil {
			return o, err
		}
	}
	for name := range values {
		return o, typeError(fmt.Sprintf("unknown option %v", name))
	}
	return o, nil
}

// optionValues is the reverse of optionsOf.
func optionValues(o drgn.DebugInfoOptions) (d dict) {
	for _, option := range optionList(&o) {
		var v any
		switch field := option.field.(type) {
		case *[]string:
			names := tuple{}
			for _, s := range *field {
				names = append(names, s)
			}
			v = names
		case switchedOff:
			v = !*field.field
		case *drgn.KmodSearchMethod:
			v = int(*field)
		}
		d = append(d, pair{option.name, v})
	}
	return d
}

// loadDebugInfo loads debugging information; what is missing is logged before it is raised.
func loadDebugInfo(c Call, p *drgn.Program, o drgn.LoadDebugInfo) error {
	return loading(c, func(ctx context.Context) error {
		err := p.LoadDebugInfo(ctx, o)
		var missing *drgn.MissingDebugInfoError
		if errors.As(err, &missing) {
			for _, line := range missing.Lines() {
				p.Logger().Warn(line)
			}
		}
		return err
	})
}

func init() {
	module := func(c Call) (*drgn.Module, error) {
		v, err := c.Any(0)
		if err != nil {
			return nil, err
		}
		in, _ := v.(instance)
		if m, ok := in.value.(*drgn.Module); ok {
			return m, nil
		}
		return nil, typeError("expected Module")
	}
	register("_drgn",
		Func{Sig: "_section_addresses(module: any)", Do: func(c Call) error {
			m, err := module(c)
			if err != nil {
				return err
			}
			var sections map[string]uint64
			if err := c.Long(func(context.Context) (err error) {
				sections, err = m.SectionAddresses()
				return err
			}); err != nil {
				return err
			}
			d := dict{}
			for _, name := range slices.Sorted(maps.Keys(sections)) {
				d = append(d, pair{name, sections[name]})
			}
			return c.Value(d)
		}},
		Func{Sig: "_set_section_address(module: any, name: str, address: address)", Do: func(c Call) error {
			m, err := module(c)
			if err != nil {
				return err
			}
			if c.IsStr(2) {
				return typeError("'str' object cannot be interpreted as an integer")
			}
			name, address := c.Str(1), c.Uint(2)
			return done(c, c.Whole(func(context.Context) error { return m.SetSectionAddress(name, address) }))
		}},
		Func{Sig: "_remove_section_address(module: any, name: str)", Do: func(c Call) error {
			m, err := module(c)
			if err != nil {
				return err
			}
			name := c.Str(1)
			return done(c, c.Whole(func(context.Context) error { return m.RemoveSectionAddress(name) }))
		}},
		Func{Sig: "_debug_info_options(prog: prog)", Do: func(c Call) error { return c.Value(optionValues(c.Prog(0).DebugInfoOptions())) }},
		Func{Sig: "_set_debug_info_options(prog: prog, values: any)", Do: func(c Call) error {
			v, err := c.Any(1)
			if err != nil {
				return err
			}
			o, err := optionsOf(v)
			if err != nil {
				return err
			}
			c.Prog(0).SetDebugInfoOptions(o)
			return c.None()
		}},
	)
}
