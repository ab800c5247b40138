package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux"
)

// newSelf returns a program as the instance that constructs it.
func newSelf(c Call, p *drgn.Program) error { return c.pyObject(newProgram(p)) }

func lookupMethod(sig, doc string, flags drgn.FindObjectFlags) Func {
	return Func{Sig: sig, Doc: doc, Do: func(c Call) error { return c.Object(c.selfProg().FindObject(c.Str(0), flags, c.Str(1))) }}
}

func readMethod(name string, size int) Func {
	of := fmt.Sprintf("%d bits", 8*size)
	if size == 0 {
		of = "the size of a pointer"
	}
	return Func{Sig: name + "(address: index, physical: bool = False)", Doc: "Read an unsigned integer of " + of + " in the program's byte order.", Do: func(c Call) error {
		n := size
		if n == 0 {
			word, err := c.selfProg().AddressSize()
			if err != nil {
				return valueError("program word size is not known")
			}
			n = int(word)
		}
		v, err := c.selfProg().ReadUint(c.Uint(0), n, c.Bool(1))
		if err != nil {
			return err
		}
		return c.Unsigned(v)
	}}
}

func programClass() *class {
	return &class{
		id: classProgram, name: "Program",
		doc: "What is debugged: a kernel, a process, a core dump. prog['name'] is the variable, constant or function of a name.",
		new: &Func{Sig: "Program(platform: any? = None, *, vmcoreinfo: text? = None)", Do: func(c Call) error {
			var plat arch.Platform
			if c.Has(0) {
				var err error
				if plat, err = platformArg(c, 0); err != nil {
					return err
				}
			}
			if c.Has(1) {
				if err := linux.CheckVMCOREINFO(linux.ParseVMCOREINFO(c.Bytes(1)), plat.Arch); err != nil {
					return err
				}
			}
			p := drgn.New(plat)
			if c.Has(1) {
				linux.SetVMCOREINFO(p, c.Bytes(1))
			}
			return newSelf(c, p)
		}},
		methods: append(append([]Func{
			lookupMethod("variable(name: name, filename: path? = None)", "Find a variable.", drgn.FindVariable),
			lookupMethod("constant(name: name, filename: path? = None)", "Find a constant: an enumerator or macro.", drgn.FindConstant),
			lookupMethod("function(name: name, filename: path? = None)", "Find a function.", drgn.FindFunction),
			{Sig: "object(name: name, flags: FindObjectFlags = 7, filename: path? = None)", Doc: "Find a variable, constant or function.", Do: func(c Call) error {
				if c.Has(1) && c.Int(1) == 0 {
					return valueError("invalid find object flags")
				}
				return c.Object(c.selfProg().FindObject(c.Str(0), drgn.FindObjectFlags(c.IntOr(1, 7)), c.Str(2)))
			}},
			{Sig: "type(name: any, filename: path? = None)", Doc: "Find a type by its name: 'struct task_struct', 'unsigned long', 'char *(*)[2]'.", Do: func(c Call) error {
				p := c.selfProg()
				v, err := c.Any(0)
				if err != nil {
					return err
				}
				switch v := v.(type) {
				case typeRef:
					if v.prog != p {
						return valueError("type is from different program")
					}
					C.sh_incref(c.args[0].o) // the very same
					return c.pyObject(c.args[0].o)
				case string:
					t, err := p.TypeIn(v, c.Str(1))
					if err != nil {
						return err
					}
					return c.Type(p, t)
				}
				return typeError("type() argument 1 must be str or Type")
			}},
			{Sig: "symbol(address_or_name: address, /)", Doc: "Find the symbol of a name, or the one that contains an address.", Do: func(c Call) error {
				p := c.selfProg()
				var s drgn.Symbol
				var err error
				if c.IsStr(0) {
					s, err = p.Symbol(c.Str(0))
				} else {
					s, err = p.SymbolAt(c.Uint(0))
				}
				if err != nil {
					return err
				}
				return c.Instance(instance{class: classSymbol, value: s})
			}},
			{Sig: "symbols(address_or_name: address? = None, /)", Doc: "Return all symbols, or those of a name or that contain an address.", Do: func(c Call) error {
				q := drgn.SymbolQuery{HasName: c.IsStr(0), HasAddress: c.Has(0) && !c.IsStr(0)}
				if q.HasName {
					q.Name = c.Str(0)
				} else if q.HasAddress {
					q.Address = c.Uint(0)
				}
				if !q.HasName && !q.HasAddress {
					all, err := c.selfProg().AllSymbols()
					if err != nil {
						return err
					}
					return giveSymbols(c, all)
				}
				found, err := c.selfProg().Symbols(q)
				if err != nil {
					return err
				}
				return giveSymbols(c, tableOf(found))
			}},
			{Sig: "stack_trace(thread: thread)", Doc: "Return the stack trace of a thread: its ID, a struct task_struct *, or registers as a struct pt_regs *.", Do: func(c Call) error {
				var t *drgn.StackTrace
				var err error
				if c.IsObject(0) {
					t, err = c.selfProg().StackTraceOf(c.Obj(0))
				} else if id := c.Uint(0); id > math.MaxUint32 {
					return &pyErr{excOverflowError, "Python int too large to convert to C uint32_t"}
				} else {
					t, err = c.selfProg().StackTrace(id)
				}
				var missing *drgn.ThreadNotFoundError
				if errors.As(err, &missing) && missing.Role == "" {
					err = &pyErr{excLookupError, noThread(missing.ID, c.selfProg().Flags()&drgn.IsLinuxKernel != 0)}
				}
				if err != nil {
					return err
				}
				return c.Instance(traceInstance(t))
			}},
			{Sig: "stack_trace_from_pcs(pcs: any)", Doc: "Return a StackTrace of which only the addresses are known: it has no registers and no variables.", Do: func(c Call) error {
				pcs, err := addresses(c, 0)
				if err != nil {
					return err
				}
				t, err := c.selfProg().StackTraceFromPCs(pcs)
				if err != nil {
					return err
				}
				return c.Instance(traceInstance(t))
			}},
			{Sig: "source_location(address: address, /)", Doc: "Return the places in source code of an address, or of 'symbol' or 'symbol+offset'.", Do: sourceLocations},
			{Sig: "threads()", Doc: "Return an iterator over the program's threads, each as a Thread: those of a process, all tasks of a kernel.", Do: func(c Call) error {
				p := c.selfProg()
				return Values(c, p.Threads(), func(t *drgn.Thread) any { return instance{classThread, p, t} })
			}},
			{Sig: "thread(tid: index)", Doc: "Return the thread of an ID.", Do: func(c Call) error {
				return giveThread(c, func(p *drgn.Program) (*drgn.Thread, error) { return p.Thread(c.Uint(0)) })
			}},
			{Sig: "main_thread()", Doc: "Return the first thread of a process.", Do: func(c Call) error { return giveThread(c, (*drgn.Program).MainThread) }},
			{Sig: "crashed_thread()", Doc: "Return the thread that caused the core dump.", Do: func(c Call) error { return giveThread(c, (*drgn.Program).CrashedThread) }},
			{Sig: "read(address: index, size: size, physical: bool = False)", Doc: "Return size bytes of memory, as they lie there.", Do: func(c Call) error {
				p, addr, size, physical := c.selfProg(), c.Uint(0), c.Uint(1), c.Bool(2)
				if size < 1<<20 {
					b, err := p.Read(addr, size, physical)
					if err != nil {
						return err
					}
					return c.Data(b)
				}
				var b []byte
				if err := c.Long(func(context.Context) (err error) {
					b, err = p.Read(addr, size, physical)
					return err
				}); err != nil {
					return err
				}
				return c.Data(b)
			}},
			{Sig: "read_c_string(address: index, physical: bool = False, *, max_size: maxsize = 18446744073709551615)", Doc: "Return the bytes of memory up to the first NUL, which is not among them.", Do: func(c Call) error {
				if _, err := c.selfProg().AddressSize(); err != nil {
					return err
				}
				b, err := c.selfProg().Memory().CString(c.Uint(0), c.UintOr(2, ^uint64(0)), c.Bool(1))
				if err != nil {
					return err
				}
				return c.Data(b)
			}},
			readMethod("read_u8", 1), readMethod("read_u16", 2), readMethod("read_u32", 4), readMethod("read_u64", 8), readMethod("read_word", 0),
			{Sig: "address_size()", Doc: "Return the size of an address in bytes.", Do: func(c Call) error {
				n, err := c.selfProg().AddressSize()
				if err != nil {
					return err
				}
				return c.Unsigned(n)
			}},
			{Sig: "add_memory_segment(address: index, size: index, read_fn: any, physical: bool = False)",
				Doc: "Have read_fn(address, count, offset, physical) give the memory of a range of addresses.", Do: addMemorySegment},
		}, append(append(append(debugInfoMethods(), finderMethods()...), searchMethods()...), append(liveMethods(), processMethods()...)...)...), typeMethods()...),
		props: append(debugInfoProps(), []property{
			{name: "flags", doc: "What the program is.", get: func(c Call) error { return c.Enum(enumProgramFlags, int64(c.selfProg().Flags())) }},
			{name: "platform", doc: "Machine the program runs on, or None.", get: func(c Call) error {
				if p := c.selfProg().Platform(); p.Known() {
					return c.Instance(instance{class: classPlatform, value: p})
				}
				return c.None()
			}},
			{name: "core_dump_path", doc: "File the program was opened from, or None.", get: func(c Call) error { return c.StringOrNone(coreDumpPath(c.selfProg())) }},
			{name: "language", doc: "Language that names are in: that of main if it is not set.", get: func(c Call) error {
				return c.Instance(instance{class: classLanguage, value: c.selfProg().Language()})
			}, set: setProgramLanguage},
		}...),
		slots: slots{
			repr: func(c Call) error {
				if of := targetName(c.selfProg()); of != "" {
					return c.String("<drgn.Program of " + of + ">")
				}
				return c.String(fmt.Sprintf("<drgn.Program at %#x>", addressOf(c.self)))
			},
			contains: func(c Call, x *C.PyObject) error {
				name, ok, err := nameArg(x)
				if err != nil {
					return err
				}
				if !ok {
					return c.Number(0)
				}
				err = c.selfProg().Object(name).Err()
				if isLookupError(err) {
					return c.Number(0)
				}
				if err != nil {
					return err
				}
				return c.Number(1)
			},
		},
	}
}

