package target

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// FindVMCOREINFO looks through physical memory for the note in which the kernel describes itself, for dumps that lack
// it (QEMU has no device for it on many machines). There may be several which differ: that of a kernel that ran before
// a kexec, for instance.
func FindVMCOREINFO(s *mem.Space, big bool) ([][]byte, error) {
	const maxDesc = 64 << 10
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	name := []byte("VMCOREINFO\x00\x00") // padded to 12 bytes, behind the three numbers of the note's header
	var found [][]byte
	for chunk, err := range s.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			return nil, err
		}
		for at := 0; ; at++ {
			n := bytes.Index(chunk.Data[at:], name)
			if n < 0 {
				break
			}
			at += n
			if at < 12 {
				continue
			}
			header := chunk.Data[at-12 : at]
			size := order.Uint32(header[4:])
			if order.Uint32(header) != uint32(len("VMCOREINFO")+1) || order.Uint32(header[8:]) != 0 || size == 0 || size > maxDesc {
				continue
			}
			desc := make([]byte, size)
			if s.Read(desc, chunk.Address+uint64(at+len(name)), true) != nil || vmcoreinfo.Parse(desc).Check() != nil {
				continue // the rest is gone, or these bytes are something else
			}
			desc, _, _ = bytes.Cut(desc, []byte{0})
			if !slices.ContainsFunc(found, func(b []byte) bool { return bytes.Equal(b, desc) }) {
				found = append(found, desc)
			}
		}
	}
	return found, nil
}
