package drgn

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/orc"
	"github.com/godrgn/drgn/internal/unwind"
)

// frameTables say how to unwind from a module's code; each is read when first needed.
type frameTables struct {
	chain lock.First[unwind.Chain]
}

// unwindChain returns the finders of a module's rows: DWARF first, which recovers all registers, then ORC, which covers
// assembly.
func (d *debugFile) unwindChain(p *Program) (unwind.Chain, error) {
	return d.frames.chain.Do(func() (unwind.Chain, error) { return d.readFrames(p) })
}

func (d *debugFile) readFrames(p *Program) (unwind.Chain, error) {
	var chain unwind.Chain
	for _, name := range []string{".debug_frame", ".eh_frame"} {
		f := d.File
		data, err := f.Data(name)
		if len(data) == 0 && err == nil && d.loaded != nil {
			f = d.loaded // a separate debug file has left it out
			data, err = f.Data(name)
		}
		if err != nil {
			return nil, err
		}
		if len(data) == 0 {
			continue
		}
		s := cfi.Section{Platform: p.Platform(), Name: name, Data: data, EH: name == ".eh_frame", Bias: f.Bias}
		if s.EH {
			s.Address = f.Address(name)
		}
		t, err := cfi.New(s)
		switch {
		case err != nil: // a bad table must not hide the others; a stack that needs it ends where its code begins
			p.log().Debug(fmt.Sprintf("%s: %s is left out: %v", f.ELF.Name, name, err))
		case t.Len() > 0:
			chain = append(chain, t)
		}
	}
	t, err := d.readORC(p)
	switch {
	case err != nil && len(chain) == 0:
		return nil, err
	case err != nil || t == nil:
		return chain, nil // DWARF is enough
	case len(chain) > 0:
		// DWARF does not know of inline assembly that moves the stack pointer; ORC does.
		return unwind.Chain{orc.Combined{DWARF: chain, ORC: t}}, nil
	}
	return append(chain, t), nil
}

// readORC reads the kernel's own tables; nil when the file has none with contents.
func (d *debugFile) readORC(p *Program) (*orc.Table, error) {
	if p.Platform().Arch.ORC != arch.ORCx86 { // the only layout that internal/orc reads
		return nil, nil
	}
	t := orc.Tables{Bias: d.Bias}
	for name, to := range map[string]*[]byte{".orc_unwind_ip": &t.IP, ".orc_unwind": &t.Entries, ".orc_header": &t.Header} {
		data, err := d.Data(name)
		if err != nil {
			return nil, err
		}
		*to = data
	}
	if len(t.IP) == 0 {
		return nil, nil
	}
	t.IPAddress = d.Address(".orc_unwind_ip")
	return orc.New(t)
}

// FindRow makes a program's modules the unwinder's finder.
func (p *Program) findRow(pc uint64) (*cfi.Row, error) {
	m := p.modules.at(pc)
	if m == nil {
		return nil, nil
	}
	d := m.files.Load()
	if d == nil {
		return nil, nil
	}
	chain, err := d.unwindChain(p)
	if err != nil {
		return nil, err
	}
	return chain.FindRow(pc)
}

// rowFinder is the program as the unwinder sees it.
type rowFinder struct{ p *Program }

// FindRow asks the module that pc lies in.
func (f rowFinder) FindRow(pc uint64) (*cfi.Row, error) { return f.p.findRow(pc) }

// unwindMemory is the program's memory as the unwinder sees it.
type unwindMemory struct{ p *Program }

// Uint reads an integer in the program's byte order.
func (m unwindMemory) Uint(address uint64, size int) (uint64, error) {
	return m.p.ReadUint(address, size, false)
}

// stackUnwinder returns the program's unwinder, which remembers rows until what can be found changes.
func (p *Program) stackUnwinder() *unwind.Unwinder {
	now := p.now()
	if u := now.unwinder.Load(); u != nil {
		return u
	}
	options := unwind.Options{IsText: func(pc uint64) bool { return p.modules.at(pc) != nil }, FramePointers: true}
	if stacks, ok := p.Personality().(Stacks); ok {
		options.Process, options.PACMask = stacks.InUserMode(), stacks.PACMask()
	}
	now.unwinder.CompareAndSwap(nil, unwind.New(p.Platform(), rowFinder{p}, options))
	return now.unwinder.Load()
}
