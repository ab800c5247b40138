package user

import (
	"errors"
	"fmt"
	"iter"

	"github.com/godrgn/drgn/internal/elf"
)

// A link is an entry of the dynamic linker's list of what it has loaded: struct link_map of <link.h>.
type link struct {
	address uint64 // of the entry
	bias    uint64 // l_addr
	name    string // l_name
	dynamic uint64 // l_ld
}

// maxLinks bounds the number of libraries of a process.
const maxLinks = 1 << 13

// linkMap walks the dynamic linker's list; an error is the last pair. A program without dynamic linking has none. What
// dlmopen(3) loads into other namespaces comes after the rest.
func (f *finder) linkMap() iter.Seq2[link, error] {
	return func(yield func(link, error) bool) {
		if f.main == nil || f.main.segment(elf.PT_DYNAMIC) == nil {
			return
		}
		debug, ok, err := f.main.dynamicEntry(dtDebug)
		switch {
		case err != nil:
			yield(link{}, fmt.Errorf("couldn't read main dynamic section: %w", err))
			return
		case !ok:
			// The dynamic linker is the executable when it was given a program's name ("ld.so ./program"); it tells the program.
			if debug, ok = f.otherDebug(); !ok {
				yield(link{}, errors.New("no DT_DEBUG entry in main dynamic section"))
				return
			}
		case debug == 0:
			return // the process has not got so far
		}
		f.debug("found DT_DEBUG %#x", debug)
		word := uint64(f.p.Platform().AddressSize())
		seen := map[uint64]bool{}
		for debug != 0 {
			// struct r_debug: int r_version, struct link_map *r_map, r_brk, int r_state, r_ldbase; from version 2 on
			// struct r_debug *r_next follows.
			version, err := f.p.ReadUint(debug, 4, false)
			if err == nil {
				var first uint64
				if first, err = f.main.uint(debug + word); err == nil {
					f.debug("read r_debug = { .r_version = %d, .r_map = %#x }", version, first)
					if !f.walkLinks(first, seen, yield) {
						return
					}
				}
			}
			if err != nil {
				yield(link{}, fmt.Errorf("couldn't read r_debug: %w", err))
				return
			}
			if version < 2 {
				return
			}
			if seen[debug] {
				yield(link{}, errors.New("namespaces of the dynamic linker form a circle"))
				return
			}
			seen[debug] = true
			if debug, err = f.main.uint(debug + 5*word); err != nil {
				yield(link{}, fmt.Errorf("couldn't read r_debug: %w", err))
				return
			}
		}
	}
}

// otherDebug returns what the first file in memory that has a DT_DEBUG entry has there.
func (f *finder) otherDebug() (debug uint64, ok bool) {
	n := 0
	for i := range f.mappings {
		if f.mappings[i].Offset != 0 || f.mappings[i].Path == "" {
			continue
		}
		if n++; n > maxLinks {
			break
		}
		image, err := readImage(f.p, f.mappings[i].Start)
		if err != nil || image.segment(elf.PT_DYNAMIC) == nil {
			continue // not all that is mapped is code
		}
		if debug, ok, err = image.dynamicEntry(dtDebug); err == nil && ok && debug != 0 {
			return debug, true
		}
	}
	return 0, false
}

// walkLinks walks one list; false stops the whole.
func (f *finder) walkLinks(at uint64, seen map[uint64]bool, yield func(link, error) bool) bool {
	word := uint64(f.p.Platform().AddressSize())
	for at != 0 {
		if seen[at] || len(seen) >= maxLinks {
			yield(link{}, fmt.Errorf("link_map at %#x comes twice, or there are too many", at))
			return false
		}
		l := link{address: at}
		var name, next uint64
		for i, to := range []*uint64{&l.bias, &name, &l.dynamic, &next} {
			var err error
			if *to, err = f.main.uint(at + uint64(i)*word); err != nil {
				yield(link{}, fmt.Errorf("couldn't read link_map: %w", err))
				return false
			}
		}
		b, err := f.p.Memory().CString(name, maxString, false)
		if err != nil {
			// The name of a library may lie in memory that was not saved; its mapping tells it.
			b = nil
		}
		l.name = string(b)
		f.debug("read link_map = { .l_addr = %#x, .l_name = %#x = %q, .l_ld = %#x, .l_next = %#x }", l.bias, name, l.name, l.dynamic, next)
		if !yield(l, nil) {
			return false
		}
		seen[at] = true
		at = next
	}
	f.debug("found end of link_map list")
	return true
}
