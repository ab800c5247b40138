package listnulls_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	listnulls "github.com/godrgn/drgn/linux/list_nulls"
)

// Established TCP connections are in lists that end with a mark. The bundled kernel has no network: this is not run.
func Example() {
	prog := coretest.Program()
	head := prog.Variable("tcp_hashinfo").Member("ehash").Index(0).Member("chain").AddressOf()
	for sk, err := range listnulls.ForEachEntry("struct sock", head, "__sk_common.skc_nulls_node") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(sk.Member("__sk_common").Member("skc_state"))
	}
}
