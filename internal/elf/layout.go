package elf

import (
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"strings"
)

// Addresses that [File.Layout] gives are at least minLayout, so that nothing lies at 0, which debugging information uses
// for code that the linker discarded; between two sections are at least layoutGap bytes, so that the end of one is not
// the beginning of another.
const (
	minLayout      = 0x1000
	layoutGap      = 16
	maxLayoutAlign = 0x1000
)

// Layout returns an address for each section of a relocatable file (ET_REL), by index, as a linker might give them: the
// sections that a program loads (SHF_ALLOC) follow each other in the order of the file, all others are at 0. It depends
// on nothing but the file's section headers. Sections that don't fit into the address space are at 0 as well.
func (f *File) Layout() []uint64 {
	out := make([]uint64, len(f.Sections))
	limit := uint64(1) << 47 // sums of an address and an addend stay positive
	if !f.Is64 {
		limit = 1 << 31
	}
	next := uint64(minLayout)
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Flags&SHF_ALLOC == 0 {
			continue
		}
		align := uint64(layoutGap)
		for align < s.Addralign && align < maxLayoutAlign {
			align *= 2
		}
		start := (next + align - 1) &^ (align - 1)
		if start > limit || s.Size > limit-start {
			continue
		}
		out[i] = start
		next = start + s.Size + layoutGap
	}
	return out
}

// How many bytes of a section [File.DebugIdentity] looks at: some at both ends, and in large sections at some places
// in between.
const (
	sampleEnd    = 256
	sampleInner  = 64
	innerSamples = 8
	minInner     = 64 << 10
)

// DebugIdentity returns a hash that tells whether two files have the same debugging information: equal for files of the
// same build ID, machine and byte order whose sections of debugging information, and those that relocations of it refer
// to, have the same names, flags, sizes and (as far as samples tell) contents. It is nil for a file without a build ID of
// at least 8 bytes, which are not told apart by samples alone.
func (f *File) DebugIdentity() []byte {
	defer runtime.KeepAlive(f)
	id := f.BuildID()
	if len(id) < 8 || len(f.Data) < 6 {
		return nil
	}
	h := sha256.New()
	number := func(n uint64) {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
	bytes := func(b []byte) {
		number(uint64(len(b)))
		h.Write(b)
	}
	bytes(id)
	bytes(f.Data[4:6]) // class and byte order
	number(uint64(f.Machine))
	number(uint64(f.Type))
	for i := range f.Sections {
		s := &f.Sections[i]
		name := strings.TrimPrefix(strings.TrimPrefix(s.Name, ".rela"), ".rel")
		debug := strings.HasPrefix(name, ".debug_") || strings.HasPrefix(name, ".zdebug_")
		if f.Type == ET_REL {
			debug = debug || s.Type == SHT_SYMTAB
			if s.Flags&SHF_ALLOC != 0 { // what Layout depends on
				bytes([]byte(s.Name))
				number(s.Size)
				number(s.Addralign)
			}
		}
		if !debug {
			continue
		}
		bytes([]byte(s.Name))
		number(uint64(s.Type))
		number(s.Flags)
		number(s.Size)
		raw, err := s.Raw()
		if err != nil {
			continue // without contents; reading them is an error
		}
		h.Write(raw[:min(len(raw), sampleEnd)])
		h.Write(raw[max(0, len(raw)-sampleEnd):])
		if len(raw) >= minInner {
			for n := range innerSamples {
				at := len(raw) / (innerSamples + 1) * (n + 1)
				h.Write(raw[at : at+sampleInner])
			}
		}
	}
	return h.Sum(nil)
}
