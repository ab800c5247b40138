package cgroup_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/cgroup"
)

// Cgroups are found by their paths.
func Example() {
	prog := coretest.Program()
	web := cgroup.FromPath(prog, "/app/web")
	name, err := cgroup.Name(web)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", name)
	path, err := cgroup.Path(cgroup.Parent(web))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("below %s\n", path)
	// Output:
	// web
	// below /app
}
