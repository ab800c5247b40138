package mem

import (
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// Packed is what a [Viewer] also implements if its memory is unpacked to be seen, as pages of a compressed dump are.
type Packed interface {
	// Packs reports whether any of the memory may be packed.
	Packs() bool
	// Form returns what the memory at an address is unpacked from. ok is false where it is not packed, where it can't be read,
	// and at addresses that are not the first of what is packed together.
	Form(address uint64) (f Form, ok bool)
	// Unpack fills buf with the memory at address, as reading does, but keeps none of it for later readers.
	Unpack(buf []byte, address uint64) error
}

// A Form is what memory is unpacked from: memory of the same form is the same.
type Form struct {
	Method uint32 // of packing
	Bytes  []byte // must not be written to
	Size   uint64 // of the memory in bytes
}

// Unpack is [Space.Read] of memory that is many pages and is read but once: what must be unpacked is unpacked into buf, by several
// goroutines, and not kept.
func (s *Space) Unpack(buf []byte, address uint64, physical bool) (err error) {
	debug.SetPanicOnFault(true)
	done := false
	defer func() {
		if !done {
			err = s.faultIn(recover(), address, uint64(len(buf)), physical)
		}
	}()
	err = s.fill(buf, address, physical, true)
	done = true
	return err
}

// plainStep is how many bytes Digest takes at once of memory that is not packed.
const plainStep = smallestPage

// Digest writes to h, most often a hash, what n bytes of memory from address on are unpacked from, which takes less time than to
// unpack them, and the memory itself where it isn't packed: where the same is written, memory is the same. The other way round this
// need not be so. packed is how many of the bytes are packed.
func (s *Space) Digest(h io.Writer, address, n uint64, physical bool) (packed uint64, err error) {
	debug.SetPanicOnFault(true)
	at := address
	defer func() {
		if r := recover(); r != nil {
			packed, err = 0, s.faultIn(r, at, address+n-at, physical)
		}
	}()
	var plain [plainStep]byte
	for left := n; left > 0; {
		at = address + n - left
		f, p, ok := s.form(at, physical)
		if !ok || f.Size > left {
			size := min(left, plainStep-at%plainStep)
			if err := s.Read(plain[:size], at, physical); err != nil {
				return 0, err
			}
			f = Form{Bytes: plain[:size], Size: size}
		} else {
			f.Method++ // 0 is plain memory
			packed += f.Size
		}
		var head [20]byte // so that nothing else writes the same
		binary.LittleEndian.PutUint32(head[:], f.Method)
		binary.LittleEndian.PutUint64(head[4:], uint64(len(f.Bytes)))
		binary.LittleEndian.PutUint64(head[12:], f.Size)
		_, err := h.Write(head[:])
		if _, e := h.Write(f.Bytes); err != nil || e != nil {
			return 0, errors.Join(err, e)
		}
		runtime.KeepAlive(p) // a mapped file lives as long as its segment
		left -= f.Size
	}
	return packed, nil
}

// Packs reports whether any memory may be packed, as [Packed] does.
func (s *Space) Packs(physical bool) bool {
	table, _ := s.table(physical)
	found := false
	table.from(0, func(p *piece) bool {
		packed, ok := p.view.(Packed)
		found = ok && packed.Packs()
		return !found
	})
	return found
}

// Form returns what the memory at an address is unpacked from, as [Packed] does.
func (s *Space) Form(address uint64, physical bool) (Form, bool) {
	f, _, ok := s.form(address, physical)
	return f, ok
}

// form is Form; the bytes live as long as p.
func (s *Space) form(address uint64, physical bool) (f Form, p *piece, ok bool) {
	table, mask := s.table(physical)
	address &= mask
	if p = table.find(address); p == nil {
		return f, nil, false
	}
	packed, ok := p.view.(Packed)
	if !ok {
		return f, p, false
	}
	f, ok = packed.Form(address)
	return f, p, ok && f.Size-1 <= min(p.max, mask)-address
}

// Whole returns n bytes of memory without copying them; ok is false where they do not lie together in a mapped file, or can't be
// read. They must not be written to, are read under a [Guard], and are valid as long as keep is referred to.
func (s *Space) Whole(address, n uint64, physical bool) (b []byte, keep any, ok bool) {
	b, p, err := s.view(address, physical)
	if err != nil || n == 0 || n > uint64(cap(b)) {
		return nil, nil, false
	}
	whole := b[:n:n]
	for have := uint64(len(b)); have < n; {
		more, next, err := s.view(address+have, physical)
		// What lies further on in the same slice is the same file.
		if err != nil || len(more) == 0 || next != p || unsafe.SliceData(more) != &whole[have] {
			return nil, nil, false
		}
		have += uint64(len(more))
	}
	return whole, p, true
}
