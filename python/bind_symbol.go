package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

func symbolClass() *class {
	sym := func(c Call) drgn.Symbol { return handleOf[drgn.Symbol](c.self) }
	return &class{
		id: classSymbol, name: "Symbol", doc: "An entry of a symbol table.",
		new: &Func{Sig: "Symbol(name: str, address: index, size: index, binding: SymbolBinding, kind: SymbolKind)", Do: func(c Call) error {
			return c.Instance(instance{class: classSymbol, value: drgn.Symbol{Name: c.Str(0), Address: c.Uint(1), Size: c.Uint(2),
				Binding: drgn.SymbolBinding(c.Int(3)), Kind: drgn.SymbolKind(c.Int(4))}})
		}},
		props: []property{
			{name: "name", doc: "Name.", get: func(c Call) error { return c.String(sym(c).Name) }},
			{name: "address", doc: "Start address.", get: func(c Call) error { return c.Unsigned(sym(c).Address) }},
			{name: "size", doc: "Size in bytes.", get: func(c Call) error { return c.Unsigned(sym(c).Size) }},
			{name: "binding", doc: "How it is seen outside its file.", get: func(c Call) error { return c.Enum(enumSymbolBinding, int64(sym(c).Binding)) }},
			{name: "kind", doc: "What it stands for.", get: func(c Call) error { return c.Enum(enumSymbolKind, int64(sym(c).Kind)) }},
		},
		slots: slots{
			repr: func(c Call) error {
				s := sym(c)
				return c.String(fmt.Sprintf("Symbol(name=%s, address=%#x, size=%#x, binding=%s, kind=%s)", pyQuote(s.Name), s.Address, s.Size,
					bindingNames[s.Binding], kindNames[s.Kind]))
			},
			compare: func(c Call, x *C.PyObject, op int) error {
				v, err := decodePy(x)
				if err != nil {
					return err
				}
				o, ok := v.(instance)
				if !ok || o.class != classSymbol || op != cmpEQ && op != cmpNE {
					c.res.i.tag = C.R_NOTIMPL
					return nil
				}
				return c.Truth((o.value.(drgn.Symbol) == sym(c)) == (op == cmpEQ))
			},
			hash: func(c Call) error { return c.Number(int64(sym(c).Address &^ (1 << 63))) },
		},
	}
}

var bindingNames = map[drgn.SymbolBinding]string{0: "<SymbolBinding.UNKNOWN: 0>", 1: "<SymbolBinding.LOCAL: 1>", 2: "<SymbolBinding.GLOBAL: 2>",
	3: "<SymbolBinding.WEAK: 3>", 11: "<SymbolBinding.UNIQUE: 11>"}

var kindNames = map[drgn.SymbolKind]string{0: "<SymbolKind.UNKNOWN: 0>", 1: "<SymbolKind.OBJECT: 1>", 2: "<SymbolKind.FUNC: 2>",
	3: "<SymbolKind.SECTION: 3>", 4: "<SymbolKind.FILE: 4>", 5: "<SymbolKind.COMMON: 5>", 6: "<SymbolKind.TLS: 6>", 10: "<SymbolKind.IFUNC: 10>"}

func threadClass() *class {
	thread := func(c Call) *drgn.Thread { return handleOf[*drgn.Thread](c.self) }
	return &class{
		id: classThread, name: "Thread", doc: "A thread of a program.",
		methods: []Func{{Sig: "stack_trace()", Doc: "Return the thread's stack trace.", Do: func(c Call) error {
			t, err := thread(c).StackTrace()
			if err != nil {
				return err
			}
			return c.Instance(traceInstance(t))
		}}},
		props: []property{
			{name: "tid", doc: "ID of the thread.", get: func(c Call) error { return c.Unsigned(thread(c).TID) }},
			{name: "name", doc: "Name of the thread, or None.", get: func(c Call) error { return c.StringOrNone(thread(c).Name) }},
			{name: "object", doc: "The thread as a struct task_struct *.", get: func(c Call) error { return c.Object(thread(c).Object) }},
		},
		slots: slots{repr: func(c Call) error {
			return c.String(fmt.Sprintf("<drgn.Thread %d %s>", thread(c).TID, pyQuote(thread(c).Name)))
		}},
	}
}

