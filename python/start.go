package python

/*
#cgo CFLAGS: -O2 -fvisibility=hidden -Wall -Wno-unused-parameter -Wno-parentheses
#cgo LDFLAGS: -ldl -lpthread
#include "bind.h"
*/
import "C"

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unsafe"

	"github.com/godrgn/drgn/python/internal/cpython"
)

//go:embed all:lib
var lib embed.FS

// started is closed when the interpreter has started.
var started = make(chan struct{})

// start loads libpython and starts the interpreter.
func start(argv []string) error {
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
	if len(argv) == 0 {
		argv = []string{""}
	}
	cargv, freeArgv := cstrings(argv)
	defer freeArgv()
	// One entry that does not exist: an empty list would have Python compute its own.
	cpath, freePath := cstrings([]string{"<python>"})
	defer freePath()
	if C.start_python(cexe, C.int(len(argv)), cargv, 1, cpath) != 0 {
		return errors.New("the Python interpreter did not start")
	}
	close(started)
	return runSource("_drgn_boot", "lib/_drgn_boot.py")
}

// run runs the Python half of the program and returns the exit code.
func run() int {
	name := C.CString("_drgn_main")
	defer C.free(unsafe.Pointer(name))
	code := int(C.start_main(name))
	if C.start_fini() != 0 && code == 0 {
		code = 120 // what Python says when output could not be flushed
	}
	return code
}

// load puts libpython into the process: from memory, else from a file that only we can write.
func load() error {
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

// addSources tells C of the modules of package drgn. Embedded files are part of the program's image and never move.
// Those that are as they were when they were packed need not be compiled.
func addSources() error {
	packed, err := cpython.Drgn()
	if err != nil {
		return err
	}
	code := make(map[string]string, len(packed))
	for _, m := range packed {
		code[m.Name] = m.Code
	}
	found := map[string]bool{}
	err = fs.WalkDir(lib, "lib", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".py") {
			return err
		}
		b, err := lib.ReadFile(path)
		if err != nil {
			return err
		}
		src := string(b)
		name, pkg := strings.TrimSuffix(strings.TrimPrefix(path, "lib/"), ".py"), false
		if filepath.Base(name) == "__init__" {
			name, pkg = filepath.Dir(name), true
		}
		name = strings.ReplaceAll(name, "/", ".")
		found[name] = true
		sum := sha256.Sum256(b)
		compiled := code[name+":"+hex.EncodeToString(sum[:8])]
		C.start_source(C.CString(name), C.CString(src), C.int64_t(len(src)), cbool(pkg), cdata(compiled), C.int64_t(len(compiled)))
		return nil
	})
	if err != nil {
		return err
	}
	// Modules that are Go's alone.
	var more []string
	for name := range functions {
		if !found[name] {
			more = append(more, name)
		}
	}
	sort.Strings(more)
	for _, name := range more {
		doc := moduleDocs[name]
		src := ""
		if doc != "" {
			src = "\"\"\"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(doc) + "\"\"\"\n"
		}
		C.start_source(C.CString(name), C.CString(src), C.int64_t(len(src)), 0, nil, 0)
	}
	return nil
}

func runSource(module, path string) error {
	src, err := lib.ReadFile(path)
	if err != nil {
		return err
	}
	cname, cfile, csrc := C.CString(module), C.CString("<drgn>/"+filepath.Base(path)), C.CString(string(src))
	defer C.free(unsafe.Pointer(cname))
	defer C.free(unsafe.Pointer(cfile))
	defer C.free(unsafe.Pointer(csrc))
	if C.start_run(cname, cfile, csrc, C.int64_t(len(src))) != 0 {
		return errors.New("the start-up code failed")
	}
	return nil
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
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
