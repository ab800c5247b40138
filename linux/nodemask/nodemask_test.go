package nodemask_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/nodemask"
)

func TestNodes(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			typedef struct { unsigned long bits[1]; } nodemask_t;
			enum node_states { N_POSSIBLE, N_ONLINE, N_NORMAL_MEMORY, NR_NODE_STATES };`)
		states := w.Variable("node_states", "nodemask_t [3]").Set("[0].bits[0]", 0b1011).Set("[1].bits[0]", 0b0010_0011)
		worldtest.CheckValue(t, "nr_node_ids of a kernel for one node", uint64(1))(nodemask.NrNodeIDs(w.Program))
		w.Variable("nr_node_ids", "unsigned int").Set("", 4)

		worldtest.CheckValue(t, "nr_node_ids", uint64(4))(nodemask.NrNodeIDs(w.Program))
		for name, test := range map[string]struct {
			got  func() ([]uint64, error)
			want []uint64
		}{
			"possible":      {func() ([]uint64, error) { return worldtest.Collect(t, nodemask.ForEachNode(w.Program)) }, []uint64{0, 1, 3}},
			"online":        {func() ([]uint64, error) { return worldtest.Collect(t, nodemask.ForEachOnlineNode(w.Program)) }, []uint64{0, 1}},
			"normal memory": {func() ([]uint64, error) { return worldtest.Collect(t, nodemask.ForEachNodeState(w.Program, 2)) }, nil},
			"a mask": {func() ([]uint64, error) {
				return worldtest.Collect(t, nodemask.ForEachNodeMask(w.VarAt("nodemask_t", states.At).Ptr()))
			}, []uint64{0, 1, 3}},
		} {
			if got, err := test.got(); err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: %d, %v; want %d", name, got, err, test.want)
			}
		}
		online := w.Program.Constant("N_ONLINE")
		for node, want := range map[uint64]bool{0: true, 2: false, 5: true, 8 * w.Word(): false, 1 << 63: false} {
			worldtest.CheckValue(t, "online", want)(nodemask.State(node, online))
		}
		var value *drgn.ValueError
		if _, err := worldtest.Collect(t, nodemask.ForEachNodeState(w.Program, 3)); !errors.As(err, &value) {
			t.Errorf("a state that there is not: %v", err)
		}
	})
}
