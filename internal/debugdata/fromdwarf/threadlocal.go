package fromdwarf

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/dwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/types"
)

// threadLocals are the symbols of a file's thread-local variables. On machines whose assemblers have no way to write an offset in a
// block of them into debugging information, such as aarch64, that describes a variable without any location, and only its symbol says
// where it is.
type threadLocals struct {
	symbols map[threadLocalName][]threadLocal
	files   map[string]int // how many objects of a name the file was linked of
	tooMany bool           // there are more than were read
}

// A threadLocalName is by what a symbol is found. There is no file with the name of one that all of the program, or of its module, can see.
type threadLocalName struct {
	name   string
	file   string // its source, without directories
	global bool
	// static says that it is one of a function: compilers add a number to the name, or put the function's before it.
	static bool
}

// A threadLocal is where in the block of its module a variable is, and its size in bytes.
type threadLocal struct{ offset, size uint64 }

// maxThreadLocals bounds the number of symbols that are remembered: those of thread-local variables, of which there are a handful, some
// hundred in a browser, and of objects that a file was linked of, of which a browser has some ten thousand.
const maxThreadLocals = 1 << 20

// readThreadLocals reads the symbols of a file, at most a number of them; nil if there are none.
func readThreadLocals(f *elf.File, most int) (*threadLocals, error) {
	some := false
	for i := range f.Sections {
		some = some || f.Sections[i].Flags&elf.SHF_TLS != 0
	}
	if !some {
		return nil, nil
	}
	table, err := f.SymbolTable(elf.SHT_SYMTAB)
	if err != nil {
		return nil, err
	}
	t := &threadLocals{symbols: map[threadLocalName][]threadLocal{}, files: map[string]int{}}
	file, n := "", 0
	for _, s := range table.All() {
		switch {
		case s.Type() == elf.STT_FILE:
			file = string(table.Name(s))
			t.files[file]++
			n++
		case s.Type() == elf.STT_TLS && s.Section != elf.SHN_UNDEF:
			key := threadLocalName{name: string(table.Name(s)), global: s.Bind() != elf.STB_LOCAL}
			if !key.global {
				key.file = file
			}
			t.add(key, s)
			n++
			if before, after, ok := cutLast(key.name); ok && !key.global {
				key.name, key.static = before, true
				if strings.Trim(after, "0123456789") != "" {
					key.name = after
				}
				t.add(key, s)
			}
		}
		if n > most {
			return &threadLocals{tooMany: true}, nil
		}
	}
	return t, nil
}

func (t *threadLocals) add(key threadLocalName, s elf.Symbol) {
	t.symbols[key] = append(t.symbols[key], threadLocal{s.Value, s.Size})
}

// cutLast cuts a name at its last dot.
func cutLast(name string) (before, after string, ok bool) {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || i == len(name)-1 {
		return name, "", false
	}
	return name[:i], name[i+1:], true
}

// byName returns where the variable is that only one symbol can be that of.
func (t *threadLocals) byName(key threadLocalName, size uint64) (offset uint64, ok bool) {
	if key.file != "" && t.files[key.file] != 1 {
		return 0, false
	}
	found := t.symbols[key]
	if len(found) != 1 || found[0].size != size {
		return 0, false
	}
	return found[0].offset, true
}

// threadLocal says where a variable is that has no location, if the file's symbols say that it is thread-local; static says that it
// is one of a function.
func (s *source) threadLocal(d dwarf.DIE, t *types.Type, static bool) (to debugdata.Entity, ok bool, err error) {
	defer runtime.KeepAlive(s)
	to = debugdata.Entity{Type: t, Where: debugdata.ThreadLocal}
	if d.Tag != dwarf.TagVariable || t == nil {
		return to, false, nil
	}
	symbols, err := s.threadLocals()
	if symbols == nil || err != nil {
		return to, false, err
	}
	if placeless, err := withoutPlace(d); err != nil || !placeless {
		return to, false, err
	}
	if symbols.tooMany {
		to.Where = debugdata.NotImplemented
		return to, true, nil
	}
	size, err := t.Size()
	if err != nil { // then no symbol can be told to be its
		return to, false, nil
	}
	key, err := nameOf(d)
	if err != nil || key.name == "" {
		return to, false, err
	}
	if key.global {
		to.Address, ok = symbols.byName(key, size)
		if !ok { // a linker puts those that only the module can see after a file without a name
			key.global = false
			to.Address, ok = symbols.byName(key, size)
		}
		return to, ok, nil
	}
	unit, err := d.Unit.Info()
	if err != nil {
		return to, false, err
	}
	key.file, key.static = path.Base(unit.Name), static
	if to.Address, ok = symbols.byName(key, size); !ok || !static {
		return to, ok, nil
	}
	// Another variable of a function may have the name, be it static or not.
	ok, err = alone(d.Unit, key.name)
	return to, ok, err
}

