package linux_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/coretest"
)

// An address in vmemmap is that of a page's structure, named as drgn 0.3 does; in front of it and after the last section of
// memory that has pages there are none.
func TestIdentifyPage(t *testing.T) {
	p := coretest.Program()
	vmemmap, err := p.Object("vmemmap").Uint()
	if err != nil {
		t.Fatal(err)
	}
	page, err := p.Type("struct page")
	if err != nil {
		t.Fatal(err)
	}
	size, err := page.Size()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[uint64]string{
		vmemmap: "page: pfn 0", vmemmap + 100*size: "page: pfn 100", vmemmap + 100*size + 9: "page: pfn 100 +0x9",
		vmemmap - size: "", vmemmap + 1<<30*size: "", 0xffffffffff000000: "",
	} {
		got := ""
		for what, err := range p.Identify(address) {
			if err != nil {
				t.Fatalf("%#x: %v", address, err)
			}
			got += what.String()
			if at, err := what.Object.Uint(); err != nil || at != vmemmap+(address-vmemmap)/size*size {
				t.Errorf("%#x: object %#x, %v", address, at, err)
			}
			if err := what.Object.Member("flags").Err(); err != nil {
				t.Errorf("%#x is no page: %v", address, err)
			}
		}
		if got != want {
			t.Errorf("%#x: %q, want %q", address, got, want)
		}
	}
}

// The stack of the first task is part of the kernel's image, where symbols without a size name it.
func TestIdentifyFirstStack(t *testing.T) {
	p := coretest.Program()
	start, err := p.Variable("init_task").Member("stack").Uint()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[uint64]string{start: "task stack: 0 (swapper/0) +0x0", start + 0x3ff8: "task stack: 0 (swapper/0) +0x3ff8", start - 8: "", start + 0x4000: ""} {
		got := ""
		for what, err := range p.Identify(address) {
			if err != nil {
				t.Fatalf("%#x: %v", address, err)
			}
			if what.Kind == "task stack" {
				got += what.String()
			}
		}
		if got != want {
			t.Errorf("%#x: %q, want %q", address, got, want)
		}
	}
}
