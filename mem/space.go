package mem

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/lock"
)

// A Space is a virtual and a physical address space made of segments; a segment lies over those added before it.
// Reading takes no lock, so a Space serves any number of goroutines while segments are added.
type Space struct {
	mu       lock.Mutex // held while a new tree is made
	edits    edit       // number of changes so far, of both trees
	virtual  atomic.Pointer[node]
	physical atomic.Pointer[node]
	mask     atomic.Uint64
	closed   atomic.Bool
	epoch    *atomic.Uint64
}

// NewSpace returns a space without segments and with addresses of 64 bits.
func NewSpace() *Space {
	s := &Space{epoch: new(atomic.Uint64)}
	s.virtual.Store(new(node))
	s.physical.Store(new(node))
	s.mask.Store(^uint64(0))
	return s
}

// SetAddressMask sets the bits that count in a virtual address: 1<<32-1 for a 32-bit target. Addresses wrap there.
// Physical addresses keep their 64 bits, as 32-bit machines may have more than 4 GiB of memory.
func (s *Space) SetAddressMask(mask uint64) {
	s.mask.Store(mask)
	s.epoch.Add(1)
}

// AddressMask returns the bits that count in a virtual address.
func (s *Space) AddressMask() uint64 { return s.mask.Load() }

// Add adds segments, each over those before it; it adds all or, if one is invalid, none. Readers see all of them
// or none. It takes O(log n) for each, and less where many are added at once.
func (s *Space) Add(segments ...Segment) error {
	for i := range segments {
		if err := segments[i].check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return failure.ErrClosed
	}
	s.edits++
	virtual, physical := s.virtual.Load(), s.physical.Load()
	for _, seg := range segments {
		p := piece{seg.Min, seg.Max, seg.Min, seg.View, seg.Read, seg.Next, seg.Live}
		if seg.Physical {
			physical = s.edits.lay(physical, p)
		} else {
			virtual = s.edits.lay(virtual, p)
		}
	}
	s.virtual.Store(virtual)
	s.physical.Store(physical)
	s.epoch.Add(1)
	return nil
}

// Epoch returns the number of changes of the space so far: of segments added, of the address mask, of Close. Where memory is
// read from stays the same as long as the number does. It must only be loaded. It is a variable of its own, so that C may
// look at it.
func (s *Space) Epoch() *atomic.Uint64 { return s.epoch }

// Live returns which file has the virtual memory at an address, and the addresses around it for which that is so.
func (s *Space) Live(address uint64) (Live, Range) {
	table, mask := s.table(false)
	p := table.find(address)
	if p == nil || address > mask {
		return Live{}, Range{}
	}
	return p.live, Range{p.min, min(p.max, mask)}
}

// Close takes all segments out: reading and adding then fail with [failure.ErrClosed]. Readers that are in the middle of a
// segment finish with it.
func (s *Space) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed.Store(true) // first: who finds no segment looks at it
	s.virtual.Store(new(node))
	s.physical.Store(new(node))
	s.epoch.Add(1)
}

// table returns the pieces and the mask of one of the two address spaces.
func (s *Space) table(physical bool) (*node, uint64) {
	if physical {
		return s.physical.Load(), ^uint64(0)
	}
	return s.virtual.Load(), s.mask.Load()
}

// unlessClosed returns err, or [failure.ErrClosed] if the space was closed: then that may be the cause, whatever err says.
func (s *Space) unlessClosed(err error) error {
	if s.closed.Load() {
		return failure.ErrClosed
	}
	return err
}

func (s *Space) fault(address uint64, physical bool) error {
	if s.closed.Load() {
		return failure.ErrClosed
	}
	if physical {
		return &FaultError{Message: notMappedPhysical, Address: address}
	}
	return &FaultError{Message: notMapped, Address: address}
}

// View returns bytes from address on that are in memory already, or none where the segment only reads into buffers.
// Memory at which no segment lies is a [*FaultError]. The bytes are valid until the space is closed or nothing refers to
// it: those of a mapped file may be unmapped then.
func (s *Space) View(address uint64, physical bool) ([]byte, error) {
	b, _, err := s.view(address, physical)
	return b, err
}