func giveThread(c Call, f func(*drgn.Program) (*drgn.Thread, error)) error {
	p := c.selfProg()
	t, err := f(p)
	if err != nil {
		return err
	}
	return c.Instance(instance{classThread, p, t})
}

// ---- Platforms

func platformClass() *class {
	plat := func(c Call) arch.Platform { return handleOf[arch.Platform](c.self) }
	return &class{
		id: classPlatform, name: "Platform", doc: "The machine a program runs on.",
		new: &Func{Sig: "Platform(arch: Architecture, flags: PlatformFlags? = None)", Do: func(c Call) error {
			n := c.Int(0)
			if n < 0 || int(n) >= len(architectures) {
				return valueError("unknown architecture")
			}
			a := arch.ByName(architectures[n])
			p, err := arch.NewPlatform(a)
			if c.Has(1) && a != nil {
				p, err = arch.Platform{Arch: a, Flags: arch.Flags(c.Int(1))}, nil
			}
			if err != nil {
				return valueError(err.Error())
			}
			return c.Instance(instance{class: classPlatform, value: p})
		}},
		props: []property{
			{name: "arch", doc: "Instruction set.", get: func(c Call) error {
				return c.Enum(enumArchitecture, int64(max(slices.Index(architectures, plat(c).Arch.Name), 0)))
			}},
			{name: "flags", doc: "Word size and byte order.", get: func(c Call) error { return c.Enum(enumPlatformFlags, int64(plat(c).Flags)) }},
			{name: "registers", doc: "Registers.", get: func(c Call) error {
				l := tuple{}
				for _, r := range plat(c).Arch.Registers {
					l = append(l, instance{class: classRegister, value: r.Names})
				}
				return c.Value(l)
			}},
		},
		slots: slots{
			repr: func(c Call) error {
				f := ""
				for i, n := range []string{"IS_64_BIT", "IS_LITTLE_ENDIAN"} {
					if plat(c).Flags>>i&1 != 0 {
						if f != "" {
							f += "|"
						}
						f += n
					}
				}
				if f != "" {
					f = "." + f
				}
				return c.String(fmt.Sprintf("Platform(<Architecture.%s: %d>, <PlatformFlags%s: %d>)", plat(c).Arch.Name,
					slices.Index(architectures, plat(c).Arch.Name), f, plat(c).Flags))
			},
			compare: func(c Call, x *C.PyObject, op int) error {
				v, err := decodePy(x)
				if err != nil {
					return err
				}
				o, ok := v.(instance)
				if !ok || o.class != classPlatform || op != cmpEQ && op != cmpNE {
					c.res.i.tag = C.R_NOTIMPL
					return nil
				}
				return c.Truth((o.value.(arch.Platform) == plat(c)) == (op == cmpEQ))
			},
			hash: func(c Call) error { return c.Number(int64(len(plat(c).Arch.Name))*4 + int64(plat(c).Flags)) },
		},
	}
}

// platformArg returns an argument that is a Platform.
func platformArg(c Call, i int) (arch.Platform, error) {
	v, err := c.Any(i)
	if err != nil {
		return arch.Platform{}, err
	}
	in, _ := v.(instance)
	p, ok := in.value.(arch.Platform)
	if !ok {
		return arch.Platform{}, typeError("platform must be Platform or None")
	}
	return p, nil
}

func registerClass() *class {
	names := func(c Call) []string { return handleOf[[]string](c.self) }
	return &class{
		id: classRegister, name: "Register", doc: "A register of a platform.",
		props: []property{{name: "names", doc: "Names of the register.", get: func(c Call) error {
			var t tuple
			for _, n := range names(c) {
				t = append(t, n)
			}
			return c.Value(t)
		}}},
		slots: slots{repr: func(c Call) error { return c.String("Register(" + tupleText(names(c), pyQuote) + ")") }},
	}
}

// ---- Modules

