package attach

import (
	"encoding/binary"
	"io"
	"os"
	"strings"

	"github.com/godrgn/drgn/internal/elf"
)

// A FileKind says what a file is, as far as its first bytes tell.
type FileKind int

// Kinds of files.
const (
	OtherFile FileKind = iota
	CoreFile           // a core dump: ELF (ET_CORE), kdump-compressed, or flattened by makedumpfile
	ImageFile          // ELF of a program, a library, a kernel or a module
)

// KindOf says what a regular file is; what can't be read is an OtherFile.
func KindOf(path string) FileKind {
	st, err := os.Stat(path)
	if err != nil || !st.Mode().IsRegular() {
		return OtherFile
	}
	f, err := os.Open(path)
	if err != nil {
		return OtherFile
	}
	defer f.Close()          // was only read
	head := make([]byte, 18) // up to e_type
	n, err := io.ReadFull(f, head)
	for _, magic := range []string{"KDUMP   ", "DISKDUMP", "makedumpfile"} {
		if strings.HasPrefix(string(head[:n]), magic) {
			return CoreFile
		}
	}
	if err != nil || string(head[:4]) != "\x7fELF" {
		return OtherFile
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[5] == 2 { // EI_DATA: ELFDATA2MSB
		order = binary.BigEndian
	}
	switch order.Uint16(head[16:]) {
	case elf.ET_CORE:
		return CoreFile
	case elf.ET_EXEC, elf.ET_DYN, elf.ET_REL:
		return ImageFile
	}
	return OtherFile
}
