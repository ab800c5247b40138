package sched_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/sched"
)

// The letters of states are those of the kernel's task_index_to_char(__task_state_index()).
func TestStateChar(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare("struct task_struct { unsigned int __state; int exit_state; };")
		task := w.Alloc("struct task_struct")
		for _, c := range []struct {
			state, exit uint64
			want        string
		}{
			{0, 0, "R"}, {1, 0, "S"}, {2, 0, "D"}, {4, 0, "T"}, {8, 0, "t"}, {0x80, 0x10, "X"}, {0x80, 0x20, "Z"}, {0x40, 0, "P"},
			{0x402, 0, "I"}, {0x102, 0, "D"}, {0x1000, 0, "D"}, {0x1402, 0, "D"},
		} {
			task.Set("__state", c.state).Set("exit_state", c.exit)
			worldtest.CheckValue(t, "state", c.want)(sched.TaskStateChar(task.Ptr()))
		}
	})
}
