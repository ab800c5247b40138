package tcp_test

import (
	"fmt"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/tcp"
)

// Sockets know the state of their connection. The bundled kernel has no network: this is not run.
func Example() {
	prog := coretest.Program()
	sk := prog.Variable("my_socket").Read()
	fmt.Println(tcp.State(sk))
}
