package target

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// A FoundVMCOREINFO is what may be a kernel's description of itself, found in memory.
type FoundVMCOREINFO struct {
	Address uint64 // physical
	Text    []byte
}

// maxVMCOREINFO bounds the size of a description that is found in memory, in bytes; the kernel gives it a page.
const maxVMCOREINFO = 64 << 10

// maxFound bounds how many of them there may be.
const maxFound = 256

// FindVMCOREINFO looks through physical memory for the text in which the kernel describes itself, for dumps that lack it: the
// page in which the kernel writes it, and the note that has a copy. Both begin with the kernel's release. What it finds may be
// of a kernel that ran before, or a copy in a file, and needs to be checked. Texts that are the same, or begin like a longer one,
// to which the kernel adds lines when it crashes, are found once. report is told how many of how many bytes are done; may be nil.
func FindVMCOREINFO(ctx context.Context, s *mem.Space, report func(done, total uint64)) ([]FoundVMCOREINFO, error) {
	const step = 16 << 20 // bytes between two looks at ctx
	first := []byte("OSRELEASE=")
	var total, done uint64
	for r := range s.Ranges(true, 0, ^uint64(0)) {
		total += r.Max - r.Min + 1
	}
	var found []FoundVMCOREINFO
	for chunk, err := range s.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			return nil, err
		}
		for data := chunk.Data; ; {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			part := data[:min(len(data), step)]
			for at := 0; ; at += len(first) {
				n := bytes.Index(part[at:], first)
				if n < 0 {
					break
				}
				at += n
				address := chunk.Address + uint64(len(chunk.Data)-len(data)+at)
				if text := readVMCOREINFO(s, address); vmcoreinfo.Parse(text).Check() == nil {
					if found = addFound(found, FoundVMCOREINFO{address, text}); len(found) > maxFound {
						return nil, fmt.Errorf("more than %d different texts in memory look like VMCOREINFO", maxFound)
					}
				}
			}
			if report != nil {
				report(min(done+uint64(len(part)), total), total)
			}
			if len(part) == len(data) {
				done += uint64(len(part))
				break
			}
			part = part[:len(part)-len(first)+1] // what lies across the end comes again
			data, done = data[len(part):], done+uint64(len(part))
		}
	}
	if report != nil {
		report(total, total)
	}
	return found, nil
}

// addFound adds a text, unless it is there already or is the beginning of one that is; what it continues, it replaces.
func addFound(found []FoundVMCOREINFO, f FoundVMCOREINFO) []FoundVMCOREINFO {
	if slices.ContainsFunc(found, func(other FoundVMCOREINFO) bool { return bytes.HasPrefix(other.Text, f.Text) }) {
		return found
	}
	found = slices.DeleteFunc(found, func(other FoundVMCOREINFO) bool { return bytes.HasPrefix(f.Text, other.Text) })
	return append(found, f)
}

// readVMCOREINFO reads the lines of text at a physical address, as far as they can be read.
func readVMCOREINFO(s *mem.Space, address uint64) []byte {
	const page = 4096
	var text []byte
	for end := false; !end && len(text) < maxVMCOREINFO; {
		b := make([]byte, page-address%page)
		if s.Read(b, address, true) != nil {
			break // the rest is gone
		}
		if n := bytes.IndexFunc(b, func(c rune) bool { return c != '\n' && (c < ' ' || c > '~') }); n >= 0 {
			b, end = b[:n], true
		}
		text = append(text, b...)
		address += uint64(len(b))
	}
	return text[:bytes.LastIndexByte(text, '\n')+1]
}
