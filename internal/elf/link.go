package elf

import (
	"bytes"
	"runtime"

	"github.com/godrgn/drgn/internal/bin"
)

// DebugLink returns the name of the file with the debug sections and the CRC-32 (IEEE) of its contents, from
// .gnu_debuglink. The name is empty if there is none.
func (f *File) DebugLink() (name string, crc uint32, err error) {
	defer runtime.KeepAlive(f)
	c, err := f.link(".gnu_debuglink")
	if err != nil || c == nil {
		return "", 0, err
	}
	name = string(c.CString())
	c.Align(4)
	crc = c.U32()
	if err := c.Err(); err != nil {
		return "", 0, err
	}
	return name, crc, nil
}

// DebugAltLink returns the name and the build ID of the file that dwz moved shared debug sections to, from
// .gnu_debugaltlink. The name is empty if there is none.
func (f *File) DebugAltLink() (name string, buildID []byte, err error) {
	defer runtime.KeepAlive(f)
	c, err := f.link(".gnu_debugaltlink")
	if err != nil || c == nil {
		return "", nil, err
	}
	name = string(c.CString())
	buildID = bytes.Clone(c.Bytes(uint64(c.Len())))
	if err := c.Err(); err != nil {
		return "", nil, err
	}
	return name, buildID, nil
}

func (f *File) link(section string) (*bin.Cursor, error) {
	s := f.Section(section)
	if s == nil || !s.HasData() {
		return nil, nil
	}
	data, err := s.Data()
	if err != nil {
		return nil, err
	}
	c := bin.New(f.Name+" "+section, data, f.Big)
	return &c, nil
}
