package target

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/internal/bin"
)

// A Mapping is a part of a process's memory, mapped from a file.
type Mapping struct {
	Start, End uint64 // addresses; End is the first one behind
	Offset     uint64 // in the file, in bytes
	Path       string // of the file when it was mapped; of one that was deleted since, with DeletedSuffix
	File       FileID // zero where it is not known
	Executable bool   // its bytes may be run; false where that is not known
}

// DeletedSuffix is what the kernel writes behind the path of a file that has no name any more.
const DeletedSuffix = " (deleted)"

// A FileID tells files apart that have the same name.
type FileID struct{ Device, Inode uint64 }

// ParseMaps reads /proc/PID/maps; section is what errors call it. Mappings without a file, and special ones such as the
// stack, are left out.
func ParseMaps(section string, data []byte) ([]Mapping, error) {
	return parseMaps(section, data, func(isFile bool) bool { return isFile })
}

// parseMaps is ParseMaps for the mappings that are wanted.
func parseMaps(section string, data []byte, wanted func(isFile bool) bool) ([]Mapping, error) {
	var ms []Mapping
	for off := 0; off < len(data); {
		line, _, _ := bytes.Cut(data[off:], []byte{'\n'})
		m, isFile, ok := parseMapsLine(line)
		if !ok {
			return nil, &bin.DecodeError{Section: section, Off: uint64(off), Problem: fmt.Sprintf("line is of no known form: %.80q", line)}
		}
		if wanted(isFile) {
			ms = append(ms, m)
		}
		off += len(line) + 1
	}
	return ms, nil
}

// parseMapsLine reads a line: "55d2c0e00000-55d2c0e02000 r--p 00001000 fd:01 1234     /usr/bin/cat".
func parseMapsLine(line []byte) (m Mapping, isFile, ok bool) {
	next := func(sep byte) (field string) {
		var b []byte
		b, line, _ = bytes.Cut(line, []byte{sep})
		return string(b)
	}
	number := func(s string, base int) (n uint64) {
		n, err := strconv.ParseUint(s, base, 64)
		ok = ok && err == nil
		return n
	}
	ok = true
	m.Start, m.End = number(next('-'), 16), number(next(' '), 16)
	m.Executable = strings.Contains(next(' '), "x") // rwxp
	m.Offset = number(next(' '), 16)
	major, minor := number(next(':'), 16), number(next(' '), 16)
	m.File = FileID{major<<32 | minor, number(next(' '), 10)}
	path := bytes.TrimLeft(line, " ")
	m.Path = unescapeMaps(path)
	return m, m.File.Inode != 0 && len(path) > 0 && path[0] == '/', ok && m.Start < m.End
}

// unescapeMaps undoes what the kernel does to newlines in names, the only bytes it changes.
func unescapeMaps(path []byte) string {
	return string(bytes.ReplaceAll(path, []byte(`\012`), []byte{'\n'}))
}

// ParseFiles reads an NT_FILE note, which lists the mapped files of a process when its core was dumped, in the order of
// their addresses.
func ParseFiles(desc []byte, is64, big bool) ([]Mapping, error) {
	const section = "NT_FILE"
	word := 4
	if is64 {
		word = 8
	}
	c := bin.New(section, desc, big)
	count, unit := c.Uint(word), c.Uint(word)
	if err := c.Err(); err != nil {
		return nil, err
	}
	if count > uint64(c.Len())/uint64(3*word+1) {
		return nil, &bin.DecodeError{Section: section, Problem: fmt.Sprintf("%d files are more than the note of %d bytes has room for", count, len(desc))}
	}
	ms := make([]Mapping, 0, count)
	for range count {
		m := Mapping{Start: c.Uint(word), End: c.Uint(word)}
		at := c.Off
		m.Offset = c.Uint(word)
		if c.Err() == nil && m.Start >= m.End {
			return nil, &bin.DecodeError{Section: section, Off: uint64(at - 2*word), Problem: fmt.Sprintf("mapping ends (%#x) before it starts (%#x)", m.End, m.Start)}
		}
		if unit != 0 && m.Offset > ^uint64(0)/unit {
			return nil, &bin.DecodeError{Section: section, Off: uint64(at), Problem: fmt.Sprintf("offset of %#x pages of %#x bytes is too large", m.Offset, unit)}
		}
		m.Offset *= unit
		ms = append(ms, m)
	}
	for i := range ms {
		ms[i].Path = string(c.CString())
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(ms, func(a, b Mapping) int { return cmp.Compare(a.Start, b.Start) })
	return ms, nil
}

// IDOf returns the identity of a file that was looked at.
func IDOf(info os.FileInfo) FileID {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return FileID{}
	}
	return FileID{uint64(unix.Major(st.Dev))<<32 | uint64(unix.Minor(st.Dev)), st.Ino}
}
