package target

import (
	"encoding/binary"
	"os"
	"slices"
	"strings"

	"github.com/godrgn/drgn/internal/compressed"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/kdump"
)

// A FileKind says what a file is, as far as its first bytes tell.
type FileKind int

// Kinds of files.
const (
	OtherFile FileKind = iota
	CoreFile           // what [Open] opens, or says why it can't be read: ELF (ET_CORE), kdump-compressed, flattened, other dumps
	ImageFile          // ELF of a program, a library, a kernel or a module
)

// KindOf says what a regular file is, or what a compressed one holds; what can't be read is an OtherFile.
func KindOf(path string) FileKind {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return OtherFile
	}
	f, err := os.Open(path)
	if err != nil {
		return OtherFile
	}
	defer f.Close() // was only read
	const upToType = 18
	head := compressed.Head(f, upToType)
	isForeign := slices.ContainsFunc(foreign, func(u struct{ magic, what string }) bool { return strings.HasPrefix(string(head), u.magic) })
	if kdump.IsKdump(head) || kdump.IsFlat(head) || isForeign {
		return CoreFile
	}
	if len(head) < upToType || string(head[:4]) != "\x7fELF" {
		return OtherFile
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[5] == 2 { // EI_DATA: ELFDATA2MSB
		order = binary.BigEndian
	}
	switch order.Uint16(head[upToType-2:]) { // e_type
	case elf.ET_CORE:
		return CoreFile
	case elf.ET_EXEC, elf.ET_DYN, elf.ET_REL:
		return ImageFile
	}
	return OtherFile
}