// withoutPlace reports whether nothing is said of where a variable is that is not only declared.
func withoutPlace(d dwarf.DIE) (bool, error) {
	if d.Has(dwarf.AttrDeclaration) {
		return false, nil
	}
	for _, attr := range []dwarf.Attr{dwarf.AttrLocation, dwarf.AttrConstValue} {
		if v, err := d.Inherited(attr); err != nil || v.Exists() {
			return false, err
		}
	}
	return true, nil
}

// nameOf returns the name that the symbol of a variable has, as far as it is told.
func nameOf(d dwarf.DIE) (key threadLocalName, err error) {
	external, err := d.Inherited(dwarf.AttrExternal)
	if err != nil {
		return key, err
	}
	key.global = external.Flag()
	v, err := d.Inherited(dwarf.AttrLinkageName)
	if err != nil {
		return key, err
	}
	if v.Exists() {
		b, err := v.Bytes()
		key.name = string(b)
		return key, err
	}
	key.name, err = d.FullName()
	return key, err
}

// alone reports whether a unit has one variable of a name within a function that it says no place of.
func alone(u *dwarf.Unit, name string) (bool, error) {
	root, err := u.Root()
	if err != nil {
		return false, err
	}
	n := 0
	w := root.Walk()
	for w.Next() {
		if w.DIE.Tag != dwarf.TagVariable || w.Depth == 0 {
			continue
		}
		if own, err := w.DIE.Name(); err != nil {
			return false, err
		} else if own != name {
			continue
		}
		placeless, err := withoutPlace(w.DIE)
		if err != nil {
			return false, err
		}
		if placeless {
			n++
		}
	}
	return n == 1, w.Err()
}

// locate is [dwarf.DIE.Locate] where the offset of a thread-local variable counts from the start of the block, too, if it is in .debug_addr:
// there gcc has the linker write what it does for other variables, the address in the file.
func (s *source) locate(d dwarf.DIE, pc uint64, fn *dwarf.Function, frame dwarf.Frame) (dwarf.Location, error) {
	loc, err := d.Locate(pc, fn, frame)
	if err != nil || loc.Absence != dwarf.ThreadLocal || !loc.Indexed {
		return loc, err
	}
	segments := s.place.ELF.Segments
	i := slices.IndexFunc(segments, func(p elf.Segment) bool { return p.Type == elf.PT_TLS })
	if i < 0 {
		return loc, &failure.ValueError{Problem: "there is no segment of thread-local variables"}
	}
	block := &segments[i]
	moved := loc.Offset - block.Vaddr
	isOffset, isAddress := loc.Offset < block.Memsz, moved < block.Memsz
	switch {
	case !isOffset && !isAddress:
		return loc, &failure.ValueError{Problem: fmt.Sprintf("where a thread-local variable is makes no sense: %#x is neither an offset in the block of them, of %#x bytes, nor an address from %#x on",
			loc.Offset, block.Memsz, block.Vaddr)}
	case isOffset && isAddress && moved != loc.Offset:
		if isOffset, isAddress, err = s.threadLocalAt(d, loc.Offset, moved); err != nil {
			return loc, err
		}
		if isOffset == isAddress {
			return loc, &failure.ValueError{Problem: fmt.Sprintf("where a thread-local variable is can't be told: %#x may be an offset in the block of them or an address, and no symbol tells which",
				loc.Offset)}
		}
	}
	if !isOffset {
		loc.Offset = moved
	}
	return loc, nil
}

// threadLocalAt reports at which of two offsets in the block a variable's symbols are.
func (s *source) threadLocalAt(d dwarf.DIE, one, two uint64) (atOne, atTwo bool, err error) {
	symbols, err := s.threadLocals()
	if symbols == nil || err != nil {
		return false, false, err
	}
	name, err := nameOf(d)
	if err != nil {
		return false, false, err
	}
	for key, found := range symbols.symbols {
		if key.name != name.name || key.global && !name.global {
			continue
		}
		for _, at := range found {
			atOne, atTwo = atOne || at.offset == one, atTwo || at.offset == two
		}
	}
	return atOne, atTwo, nil
}