// view is View; the bytes of a mapped file live as long as p.
func (s *Space) view(address uint64, physical bool) (b []byte, p *piece, err error) {
	debug.SetPanicOnFault(true)
	defer func() {
		if r := recover(); r != nil {
			err = s.faultIn(r, address, 0, physical)
		}
	}()
	return s.find(address, physical)
}

// find is view without a guard.
func (s *Space) find(address uint64, physical bool) (b []byte, p *piece, err error) {
	table, mask := s.table(physical)
	address &= mask
	if p = table.find(address); p == nil {
		return nil, nil, s.fault(address, physical)
	}
	if p.view == nil {
		return nil, p, nil
	}
	if b, err = p.view.View(address); err != nil {
		return nil, nil, s.unlessClosed(err)
	}
	if last := min(p.max, mask) - address; uint64(len(b)) > last {
		b = b[:last+1] // len(b) > last, so last+1 does not overflow
	}
	return b, p, nil
}

// Read fills buf with the memory at address. A fault names the first address that can't be read; the contents of buf
// are then undefined.
//
// Its goroutine has [debug.SetPanicOnFault] set from then on, as with all methods that read: to set it back each time costs
// more than short reads do.
func (s *Space) Read(buf []byte, address uint64, physical bool) (err error) {
	debug.SetPanicOnFault(true)
	done := false
	defer func() {
		if !done {
			err = s.faultIn(recover(), address, uint64(len(buf)), physical)
		}
	}()
	err = s.fill(buf, address, physical, false)
	done = true
	return err
}

// fill is Read without a guard or, if the memory is read but once, Unpack.
func (s *Space) fill(buf []byte, address uint64, physical, once bool) error {
	table, mask := s.table(physical)
	for len(buf) > 0 {
		address &= mask
		p := table.find(address)
		if p == nil {
			return s.fault(address, physical)
		}
		n := len(buf)
		if last := min(p.max, mask) - address; uint64(n) > last {
			n = int(last + 1)
		}
		got := 0
		if packed, ok := p.view.(Packed); once && ok {
			if err := packed.Unpack(buf[:n], address); err != nil {
				return s.unlessClosed(err)
			}
			runtime.KeepAlive(p)
			got = n
		} else if p.view != nil {
			b, err := p.view.View(address)
			if err != nil {
				return s.unlessClosed(err)
			}
			got = copy(buf[:n], b)
			runtime.KeepAlive(p) // a mapped file lives as long as its segment
		}
		if got == 0 {
			if p.read == nil {
				return &FaultError{Message: notReadable, Address: address}
			}
			if err := p.read(buf[:n:n], address, address-p.start, physical); err != nil {
				return s.unlessClosed(err)
			}
			got = n
		}
		buf = buf[got:]
		address += uint64(got)
	}
	return nil
}

// Uint reads an unsigned integer of 1 to 8 bytes.
func (s *Space) Uint(address uint64, size int, big, physical bool) (v uint64, err error) {
	debug.SetPanicOnFault(true)
	done := false
	defer func() {
		if !done {
			err = s.faultIn(recover(), address, uint64(size), physical)
		}
	}()
	v, _, err = s.integer(nil, address, size, big, physical)
	done = true
	return v, err
}

// Follow reads integers as Uint does, one after the other: the first at an address, each other one where next says after the one before it,
// until that returns false. An error is that of the last integer.
func (s *Space) Follow(address uint64, size int, big, physical bool, next func(v uint64) (address uint64, ok bool)) (err error) {
	debug.SetPanicOnFault(true)
	done := false
	defer func() {
		if !done {
			err = s.faultIn(recover(), address, uint64(size), physical)
		}
	}()
	var p *piece
	for ok := true; ok && err == nil; {
		var v uint64
		if v, p, err = s.integer(p, address, size, big, physical); err == nil {
			address, ok = next(v)
		}
	}
	done = true
	return err
}

