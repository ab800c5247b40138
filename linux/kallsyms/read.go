package kallsyms

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/linux/internal/constant"
	"github.com/godrgn/drgn/vmcoreinfo"
)

// maxPerSymbol bounds how many bytes the names, their markers and their order take for each symbol, if all is read at once.
const maxPerSymbol = 64

// maxAtOnce bounds how many bytes of names are read at once: kernels have some 2 MB.
const maxAtOnce = 1 << 25

// load reads the table at its places, from the cache if it is there. right says whether it is the kernel's.
func load(p *drgn.Program, m kallsyms.Memory, at kallsyms.Places, right func(*kallsyms.Table) error) (*kallsyms.Table, error) {
	count, err := p.ReadUint(at.NumSyms, 4, false)
	end := at.TokenIndex + kallsyms.IndexSize
	own := constant.Of(nil, nil)
	if err == nil && count > 0 && count <= kallsyms.MaxSymbols && at.Names < end && end-at.Names <= min(count*maxPerSymbol, maxAtOnce) {
		// What is cached must not depend on where the kernel lies: the base of the offsets, and addresses, do.
		parts := []constant.Part{{Address: at.Names, Size: end - at.Names}}
		if at.Offsets != 0 {
			parts = append(parts, constant.Part{Address: at.Offsets, Size: 4 * count})
		}
		if read, err := constant.Read(p, parts...); err == nil { // else loading says what can't be read
			own = read
		}
	}
	table, err := kallsyms.Load(own.Memory(m), at)
	if err != nil {
		return nil, err
	}
	table.Prepare(wanted...)
	if err := right(table); err != nil {
		return nil, err
	}
	own.Save()
	own.Release()
	return table, nil
}

// find finds the table in the kernel's image, where it was in another dump of the kernel, or else by its shape.
func find(p *drgn.Program, m kallsyms.Memory, info *vmcoreinfo.Info) (*kallsyms.Table, error) {
	start, err := info.Symbol("_stext")
	if err != nil {
		return nil, fmt.Errorf("it can't be looked for: %w", err)
	}
	right, note := rightAt(start, info), noteOf(p, info)
	if far, ok := note.Read(); ok {
		if table, err := loadFar(p, m, far, start, right); err == nil {
			return table, nil
		} // else it was another kernel
	}
	variables, _ := info.Symbol("init_uts_ns") // 0: not known
	table, err := kallsyms.Search(m, chunks(p, start, variables), right)
	if err != nil {
		return nil, err
	}
	table.Prepare(wanted...)
	if far, err := binary.Append(nil, binary.LittleEndian, placesTo(table.Places(), start)); err == nil { // it can't fail for numbers
		note.Write(far)
	}
	return table, nil
}

// rightAt returns what says whether a table is that of the kernel whose code begins at an address.
func rightAt(start uint64, info *vmcoreinfo.Info) func(*kallsyms.Table) error {
	return func(t *kallsyms.Table) error {
		if !t.Has(start, "_stext") {
			return fmt.Errorf("it does not have _stext at %#x", start)
		}
		return agree(t, info)
	}
}

// noteOf returns the note of where the table lies in a kernel.
func noteOf(p *drgn.Program, info *vmcoreinfo.Info) *constant.Note {
	release, _ := info.String("OSRELEASE")
	return constant.NewNote(p, "places of kallsyms", release, string(info.BuildID()))
}

// loadFar reads the table from the places of a note, if it is there and is right.
func loadFar(p *drgn.Program, m kallsyms.Memory, note []byte, start uint64, right func(*kallsyms.Table) error) (*kallsyms.Table, error) {
	var far [numPlaces]uint64
	if n, err := binary.Decode(note, binary.LittleEndian, &far); err != nil || n != len(note) {
		return nil, errors.New("these are no places")
	}
	return load(p, m, placesFrom(far, start), right)
}

// numPlaces is the number of addresses in [kallsyms.Places].
const numPlaces = 7

// places returns the addresses in p.
func places(p *kallsyms.Places) [numPlaces]*uint64 {
	return [...]*uint64{&p.NumSyms, &p.Names, &p.TokenTable, &p.TokenIndex, &p.Addresses, &p.Offsets, &p.RelativeBase}
}

// placesTo returns how far the places are from where the kernel's code begins, which does not depend on where that is; 0 where
// there is none.
func placesTo(p kallsyms.Places, start uint64) (far [numPlaces]uint64) {
	for i, at := range places(&p) {
		if *at != 0 {
			far[i] = *at - start
		}
	}
	return far
}

// placesFrom is the inverse of placesTo.
func placesFrom(far [numPlaces]uint64, start uint64) (p kallsyms.Places) {
	for i, at := range places(&p) {
		if far[i] != 0 {
			*at = start + far[i]
		}
	}
	return p
}

// window is how much of the image is looked at before what is below it, in bytes.
const window = 1 << 20

// overlap is how much of a window belongs to the next one, too, in bytes: what is looked for is smaller.
const overlap = 1 << 10

// chunks walks what can be read of the memory in which the kernel's image lies, which begins with its code. Its tables lie in
// .rodata, not far before variables such as init_uts_ns, so memory is walked from there to the beginning, then to the end.
func chunks(p *drgn.Program, start, variables uint64) iter.Seq2[kallsyms.Chunk, error] {
	return func(yield func(kallsyms.Chunk, error) bool) {
		walk := func(first, last uint64) bool {
			for c, err := range p.Memory().Chunks(false, first, last) {
				if !yield(kallsyms.Chunk{Address: c.Address, Data: c.Data}, err) || err != nil {
					return false
				}
			}
			return true
		}
		variables = min(max(variables, start), start+imageSize)
		for end := variables; end > start; end -= min(window, end-start) {
			if !walk(max(end-window, start), end+overlap) {
				return
			}
		}
		walk(variables, start+imageSize-1)
	}
}

// agree holds a table against what VMCOREINFO says of some symbols.
func agree(t *kallsyms.Table, info *vmcoreinfo.Info) error {
	for _, s := range []struct{ name, told string }{
		{"_stext", "_stext"}, {"init_uts_ns", "init_uts_ns"}, {"swapper_pg_dir", "swapper_pg_dir"}, {"init_top_pgt", "swapper_pg_dir"}, {"node_online_map", "node_online_map"},
	} {
		want, err := info.Symbol(s.told)
		if err != nil || t.Has(want, s.name) {
			continue
		}
		for _, i := range t.Named(s.name) {
			return fmt.Errorf("it has %s at %#x, VMCOREINFO at %#x", s.name, t.Address(i), want)
		}
	}
	return nil
}
