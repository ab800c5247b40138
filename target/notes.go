package target

import (
	"bytes"

	"github.com/godrgn/drgn/internal/bin"
)

// Types of the entries of an auxiliary vector (getauxval(3)) that tell where the parts of a process are.
const (
	AT_PHDR         = 3  // address of the executable's program headers
	AT_PHENT        = 4  // size of each of them
	AT_PHNUM        = 5  // their number
	AT_PAGESZ       = 6  // size of a page
	AT_ENTRY        = 9  // where the executable starts
	AT_EXECFN       = 31 // address of the path that was executed
	AT_SYSINFO_EHDR = 33 // address of the vDSO
)

// maxAuxv bounds the number of entries of an auxiliary vector; the kernel makes some twenty.
const maxAuxv = 1024

// ParseAuxv reads an auxiliary vector: NT_AUXV, or /proc/PID/auxv. Of an entry that comes twice the first counts.
func ParseAuxv(data []byte, is64, big bool) map[uint64]uint64 {
	word := 4
	if is64 {
		word = 8
	}
	v := map[uint64]uint64{}
	c := bin.New("auxiliary vector", data, big)
	for range maxAuxv {
		key, value := c.Uint(word), c.Uint(word)
		if c.Err() != nil || key == 0 {
			break // it may be cut: what is there is good
		}
		if _, twice := v[key]; !twice {
			v[key] = value
		}
	}
	return v
}

// A PsInfo is what NT_PRPSINFO says of a process.
type PsInfo struct {
	PID  uint32
	Comm string // name of the main thread, of up to 15 bytes
}

// ParsePsInfo reads an NT_PRPSINFO note, struct elf_prpsinfo (include/linux/elfcore.h). Machines of 32 bits differ in
// the size of user IDs, which the size of the whole tells.
func ParsePsInfo(desc []byte, is64, big bool) (PsInfo, error) {
	const commSize = 16
	pid, comm := 24, 40 // behind four bytes, flags of a word, and two user IDs
	switch {
	case !is64 && len(desc) >= 128:
		pid, comm = 16, 32 // user IDs of 32 bits
	case !is64:
		pid, comm = 12, 28
	}
	c := bin.New("NT_PRPSINFO", desc, big)
	c.Seek(uint64(pid))
	p := PsInfo{PID: c.U32()}
	c.Seek(uint64(comm))
	name, _, _ := bytes.Cut(c.Bytes(commSize), []byte{0})
	p.Comm = string(name)
	return p, c.Err()
}
