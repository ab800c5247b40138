// Command blocked prints what the threads of a kernel core dump wait for: those in the given states, grouped by their
// stacks, the largest group first. It is the first thing one wants of a machine that hung.
//
//	go run ./examples/blocked -states D testdata/tiny-6.12/vmcore
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/stacks"
)

func main() {
	log.SetFlags(0)
	states := flag.String("states", "DS", "the `letters` that ps has for the states")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: blocked [-states LETTERS] CORE")
	}
	if err := open(flag.Arg(0), *states); err != nil {
		log.Fatal(err)
	}
}

func open(path string, states string) error {
	prog, err := attach.Core(path)
	if err != nil {
		return err
	}
	defer prog.Close() // was only read
	return run(os.Stdout, prog, states)
}

func run(w io.Writer, prog *drgn.Program, states string) error {
	groups, err := stacks.Of(context.Background(), prog, stacks.Options{States: states})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, g := range groups {
		fmt.Fprintf(out, "%d threads:", len(g.Threads))
		for _, t := range g.Threads {
			fmt.Fprintf(out, " %d (%s, %s)", t.TID, t.Name, t.State)
		}
		fmt.Fprintln(out)
		for _, f := range g.Frames {
			fmt.Fprintf(out, "    %s\n", f)
		}
		if g.Err != nil {
			fmt.Fprintf(out, "    %v\n", g.Err)
		}
	}
	return out.Flush()
}
