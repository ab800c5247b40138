//go:build !extension

package python

/*
#include "bind.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/godrgn/drgn/python/internal/cpython"
)

// pythonVersion is that of the interpreter.
func pythonVersion() string { return cpython.Version }

// Main starts the interpreter on the calling thread, which must be the process's first, runs what o says and returns the
// exit code, or that less than 0 of the signal by which the process is to end, whose action is then the default one. It can be called once.
func Main(o Options) int {
	runtime.LockOSThread()
	setOptions(o)
	if o.Open != nil && !o.OpenLate {
		toOpen = beginToOpen()
	}
	if err := start(); err != nil {
		os.Stderr.WriteString("drgn: " + err.Error() + "\n")
		return 1
	}
	return run()
}

func init() {
	register("_drgn", Func{Sig: "_signals()", Doc: "Import module _signal, so that it finds the signals' default actions.", Do: func(c Call) error {
		if C.start_signals() != 0 {
			return raisedError{}
		}
		return c.None()
	}})
}

// start loads libpython and starts the interpreter. Its sys.argv is the whole command line until the script, or what else there
// is, runs: plugins may look at it.
func start() error {
	if err := load(); err != nil {
		return err
	}
	mods, err := cpython.Stdlib()
	if err != nil {
		return err
	}
	mem := C.start_frozen_table(C.size_t(len(mods)))
	if mem == nil {
		return errors.New("out of memory")
	}
	table := unsafe.Slice((*C.struct__frozen)(mem), len(mods))
	for i, m := range mods {
		table[i].name = (*C.char)(unsafe.Pointer(unsafe.StringData(m.Name))) // NUL-terminated, in the program's image
		table[i].code = (*C.uchar)(unsafe.Pointer(unsafe.StringData(m.Code)))
		table[i].size = C.int(len(m.Code))
		if m.Package {
			table[i].is_package = 1
		}
	}
	if err := addSources(); err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		exe = os.Args[0]
	}
	cexe := C.CString(exe)
	defer C.free(unsafe.Pointer(cexe))
	cargv, freeArgv := cstrings(os.Args)
	defer freeArgv()
	// One entry that does not exist: an empty list would have Python compute its own.
	cpath, freePath := cstrings([]string{"<python>"})
	defer freePath()
	if C.start_python(cexe, C.int(len(os.Args)), cargv, 1, cpath) != 0 {
		return errors.New("the Python interpreter did not start")
	}
	close(started)
	if err := boot(); err != nil {
		C.start_show_error()
		return err
	}
	return nil
}

// run runs the Python half of the program and returns the exit code, or less than 0: see [Main].
func run() int {
	name := C.CString("_drgn_main")
	defer C.free(unsafe.Pointer(name))
	code := int(C.start_main(name))
	if C.start_fini() != 0 && code == 0 {
		code = 120 // what Python says when output could not be flushed
	}
	if code < 0 {
		C.start_default_action(C.int(-code))
	}
	return code
}

// load puts libpython into the process: from memory, else from a file that only we can write.
func load() error {
	if cpython.Library == "" {
		return errors.New("no Python is packed for this machine: those for amd64 and arm64 are; the Go library and commands work without (CGO_ENABLED=0 go build ./cmd/drgn)")
	}
	if path, done, err := cpython.InMemory(); err == nil {
		err = dlopen(path)
		done()
		if err == nil {
			return nil
		}
	}
	path, done, err := cpython.OnDisk()
	if err != nil {
		return fmt.Errorf("cannot load Python, neither from memory nor from a file: %w", err)
	}
	defer done()
	return dlopen(path)
}

func dlopen(path string) error {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var msg [256]C.char
	if C.start_load(p, &msg[0], C.size_t(len(msg))) != 0 {
		return errors.New(C.GoString(&msg[0]))
	}
	return nil
}

// packed returns the code of modules of package drgn by name, size and checksum: see [cpython.Drgn].
func packed() (map[string]string, error) {
	modules, err := cpython.Drgn()
	code := make(map[string]string, len(modules))
	for _, m := range modules {
		code[m.Name] = m.Code
	}
	return code, err
}

func cstrings(ss []string) (**C.char, func()) {
	p := C.calloc(C.size_t(len(ss)+1), C.size_t(unsafe.Sizeof(uintptr(0))))
	a := unsafe.Slice((**C.char)(p), len(ss)+1)
	for i, s := range ss {
		a[i] = C.CString(s)
	}
	return (**C.char)(p), func() {
		for i := range ss {
			C.free(unsafe.Pointer(a[i]))
		}
		C.free(p)
	}
}
