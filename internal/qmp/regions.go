package qmp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/failure"
)

// A Region is guest memory: physical addresses from Min to Max, both inclusive.
type Region struct {
	Min, Max uint64
	Name     string // of the block of memory: "pc.ram"
	ROM      bool
}

// maxRegions bounds how many regions are taken from QEMU's list of them.
const maxRegions = 1 << 16

// Regions returns the guest's memory in the order of addresses, without devices.
func (c *Client) Regions() ([]Region, error) {
	text, err := c.Monitor("info mtree -f")
	if err != nil {
		return nil, err
	}
	regions, err := parseFlatViews(text)
	if err != nil {
		return nil, &failure.QMPProtocolError{Address: c.address, Problem: "QEMU's list of the guest's memory (info mtree -f) makes no sense", Err: err}
	}
	return regions, nil
}

// parseFlatViews reads the list of flat views, of which that of the address space "memory" is the machine's own:
//
//	FlatView #3
//	 AS "memory", root: system
//	 AS "cpu-memory-0", root: system
//	 Root memory region: system
//	  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram
//	  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram @00000000000c3000 KVM
//
// Memory of a device ("ramd") is left out: to read it may do something.
func parseFlatViews(text string) ([]Region, error) {
	var regions []Region
	ours, found := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "FlatView "):
			ours = false
		case strings.HasPrefix(line, ` AS "memory",`):
			if found {
				return nil, fmt.Errorf("it has two address spaces named memory")
			}
			ours, found = true, true
		case ours && strings.HasPrefix(line, "  ") && strings.Contains(line, "(prio "):
			r, ok, err := parseRegion(strings.TrimSpace(line))
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if n := len(regions); n > 0 && r.Min <= regions[n-1].Max {
				return nil, fmt.Errorf("regions are not in order at %#x", r.Min)
			}
			if regions = append(regions, r); len(regions) > maxRegions {
				return nil, fmt.Errorf("it has more than %d regions", maxRegions)
			}
		}
	}
	if !found {
		return nil, fmt.Errorf("it has no address space named memory")
	}
	if len(regions) == 0 {
		return nil, fmt.Errorf("the machine has no memory")
	}
	return regions, nil
}

// parseRegion reads a line of a flat view; ok is false for what is no memory.
func parseRegion(line string) (r Region, ok bool, err error) {
	wrong := func() (Region, bool, error) {
		return Region{}, false, fmt.Errorf("%s is no region", shown([]byte(line)))
	}
	addresses, rest, ok1 := strings.Cut(line, " (prio ")
	kind, name, ok2 := strings.Cut(rest, "): ")
	_, kind, ok3 := strings.Cut(kind, ", ")
	low, high, ok4 := strings.Cut(addresses, "-")
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return wrong()
	}
	kind, _, _ = strings.Cut(kind, ",") // "nv-ram" and other notes may follow
	if kind != "ram" && kind != "rom" && kind != "romd" && kind != "nv-ram" {
		return Region{}, false, nil
	}
	if r.Min, err = strconv.ParseUint(low, 16, 64); err != nil {
		return wrong()
	}
	if r.Max, err = strconv.ParseUint(high, 16, 64); err != nil || r.Max < r.Min {
		return wrong()
	}
	name, _, _ = strings.Cut(name, " @")
	r.Name, r.ROM = strings.TrimSuffix(name, " KVM"), kind != "ram" && kind != "nv-ram"
	return r, true, nil
}

// HostAddress returns where QEMU keeps the guest's memory at a physical address.
func (c *Client) HostAddress(physical uint64) (uint64, error) {
	text, err := c.Monitor(fmt.Sprintf("gpa2hva %#x", physical))
	if err != nil {
		return 0, err
	}
	return parseHostAddress(text)
}

// parseHostAddress reads "Host virtual address for 0x0 (pc.ram) is 0x7f0067e00000".
func parseHostAddress(text string) (uint64, error) {
	text = strings.TrimSpace(text)
	_, number, ok := strings.Cut(text, ") is 0x")
	a, err := strconv.ParseUint(number, 16, 64)
	if !ok || err != nil || a == 0 || !strings.HasPrefix(text, "Host virtual address for ") {
		return 0, fmt.Errorf("QEMU does not say where it keeps the guest's memory, but %s", shown([]byte(text)))
	}
	return a, nil
}

// parseDump reads len(buf) bytes of memory that start at address, as the monitor's "xp /NUMBERbx" prints them:
//
//	0000000000001000: 0xea 0x5b 0xe0 0x00 0xf0 0x30 0x36 0x2f
//
// It returns the first address that the monitor could not read, when there is one.
func parseDump(buf []byte, address uint64, text string) (fault uint64, faulted bool, err error) {
	n := 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		at, values, ok := strings.Cut(line, ":")
		got, err := strconv.ParseUint(at, 16, 64)
		if !ok || err != nil || got != address+uint64(n) {
			return 0, false, fmt.Errorf("%s is no line of memory at %#x", shown([]byte(line)), address+uint64(n))
		}
		if strings.Contains(values, "Cannot access memory") {
			return got, true, nil
		}
		for value := range strings.FieldsSeq(values) {
			v, ok := strings.CutPrefix(value, "0x")
			b, err := strconv.ParseUint(v, 16, 8)
			if !ok || err != nil || n == len(buf) {
				return 0, false, fmt.Errorf("%s is no line of %d bytes of memory at %#x", shown([]byte(line)), len(buf), address)
			}
			buf[n] = byte(b)
			n++
		}
	}
	if n < len(buf) {
		return 0, false, fmt.Errorf("%d bytes of memory instead of %d at %#x", n, len(buf), address)
	}
	return 0, false, nil
}