var moduleClasses = map[drgn.ModuleKind]classID{drgn.MainModule: classMainModule, drgn.SharedLibraryModule: classSharedLibraryModule,
	drgn.VdsoModule: classVdsoModule, drgn.RelocatableModule: classRelocatableModule, drgn.ExtraModule: classExtraModule}

func moduleInstance(m *drgn.Module) instance { return instance{moduleClasses[m.Kind()], m.Prog(), m} }

func giveModule(c Call) func(m *drgn.Module, err error) error {
	return func(m *drgn.Module, err error) error {
		if err != nil {
			return err
		}
		return c.Instance(moduleInstance(m))
	}
}

// moduleClassList are Module and its kinds.
func moduleClassList() []*class {
	mod := func(c Call) *drgn.Module { return handleOf[*drgn.Module](c.self) }
	span := func(m *drgn.Module) list {
		var l list
		for _, r := range m.Ranges() {
			l = append(l, tuple{r.Min, r.Max + 1})
		}
		return l
	}
	repr := func(c Call) error {
		return c.String("<drgn." + classTable[moduleClasses[mod(c).Kind()]].name + " " + pyQuote(mod(c).Name()) + ">")
	}
	base := &class{
		id: classModule, name: "Module", doc: "A file that is part of a program.",
		props: []property{
			{name: "prog", doc: "Program the module is part of.", get: func(c Call) error { return c.Value(mod(c).Prog()) }},
			{name: "name", doc: "Name of the module.", get: func(c Call) error { return c.String(mod(c).Name()) }},
			{name: "address_ranges", doc: "Where the module lies in memory: pairs of first and end address.", get: func(c Call) error { return c.Value(span(mod(c))) }},
			{name: "address_range", doc: "The only pair of address_ranges, or None.", get: func(c Call) error {
				l := span(mod(c))
				switch len(l) {
				case 0:
					return c.None()
				case 1:
					return c.Value(l[0])
				}
				return valueError("module has multiple address ranges")
			}},
			{name: "build_id", doc: "Build ID, or None.", get: func(c Call) error {
				if b := mod(c).BuildID(); b != nil {
					return c.Data(b)
				}
				return c.None()
			}},
			{name: "object", doc: "Object that describes the module: a struct module *.", get: func(c Call) error {
				o := mod(c).Object()
				if o.Err() != nil {
					p := mod(c).Prog()
					return c.Object(p.AbsentObject(p.Types().Void(p.Language()), drgn.OtherAbsence))
				}
				return c.Object(o)
			}},
			{name: "debug_file_path", doc: "File with the debugging information, or None.", get: func(c Call) error {
				path, _ := mod(c).DebugFile()
				return c.StringOrNone(path)
			}},
			{name: "debug_file_bias", doc: "What is added to the addresses of the debug file, or None.", get: func(c Call) error {
				path, bias := mod(c).DebugFile()
				if path == "" {
					return c.None()
				}
				return c.Number(int64(bias))
			}},
			{name: "debug_file_status", doc: "Whether the debug file is wanted or there.", get: func(c Call) error {
				if mod(c).HasDebugInfo() {
					return c.Enum(enumModuleFileStatus, 1)
				}
				return c.Enum(enumModuleFileStatus, 0)
			}},
		},
		methods: []Func{
			{Sig: "wants_debug_file()", Doc: "Return whether debugging information is still wanted.", Do: func(c Call) error { return c.Truth(!mod(c).HasDebugInfo()) }},
		},
		slots: slots{repr: repr},
	}
	kinds := []*class{base}
	for _, k := range []struct {
		id        classID
		name, doc string
	}{
		{classMainModule, "MainModule", "The kernel, or the executable of a process."},
		{classSharedLibraryModule, "SharedLibraryModule", "A shared library."},
		{classVdsoModule, "VdsoModule", "The virtual shared object that the kernel gives processes."},
		{classRelocatableModule, "RelocatableModule", "A loadable module of the kernel."},
		{classExtraModule, "ExtraModule", "A module that was added by hand."},
	} {
		kinds = append(kinds, &class{id: k.id, name: k.name, doc: k.doc, base: classModule, slots: slots{repr: repr}})
	}
	return kinds
}
