package main

import (
	"debug/elf"
	"encoding/binary"
	"io"
	"os"
	"slices"
)

// usualELF writes a copy of QEMU's ELF dump in the layout other programs expect.
// QEMU 7.2 puts section headers before the program headers and claims an ELF header
// of 8 bytes, which makedumpfile refuses: in the copy, the program headers follow
// the ELF header, and there are no sections. Runs of zeros become holes.
func usualELF(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	f, err := elf.NewFile(withoutSections{in})
	if err != nil {
		return err
	}
	const align = 4096
	ident := [16]byte{0x7f, 'E', 'L', 'F', byte(f.Class), byte(f.Data), byte(f.Version), byte(f.OSABI), f.ABIVersion}
	headerSize, programSize := 64, 56
	var header any = elf.Header64{
		Ident: ident, Type: uint16(f.Type), Machine: uint16(f.Machine), Version: uint32(f.Version), Entry: f.Entry,
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: uint16(len(f.Progs)),
	}
	if f.Class == elf.ELFCLASS32 {
		headerSize, programSize = 52, 32
		header = elf.Header32{
			Ident: ident, Type: uint16(f.Type), Machine: uint16(f.Machine), Version: uint32(f.Version), Entry: uint32(f.Entry),
			Phoff: 52, Ehsize: 52, Phentsize: 32, Phnum: uint16(len(f.Progs)),
		}
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	programs := make([]any, len(f.Progs))
	offset := uint64(headerSize + programSize*len(f.Progs))
	for i, p := range f.Progs {
		if p.Type != elf.PT_NOTE {
			offset = (offset + align - 1) &^ (align - 1)
		}
		programs[i] = elf.Prog64{
			Type: uint32(p.Type), Flags: uint32(p.Flags), Off: offset,
			Vaddr: p.Vaddr, Paddr: p.Paddr, Filesz: p.Filesz, Memsz: p.Memsz, Align: p.Align,
		}
		if f.Class == elf.ELFCLASS32 {
			programs[i] = elf.Prog32{
				Type: uint32(p.Type), Flags: uint32(p.Flags), Off: uint32(offset),
				Vaddr: uint32(p.Vaddr), Paddr: uint32(p.Paddr), Filesz: uint32(p.Filesz), Memsz: uint32(p.Memsz), Align: uint32(p.Align),
			}
		}
		if err := copySparse(out, int64(offset), p.Open()); err != nil {
			return err
		}
		offset += p.Filesz
	}
	if err := out.Truncate(int64(offset)); err != nil {
		return err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := binary.Write(out, f.ByteOrder, header); err != nil {
		return err
	}
	for _, p := range programs {
		if err := binary.Write(out, f.ByteOrder, p); err != nil {
			return err
		}
	}
	return out.Close()
}

// withoutSections reads an ELF file as one that has no section headers. QEMU 7.2 writes those of a big-endian file in the byte
// order of the machine that it runs on.
type withoutSections struct{ io.ReaderAt }

// ReadAt implements [io.ReaderAt].
func (r withoutSections) ReadAt(p []byte, at int64) (n int, err error) {
	var class [1]byte
	if _, err := r.ReaderAt.ReadAt(class[:], elf.EI_CLASS); err != nil {
		return 0, err
	}
	where, count := [2]int64{40, 48}, [2]int64{60, 64} // e_shoff; e_shnum and e_shstrndx
	if elf.Class(class[0]) == elf.ELFCLASS32 {
		where, count = [2]int64{32, 36}, [2]int64{48, 52}
	}
	n, err = r.ReaderAt.ReadAt(p, at)
	for _, field := range [][2]int64{where, count} {
		for i := max(field[0], at); i < min(field[1], at+int64(n)); i++ {
			p[i-at] = 0
		}
	}
	return n, err
}

// copySparse copies a stream to an offset of a file, leaving holes for zeros.
func copySparse(out io.WriterAt, offset int64, in io.Reader) error {
	block := make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(in, block)
		if slices.ContainsFunc(block[:n], func(b byte) bool { return b != 0 }) {
			if _, err := out.WriteAt(block[:n], offset); err != nil {
				return err
			}
		}
		offset += int64(n)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
