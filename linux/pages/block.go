package pages

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/flags"
	"github.com/godrgn/drgn/linux/device"
	"github.com/godrgn/drgn/linux/mmzone"
)

// ForEachMemoryBlock walks the blocks in which memory can be plugged in and out, each as a struct memory_block *.
//
//drgn:helper for_each_memory_block
func ForEachMemoryBlock(p *drgn.Program) iter.Seq2[drgn.Object, error] {
	return drgn.Entries(device.BusForEach(p.Variable("memory_subsys").AddressOf()), p, "struct memory_block", "dev")
}

// MemoryBlockSize returns the size of a block in which memory can be plugged in and out, in bytes, as an unsigned long.
//
//drgn:helper memory_block_size_bytes
func MemoryBlockSize(p *drgn.Program) drgn.Object {
	n, err := p.Variable("sections_per_block").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	pages, err := mmzone.SectionNumberToPFN(p, n).Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	page, err := p.Constant("PAGE_SIZE").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := p.Type("unsigned long")
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(t, pages*page)
}

// blockFlags are the states of a block where they are no enumeration (include/linux/memory.h).
var blockFlags = []flags.Flag{
	{Name: "MEM_ONLINE", Mask: 1 << 0}, {Name: "MEM_GOING_OFFLINE", Mask: 1 << 1}, {Name: "MEM_OFFLINE", Mask: 1 << 2},
	{Name: "MEM_GOING_ONLINE", Mask: 1 << 3}, {Name: "MEM_CANCEL_ONLINE", Mask: 1 << 4}, {Name: "MEM_CANCEL_OFFLINE", Mask: 1 << 5},
	{Name: "MEM_PREPARE_ONLINE", Mask: 1 << 6}, {Name: "MEM_FINISH_OFFLINE", Mask: 1 << 7},
}

// An UnknownStateError says that blocks of memory have no such state.
type UnknownStateError struct{ State uint64 }

func (e *UnknownStateError) Error() string { return fmt.Sprint(e.State) }

// DecodeMemoryBlockStateValue returns the name of a state of a block: "MEM_ONLINE". One that has none is its number where states are an
// enumeration, else an *[UnknownStateError].
//
//drgn:helper decode_memory_block_state_value(prog, state)
func DecodeMemoryBlockStateValue(p *drgn.Program, state uint64) (string, error) {
	t, err := p.Type("enum memory_block_state")
	if drgn.IsNotFound(err) {
		for _, f := range blockFlags {
			if f.Mask == state {
				return f.Name, nil
			}
		}
		return "", &UnknownStateError{state}
	}
	if err != nil {
		return "", err
	}
	all, err := t.Enumerators()
	if err != nil {
		return "", err
	}
	for _, e := range all {
		if e.Value == state {
			return e.Name, nil
		}
	}
	return fmt.Sprint(state), nil
}

// DecodeMemoryBlockState returns the name of the state of a block: "MEM_ONLINE".
//
// mem is a struct memory_block *.
//
//drgn:helper decode_memory_block_state(mem)
func DecodeMemoryBlockState(block drgn.Object) (string, error) {
	state, err := block.Member("state").Uint()
	if err != nil {
		return "", err
	}
	return DecodeMemoryBlockStateValue(block.Prog(), state)
}
