package main

import (
	"debug/elf"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
	"github.com/godrgn/drgn/user"
)

// readProcess reads the stacks of a process's threads, and variables in each frame.
func readProcess(r *recorder, core *target.Core, directory string, variables []string) error {
	recorded := *core
	recorded.Virtual = nil
	for _, s := range core.Virtual {
		recorded.Virtual = append(recorded.Virtual, mem.Segment{Min: s.Min, Max: s.Max, Read: r.read})
	}
	p := drgn.New(arch.Platform{})
	defer p.Close() // was only read
	p.SetCacheDir("-")
	if err := user.SetupCore(p, &recorded, core.Path, core.Platform); err != nil {
		return err
	}
	for m, err := range p.LoadedModules() {
		if err != nil {
			return err
		}
		if m.Kind() == drgn.VdsoModule {
			continue
		}
		file := filepath.Join(directory, filepath.Base(m.Name()))
		if err := m.TryFile(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for thread, err := range p.Threads() {
		if err != nil {
			return err
		}
		trace, err := thread.StackTrace()
		if err != nil {
			return err
		}
		_ = trace.String()
		for i := range trace.Len() {
			for _, name := range variables {
				// What is not there is not read, either.
				if o := trace.Frame(i).Object(name); o.Err() == nil {
					_, _ = o.Format(c.DefaultFormat)
				}
			}
		}
	}
	return nil
}

// narrow returns headers as those of a file of 32 bits.
func narrow(header elf.Header64, programs []elf.Prog64) []any {
	h := elf.Header32{Ident: header.Ident, Type: header.Type, Machine: header.Machine, Version: header.Version, Phoff: uint32(header.Phoff),
		Ehsize: header.Ehsize, Phentsize: header.Phentsize, Phnum: header.Phnum}
	var all []elf.Prog32
	for _, p := range programs {
		all = append(all, elf.Prog32{Type: p.Type, Off: uint32(p.Off), Vaddr: uint32(p.Vaddr), Paddr: uint32(p.Paddr), Filesz: uint32(p.Filesz), Memsz: uint32(p.Memsz)})
	}
	return []any{h, all}
}
