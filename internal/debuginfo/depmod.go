package debuginfo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn/internal/bin"
)

// A depmodIndex is what depmod(8) wrote of where modules are: modules.dep.bin, a trie of module names (libkmod's
// libkmod-index.c), or else modules.dep, its text.
type depmodIndex struct {
	name string
	data []byte
	text map[string]string // of modules.dep; nil: data is the trie
}

// maxDepmod bounds the size of an index in bytes; that of 10,000 modules takes about a megabyte.
const maxDepmod = 256 << 20

func openDepmod(dir string) (*depmodIndex, error) {
	name := filepath.Join(dir, "modules.dep.bin")
	data, err := readRegular(name)
	if err == nil {
		x := &depmodIndex{name: name, data: data}
		if _, err = x.find(""); err == nil {
			return x, nil
		}
	}
	text := filepath.Join(dir, "modules.dep")
	data, terr := readRegular(text)
	if terr != nil {
		if errors.Is(err, fs.ErrNotExist) && !errors.Is(terr, fs.ErrNotExist) {
			return nil, terr
		}
		return nil, err
	}
	x := &depmodIndex{name: text, text: map[string]string{}}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		path, _, ok := strings.Cut(s.Text(), ":")
		if name, isModule := ModuleName(filepath.Base(path)); ok && isModule {
			x.text[name] = path
		}
	}
	return x, nil
}

func readRegular(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxDepmod {
		return nil, fmt.Errorf("%s is not an index of depmod", path)
	}
	return os.ReadFile(path)
}

// path returns the path of a module's file, "" for one that is not known.
func (x *depmodIndex) path(name string) (string, error) {
	if x.text != nil {
		return x.text[name], nil
	}
	line, err := x.find(name)
	path, _, _ := strings.Cut(line, ":")
	return path, err
}

// The trie: a header of magic number, version and the root's place, all big-endian. A node's place has what the node holds
// in its highest bits.
const (
	depmodMagic   = 0xb007f457
	depmodVersion = 2 // the higher half of the version

	nodePrefix   = 0x80000000
	nodeValues   = 0x40000000
	nodeChildren = 0x20000000
	nodePlace    = 0x0fffffff
)

// find returns the value of a key. Each step but the last uses up at least a byte of the key, so that a trie that leads in
// a circle ends.
func (x *depmodIndex) find(key string) (string, error) {
	c := bin.New(x.name, x.data, true)
	magic, version, at := c.U32(), c.U32(), c.U32()
	if c.Err() != nil || magic != depmodMagic || version>>16 != depmodVersion {
		return "", &bin.DecodeError{Section: x.name, Problem: "not an index of depmod"}
	}
	for {
		if at&nodePlace == 0 {
			return "", c.Err()
		}
		c.Seek(uint64(at & nodePlace))
		if at&nodePrefix != 0 {
			prefix := string(c.CString())
			if !strings.HasPrefix(key, prefix) {
				return "", c.Err()
			}
			key = key[len(prefix):]
		}
		next := uint32(0)
		if at&nodeChildren != 0 {
			first, last := c.U8(), c.U8()
			if last < first {
				return "", &bin.DecodeError{Section: x.name, Off: uint64(at & nodePlace), Problem: "children of a node are out of order"}
			}
			table := c.Bytes(4 * (uint64(last) - uint64(first) + 1))
			if c.Err() == nil && key != "" && key[0] >= first && key[0] <= last {
				t := bin.New(x.name, table[4*int(key[0]-first):], true)
				next = t.U32()
			}
		}
		if key != "" {
			if c.Err() != nil || next == 0 {
				return "", c.Err()
			}
			key, at = key[1:], next
			continue
		}
		if at&nodeValues == 0 || c.U32() == 0 {
			return "", c.Err()
		}
		c.U32() // priority
		value := string(c.CString())
		return value, c.Err()
	}
}