//export goProgramItem
func goProgramItem(self *C.PyObject, name *C.char, n C.Py_ssize_t, r *C.res) {
	defer guard(r)
	p, text := programOf(self).prog, C.GoStringN(name, C.int(n))
	c := Call{self: self, res: r}
	c.finish(c.Object(p.Object(text)))
	if p.Remembers(text) {
		r.atom = 1
	}
}

// noThread says that there is no stack to show as there is no such thread, which of kernels is a task.
func noThread(id uint64, kernel bool) string {
	switch {
	case kernel && id == 0:
		return "task not found; use stack_trace(idle_task(cpu)) for PID 0"
	case kernel:
		return fmt.Sprintf("task not found: %d", int64(id))
	}
	return fmt.Sprintf("thread not found: %d", id)
}

// nameArg returns the argument of a subscript as a name; ok is false for what is no str.
func nameArg(x *C.PyObject) (name string, ok bool, err error) {
	v, err := decodePy(x)
	if err != nil {
		return "", false, err
	}
	name, ok = v.(string)
	return name, ok, nil
}

// addresses returns the integers of an iterable, which need not be a list.
func addresses(c Call, i int) ([]uint64, error) {
	v, err := askDebugInfo("integers", borrowed{c.py(i)})
	if err != nil {
		return nil, err
	}
	vs, _ := v.(list)
	out := make([]uint64, len(vs))
	for j, x := range vs {
		n, ok, err := integer(x)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, typeError("addresses must be integers")
		case n.Sign() < 0:
			return nil, valueError("Cannot convert negative int")
		case !n.IsUint64():
			return nil, &pyErr{excOverflowError, "Python int too large to convert to C uint64_t"}
		}
		out[j] = n.Uint64()
	}
	return out, nil
}

// coreDumpPath returns what the program was opened from, as drgn says it: for the running kernel that is a file, too; "" is none.
func coreDumpPath(p *drgn.Program) string {
	const running = drgn.IsLinuxKernel | drgn.IsLive | drgn.IsLocal
	if p.CoreDumpPath() == "" && p.Flags()&running == running {
		return "/proc/kcore"
	}
	return p.CoreDumpPath()
}

// targetName says what a program was opened from; "" where there is nothing to say, or the process has ended.
func targetName(p *drgn.Program) string {
	switch flags := p.Flags(); {
	case p.CoreDumpPath() != "":
		return pyQuote(shortPath(p.CoreDumpPath()))
	case flags&(drgn.IsLive|drgn.IsLocal) != drgn.IsLive|drgn.IsLocal:
		return ""
	case flags&drgn.IsLinuxKernel != 0:
		return "the running kernel"
	}
	main, err := p.MainThread()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("process %d, %s", main.TID, pyQuote(main.Name))
}

// shortPath returns a path as it is from the current directory, if it lies in there.
func shortPath(path string) string {
	if dir, err := os.Getwd(); err == nil && filepath.IsAbs(path) {
		if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}
