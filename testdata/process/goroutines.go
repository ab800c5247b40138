//go:build ignore

// Goroutines in all states in which they can be made to stay. It says "ready", and ends at the first byte that it reads, by an error of the runtime,
// which is said on the stack of the runtime.
package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
)

type box struct{ in chan int }

//go:noinline
func receives(from chan int, deep int) int {
	if deep > 0 {
		return receives(from, deep-1) + 1
	}
	return <-from
}

//go:noinline
func sends(to chan int) { to <- 1 }

//go:noinline
func sleeps() { time.Sleep(1000 * time.Hour) }

//go:noinline
func locks(m *sync.Mutex) { m.Lock() }

//go:noinline
func selects(a, b chan int) {
	select {
	case <-a:
	case <-b:
	}
}

//go:noinline
func reads(file int) {
	var b [8]byte
	syscall.Read(file, b[:])
}

//go:noinline
func spins(n, step uint32) {
	for n|1 != 0 {
		n += step
	}
}

//go:noinline
func isLocked(in chan int) {
	runtime.LockOSThread()
	<-in
}

func (b *box) receives() { func() { <-b.in }() }

//go:noinline
func panics(in chan int, at *int) {
	defer func() {
		recover()
		<-in
	}()
	*at = 1
}

func main() {
	runtime.GOMAXPROCS(4)
	in, other := make(chan int), make(chan int)
	var m, never sync.Mutex
	m.Lock()
	var files [2]int
	syscall.Pipe(files[:])
	for i := 0; i < 3; i++ {
		go receives(in, 2)
	}
	go sends(other)
	go sleeps()
	go locks(&m)
	go selects(in, nil)
	go reads(files[0])
	go spins(uint32(files[0]), 2)
	go isLocked(in)
	go (&box{in}).receives()
	go panics(in, nil)
	for _, file := range files {
		go func() {
			if file == files[0] {
				<-in
			}
		}()
	}
	time.Sleep(200 * time.Millisecond)
	syscall.Write(1, []byte("ready\n"))
	var b [1]byte
	syscall.Read(0, b[:])
	never.Unlock()
}
