// Package vmcoreinfo reads VMCOREINFO, the kernel's description of itself for those who read its memory.
package vmcoreinfo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Info is what the kernel says of itself to readers of a dump of its memory
// (Documentation/admin-guide/kdump/vmcoreinfo.rst): lines such as "SYMBOL(init_uts_ns)=ffffffff9d6a1ae0".
type Info struct {
	raw    []byte
	values map[string]string
}

// Parse reads the note's text. Lines without "=" and bytes after a NUL are left out; the last line of a key
// holds.
func Parse(raw []byte) *Info {
	v := &Info{raw: raw, values: map[string]string{}}
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		raw = raw[:i]
	}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if key, val, ok := strings.Cut(line, "="); ok {
			v.values[key] = val
		}
	}
	return v
}

// Raw returns the note's text.
func (v *Info) Raw() []byte { return v.raw }

// String returns the value of a key such as "OSRELEASE".
func (v *Info) String(key string) (string, bool) {
	s, ok := v.values[key]
	return s, ok
}

// BuildID returns the build ID of the kernel image (since v5.9, commit 0935288c6e00), or nil.
func (v *Info) BuildID() []byte {
	id, err := hex.DecodeString(v.values["BUILD-ID"])
	if err != nil || len(id) == 0 {
		return nil
	}
	return id
}

// Hex returns the value of a key that is written in hexadecimal, such as "KERNELOFFSET" and "SYMBOL(…)".
func (v *Info) Hex(key string) (uint64, error) {
	return v.number(key, 16)
}

// Symbol returns the address of a symbol.
func (v *Info) Symbol(name string) (uint64, error) { return v.Hex("SYMBOL(" + name + ")") }

// Number returns the value of a NUMBER line; a negative one as its two's complement.
func (v *Info) Number(name string) (uint64, error) { return v.number("NUMBER("+name+")", 10) }

// Offset returns the offset of a member, "task_struct.pid", in bytes.
func (v *Info) Offset(member string) (uint64, error) {
	return v.number("OFFSET("+member+")", 10)
}

// Length returns the value of a LENGTH line.
func (v *Info) Length(name string) (uint64, error) { return v.number("LENGTH("+name+")", 10) }

// Size returns the size of a type in bytes.
func (v *Info) Size(name string) (uint64, error) { return v.number("SIZE("+name+")", 10) }

// number returns the value of a key as strtoull(3) would, which tools that write such notes by hand rely on: behind white space, with
// a sign and with "0x". It fails with a [*NumberError] if the value is there but no number.
func (v *Info) number(key string, base int) (uint64, error) {
	s, ok := v.values[key]
	if !ok {
		return 0, fmt.Errorf("VMCOREINFO has no %s", key)
	}
	digits, negative := strings.TrimLeft(s, " \t\v\f\r"), false
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		digits, negative = rest, true
	} else {
		digits = strings.TrimPrefix(digits, "+")
	}
	if len(digits) > 1 && strings.EqualFold(digits[:2], "0x") {
		digits, base = digits[2:], 16
	}
	n, err := strconv.ParseUint(digits, base, 64)
	tooLarge := errors.Is(err, strconv.ErrRange)
	switch {
	case err != nil && !tooLarge:
		return 0, &NumberError{Key: key, Value: s}
	case tooLarge, negative && n > 1<<63:
		return 0, &NumberError{Key: key, Value: s, TooLarge: true}
	case negative:
		n = -n
	}
	return n, nil
}

// A NumberError says that the value of a key should be a number and is none, or one that does not fit in 64 bits.
type NumberError struct {
	Key      string // "PAGESIZE", "SYMBOL(swapper_pg_dir)", "NUMBER(phys_base)"
	Value    string
	TooLarge bool
}

func (e *NumberError) Error() string {
	problem := "is no number"
	if e.TooLarge {
		problem = "is too large a number"
	}
	return fmt.Sprintf("VMCOREINFO says %s=%q, which %s", e.Key, e.Value, problem)
}

// Linux has pages of 4 KiB to 1 MiB, the latter on Hexagon only.
const (
	minPageSize = 4 << 10
	maxPageSize = 1 << 20
)

// PageSize returns the size of a page in bytes, a power of 2 from 4 KiB to 1 MiB. It fails with an [*InvalidError] or a [*NumberError].
func (v *Info) PageSize() (uint64, error) {
	s, ok := v.values["PAGESIZE"]
	if !ok {
		return 0, &InvalidError{Key: "PAGESIZE"}
	}
	size, err := v.number("PAGESIZE", 10)
	if err != nil {
		return 0, err
	}
	if size&(size-1) != 0 || size < minPageSize || size > maxPageSize {
		return 0, &InvalidError{Key: "PAGESIZE", Value: s, Want: "a power of 2 from 4096 to 1048576"}
	}
	return size, nil
}

// SetBuildID makes a build ID that of the kernel image.
func (v *Info) SetBuildID(id []byte) { v.values["BUILD-ID"] = hex.EncodeToString(id) }

// An InvalidError says that a key which every kernel writes is missing or has no value that can be.
type InvalidError struct {
	Key   string // "OSRELEASE", "PAGESIZE", "swapper_pg_dir", "BUILD-ID"
	Value string // "" if it is missing
	Want  string // what it must be; "" where that is not said
}

func (e *InvalidError) Error() string {
	if e.Value == "" {
		return "VMCOREINFO has no " + e.Key
	}
	if e.Want != "" {
		return fmt.Sprintf("VMCOREINFO has an invalid %s, %q: it must be %s", e.Key, e.Value, e.Want)
	}
	return fmt.Sprintf("VMCOREINFO has an invalid %s, %q", e.Key, e.Value)
}

// CheckValues returns a [*NumberError] or an [*InvalidError] for the first key, in their order, whose value can not be one: after it, a
// number that can't be had is one that is not there. Without its build ID, files of another kernel could be taken for a kernel's own.
func (v *Info) CheckValues() error {
	if id := v.values["BUILD-ID"]; id != "" && v.BuildID() == nil {
		return &InvalidError{Key: "BUILD-ID", Value: id, Want: "hexadecimal digits of whole bytes"}
	}
	for _, key := range slices.Sorted(maps.Keys(v.values)) {
		base := 10
		switch kind, _, _ := strings.Cut(key, "("); kind {
		case "KERNELOFFSET", "SYMBOL":
			base = 16
		case "NUMBER", "OFFSET", "LENGTH", "SIZE":
		default:
			continue
		}
		if _, err := v.number(key, base); err != nil {
			return err
		}
	}
	return nil
}

// Check returns an [*InvalidError] or a [*NumberError] if what every kernel writes is not there: then this is no VMCOREINFO.
func (v *Info) Check() error {
	if v.values["OSRELEASE"] == "" {
		return &InvalidError{Key: "OSRELEASE"}
	}
	if _, err := v.PageSize(); err != nil {
		return err
	}
	const tables = "SYMBOL(swapper_pg_dir)"
	said, ok := v.values[tables]
	if !ok {
		return &InvalidError{Key: "swapper_pg_dir"}
	}
	switch a, err := v.Hex(tables); {
	case err != nil:
		return err
	case a == 0:
		return &InvalidError{Key: "swapper_pg_dir", Value: said}
	}
	return nil
}
