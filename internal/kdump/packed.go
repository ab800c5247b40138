package kdump

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/godrgn/drgn/mem"
)

// Packs returns true: most dumps of this form are compressed. It implements [mem.Packed].
func (f *File) Packs() bool { return true }

// Form returns what the page at an address is unpacked from: it implements [mem.Packed].
func (f *File) Form(address uint64) (form mem.Form, ok bool) {
	if address&(f.BlockSize-1) != 0 {
		return form, false
	}
	s, err := f.stored(address>>f.shift, address)
	if err != nil || s.flags&packedFlags == 0 {
		return form, false
	}
	return mem.Form{Method: s.flags & packedFlags, Bytes: s.bytes, Size: f.BlockSize}, true
}

// turn is how many pages a goroutine unpacks before it looks for more.
const turn = 32

// Unpack fills buf with the memory from a physical address on, without keeping its pages: it implements [mem.Packed].
func (f *File) Unpack(buf []byte, address uint64) error {
	// Parts of pages are read as others are.
	if off := address & (f.BlockSize - 1); off != 0 && len(buf) > 0 {
		b, err := f.View(address)
		if err != nil {
			return err
		}
		n := copy(buf, b)
		buf, address = buf[n:], address+uint64(n)
	}
	pages := uint64(len(buf)) >> f.shift
	if err := f.unpackPages(buf[:pages<<f.shift], address); err != nil {
		return err
	}
	if rest := buf[pages<<f.shift:]; len(rest) > 0 {
		b, err := f.View(address + pages<<f.shift)
		if err != nil {
			return err
		}
		copy(rest, b)
	}
	return nil
}

// unpackPages is Unpack of whole pages. The error is that of the first one that can't be read.
func (f *File) unpackPages(buf []byte, address uint64) error {
	turns := (len(buf)>>f.shift + turn - 1) / turn
	failed := make([]error, turns)
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= turns {
				return
			}
			first := i * turn << f.shift
			part := buf[first:min(first+turn<<f.shift, len(buf))]
			failed[i] = mem.Guard(func() error { return f.unpackTurn(part, address+uint64(first)) })
		}
	}
	var others sync.WaitGroup
	for range min(turns, runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	for _, err := range failed {
		var file *mem.FileError
		if errors.As(err, &file) {
			panic(file) // as reading it here would: the space finds out which address it is
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *File) unpackTurn(buf []byte, address uint64) error {
	for ; len(buf) > 0; buf, address = buf[f.BlockSize:], address+f.BlockSize {
		pfn := address >> f.shift
		if page := f.cache.get(pfn); page != nil {
			copy(buf, page)
			continue
		}
		s, err := f.stored(pfn, address)
		if err != nil {
			return err
		}
		page := buf[:f.BlockSize:f.BlockSize]
		if same := f.common.get(&s); same != nil {
			copy(page, same)
			continue
		}
		if err := unpack(page, s.bytes, s.flags); err != nil {
			return s.damaged(address, err)
		}
		f.common.saw(&s, page)
	}
	return nil
}
