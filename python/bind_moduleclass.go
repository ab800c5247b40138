package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"fmt"
	"os"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
)

var moduleClasses = map[drgn.ModuleKind]classID{drgn.MainModule: classMainModule, drgn.SharedLibraryModule: classSharedLibraryModule,
	drgn.VdsoModule: classVdsoModule, drgn.RelocatableModule: classRelocatableModule, drgn.ExtraModule: classExtraModule}

func moduleInstance(m *drgn.Module) instance {
	return instance{moduleClasses[m.Kind()], drgn.ModuleProgram(m), m}
}

func giveModule(c Call) func(m *drgn.Module, err error) error {
	return func(m *drgn.Module, err error) error {
		if err != nil {
			return err
		}
		return c.Instance(moduleInstance(m))
	}
}

func selfModule(c Call) *drgn.Module { return handleOf[*drgn.Module](c.self) }

// callDebugInfo calls a function of module drgn._debuginfo; what it returns is owned.
func callDebugInfo(name string, args ...any) (*C.PyObject, error) {
	cmod, cname := C.CString("drgn._debuginfo"), C.CString(name)
	defer C.free(unsafe.Pointer(cmod))
	defer C.free(unsafe.Pointer(cname))
	f := C.sh_module_attr(cmod, cname)
	if f == nil {
		return nil, raisedError{}
	}
	defer C.sh_decref(f)
	return callPy(f, args...)
}

// askDebugInfo is callDebugInfo that returns a Go value.
func askDebugInfo(name string, args ...any) (any, error) {
	o, err := callDebugInfo(name, args...)
	if err != nil {
		return nil, err
	}
	defer C.sh_decref(o)
	return decodePy(o)
}

// unsignedOf converts a Python integer to a uint64.
func unsignedOf(o *C.PyObject) (uint64, error) {
	var a C.arg
	if C.convert(&a, o, 'A', nil, 0) != 0 {
		return 0, raisedError{}
	}
	if a.kind == C.A_STR {
		return 0, typeError("'str' object cannot be interpreted as an integer")
	}
	return uint64(a.i), nil
}

// pair returns the two numbers of a tuple.
func addressPair(o *C.PyObject, problem string) (start, end uint64, err error) {
	if C.sh_tuple_size(o) != 2 {
		return 0, 0, typeError(problem)
	}
	if start, err = unsignedOf(C.sh_tuple_item(o, 0)); err != nil {
		return 0, 0, err
	}
	end, err = unsignedOf(C.sh_tuple_item(o, 1))
	return start, end, err
}

func isNone(o *C.PyObject) bool { return C.sh_is_none(o) != 0 }

func giveRange(r mem.Range) tuple { return tuple{r.Min, r.Max + 1} }

func setAddressRanges(c Call, v *C.PyObject) error {
	if isNone(v) {
		selfModule(c).SetRanges(nil)
		return c.None()
	}
	all := C.sh_tuple_of(v)
	if all == nil {
		return raisedError{}
	}
	defer C.sh_decref(all)
	ranges := []mem.Range{}
	for i := range int(C.sh_tuple_size(all)) {
		start, end, err := addressPair(C.sh_tuple_item(all, C.int(i)), "address_ranges must None or sequence of (int, int)")
		if err != nil {
			return err
		}
		if start >= end {
			return valueError("invalid module address range")
		}
		ranges = append(ranges, mem.Range{Min: start, Max: end - 1})
	}
	return setRanges(c, ranges)
}

func setRanges(c Call, ranges []mem.Range) error {
	if err := selfModule(c).CheckRanges(ranges); err != nil {
		return err
	}
	return done(c, selfModule(c).SetRanges(ranges))
}

func setAddressRange(c Call, v *C.PyObject) error {
	if isNone(v) {
		selfModule(c).SetRanges(nil)
		return c.None()
	}
	start, end, err := addressPair(v, "address_range must be None or (int, int)")
	switch {
	case err != nil:
		return err
	case start == 0 && end == 0:
		return done(c, selfModule(c).SetRanges([]mem.Range{}))
	case start >= end:
		return valueError("invalid module address range")
	}
	return setRanges(c, []mem.Range{{Min: start, Max: end - 1}})
}

