package device_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/device"
)

// A device number has two parts.
func Example() {
	prog := coretest.Program()
	console := device.Make(5, 1)
	fmt.Println(device.Major(console), device.Minor(console))
	for r, err := range device.ForEachRegisteredCharNumbers(prog) {
		if err != nil {
			log.Fatal(err)
		}
		if device.Major(r.First) == 1 {
			fmt.Printf("%s\n", r.Name)
		}
	}
	// Output:
	// 5 1
	// mem
}
