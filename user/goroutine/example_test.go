package goroutine_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/user/goroutine"
)

// unpack writes a program that is kept packed to a file.
func unpack(name string) (path string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	image, err := io.ReadAll(z)
	if err != nil {
		return "", err
	}
	out, err := os.CreateTemp("", "goroutines")
	if err != nil {
		return "", err
	}
	_, err = out.Write(image)
	out.Close()
	return out.Name(), err
}

// What waits in a core of a program of Go, where it does and who has made it.
func Example() {
	program, err := unpack("../../testdata/process/goroutines.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(program)
	prog, err := attach.Core("../../testdata/process/goroutines.core.gz", attach.Options{Symbols: []string{program}, CacheDir: "-"})
	if err != nil {
		log.Fatal(err)
	}
	for g, err := range goroutine.ForEach(prog) {
		if err != nil {
			log.Fatal(err)
		}
		if g.WaitReason != "chan send" {
			continue
		}
		trace, err := prog.StackTraceOf(g.Object)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s, made by %s\n%s\n", g.WaitReason, g.Created, trace)
	}
	// Output:
	// chan send, made by main.main (./goroutines.go:81)
	// #0  runtime.gopark (runtime/proc.go:462)
	// #1  runtime.chansend (runtime/chan.go:283)
	// #2  runtime.chansend1 (runtime/chan.go:161)
	// #3  main.sends (./goroutines.go:25)
	// #4  main.main.gowrap2 (./goroutines.go:81)
	// #5  runtime.goexit (runtime/asm_amd64.s:1771)
}
