// Package fromfile says which debugging information of a file is read: its DWARF or, of one without, its BTF.
package fromfile

import (
	"fmt"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/module"
	"github.com/godrgn/drgn/types"
)

// In says what the debugging information of a file can be asked; 0 where it has none.
func In(f *elf.File) debugdata.Has {
	if has := fromdwarf.In(f); has != 0 {
		return has
	}
	return frombtf.In(f)
}

// A Config says what [Open] reads. What DWARF has is in the part of it.
type Config struct {
	fromdwarf.Config
	Platform arch.Platform // of the program
	// Main has the base of split BTF; it is nil for the main module itself.
	Main *module.Module
	// Check checks the BTF of a file that has no build ID, by which it would be known to be the right one; may be nil.
	Check func(btf []byte, find func(kinds types.KindSet, name string) (*types.Type, error)) error
}

// Open reads the debugging information of a file.
func Open(cfg Config) (debugdata.Info, error) {
	if fromdwarf.In(cfg.File.ELF) != 0 {
		return fromdwarf.Open(cfg.Config)
	}
	s, err := cfg.btf(cfg.File)
	if err != nil {
		return nil, err
	}
	if cfg.Check != nil && cfg.File.ELF.BuildID() == nil {
		data, err := cfg.File.Data(".BTF")
		if err != nil {
			return nil, err
		}
		if err := cfg.Check(data, func(kinds types.KindSet, name string) (*types.Type, error) { return s.FindType(kinds, name, "") }); err != nil {
			return nil, fmt.Errorf("%s is of another build: %w", cfg.File.ELF.Name, err)
		}
	}
	return s, nil
}

// btf reads the BTF of a file.
func (cfg *Config) btf(f *placed.File) (*frombtf.Source, error) {
	data, err := f.Data(".BTF")
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, fmt.Errorf("%s has no debugging information", f.ELF.Name)
	}
	c := frombtf.Config{Name: f.ELF.Name, Data: data, Keep: f.ELF, Set: cfg.Set, PointerSize: 4}
	if p := cfg.Platform; p.Known() {
		c.SignedChar = p.Arch.SignedChar
		if p.Flags&arch.Is64Bit != 0 {
			c.PointerSize = 8
		}
	} else if f.ELF.Is64 {
		c.PointerSize = 8
	}
	if frombtf.IsSplit(data) {
		if cfg.Main == nil {
			return nil, fmt.Errorf("%s has split BTF, which the main module's can't be", f.ELF.Name)
		}
		c.Base = cfg.base
		if c.Distilled, err = f.Data(".BTF.base"); err != nil {
			return nil, err
		}
	}
	return frombtf.Open(c)
}

// base returns the BTF of the main module: what its types come from or, if that is DWARF, what its file has besides. Then the types
// of DWARF stand for those that are the same.
func (cfg *Config) base() (*frombtf.Source, error) {
	info, err := cfg.Main.Info()
	if err != nil {
		return nil, err
	}
	if s, ok := info.(*frombtf.Source); ok {
		return s, nil
	}
	var f *placed.File
	if files := cfg.Main.Files(); files != nil {
		f = files.Debug
	}
	if f == nil || frombtf.In(f.ELF) == 0 {
		return nil, fmt.Errorf("%s has split BTF, and the main module has no BTF that it may be split from", cfg.File.ELF.Name)
	}
	main := *cfg
	main.Main = nil
	s, err := main.btf(f)
	if err == nil && info != nil {
		s.Prefer(func(kind types.Kind, tag string) (*types.Type, error) {
			return info.FindType(types.KindsOf(kind), tag, "")
		})
	}
	return s, err
}
