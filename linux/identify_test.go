package linux_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/pid"
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

// What was gathered of stacks counts for a kernel that runs as long as each stack is still its task's; most other addresses lie on none.
func TestStacksThatStay(t *testing.T) {
	p := coretest.Program()
	n := 0
	for task, err := range pid.ForEachTask(p, false) {
		if err != nil {
			t.Fatal(err)
		}
		start, err := task.Member("stack").Uint()
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []uint64{start, start + 0x3fff} {
			if on, still, none, err := linux.StackAt(p, address); !on || !still || none || err != nil {
				t.Errorf("%#x on a stack: on %v, still %v, none %v, %v", address, on, still, none, err)
			}
		}
		if other, err := linux.OtherStack(p, task); other || err != nil {
			t.Errorf("%#x: another stack is taken for its, %v", start, err)
		}
		at, err := task.Uint()
		if err != nil {
			t.Fatal(err)
		}
		if on, _, none, err := linux.StackAt(p, at); on || !none || err != nil {
			t.Errorf("%#x of a task: on %v, none %v, %v", at, on, none, err)
		}
		if n++; n == 5 {
			break
		}
	}
	if on, _, none, err := linux.StackAt(p, 0xffffffffff000000); on || !none || err != nil {
		t.Errorf("nowhere: on %v, none %v, %v", on, none, err)
	}
}
