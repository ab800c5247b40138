package module

import (
	"fmt"
	"log/slog"

	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
)

// maxMiniDebug bounds what an embedded file is when it is decompressed, in bytes. Fedora's are below a few megabytes.
const maxMiniDebug = 256 << 20

// withMiniDebug returns the symbols for dynamic linking of a file, and with them those of the ELF file that distributions compress into
// a section of stripped programs, .gnu_debugdata ("MiniDebugInfo"): the functions that dynamic linking does without.
func withMiniDebug(f *placed.File, dynamic *elf.SymbolTable, log *slog.Logger) *elf.SymbolTable {
	all, err := miniDebug(f.ELF, dynamic)
	if err != nil {
		log.Warn(fmt.Sprintf("%s: .gnu_debugdata can't be read: %v; ignoring its symbols", f.ELF.Name, err))
		return dynamic
	}
	return all
}

func miniDebug(f *elf.File, dynamic *elf.SymbolTable) (*elf.SymbolTable, error) {
	section := f.Section(".gnu_debugdata")
	if section == nil || !section.HasData() {
		return dynamic, nil
	}
	data, err := section.Data()
	if err != nil {
		return nil, err
	}
	image, err := compressed.Decompress(f.Name+" .gnu_debugdata", data, compressed.Options{MaxSize: maxMiniDebug})
	if err != nil {
		return nil, err
	}
	defer image.Close() // nothing refers to it: Join copies
	inner, err := elf.Parse(image.Path, image.Data)
	if err != nil {
		return nil, err
	}
	if inner.Is64 != f.Is64 || inner.Big != f.Big {
		return nil, fmt.Errorf("it is of another class or byte order than the file")
	}
	symbols, err := inner.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		return nil, err
	}
	// Its section headers are those of the file, and of some the numbers may differ.
	numbers := make([]uint32, len(inner.Sections))
	for i := range inner.Sections {
		s := &inner.Sections[i]
		for k := range f.Sections {
			if own := &f.Sections[k]; own.Flags&elf.SHF_ALLOC != 0 && own.Name == s.Name && own.Addr == s.Addr {
				numbers[i] = uint32(k)
			}
		}
	}
	return dynamic.Join(symbols, func(section uint32) uint32 {
		if section < uint32(len(numbers)) {
			return numbers[section]
		}
		return section
	}), nil
}
