// Package cpython holds CPython 3.14 as data: the shared library and the standard library as marshalled code. Its files are
// made by python/internal/pack.
package cpython

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"strings"
)

//go:generate go run github.com/godrgn/drgn/python/internal/enumgen -o ../../lib/drgn/_platform_enums.py
//go:generate go run github.com/godrgn/drgn/python/internal/pack

// Version is CPython's version.
const Version = "3.14.6"

//go:embed stdlib-3.14.bin
var stdlib string

//go:embed drgn-3.14.bin
var ours string

const magic = "godrgn frozen 1\n"

// A Frozen is a module of the standard library as marshalled code.
type Frozen struct {
	Name    string // followed by a NUL byte in memory, which is the program's own and never moves
	Code    string
	Package bool
}

// Stdlib returns the standard library. Its strings are parts of the program's image.
func Stdlib() ([]Frozen, error) { return read(stdlib) }

// Drgn returns package drgn as it was when it was packed: each name is followed by ":" and the start of the SHA-256 of its
// source. A module whose source is another one now is to be compiled.
func Drgn() ([]Frozen, error) { return read(ours) }

func read(packed string) ([]Frozen, error) {
	// After the magic: the number of modules and the size of all names; a row (name, code: offset and size, package)
	// of little-endian 32-bit numbers for each module; the names, NUL behind each; the code, 16-aligned.
	bad := errors.New("the packed Python code is damaged")
	rest, ok := strings.CutPrefix(packed, magic)
	if !ok || len(rest) < 8 {
		return nil, bad
	}
	u32 := func(off int) int { return int(binary.LittleEndian.Uint32([]byte(rest[off : off+4]))) }
	n, namesSize := u32(0), u32(4)
	tableEnd := 8 + 16*n
	if tableEnd+namesSize > len(rest) {
		return nil, bad
	}
	names, code := rest[tableEnd:tableEnd+namesSize], rest[tableEnd+namesSize:]
	mods := make([]Frozen, n)
	for i := range mods {
		row := 8 + 16*i
		name, off, size := u32(row), u32(row+4), u32(row+8)
		if name >= len(names) || off > len(code) || size > len(code)-off {
			return nil, bad
		}
		end := strings.IndexByte(names[name:], 0)
		if end < 0 {
			return nil, bad
		}
		mods[i] = Frozen{names[name : name+end], code[off : off+size], u32(row+12) != 0}
	}
	return mods, nil
}
