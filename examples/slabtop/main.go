// Command slabtop prints the slab caches of a kernel core dump that use most memory, and the file systems
// that have most inodes in memory.
//
//	go run ./examples/slabtop -n 5 testdata/tiny-6.12/vmcore
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/slab"
)

func main() {
	log.SetFlags(0)
	top := flag.Int("n", 10, "print this many `lines`")
	flag.Parse()
	if flag.NArg() != 1 || *top < 0 {
		log.Fatal("usage: slabtop [-n LINES] CORE")
	}
	if err := open(flag.Arg(0), *top); err != nil {
		log.Fatal(err)
	}
}

func open(path string, top int) error {
	prog, err := attach.Core(path)
	if err != nil {
		return err
	}
	defer prog.Close() // was only read
	return run(os.Stdout, prog, top)
}

func run(w io.Writer, prog *drgn.Program, top int) error {
	caches, err := cachesOf(prog)
	if err != nil {
		return err
	}
	fileSystems, err := fileSystemsOf(prog)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(out, "MEMORY\tSLABS\tOBJECTS\tFREE\tSIZE\t  CACHE\n")
	for _, c := range caches[:min(top, len(caches))] {
		fmt.Fprintf(out, "%d KiB\t%d\t%d\t%d\t%d\t  %s\n", c.memory>>10, c.usage.NumSlabs, c.usage.NumObjs, c.usage.FreeObjs, c.Size, c.Name)
	}
	if err := out.Flush(); err != nil { // columns end with it
		return err
	}
	fmt.Fprint(out, "\nINODES\tUNUSED\t  FILE SYSTEM\n")
	for _, fs := range fileSystems[:min(top, len(fileSystems))] {
		fmt.Fprintf(out, "%d\t%d\t  %s %s\n", fs.inodes, fs.unused, fs.Type, fs.ID)
	}
	return out.Flush()
}

// A cache is a slab cache with what it uses.
type cache struct {
	Name   string `drgn:"name"`
	Size   uint64 `drgn:"size"` // of an object with what lies around it
	usage  slab.CacheUsage
	memory uint64 // bytes
}

// cachesOf returns the slab caches, those that use most memory first.
func cachesOf(prog *drgn.Program) ([]cache, error) {
	pageSize, err := prog.Object("PAGE_SIZE").Uint()
	if err != nil {
		return nil, err
	}
	var all []cache
	for o, err := range slab.ForEachCache(prog) {
		if err != nil {
			return nil, err
		}
		var c cache
		if err := o.Decode(&c); err != nil {
			return nil, err
		}
		if c.usage, err = slab.Usage(o); err != nil {
			return nil, fmt.Errorf("cache %s: %w", c.Name, err)
		}
		pages, err := slab.PagesPerSlab(o)
		if err != nil {
			return nil, err
		}
		c.memory = c.usage.NumSlabs * pages * pageSize
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b cache) int {
		return cmp.Or(cmp.Compare(b.memory, a.memory), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// A fileSystem is a mounted one with the inodes that it has in memory.
type fileSystem struct {
	Type           string      `drgn:"s_type->name"`
	ID             string      `drgn:"s_id"`
	Inodes         drgn.Object `drgn:"s_inodes"`
	inodes, unused int
}

// fileSystemsOf returns the file systems, those with most inodes first.
func fileSystemsOf(prog *drgn.Program) ([]fileSystem, error) {
	var all []fileSystem
	for sb, err := range list.ForEachEntry("struct super_block", prog.Variable("super_blocks").AddressOf(), "s_list") {
		if err != nil {
			return nil, err
		}
		var fs fileSystem
		if err := sb.Decode(&fs); err != nil {
			return nil, err
		}
		for inode, err := range list.ForEachEntry("struct inode", fs.Inodes.AddressOf(), "i_sb_list") {
			if err != nil {
				return nil, fmt.Errorf("inodes of %s %s: %w", fs.Type, fs.ID, err)
			}
			references, err := inode.Member("i_count").Member("counter").Int()
			if err != nil {
				return nil, err
			}
			fs.inodes++
			if references == 0 {
				fs.unused++
			}
		}
		all = append(all, fs)
	}
	slices.SortFunc(all, func(a, b fileSystem) int {
		return cmp.Or(cmp.Compare(b.inodes, a.inodes), cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}
