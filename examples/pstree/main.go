// Command pstree prints the processes of a kernel core dump as a tree: the ID, state and name of each, how many threads
// it has if several, and how many pages it has mapped if any.
//
//	go run ./examples/pstree testdata/tiny-6.12/vmcore
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/sched"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: pstree CORE")
	}
	if err := open(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func open(path string) error {
	prog, err := attach.Core(path)
	if err != nil {
		return err
	}
	defer prog.Close() // was only read
	return run(os.Stdout, prog)
}

func run(w io.Writer, prog *drgn.Program) error {
	out := bufio.NewWriter(w)
	root, err := newProcess(prog.Variable("init_task").AddressOf(), map[uint64]bool{})
	if err != nil {
		return err
	}
	root.print(out, "", "")
	return out.Flush()
}

// A process is what is printed of the first of a process's threads.
type process struct {
	PID      int    `drgn:"pid"`
	Comm     string `drgn:"comm"`
	Threads  int    `drgn:"signal->nr_threads"`
	Pages    uint64 `drgn:"mm->total_vm,optional"` // a thread of the kernel has no mm
	State    string
	Children []*process
}

// newProcess reads a process and what descends from it. What was seen may not come again, else a corrupt core could
// have a process descend from itself.
func newProcess(leader drgn.Object, seen map[uint64]bool) (*process, error) {
	p := new(process)
	if err := leader.Decode(p); err != nil {
		return nil, err
	}
	var err error
	if p.State, err = sched.TaskStateChar(leader); err != nil {
		return nil, err
	}
	for thread, err := range pid.ForEachTaskInGroup(leader, true) { // a child is that of the thread that forked it
		if err != nil {
			return nil, err
		}
		for child, err := range list.ForEachEntry("struct task_struct", thread.Member("children").AddressOf(), "sibling") {
			if err != nil {
				return nil, fmt.Errorf("children of process %d: %w", p.PID, err)
			}
			address, err := child.Uint()
			if err != nil {
				return nil, err
			}
			if seen[address] {
				return nil, fmt.Errorf("process %d has a child that has been met before: the core is corrupt", p.PID)
			}
			seen[address] = true
			next, err := newProcess(child, seen)
			if err != nil {
				return nil, err
			}
			p.Children = append(p.Children, next)
		}
	}
	return p, nil
}

// print writes a process after a branch of the tree, and its children, whose lines begin with indent.
func (p *process) print(w *bufio.Writer, branch, indent string) {
	fmt.Fprintf(w, "%s%d %s %s", branch, p.PID, p.State, p.Comm)
	if p.Threads > 1 {
		fmt.Fprintf(w, " {%d threads}", p.Threads)
	}
	if p.Pages > 0 {
		fmt.Fprintf(w, " [%d pages]", p.Pages)
	}
	fmt.Fprintln(w)
	for i, child := range p.Children {
		if i < len(p.Children)-1 {
			child.print(w, indent+"├─", indent+"│ ")
		} else {
			child.print(w, indent+"└─", indent+"  ")
		}
	}
}
