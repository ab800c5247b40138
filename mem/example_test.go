package mem_test

import (
	"errors"
	"fmt"

	"github.com/godrgn/drgn/mem"
)

func ExampleSpace() {
	s := mem.NewSpace()
	if err := s.Add(mem.BytesSegment(0x1000, []byte("hello\x00\x2a\x00"), false)); err != nil {
		fmt.Println(err)
		return
	}
	str, err := s.CString(0x1000, 80, false)
	fmt.Printf("%s %v\n", str, err)
	n, err := s.Uint(0x1006, 2, false, false)
	fmt.Println(n, err)

	err = s.Read(make([]byte, 8), 0x1004, false)
	var fault *mem.FaultError
	if errors.As(err, &fault) {
		fmt.Printf("%v\n%#x\n", fault, fault.Address)
	}
	// Output:
	// hello <nil>
	// 42 <nil>
	// could not find memory segment: 0x1008
	// 0x1008
}