// fileProps are the properties of a module's loaded or debug file.
func fileProps(what string, file func(*drgn.Module) drgn.ModuleFile, set func(*drgn.Module, drgn.FileStatus) error) []property {
	name := what + "_file_"
	return []property{
		{name: name + "status", doc: "Whether the " + what + " file is wanted or there.", get: func(c Call) error {
			return c.Enum(enumModuleFileStatus, int64(file(selfModule(c)).Status))
		}, set: func(c Call, v *C.PyObject) error {
			if C.sh_is_enum(v, C.int(enumModuleFileStatus)) == 0 {
				return typeError(name + "status must be ModuleFileStatus")
			}
			var a C.arg
			if C.convert(&a, v, 'e', nil, 0) != 0 {
				return raisedError{}
			}
			return done(c, set(selfModule(c), drgn.FileStatus(a.i)))
		}},
		{name: name + "path", doc: "Path of the " + what + " file, or None.", get: func(c Call) error {
			return c.StringOrNone(file(selfModule(c)).Path)
		}},
		{name: name + "bias", doc: "What is added to addresses in the " + what + " file to get those in memory, or None.", get: func(c Call) error {
			f := file(selfModule(c))
			if f.Status != drgn.HaveFile {
				return c.None()
			}
			return c.Unsigned(f.Bias)
		}},
	}
}

// moduleRepr writes a module as the expression that gives it.
func moduleRepr(c Call) error {
	m := selfModule(c)
	id := ""
	switch m.Kind() {
	case drgn.SharedLibraryModule, drgn.VdsoModule:
		id = fmt.Sprintf(", dynamic_address=%#x", m.ID())
	case drgn.RelocatableModule:
		id = fmt.Sprintf(", address=%#x", m.ID())
	case drgn.ExtraModule:
		id = fmt.Sprintf(", id=%#x", m.ID())
	}
	kind := [...]string{"main", "shared_library", "vdso", "relocatable", "extra"}[m.Kind()]
	return c.String("prog." + kind + "_module(name=" + pyQuote(m.Name()) + id + ")")
}

