package tc_test

import (
	"fmt"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/net"
	"github.com/godrgn/drgn/linux/tc"
)

// A queueing discipline is found by the major number of its handle. The bundled kernel has no network: this is not run.
func Example() {
	prog := coretest.Program()
	fmt.Println(tc.LookupQdisc(net.DeviceByName(prog, "eth0"), 0x8001))
}
