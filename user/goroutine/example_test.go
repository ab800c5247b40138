package goroutine_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/user/goroutine"
)

// What waits in a core of a program of Go, where it does and who has made it.
func Example() {
	const program = "../../testdata/process/goroutines"
	prog, err := attach.Core(program+".core.gz", attach.Options{Symbols: []string{program + ".gz"}, CacheDir: "-"})
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
