package python

/*
#cgo CFLAGS: -O2 -fvisibility=hidden -Wall -Wno-unused-parameter -Wno-parentheses
#cgo LDFLAGS: -ldl -lpthread
#include "bind.h"
*/
import "C"

import (
	"embed"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"sort"
	"strings"
	"unsafe"
)

//go:embed all:lib
var lib embed.FS

// started is closed when the interpreter has started.
var started = make(chan struct{})

// addSources tells C of the modules of package drgn. Embedded files are part of the program's image and never move.
// Those that are as they were when they were packed need not be compiled.
func addSources() error {
	code, err := packed()
	if err != nil {
		return err
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
		compiled := code[fmt.Sprintf("%s:%x:%08x", name, len(b), crc32.ChecksumIEEE(b))]
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

// boot runs the start-up code; when it fails, an exception is set.
func boot() error {
	const file = "_drgn_boot.py"
	src, err := lib.ReadFile("lib/" + file)
	if err != nil {
		return err
	}
	cname, cfile, csrc := C.CString("_drgn_boot"), C.CString("<drgn>/"+file), C.CString(string(src))
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
