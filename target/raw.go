package target

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/kdump"
	"github.com/godrgn/drgn/mem"
)

// cutAddress splits the name of an image of physical memory, FILE@ADDRESS; ok is false for other names, and for those of files that
// are there. An address is written in hexadecimal after 0x, else in decimal.
func cutAddress(name string) (file string, address uint64, ok bool) {
	i := strings.LastIndexByte(name, '@')
	if i <= 0 {
		return "", 0, false
	}
	digits, base := name[i+1:], 10 // a zero in front does not make it octal
	if hex, ok := strings.CutPrefix(digits, "0x"); ok {
		digits, base = hex, 16
	}
	address, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return "", 0, false
	}
	_, err = os.Stat(name)
	return name[:i], address, errors.Is(err, os.ErrNotExist)
}

// openImage opens a file that holds nothing but physical memory from an address on.
func openImage(path string, address uint64) (*Core, error) {
	m, err := mem.MapFile(path)
	if err != nil {
		return nil, err
	}
	data := m.Bytes()
	what := ""
	switch {
	case len(data) == 0:
		what = "is empty"
	case elf.IsELF(data) || kdump.IsKdump(data) || kdump.IsFlat(data):
		what = "is no image of memory but has a format of its own: name it without an address"
	case uint64(len(data))-1 > ^uint64(0)-address:
		what = fmt.Sprintf("has %#x bytes, more than there are addresses from %#x on", len(data), address)
	}
	if what != "" {
		return nil, errors.Join(fmt.Errorf("%s %s", path, what), m.Close())
	}
	image := &load{src: &kdump.Plain{Path: path, Data: data, Owner: own(m)}, start: address, filesz: uint64(len(data))}
	return &Core{Path: path, Is64: true, Kernel: true, headers: headers{image: true},
		Physical: []mem.Segment{{Min: address, Max: address + uint64(len(data)) - 1, Physical: true, View: image}}}, nil
}

// joinImages makes one core of several images of memory, which may not overlap.
func joinImages(cores []*Core) (*Core, error) {
	byAddress := func(a, b *Core) int { return cmp.Compare(a.Physical[0].Min, b.Physical[0].Min) }
	for _, c := range cores {
		if !c.headers.image {
			return nil, fmt.Errorf("%s is no image of memory, but %s is: they can't be opened together", c.Path, cores[0].Path)
		}
	}
	whole := cores[0]
	cores = slices.SortedFunc(slices.Values(cores), byAddress)
	var all []mem.Segment
	for i, c := range cores {
		if seg := c.Physical[0]; i > 0 && seg.Min <= all[i-1].Max {
			return nil, fmt.Errorf("images of memory overlap: %s has %#x to %#x, %s begins at %#x", cores[i-1].Path, all[i-1].Min, all[i-1].Max, c.Path, seg.Min)
		}
		all = append(all, c.Physical[0])
	}
	whole.Physical = all
	return whole, nil
}
