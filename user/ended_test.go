package user_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/childtest"
)

// endMain says that this is the child of TestMainThreadEnded.
const endMain = "GODRGN_TEST_END_MAIN"

// endedNumber is what the parent reads of the child.
var endedNumber = [4]byte{47, 11, 8, 15}

func init() {
	if os.Getenv(endMain) == "" {
		return
	}
	runtime.LockOSThread() // init runs on the main thread
	go func() {
		for {
			b, err := os.ReadFile("/proc/self/status") // "self" is the process, whose state is that of its main thread
			if err != nil || strings.Contains(string(b), "\nState:\tZ") {
				break
			}
			runtime.Gosched()
		}
		fmt.Println(uintptr(unsafe.Pointer(&endedNumber)))
		os.Stdin.Read(make([]byte, 1)) // until the parent has read
		os.Exit(0)
	}()
	syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) // of this thread alone
}

// A process whose main thread has ended is its other threads'. /proc says nothing of its memory under the ID of the process.
func TestMainThreadEnded(t *testing.T) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), endMain+"=1")
	line := childtest.Start(t, c)
	at, err := strconv.ParseUint(strings.TrimSpace(line), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	p, err := attach.Process(c.Process.Pid, attach.Options{NoDefaultSymbols: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got, err := p.Read(at, uint64(len(endedNumber)), false); err != nil || !bytes.Equal(got, endedNumber[:]) {
		t.Errorf("memory: %v, %v, want %v", got, err, endedNumber)
	}
	seen, stacks := 0, 0
	for thread, err := range p.Threads() {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; seen == 1 && thread.TID != uint64(c.Process.Pid) {
			t.Errorf("the first thread is %d, not %d", thread.TID, c.Process.Pid)
		}
		if trace, err := thread.StackTrace(); err == nil && trace.Len() > 0 {
			stacks++
		}
	}
	if stacks == 0 || stacks != seen-1 {
		t.Errorf("%d of %d threads have stacks, want all but the main one", stacks, seen)
	}
}
