package qmp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/mem"
)

// Memory is the guest's physical memory.
type Memory struct {
	Segments []mem.Segment
	Size     uint64 // in bytes

	// Slow says why every read is a question to QEMU, which takes thousands of times as long as to read the memory of its
	// process; nil when that is possible.
	Slow error

	process *os.File // /proc/PID/mem of QEMU, or nil
}

// Close closes what the memory is read through, but not the client. Nothing may read the memory afterwards.
func (m *Memory) Close() error {
	if m.process == nil {
		return nil
	}
	return m.process.Close()
}

// Memory returns the guest's physical memory as it is at present: memory that is plugged in later is not in it. Where QEMU
// runs on this machine and may be looked into, memory is read from its process, else QEMU is asked.
func (c *Client) Memory() (*Memory, error) {
	regions, err := c.Regions()
	if err != nil {
		return nil, err
	}
	m := &Memory{}
	for _, r := range regions {
		m.Size += r.Max - r.Min + 1
	}
	places, err := c.open(m, regions)
	if errors.As(err, new(*failure.QMPProtocolError)) {
		return nil, err
	}
	m.Slow = err
	for i, r := range regions {
		seg := mem.Segment{Min: r.Min, Max: r.Max, Physical: true, Read: c.read}
		if m.Slow == nil {
			seg.Read = processRead(m.process, places[i]-r.Min)
		}
		m.Segments = append(m.Segments, seg)
	}
	return m, nil
}

// open opens the memory of QEMU's process, and returns where each region lies in it.
func (c *Client) open(m *Memory, regions []Region) ([]uint64, error) {
	if !c.IsUnix() {
		return nil, errors.New("the connection is not over a Unix socket")
	}
	pid, ok := c.Peer()
	if !ok {
		return nil, errors.New("the process at the other end of the socket can't be told")
	}
	process, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, fmt.Errorf("the memory of QEMU's process can't be opened: %w", err)
	}
	places, err := c.places(regions)
	if err == nil {
		err = c.compare(process, regions, places)
	}
	if err != nil {
		process.Close() // was only read
		return nil, err
	}
	m.process = process
	return places, nil
}

// places returns where each region lies in QEMU's process.
func (c *Client) places(regions []Region) ([]uint64, error) {
	var places []uint64
	for _, r := range regions {
		first, err := c.HostAddress(r.Min)
		if err != nil {
			return nil, err
		}
		last, err := c.HostAddress(r.Max)
		if err != nil {
			return nil, err
		}
		if last-first != r.Max-r.Min {
			return nil, fmt.Errorf("the guest's memory at %#x is not in one piece", r.Min)
		}
		places = append(places, first)
	}
	return places, nil
}

const (
	samples     = 4  // places where the memory of the process is held against what QEMU says
	sampleSize  = 64 // bytes
	sampleTries = 5  // the guest may run, and change its memory in between
)

// compare makes sure that the process is QEMU itself, and not who listened at the socket for it: what it holds must be the
// guest's memory.
func (c *Client) compare(process *os.File, regions []Region, places []uint64) error {
	largest := 0
	for i, r := range regions {
		if r.Max-r.Min > regions[largest].Max-regions[largest].Min {
			largest = i
		}
		if err := processRead(process, places[i]-r.Min)(make([]byte, 1), r.Max, 0, true); err != nil {
			return fmt.Errorf("the process at the other end of the socket does not hold the guest's memory: %w", err)
		}
	}
	r, delta := regions[largest], places[largest]-regions[largest].Min
	read := processRead(process, delta)
	const looks = 4096 // at pages, to find some that are not empty
	step := max((r.Max-r.Min)/looks&^(sampleSize-1), sampleSize)
	held, own := make([]byte, sampleSize), make([]byte, sampleSize)
	found := 0
	for at := r.Min; found < samples && r.Max-at >= sampleSize; at += step {
		if err := read(held, at, 0, true); err != nil {
			return err
		}
		if !bytes.ContainsFunc(held, func(b rune) bool { return b != 0 }) {
			continue
		}
		found++
		same := false
		for try := 0; try < sampleTries && !same; try++ {
			if err := c.read(own, at, 0, true); err != nil {
				return err
			}
			if err := read(held, at, 0, true); err != nil {
				return err
			}
			same = bytes.Equal(held, own)
		}
		if !same {
			return errors.New("the process at the other end of the socket does not hold the guest's memory")
		}
		if r.Max-at < step {
			break
		}
	}
	return nil
}

// processRead reads guest memory at a physical address from a process's memory at that address plus delta.
func processRead(process io.ReaderAt, delta uint64) mem.ReadFunc {
	return func(buf []byte, address, _ uint64, _ bool) error {
		n, err := process.ReadAt(buf, int64(address+delta))
		if n == len(buf) {
			return nil
		}
		message := "the guest has ended: QEMU's process has no memory any more"
		var file *os.PathError
		if errors.As(err, &file) {
			message = fmt.Sprintf("the memory of QEMU's process can't be read (%v)", file.Err)
		}
		return &mem.FaultError{Message: message, Address: address + uint64(max(n, 0))}
	}
}

// chunk is how much memory QEMU is asked for at once, in bytes.
const chunk = 4096

// read asks QEMU for memory. All of it is memory: QEMU would also read from devices, which may do something.
func (c *Client) read(buf []byte, address, _ uint64, _ bool) error {
	for part := range slices.Chunk(buf, chunk) {
		text, err := c.Monitor(fmt.Sprintf("xp /%dbx %#x", len(part), address))
		if err != nil {
			return &mem.FaultError{Message: err.Error(), Address: address}
		}
		fault, faulted, err := parseDump(part, address, text)
		if err != nil {
			return &mem.FaultError{Message: err.Error(), Address: address}
		}
		if faulted {
			return &mem.FaultError{Message: "QEMU can't read the guest's memory", Address: fault}
		}
		address += uint64(len(part))
	}
	return nil
}

// Platform returns the guest's instruction set with its default byte order: nearly all guests of a ppc64 machine, which may
// be of either, are little-endian.
func (c *Client) Platform() (arch.Platform, error) {
	var target struct {
		Arch string `json:"arch"`
	}
	if err := c.Execute("query-target", nil, &target); err != nil {
		return arch.Platform{}, err
	}
	a := arch.ByQEMU(target.Arch)
	if a == nil {
		return arch.Platform{}, fmt.Errorf("the guest is a machine of type %q, which is not known", target.Arch)
	}
	return arch.NewPlatform(a)
}

// Running reports whether the guest's CPUs run.
func (c *Client) Running() (bool, error) {
	var status struct {
		Running bool `json:"running"`
	}
	err := c.Execute("query-status", nil, &status)
	return status.Running, err
}

// DumpPage has QEMU write a core file with one page of memory, and with the notes of a whole one: the CPUs' registers and,
// when the machine has a vmcoreinfo device, VMCOREINFO. A guest that runs is stopped for that moment. It takes a Unix
// socket. The file is in memory only.
func (c *Client) DumpPage(address uint64) (*os.File, error) {
	const name = "drgn-dump"
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), name)
	if err = c.PassFile(name, file); err == nil {
		err = c.Execute("dump-guest-memory", map[string]any{
			"paging": false, "protocol": "fd:" + name, "begin": address, "length": 4096,
		}, nil)
	}
	if err != nil {
		file.Close() // holds nothing
		return nil, err
	}
	return file, nil
}
