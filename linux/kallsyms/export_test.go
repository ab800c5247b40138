package kallsyms

import (
	"encoding/binary"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// ImageFrom is where an image begins whose _text lies at first, and _start at start.
func ImageFrom(first, start uint64) uint64 { return span{first, first + 1<<24}.withHead(start).first }

// Far is what the note has of a kernel in which the table was found.
func Far(p *drgn.Program, info *vmcoreinfo.Info) ([]byte, error) {
	start, err := info.Symbol("_stext")
	if err != nil {
		return nil, err
	}
	at, _, err := placesIn(info)
	if err != nil {
		return nil, err
	}
	return binary.Append(nil, binary.LittleEndian, placesTo(at, start))
}

// WriteFar writes a note of a kernel.
func WriteFar(p *drgn.Program, info *vmcoreinfo.Info, far []byte) { noteOf(p, info).Write(far) }

// LoadFar reads the table from the places of a note.
func LoadFar(p *drgn.Program, info *vmcoreinfo.Info, far []byte) (*kallsyms.Table, error) {
	m, err := memoryOf(p)
	if err != nil {
		return nil, err
	}
	start, err := info.Symbol("_stext")
	if err != nil {
		return nil, err
	}
	return loadFar(p, m, far, start, rightAt(start, info))
}