// integer is Uint without a guard. The piece that has the address is looked for in p first; it is returned.
func (s *Space) integer(p *piece, address uint64, size int, big, physical bool) (uint64, *piece, error) {
	mask := ^uint64(0)
	if !physical {
		mask = s.mask.Load()
		address &= mask
	}
	if p == nil || address < p.min || address > p.max {
		table, _ := s.table(physical)
		p = table.find(address)
	}
	if p != nil && p.view != nil && uint64(size) <= 8 {
		b, err := p.view.View(address)
		if err != nil {
			return 0, p, s.unlessClosed(err)
		}
		if len(b) >= size && min(p.max, mask)-address >= uint64(size)-1 {
			v := integer(b[:size], big)
			runtime.KeepAlive(p) // as in Read
			return v, p, nil
		}
	}
	v, err := s.uintSlow(address, size, big, physical)
	return v, p, err
}

func (s *Space) uintSlow(address uint64, size int, big, physical bool) (uint64, error) {
	if size < 1 || size > 8 {
		return 0, fmt.Errorf("integer of %d bytes", size)
	}
	var buf [8]byte
	if err := s.fill(buf[:size], address, physical, false); err != nil {
		return 0, err
	}
	return integer(buf[:size], big), nil
}

func integer(b []byte, big bool) uint64 {
	if len(b) == 8 && !big {
		return binary.LittleEndian.Uint64(b)
	}
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		if big {
			return uint64(binary.BigEndian.Uint16(b))
		}
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		if big {
			return uint64(binary.BigEndian.Uint32(b))
		}
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		if big {
			return binary.BigEndian.Uint64(b)
		}
		return binary.LittleEndian.Uint64(b)
	}
	var v uint64
	for i, c := range b {
		if big {
			v = v<<8 | uint64(c)
		} else {
			v |= uint64(c) << (8 * i)
		}
	}
	return v
}

// CString reads bytes up to a NUL, which is left out, or up to max bytes if none of them is NUL.
func (s *Space) CString(address, max uint64, physical bool) (text []byte, err error) {
	at := address
	defer func() { // view has set what this needs
		if r := recover(); r != nil {
			err = s.faultIn(r, at, address+max-at, physical)
		}
	}()
	// A step ends where a page of the smallest kind may end, so that a string near the end of readable memory is found.
	const step = 256
	var str, scratch []byte
	for uint64(len(str)) < max {
		left := max - uint64(len(str))
		at = address + uint64(len(str))
		chunk, p, err := s.view(at, physical)
		if err != nil {
			return nil, err
		}
		if len(chunk) == 0 {
			if scratch == nil {
				scratch = make([]byte, step)
			}
			if chunk, err = s.readSome(scratch[:min(left, step-at%step)], at, physical); err != nil {
				return nil, err
			}
		}
		if uint64(len(chunk)) > left {
			chunk = chunk[:left]
		}
		if n := bytes.IndexByte(chunk, 0); n >= 0 {
			str = append(str, chunk[:n]...)
			runtime.KeepAlive(p)
			return str, nil
		}
		str = append(str, chunk...)
		runtime.KeepAlive(p)
	}
	return str, nil
}

// readSome reads all of buf or, where that fails, its first byte.
func (s *Space) readSome(buf []byte, address uint64, physical bool) ([]byte, error) {
	if s.Read(buf, address, physical) == nil {
		return buf, nil
	}
	return buf[:1], s.Read(buf[:1], address, physical)
}

// Ranges iterates in order over the addresses between min and max that segments cover, joining segments that touch.
// Whether the memory there can be read is known only when it is read.
func (s *Space) Ranges(physical bool, min, max uint64) iter.Seq[Range] {
	return func(yield func(Range) bool) {
		table, mask := s.table(physical)
		if max > mask {
			max = mask
		}
		if min > max {
			return
		}
		var r Range
		open := false
		table.from(min, func(p *piece) bool {
			if p.min > max {
				return false
			}
			lo, hi := p.min, p.max
			if lo < min {
				lo = min
			}
			if hi > max {
				hi = max
			}
			if open && r.Max+1 == lo {
				r.Max = hi
				return true
			}
			if open && !yield(r) {
				open = false
				return false
			}
			r, open = Range{lo, hi}, true
			return true
		})
		if open {
			yield(r)
		}
	}
}
