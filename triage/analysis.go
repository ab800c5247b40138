package triage

import (
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/list"
)

// An analysis is the search for who waits for whom.
type analysis struct {
	p         *drgn.Program
	tasks     map[uint64]*task
	word      uint64   // size of a pointer
	stackSize uint64   // of tasks
	stacks    []uint64 // where those of tasks begin, sorted; nil until somebody asks
	offsets   map[[2]string]uint64
	disks     []disk   // of which tasks may wait for
	systems   []system // of which tasks may wait for
}

// A system is a mounted file system.
type system struct {
	address, size uint64 // of its struct super_block
	name          string // "the super_block of ext4 on vda1"
}

func newAnalysis(p *drgn.Program, tasks map[uint64]*task) (*analysis, error) {
	a := &analysis{p: p, tasks: tasks, offsets: map[[2]string]uint64{}}
	var err error
	if a.word, err = p.AddressSize(); err != nil {
		return nil, err
	}
	a.stackSize, err = p.Object("THREAD_SIZE").Uint()
	if err == nil && a.stackSize > maxStack {
		err = &drgn.ValueError{Problem: "stacks of tasks are said to be larger than any kernel has them"}
	}
	return a, err
}

// findSystems notes the mounted file systems.
func (a *analysis) findSystems() error {
	size, err := a.sizeOf("struct super_block")
	if err != nil {
		return err
	}
	for sb, err := range list.ForEachEntry("struct super_block", a.p.Variable("super_blocks").AddressOf(), "s_list") {
		if err != nil {
			return err
		}
		address, err := sb.Uint()
		if err != nil {
			return err
		}
		device, kind, err := systemOf(sb)
		if err != nil {
			return err
		}
		a.systems = append(a.systems, system{address, size, fmt.Sprintf("in the super_block of %s (%s)", device, kind)})
	}
	return nil
}

// sizeOf returns the size of a type in bytes.
func (a *analysis) sizeOf(typ string) (uint64, error) {
	t, err := a.p.Type(typ)
	if err != nil {
		return 0, err
	}
	return t.Size()
}

// maxStack is how large a stack of a task may be: 64 KiB, and some more for kernels that look for errors.
const maxStack = 1 << 20

// offset returns where a member is in a type, in bytes.
func (a *analysis) offset(typ, member string) (uint64, error) {
	key := [2]string{typ, member}
	if v, ok := a.offsets[key]; ok {
		return v, nil
	}
	t, err := a.p.Type(typ)
	if err != nil {
		return 0, err
	}
	v, err := drgn.OffsetOf(t, member)
	if err == nil {
		a.offsets[key] = v
	}
	return v, err
}

// words returns the words of memory between two addresses.
func (a *analysis) words(from, to uint64) ([]uint64, error) {
	from -= from % a.word
	data, err := a.p.Read(from, to-from, false)
	if err != nil {
		return nil, err
	}
	words := make([]uint64, uint64(len(data))/a.word)
	for i := range words {
		words[i] = a.p.Platform().Uint(data[uint64(i)*a.word:][:a.word])
	}
	return words, nil
}

// at returns a pointer to an object of a type.
func (a *analysis) at(typ string, address uint64) (drgn.Object, error) {
	t, err := a.p.Type(typ + " *")
	if err != nil {
		return drgn.Object{}, err
	}
	o := a.p.ScalarValue(t, address)
	return o, o.Err()
}
