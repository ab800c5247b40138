package list_test

import (
	"fmt"
	"log"

	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/linux/list"
)

// All tasks that lead a process are in a list that begins in init_task.
func Example() {
	prog := coretest.Program()
	n, err := list.CountNodes(prog.Variable("init_task").Member("tasks").AddressOf())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, "processes besides the idle task")
	first := list.FirstEntry(prog.Variable("init_task").Member("tasks").AddressOf(), "struct task_struct", "tasks")
	pid, err := first.Member("pid").Int()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the first is", pid)
	// Output:
	// 45 processes besides the idle task
	// the first is 1
}
