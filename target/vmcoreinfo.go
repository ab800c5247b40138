package target

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// A FoundVMCOREINFO is what may be a kernel's description of itself, found in memory.
type FoundVMCOREINFO struct {
	Address uint64 // physical
	Text    []byte
}

const (
	maxVMCOREINFO = 64 << 10 // bytes of a description that is found in memory; the kernel gives it a page
	maxFound      = 256      // how many there may be
	searchStep    = 16 << 20 // bytes of memory that are searched at once
)

// firstVMCOREINFO is how the kernel's description of itself begins.
var firstVMCOREINFO = []byte("OSRELEASE=")

// FindVMCOREINFO looks through physical memory for the text in which the kernel describes itself, for dumps that lack it: the
// page in which the kernel writes it, and the note that has a copy. Both begin with the kernel's release. What it finds, in the
// order of addresses, may be of a kernel that ran before, or a copy in a file, and needs to be checked. Texts that are the same, or
// begin like a longer one, to which the kernel adds lines when it crashes, are found once. report is told how many of how many bytes
// are done; may be nil.
func FindVMCOREINFO(ctx context.Context, s *mem.Space, report func(done, total uint64)) ([]FoundVMCOREINFO, error) {
	var total, done uint64
	for r := range s.Ranges(true, 0, ^uint64(0)) {
		total += r.Max - r.Min + 1
	}
	// Most of the time goes into decompressing pages. report may enter Python, so it is called here, without a lock.
	type result struct {
		step  step
		found []FoundVMCOREINFO
		err   error
	}
	var workers sync.WaitGroup
	defer workers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	todo, results := make(chan step), make(chan result)
	workers.Go(func() {
		defer close(todo)
		for next := range steps(s) {
			select {
			case todo <- next:
			case <-ctx.Done():
				return
			}
		}
	})
	var searchers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		searchers.Go(func() {
			for step := range todo {
				found, err := mem.Guarded(func() ([]FoundVMCOREINFO, error) { return searchVMCOREINFO(ctx, s, step.Range) })
				select {
				case results <- result{step, found, err}:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Go(func() {
		searchers.Wait()
		close(results)
	})
	var all []FoundVMCOREINFO
	for r := range results {
		if r.err != nil {
			return nil, r.err
		}
		if all = append(all, r.found...); len(all) > 16*maxFound {
			return nil, tooManyFound()
		}
		if done = min(done+r.step.size, total); report != nil {
			report(done, total)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if report != nil {
		report(total, total)
	}
	slices.SortFunc(all, func(a, b FoundVMCOREINFO) int { return cmp.Compare(a.Address, b.Address) })
	var found []FoundVMCOREINFO
	for _, f := range all {
		if found = addFound(found, f); len(found) > maxFound {
			return nil, tooManyFound()
		}
	}
	return found, nil
}

// A step is a range of memory that is searched at once.
type step struct {
	mem.Range
	size uint64 // in bytes, with what is passed over before it
}

// steps iterates over all physical memory that may be readable.
func steps(s *mem.Space) iter.Seq[step] {
	return func(yield func(step) bool) {
		for r := range s.Ranges(true, 0, ^uint64(0)) {
			for from := r.Min; ; {
				at, ok := s.Next(from, true)
				if !ok || at > r.Max {
					break
				}
				last := at + min(r.Max-at, searchStep-1)
				if !yield(step{mem.Range{Min: at, Max: last}, last - from + 1}) {
					return
				}
				if last == r.Max {
					break
				}
				from = last + 1
			}
		}
	}
}

func tooManyFound() error {
	return fmt.Errorf("more than %d different texts in memory look like VMCOREINFO", maxFound)
}

// searchVMCOREINFO looks for texts that begin in a range of physical memory.
func searchVMCOREINFO(ctx context.Context, s *mem.Space, r mem.Range) (found []FoundVMCOREINFO, err error) {
	across := uint64(len(firstVMCOREINFO) - 1) // what begins at the end of the range ends after it
	var tail []byte                            // of the chunk before, and at which address it ends
	var end uint64
	for chunk, err := range s.Chunks(true, r.Min, r.Max+min(across, ^uint64(0)-r.Max)) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		if chunk.Address != end {
			tail = tail[:0]
		}
		look := func(data []byte, address uint64) {
			for at := 0; len(found) <= maxFound; at += len(firstVMCOREINFO) {
				n := bytes.Index(data[at:], firstVMCOREINFO)
				if n < 0 {
					return
				}
				at += n
				if text := readVMCOREINFO(s, address+uint64(at)); vmcoreinfo.Parse(text).Check() == nil {
					found = addFound(found, FoundVMCOREINFO{address + uint64(at), text})
				}
			}
		}
		// Pages of a compressed dump are chunks of their own.
		before := uint64(len(tail))
		tail = append(tail, chunk.Data[:min(uint64(len(chunk.Data)), across)]...)
		look(tail, chunk.Address-before)
		look(chunk.Data, chunk.Address)
		end = chunk.Address + uint64(len(chunk.Data))
		tail = append(tail[:0], chunk.Data[uint64(len(chunk.Data))-min(uint64(len(chunk.Data)), across):]...)
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