// moduleClassList are Module and its kinds.
func moduleClassList() []*class {
	mod := selfModule
	both := slots{repr: moduleRepr, hash: func(c Call) error { return c.Number(int64(uintptr(unsafe.Pointer(mod(c))) >> 4)) }, compare: func(c Call, x *C.PyObject, op int) error {
		other, err := decodePy(x)
		if err != nil {
			return err
		}
		i, _ := other.(instance)
		o, ok := i.value.(*drgn.Module)
		if !ok || op != cmpEQ && op != cmpNE {
			c.res.i.tag = C.R_NOTIMPL
			return nil
		}
		return c.Truth((o == mod(c)) == (op == cmpEQ))
	}}
	base := &class{
		id: classModule, name: "Module", doc: "A file that is part of a program.",
		props: append(append([]property{
			{name: "prog", doc: "Program the module is part of.", get: func(c Call) error { return c.Value(drgn.ModuleProgram(mod(c))) }},
			{name: "name", doc: "Name of the module.", get: func(c Call) error { return c.String(mod(c).Name()) }},
			{name: "address_ranges", doc: "Where the module lies in memory: pairs of first and end address. None when it is not known.", get: func(c Call) error {
				rs, ok := mod(c).Ranges()
				if !ok {
					return c.None()
				}
				t := tuple{}
				for _, r := range rs {
					t = append(t, giveRange(r))
				}
				return c.Value(t)
			}, set: setAddressRanges},
			{name: "address_range", doc: "The only pair of address_ranges; (0, 0) when the module lies nowhere, None when it is not known.", get: func(c Call) error {
				rs, ok := mod(c).Ranges()
				switch {
				case !ok:
					return c.None()
				case len(rs) == 0:
					return c.Value(tuple{0, 0})
				case len(rs) == 1:
					return c.Value(giveRange(rs[0]))
				}
				return valueError("module has multiple address ranges")
			}, set: setAddressRange},
			{name: "build_id", doc: "Build ID of the module's files, or None.", get: func(c Call) error {
				if b := mod(c).BuildID(); b != nil {
					return c.Data(b)
				}
				return c.None()
			}, set: func(c Call, v *C.PyObject) error {
				if isNone(v) {
					mod(c).SetBuildID(nil)
					return c.None()
				}
				var p *C.char
				var n C.int64_t
				if C.sh_bytes_like(v, &p, &n) != 0 {
					return raisedError{}
				}
				defer C.free(unsafe.Pointer(p))
				if n == 0 {
					return valueError("build ID cannot be empty")
				}
				mod(c).SetBuildID(C.GoBytes(unsafe.Pointer(p), C.int(n)))
				return c.None()
			}},
			{name: "object", doc: "Object that describes the module: a struct module *.", get: func(c Call) error { return c.Object(drgn.ModuleObject(mod(c))) },
				set: func(c Call, v *C.PyObject) error {
					x, err := decodePy(v)
					if err != nil {
						return err
					}
					o, ok := x.(drgn.Object)
					if !ok {
						return typeError("object must be a drgn.Object")
					}
					return done(c, drgn.SetModuleObject(mod(c), o))
				}},
			{name: "supplementary_debug_file_kind", doc: "Kind of the supplementary debug file, or None.", get: func(c Call) error {
				if mod(c).SupplementaryFile() == "" {
					return c.None()
				}
				return c.Enum(enumSupplementaryFileKind, 1)
			}},
			{name: "supplementary_debug_file_path", doc: "Path of the supplementary debug file, or None.", get: func(c Call) error {
				return c.StringOrNone(mod(c).SupplementaryFile())
			}},
		}, fileProps("loaded", (*drgn.Module).LoadedFile, (*drgn.Module).SetLoadedFileStatus)...),
			fileProps("debug", (*drgn.Module).DebugFile, (*drgn.Module).SetDebugFileStatus)...),
		methods: []Func{
			{Sig: "wants_loaded_file()", Doc: "Return whether the loaded file is wanted.", Do: func(c Call) error { return c.Truth(mod(c).WantsLoadedFile()) }},
			{Sig: "wants_debug_file()", Doc: "Return whether the debug file, or its supplementary file, is wanted.", Do: func(c Call) error { return c.Truth(mod(c).WantsDebugFile()) }},
			{Sig: "wanted_supplementary_debug_file()", Doc: "Return which supplementary debug file is wanted.", Do: func(c Call) error {
				w, err := mod(c).WantedSupplementaryFile()
				if err != nil {
					return err
				}
				o, err := callDebugInfo("wanted", w.Path, w.Name, w.Checksum)
				if err != nil {
					return err
				}
				return c.pyObject(o)
			}},
			{Sig: "try_file(path: path, *, fd: int = -1, force: bool = False)", Doc: "Use a file if it fits and is wanted. An open file descriptor is closed; force takes a file of another build too.", Do: func(c Call) error {
				m, path, fd, force := mod(c), c.Str(0), c.IntOr(1, -1), c.Bool(2)
				if err := fitsInt(fd); err != nil {
					return err
				}
				return loading(c, func(context.Context) error {
					var file *os.File
					if fd >= 0 {
						file = os.NewFile(uintptr(fd), path)
					}
					return m.TryOpenFile(path, file, force)
				})
			}},
		},
		slots: both,
	}
	kinds := []*class{base}
	for _, k := range []struct {
		id            classID
		name, doc     string
		attr, attrDoc string
	}{
		{classMainModule, "MainModule", "The kernel, or the executable of a process.", "", ""},
		{classSharedLibraryModule, "SharedLibraryModule", "A shared library.", "dynamic_address", "Address of the dynamic section."},
		{classVdsoModule, "VdsoModule", "The virtual shared object that the kernel gives processes.", "dynamic_address", "Address of the dynamic section."},
		{classRelocatableModule, "RelocatableModule", "A loadable module of the kernel, or another file that is linked when it is loaded.", "address", "Address the module is known by."},
		{classExtraModule, "ExtraModule", "A module that was added by hand.", "id", "Number that tells modules of one name apart."},
	} {
		cl := &class{id: k.id, name: k.name, doc: k.doc, base: classModule, slots: both}
		if k.attr != "" {
			cl.props = append(cl.props, property{name: k.attr, doc: k.attrDoc, get: func(c Call) error { return c.Unsigned(mod(c).ID()) }})
		}
		if k.id == classRelocatableModule {
			cl.props = append(cl.props, property{name: "section_addresses", doc: "Addresses of sections by their names; they are fixed once the module has a file.", get: func(c Call) error {
				o, err := callDebugInfo("ModuleSectionAddresses", borrowed{c.self})
				if err != nil {
					return err
				}
				return c.pyObject(o)
			}})
		}
		kinds = append(kinds, cl)
	}
	return kinds
}

// loading does what may take long, change the program and log, with the GIL released.
func loading(c Call, f func(ctx context.Context) error) error {
	if err := syncLog(); err != nil {
		return err
	}
	syncEnvironment()
	if err := c.Whole(f); err != nil {
		return err
	}
	return c.None()
}
