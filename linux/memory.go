package linux

import (
	"errors"
	"sync/atomic"

	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/mem"
)

// virtualMemory is the kernel's address space of a dump, seen through its page tables.
type virtualMemory struct {
	physical   *mem.Space
	viewed     []mem.Segment // keeps what is seen mapped, when physical has been closed
	translator machine.Translator
	shift      uint // binary logarithm of the size of a page
	lookaside  [lookasides]atomic.Pointer[pageView]

	fixed  func(address uint64) bool // whether the place of a virtual address never changes
	places [lookasides]atomic.Pointer[place]
}

// place is where virtual addresses lie one after the other.
type place struct{ address, physical, contiguous uint64 }

// lookasides is the number of pages whose place is remembered: the table costs 64 KiB, the views nothing where the dump
// is mapped and 4 KiB each where its pages are compressed.
const lookasides = 8192

// pageView is a page's bytes, and maybe those after it.
type pageView struct {
	address uint64
	data    []byte
}

// slot returns where in the tables an address's page is.
func (m *virtualMemory) slot(address uint64) uint64 {
	page := address >> (m.shift & 63)
	return (page ^ page>>9) % lookasides
}

// pageEnd returns how many bytes of its page there are from an address on.
func (m *virtualMemory) pageEnd(address uint64) uint64 { return 1<<m.shift - address&(1<<m.shift-1) }

// View returns the bytes from a virtual address on.
func (m *virtualMemory) View(address uint64) ([]byte, error) {
	slot := &m.lookaside[m.slot(address)]
	if v := slot.Load(); v != nil {
		if off := address - v.address; off < uint64(len(v.data)) {
			return v.data[off:], nil
		}
	}
	page := address &^ (1<<m.shift - 1)
	data, err := m.translated(page)
	if err != nil {
		// The page may start where nothing is: what counts is the address itself.
		if data, err = m.translated(address); err != nil || len(data) == 0 {
			return nil, err
		}
		return data, nil
	}
	if uint64(len(data)) <= address-page {
		return m.translated(address)
	}
	slot.Store(&pageView{page, data})
	return data[address-page:], nil
}

func (m *virtualMemory) translated(address uint64) ([]byte, error) {
	physical, contiguous, err := m.translator.Translate(0, address)
	if err != nil {
		return nil, err
	}
	data, err := m.physical.View(physical, true)
	if err != nil {
		var fault *mem.FaultError
		if errors.As(err, &fault) && fault.Address == physical {
			return nil, &mem.FaultError{Message: fault.Message, Address: address, File: fault.File}
		}
		return nil, err
	}
	if uint64(len(data)) > contiguous {
		data = data[:contiguous]
	}
	return data, nil
}

// Packs reports whether physical memory may be packed: it implements [mem.Packed].
func (m *virtualMemory) Packs() bool { return m.physical.Packs(true) }

// Form returns what the memory at a virtual address is unpacked from: it implements [mem.Packed].
func (m *virtualMemory) Form(address uint64) (mem.Form, bool) {
	physical, contiguous, err := m.translator.Translate(0, address)
	if err != nil {
		return mem.Form{}, false
	}
	f, ok := m.physical.Form(physical, true)
	return f, ok && f.Size <= contiguous
}

// Unpack reads memory that is read but once: it implements [mem.Packed].
func (m *virtualMemory) Unpack(buf []byte, address uint64) error {
	return m.read(buf, address, m.physical.Unpack)
}

// Next returns the first virtual address from address on whose page is mapped and in the dump.
func (m *virtualMemory) Next(address uint64) (uint64, bool) {
	for {
		mapped, ok := m.translator.Next(0, address)
		if !ok {
			return 0, false
		}
		physical, contiguous, err := m.translator.Translate(0, mapped)
		if err == nil {
			there, ok := m.physical.Next(physical, true)
			if ok && there-physical < contiguous {
				return mapped + (there - physical), true
			}
		} else {
			contiguous = m.pageEnd(mapped)
		}
		if address = mapped + contiguous; address < mapped {
			return 0, false
		}
	}
}

// place translates a virtual address, remembering where those lie that never move.
func (m *virtualMemory) place(address uint64) (physical, contiguous uint64, err error) {
	slot := &m.places[m.slot(address)]
	if p := slot.Load(); p != nil {
		if off := address - p.address; off < p.contiguous {
			return p.physical + off, p.contiguous - off, nil
		}
	}
	if physical, contiguous, err = m.translator.Translate(0, address); err == nil && m.fixed(address) {
		slot.Store(&place{address, physical, contiguous})
	}
	return physical, contiguous, err
}

// Read serves the parts of physical memory that can't be viewed, and all of a live kernel's.
func (m *virtualMemory) Read(buf []byte, address, _ uint64, _ bool) error {
	return m.read(buf, address, m.physical.Read)
}

// read reads the physical memory that virtual addresses mean.
func (m *virtualMemory) read(buf []byte, address uint64, read func(buf []byte, address uint64, physical bool) error) error {
	for len(buf) > 0 {
		physical, contiguous, err := m.place(address)
		if err != nil {
			return err
		}
		n := min(uint64(len(buf)), contiguous)
		if err := read(buf[:n], physical, true); err != nil {
			var fault *mem.FaultError
			if errors.As(err, &fault) && fault.Address-physical < n {
				return &mem.FaultError{Message: fault.Message, Address: address + fault.Address - physical, File: fault.File}
			}
			return err
		}
		buf, address = buf[n:], address+n
	}
	return nil
}
