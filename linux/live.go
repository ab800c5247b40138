package linux

import (
	"errors"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/internal/machine"
	"github.com/godrgn/drgn/mem"
)

// virtual returns the kernel's address space: what its page tables map and, over that, what the target itself maps.
//
// Nothing of a live kernel's memory is kept, not even where a page lies, but for the kernel's image and its mapping of all
// physical memory, which stay where they are.
func (k *Kernel) virtual(m Memory) []mem.Segment {
	virtual := &virtualMemory{physical: k.prog.Memory(), viewed: m.Physical, translator: k.translator, shift: k.PageShift(), fixed: func(uint64) bool { return !m.Live }}
	tables := mem.Segment{Min: 0, Max: m.Platform.AddressMask(), Read: virtual.Read}
	if !m.Live {
		tables.View = virtual
	} else {
		tables.Next = virtual.Next
		if k.machine.Fixed != nil {
			virtual.fixed = k.machine.Fixed(k.facts(m.Platform, k.prog.Memory()))
		}
	}
	segments := []mem.Segment{tables}
	for _, seg := range m.Virtual {
		if m.Live && seg.Read != nil && seg.View == nil {
			seg.Read, seg.Next, seg.Live.Zeros = virtual.mapped(seg.Read), virtual.Next, virtual.stays
		}
		segments = append(segments, seg)
	}
	return segments
}

// mapped makes a fault of the zeros that /proc/kcore gives where the kernel maps nothing: only zeros need a look at the
// page tables.
func (m *virtualMemory) mapped(read mem.ReadFunc) mem.ReadFunc {
	return func(buf []byte, address, offset uint64, physical bool) error {
		if err := read(buf, address, offset, physical); err != nil {
			return err
		}
		for at := 0; at < len(buf); {
			n := int(min(uint64(len(buf)-at), m.pageEnd(address+uint64(at))))
			if zero(buf[at : at+n]) {
				_, contiguous, err := m.place(address + uint64(at))
				var fault *mem.FaultError
				if errors.As(err, &fault) && fault.Message == machine.NotMapped {
					return err
				}
				if err == nil && contiguous > uint64(n) {
					n = int(min(uint64(len(buf)-at), contiguous))
				}
			}
			at += n
		}
		return nil
	}
}

// stays reports whether an address is mapped, and will be: zeros that /proc/kcore gives there are what is in memory.
func (m *virtualMemory) stays(address uint64) bool {
	if !m.fixed(address) {
		return false
	}
	_, _, err := m.place(address)
	return err == nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// cpusKey is the memo of a dump's registers of CPUs.
type cpusKey struct{}

// addCPUs says where the registers of the CPUs are: a dump has them once and for all.
func (k *Kernel) addCPUs(m Memory) {
	now, saved, kind := m.CPUs, m.PrStatus, m.Notes // m would keep the dump mapped
	switch {
	case now != nil:
		k.cpus = func() (*cpuNotes, error) {
			notes, err := now()
			if err != nil {
				return nil, err
			}
			return k.readPrStatus(notes, kind)
		}
	case !m.Live:
		k.cpus = func() (*cpuNotes, error) {
			return drgn.Memo(k.prog, cpusKey{}, func() (*cpuNotes, error) { return k.readPrStatus(saved, kind) })
		}
	}
}
