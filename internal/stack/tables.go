package stack

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/internal/orc"
	"github.com/godrgn/drgn/internal/unwind"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// Tables are the unwind tables of a program's modules; each is read when first needed and cached until its module gets
// another file.
type Tables struct{ byModule sync.Map } // *module.Module → *tables

// Clear forgets all tables: it is for a program that is closed.
func (ts *Tables) Clear() { ts.byModule.Clear() }

// tables are those of one module.
type tables struct {
	files *module.Files
	log   func() *slog.Logger
	found lock.First[found]
}

// found is what the files of a module have to unwind with.
type found struct {
	chain unwind.Chain
	orc   *orc.Table // that is part of chain; nil if there is none
	// err says why the kernel's own tables can't be used: frames that were found without them may be wrong. It is nil
	// where there are none.
	err    error
	golang goCode
}

// of returns the tables of a module; none if it has no file.
func (ts *Tables) of(m *module.Module, platform arch.Platform) (found, error) {
	files := m.Files()
	if files == nil {
		return found{}, nil
	}
	v, ok := ts.byModule.Load(m)
	if !ok || v.(*tables).files != files {
		v = &tables{files: files, log: m.Set().Log}
		ts.byModule.Store(m, v)
		if m.Files() == nil { // the program is being closed
			ts.byModule.Delete(m)
		}
	}
	t := v.(*tables)
	return t.found.Do(func() (found, error) {
		return mem.Guarded(func() (found, error) {
			f, err := t.readFrames(platform)
			f.golang = readGo(t.files)
			return f, err
		})
	})
}

// readFrames returns the finders of a module's rows: DWARF first, which recovers all registers, then ORC, which covers
// assembly.
func (t *tables) readFrames(platform arch.Platform) (found, error) {
	defer runtime.KeepAlive(t) // whose files have the bytes
	var chain unwind.Chain
	for _, name := range []string{".debug_frame", ".eh_frame"} {
		f := t.files.Debug
		data, err := f.Data(name)
		if len(data) == 0 && err == nil && t.files.Loaded != nil {
			f = t.files.Loaded // a separate debug file has left it out
			data, err = f.Data(name)
		}
		if err != nil {
			return found{}, err
		}
		if len(data) == 0 {
			continue
		}
		s := cfi.Section{Platform: platform, Name: name, Data: data, Owner: f.ELF, EH: name == ".eh_frame", Bias: f.Bias}
		if s.EH {
			s.Address = f.Address(name)
		}
		rows, err := cfi.New(s)
		switch {
		case err != nil: // a bad table must not hide the others; a stack that needs it ends where its code begins
			t.log().Debug(fmt.Sprintf("%s: %s is left out: %v", f.ELF.Name, name, err))
		case rows.Len() > 0:
			chain = append(chain, rows)
		}
	}
	kernel, err := t.readORC(platform)
	switch {
	case err != nil:
		return found{chain: chain, err: fmt.Errorf("%s: %w", t.files.Debug.ELF.Name, err)}, nil
	case kernel == nil:
		return found{chain: chain}, nil
	case len(chain) > 0:
		// DWARF does not know of inline assembly that moves the stack pointer; ORC does.
		return found{chain: unwind.Chain{orc.Combined{DWARF: chain, ORC: kernel}}, orc: kernel}, nil
	}
	return found{chain: unwind.Chain{kernel}, orc: kernel}, nil
}

// readORC reads the kernel's own tables; nil when the file has none with contents.
func (t *tables) readORC(platform arch.Platform) (*orc.Table, error) {
	if platform.Arch.ORC != arch.ORCx86 { // the only layout that internal/orc reads
		return nil, nil
	}
	f := t.files.Debug
	o := orc.Tables{Bias: f.Bias, Owner: f.ELF}
	for name, to := range map[string]*[]byte{".orc_unwind_ip": &o.IP, ".orc_unwind": &o.Entries, ".orc_header": &o.Header} {
		data, err := f.Data(name)
		if err != nil {
			return nil, err
		}
		*to = data
	}
	if len(o.IP) == 0 {
		return nil, nil
	}
	o.IPAddress = f.Address(".orc_unwind_ip")
	return orc.New(o)
}
