package linux

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
)

// VMCOREINFO is what the kernel says of itself to readers of a dump of its memory
// (Documentation/admin-guide/kdump/vmcoreinfo.rst): lines such as "SYMBOL(init_uts_ns)=ffffffff9d6a1ae0".
type VMCOREINFO struct {
	raw    []byte
	values map[string]string
}

// ParseVMCOREINFO reads the note's text. Lines without "=" and bytes after a NUL are left out; the last line of a key
// holds.
func ParseVMCOREINFO(raw []byte) *VMCOREINFO {
	v := &VMCOREINFO{raw: raw, values: map[string]string{}}
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
func (v *VMCOREINFO) Raw() []byte { return v.raw }

// String returns the value of a key such as "OSRELEASE".
func (v *VMCOREINFO) String(key string) (string, bool) {
	s, ok := v.values[key]
	return s, ok
}

// BuildID returns the build ID of the kernel image (since v5.9, commit 0935288c6e00), or nil.
func (v *VMCOREINFO) BuildID() []byte {
	id, err := hex.DecodeString(v.values["BUILD-ID"])
	if err != nil || len(id) == 0 {
		return nil
	}
	return id
}

// Hex returns the value of a key that is written in hexadecimal, such as "KERNELOFFSET" and "SYMBOL(…)".
func (v *VMCOREINFO) Hex(key string) (uint64, error) {
	return v.number(key, 16)
}

// Symbol returns the address of a symbol.
func (v *VMCOREINFO) Symbol(name string) (uint64, error) { return v.Hex("SYMBOL(" + name + ")") }

// Number returns the value of a NUMBER line; a negative one as its two's complement.
func (v *VMCOREINFO) Number(name string) (uint64, error) { return v.number("NUMBER("+name+")", 10) }

// Offset returns the offset of a member, "task_struct.pid", in bytes.
func (v *VMCOREINFO) Offset(member string) (uint64, error) {
	return v.number("OFFSET("+member+")", 10)
}

// Length returns the value of a LENGTH line.
func (v *VMCOREINFO) Length(name string) (uint64, error) { return v.number("LENGTH("+name+")", 10) }

// Size returns the size of a type in bytes.
func (v *VMCOREINFO) Size(name string) (uint64, error) { return v.number("SIZE("+name+")", 10) }

// check returns an error for the first key, in their order, whose value should be a number and is not one: after it, a number
// that can't be had is one that is not there.
func (v *VMCOREINFO) check() error {
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

func (v *VMCOREINFO) number(key string, base int) (uint64, error) {
	s, ok := v.values[key]
	if !ok {
		return 0, fmt.Errorf("VMCOREINFO has no %s", key)
	}
	if t, isHex := strings.CutPrefix(s, "0x"); isHex {
		s, base = t, 16
	}
	if n, err := strconv.ParseUint(s, base, 64); err == nil {
		return n, nil
	}
	n, err := strconv.ParseInt(s, base, 64)
	if err != nil {
		return 0, fmt.Errorf("VMCOREINFO says %s=%q, which is no number", key, s)
	}
	return uint64(n), nil
}

type givenKey struct{}

// SetVMCOREINFO gives a program, before it has a target, a kernel's description of itself, which then counts instead of that
// of the target.
func SetVMCOREINFO(p *drgn.Program, info []byte) { p.SetValue(givenKey{}, info) }

// GivenVMCOREINFO returns what SetVMCOREINFO gave, or nil.
func GivenVMCOREINFO(p *drgn.Program) []byte {
	info, _ := p.Value(givenKey{}).([]byte)
	return info
}
