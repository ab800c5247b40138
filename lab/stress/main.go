// The stress program reads the kernel that it runs on from one goroutine and from four, each of which walks over all tasks
// and reads a text that never changes between them. It ends with 1 if a read gave anything else. Its argument is how many
// seconds each takes.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux/pid"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("WRONG", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("name the number of seconds")
	}
	seconds, err := strconv.ParseFloat(args[0], 64)
	if err != nil {
		return err
	}
	prog, err := attach.Kernel(attach.Options{MainSymbols: true})
	if err != nil {
		return err
	}
	defer prog.Close() // was only read
	banner, err := os.ReadFile("/proc/version")
	if err != nil {
		return err
	}
	var said []byte
	for _, n := range []int{1, 4} {
		counts, errs := make([]int, n), make([]error, n)
		until := time.Now().Add(time.Duration(seconds * float64(time.Second)))
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { counts[i], errs[i] = walk(prog, banner, until) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		sum := 0
		for _, c := range counts {
			sum += c
		}
		said = fmt.Appendf(said, ", %d reads from %d goroutines", sum, n)
	}
	fmt.Printf("0 wrong%s\n", said)
	return nil
}

// walk walks and reads until a time, and returns how many times it has read.
func walk(prog *drgn.Program, banner []byte, until time.Time) (reads int, err error) {
	for time.Now().Before(until) {
		own := false
		for task, err := range pid.ForEachTask(prog, false) {
			if err != nil {
				return reads, err
			}
			reads++
			got, err := prog.Variable("linux_banner").CString()
			if err != nil {
				return reads, err
			}
			if !bytes.Equal(got, banner) {
				return reads, fmt.Errorf("read %d: linux_banner is %q", reads, got)
			}
			id, err := task.Member("pid").Int()
			if err != nil {
				return reads, err
			}
			if id == 0 {
				return reads, fmt.Errorf("read %d: a task has the PID 0", reads)
			}
			own = own || id == int64(os.Getpid())
		}
		if !own {
			return reads, errors.New("a walk over all tasks lacks this process")
		}
	}
	return reads, nil
}
