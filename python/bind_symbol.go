package python

/*
#include "bind.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

func symbolClass() *class {
	sym := func(c Call) drgn.Symbol { return symbolOf(c.self) }
	return &class{
		id: classSymbol, name: "Symbol", doc: "An entry of a symbol table.",
		new: &Func{Sig: "Symbol(name: str, address: index, size: index, binding: SymbolBinding, kind: SymbolKind)", Do: func(c Call) error {
			return c.Instance(instance{class: classSymbol, value: drgn.Symbol{Name: c.Str(0), Address: c.Uint(1), Size: c.Uint(2),
				Binding: drgn.SymbolBinding(c.Int(3)), Kind: drgn.SymbolKind(c.Int(4))}})
		}},
		props: []property{
			{name: "name", symbol: C.SYMBOL_NAME, doc: "Name.", get: func(c Call) error { return c.String(sym(c).Name) }},
			{name: "demangled_name", doc: "Name as C++ or Rust have it, or name if it is none of theirs.", get: func(c Call) error {
				s := sym(c)
				return c.String(s.Demangled())
			}},
			{name: "address", symbol: C.SYMBOL_ADDRESS, doc: "Start address.", get: func(c Call) error { return c.Unsigned(sym(c).Address) }},
			{name: "size", symbol: C.SYMBOL_SIZE, doc: "Size in bytes.", get: func(c Call) error { return c.Unsigned(sym(c).Size) }},
			{name: "binding", symbol: C.SYMBOL_BINDING, enum: enumSymbolBinding, doc: "How it is seen outside its file.", get: func(c Call) error { return c.Enum(enumSymbolBinding, int64(sym(c).Binding)) }},
			{name: "kind", symbol: C.SYMBOL_KIND, enum: enumSymbolKind, doc: "What it stands for.", get: func(c Call) error { return c.Enum(enumSymbolKind, int64(sym(c).Kind)) }},
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
		},
	}
}

// giveSymbols returns a list of symbols. There may be hundreds of thousands, so C keeps them together and answers for each.
func giveSymbols(c Call, symbols *module.SymbolTable) error {
	const header, each = C.sizeof_symbols, C.sizeof_symbol
	n := len(symbols.Symbols)
	all := (*C.symbols)(C.malloc(C.size_t(header + n*each + len(symbols.Strings)))) // without memory it does not return
	of := unsafe.Add(unsafe.Pointer(all), header)
	names := unsafe.Add(of, n*each)
	copy(unsafe.Slice((*module.TableSymbol)(of), n), symbols.Symbols)
	copy(unsafe.Slice((*byte)(names), len(symbols.Strings)), symbols.Strings)
	all.of, all.strings = (*C.symbol)(of), (*C.char)(names)
	return c.pyObject(C.sh_symbols(all, C.int64_t(n)))
}

// C reads what Go writes.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(module.TableSymbol{})-C.sizeof_symbol]
	_ = [1]struct{}{}[unsafe.Offsetof(module.TableSymbol{}.Kind)-unsafe.Offsetof(C.symbol{}.kind)]
)

// symbolOf returns the symbol that an instance stands for.
func symbolOf(self *C.PyObject) drgn.Symbol {
	o := (*C.Obj)(unsafe.Pointer(self))
	if o.kind != C.K_PART {
		return handleOf[drgn.Symbol](self)
	}
	s := C.sh_symbol(o)
	return drgn.Symbol{Name: C.GoString(C.sh_symbol_name(o)), Address: uint64(s.address), Size: uint64(s.size),
		Binding: drgn.SymbolBinding(s.binding), Kind: drgn.SymbolKind(s.kind)}
}

// tableOf returns a table of symbols.
func tableOf(symbols []drgn.Symbol) *module.SymbolTable {
	t := &module.SymbolTable{}
	t.Append(symbols)
	return t
}

// symbolIndexClass is what a drgn.SymbolIndex of Python is made of.
func symbolIndexClass() *class {
	return &class{
		id: classSymbolIndex, name: "_SymbolIndex", doc: "Symbols to look up by name and by address.",
		new: &Func{Sig: "_SymbolIndex(symbols: any)", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			all, _ := elements(v)
			symbols := make([]drgn.Symbol, len(all))
			for i, x := range all {
				in, _ := x.(instance)
				s, ok := in.value.(drgn.Symbol)
				if !ok {
					return typeError("expected sequence of Symbols")
				}
				symbols[i] = s
			}
			return c.Instance(instance{class: classSymbolIndex, value: drgn.NewSymbolIndex(symbols)})
		}},
		methods: []Func{{Sig: "find(name: str?, address: index?, one: bool)", Doc: "Return the symbols of a name or at an address, or all.", Do: func(c Call) error {
			q := drgn.SymbolQuery{HasName: c.Has(0), HasAddress: c.Has(1), One: c.Bool(2)}
			if q.HasName {
				q.Name = c.Str(0)
			}
			if q.HasAddress {
				q.Address = c.Uint(1)
			}
			found, err := handleOf[*drgn.SymbolIndex](c.self).Find(nil, q)
			if err != nil {
				return err
			}
			return giveSymbols(c, tableOf(found))
		}}},
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
			a := architecture(c.Int(0))
			if a == nil {
				return valueError("unknown architecture")
			}
			p, err := arch.NewPlatform(a)
			if c.Has(1) {
				p, err = arch.Platform{Arch: a, Flags: arch.Flags(c.Int(1))}, nil
			}
			if err != nil {
				return valueError(err.Error())
			}
			return c.Instance(instance{class: classPlatform, value: p})
		}},
		props: []property{
			{name: "arch", doc: "Instruction set.", get: func(c Call) error {
				return c.Value(architectureOf(plat(c).Arch))
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
				if plat(c).Flags != 0 {
					f = "." + plat(c).Flags.String()
				}
				return c.String(fmt.Sprintf("Platform(<Architecture.%s: %d>, <PlatformFlags%s: %d>)", plat(c).Arch.Name,
					architectureOf(plat(c).Arch).value, f, plat(c).Flags))
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
		slots: slots{
			repr: func(c Call) error { return c.String("Register(" + tupleText(names(c), pyQuote) + ")") },
			compare: func(c Call, x *C.PyObject, op int) error {
				v, err := decodePy(x)
				if err != nil {
					return err
				}
				o, ok := v.(instance)
				if !ok || o.class != classRegister || op != cmpEQ && op != cmpNE {
					c.res.i.tag = C.R_NOTIMPL
					return nil
				}
				of := func(names []string) *string { return unsafe.SliceData(names) } // an architecture has each register once
				return c.Truth((of(o.value.([]string)) == of(names(c))) == (op == cmpEQ))
			},
			hash: func(c Call) error {
				return c.Number(int64(uintptr(unsafe.Pointer(unsafe.SliceData(names(c)))) >> 4))
			},
		},
	}
}
