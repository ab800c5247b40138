package linux

import (
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
)

// Addresses of the trampolines and of a caller.
const (
	graphTrampoline   = 0x81001000
	rethookTrampoline = 0x81002000
	oldTrampoline     = 0x81003000
	caller            = 0x81004000
)

// hookedKernel is a kernel with one of the ways to keep the return addresses that were replaced.
type hookedKernel struct {
	name       string
	trampoline uint64
	declare    string
	// keep lets a task keep return addresses, the last replaced first.
	keep  func(w *worldtest.World, task worldtest.Var, kept []replaced)
	spoil func(w *worldtest.World, task worldtest.Var) // makes the list corrupt
	want  string                                       // part of the error
}

const llistTypes = `
	struct llist_node { struct llist_node *next; };
	struct llist_head { struct llist_node *first; };
`

var hookedKernels = []hookedKernel{
	{
		name: "graph of entries", trampoline: graphTrampoline,
		declare: `
			struct ftrace_ret_stack { unsigned long ret; unsigned long func; unsigned long long calltime; unsigned long *retp; };
			struct task_struct { int curr_ret_stack; struct ftrace_ret_stack *ret_stack; };`,
		keep: func(w *worldtest.World, task worldtest.Var, kept []replaced) {
			size := w.SizeOf("struct ftrace_ret_stack")
			entries := w.AllocBytes(size*uint64(len(kept)), 8)
			for i, r := range kept {
				w.VarAt("struct ftrace_ret_stack", entries+size*uint64(len(kept)-1-i)).Set("ret", r.address).Set("retp", r.at)
			}
			task.Set("curr_ret_stack", uint64(len(kept)-1)).Set("ret_stack", entries)
		},
		spoil: func(_ *worldtest.World, task worldtest.Var) { task.Set("curr_ret_stack", 1<<30) }, want: "its top is at 1073741824",
	},
	{
		name: "graph of words", trampoline: graphTrampoline,
		declare: `
			struct ftrace_ret_stack { unsigned long ret; unsigned long func; unsigned long *retp; };
			struct task_struct { int curr_ret_stack; unsigned long *ret_stack; };`,
		keep: func(w *worldtest.World, task worldtest.Var, kept []replaced) {
			word, size := w.Word(), w.SizeOf("struct ftrace_ret_stack")
			words := w.AllocBytes(word*64, word)
			top := uint64(0)
			for i, r := range slices.Backward(kept) {
				w.VarAt("struct ftrace_ret_stack", words+top*word).Set("ret", r.address).Set("retp", r.at)
				first := top
				top += size/word + uint64(i%3) // what users of the tracer keep
				// The type "bitmap", and bits of users.
				w.WriteWord(words+top*word, 5<<12|1<<10|(top-first))
				top++
			}
			task.Set("curr_ret_stack", top).Set("ret_stack", words)
		},
		spoil: func(w *worldtest.World, task worldtest.Var) { task.Set("ret_stack", w.AllocBytes(512, 8)) }, want: "has 0 words",
	},
	{
		name: "rethook", trampoline: rethookTrampoline,
		declare: llistTypes + `
			struct rethook_node { void *rcu[2]; struct llist_node llist; void *rethook; unsigned long ret_addr; unsigned long frame; };
			struct task_struct { int pid; struct llist_head rethooks; };`,
		keep: func(w *worldtest.World, task worldtest.Var, kept []replaced) {
			nodes := []uint64{task.Addr("rethooks")}
			for _, r := range kept {
				nodes = append(nodes, w.Alloc("struct rethook_node").Set("ret_addr", r.address).Set("frame", r.at).Addr("llist"))
			}
			w.Chain(0, nodes...)
		},
		spoil: func(w *worldtest.World, task worldtest.Var) { task.Set("rethooks.first", worldtest.Dangling) }, want: "could not find memory segment: 0x7fff00",
	},
	{
		name: "kretprobes of a task", trampoline: oldTrampoline,
		declare: llistTypes + `
			struct kretprobe_instance { void *rcu[2]; struct llist_node llist; void *ret_addr; void *fp; };
			struct task_struct { int pid; struct llist_head kretprobe_instances; };`,
		keep: func(w *worldtest.World, task worldtest.Var, kept []replaced) {
			nodes := []uint64{task.Addr("kretprobe_instances")}
			for _, r := range kept {
				nodes = append(nodes, w.Alloc("struct kretprobe_instance").Set("ret_addr", r.address).Set("fp", r.at).Addr("llist"))
			}
			w.Chain(0, nodes...)
		},
		spoil: func(w *worldtest.World, task worldtest.Var) {
			node := w.Alloc("struct kretprobe_instance")
			w.Chain(node.Addr("llist"), task.Addr("kretprobe_instances"), node.Addr("llist")) // a cycle
		}, want: "list is corrupt",
	},
	{
		name: "kretprobes of all tasks", trampoline: oldTrampoline,
		declare: `
			struct kretprobe_instance { struct hlist_node hlist; void *ret_addr; struct task_struct *task; void *fp; };
			struct task_struct { int pid; };
			struct table { struct hlist_head heads[4]; };`,
		keep: func(w *worldtest.World, task worldtest.Var, kept []replaced) {
			table := w.Variable("kretprobe_inst_table", "struct hlist_head [4]")
			nodes := []uint64{table.Addr("[2]")}
			add := func(of uint64, r replaced) {
				nodes = append(nodes, w.Alloc("struct kretprobe_instance").Set("ret_addr", r.address).Set("fp", r.at).Set("task", of).Addr("hlist"))
			}
			for _, r := range kept {
				add(task.At+64, replaced{caller + 0x999, r.at}) // another task's
				add(task.At, r)
			}
			w.Chain(0, nodes...)
		},
		spoil: func(w *worldtest.World, task worldtest.Var) {
			w.Variable("kretprobe_inst_table", "struct hlist_head [4]").Set("[1].first", worldtest.Dangling)
		}, want: "could not find memory segment: 0x7fff00",
	},
}

// newHooked returns a made-up kernel with a task.
func newHooked(t *testing.T, m worldtest.Machine, h hookedKernel) (*Kernel, *worldtest.World, worldtest.Var) {
	w := worldtest.New(t, m)
	w.Declare(h.declare)
	symbols := drgn.NewSymbolIndex([]drgn.Symbol{
		{Name: "return_to_handler", Address: graphTrampoline, Size: 16},
		{Name: "arch_rethook_trampoline", Address: rethookTrampoline, Size: 16},
		{Name: "__kretprobe_trampoline", Address: oldTrampoline, Size: 16},
	})
	if err := w.RegisterSymbolFinder("made up", symbols.Find, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	return &Kernel{prog: w.Program}, w, w.Alloc("struct task_struct")
}

// TestReturns finds the callers of functions whose return addresses tracers have replaced, however a kernel keeps them, on
// machines whose calls push the return address and on others.
func TestReturns(t *testing.T) {
	for _, h := range hookedKernels {
		for _, m := range worldtest.Machines {
			t.Run(h.name+"/"+m.Name, func(t *testing.T) {
				k, w, task := newHooked(t, m, h)
				h.keep(w, task, []replaced{
					{caller + 1, 0x5000}, {h.trampoline, 0x5100}, {caller + 2, 0x5100}, {caller + 3, 0x5200},
				})
				returns := k.Returns(&drgn.Thread{Object: task.Ptr()})
				if real, hooked, err := returns(caller, 0x5000); real != caller || hooked || err != nil {
					t.Errorf("not hooked: %#x, %t, %v", real, hooked, err)
				}
				// The function at 0x5100 was entered by a jump from one that was entered by a call, both hooked.
				for i, at := range []uint64{0x5000, 0x5100, 0x5200} {
					if real, hooked, err := returns(h.trampoline, at); real != caller+1+uint64(i) || !hooked || err != nil {
						t.Errorf("%#x: %#x, %t, %v", at, real, hooked, err)
					}
				}
				if _, hooked, err := returns(h.trampoline, 0x5300); !hooked || err == nil || !strings.Contains(err.Error(), "0x5300 was replaced by ") {
					t.Errorf("one more: %t, %v", hooked, err)
				}
				if _, hooked, err := k.Returns(nil)(h.trampoline, 0x5000); !hooked || err == nil {
					t.Errorf("of no thread: %t, %v", hooked, err)
				}
				h.spoil(w, task)
				_, hooked, err := k.Returns(&drgn.Thread{Object: task.Ptr()})(h.trampoline, 0x5000)
				if !hooked || err == nil || !strings.Contains(err.Error(), h.want) {
					t.Errorf("corrupt: %t, %v", hooked, err)
				}
			})
		}
	}
}

// TestReturnsByPlace does not take the next one on a machine that says where it lies.
func TestReturnsByPlace(t *testing.T) {
	for _, h := range hookedKernels {
		k, w, task := newHooked(t, worldtest.Machines[0], h)
		h.keep(w, task, []replaced{{caller + 1, 0x5000}, {caller + 2, 0x5100}})
		returns := k.Returns(&drgn.Thread{Object: task.Ptr()})
		if real, _, err := returns(h.trampoline, 0x5100); real != caller+2 || err != nil {
			t.Errorf("%s: %#x, %v", h.name, real, err)
		}
		if real, _, err := returns(h.trampoline, 0x5001); err == nil {
			t.Errorf("%s: %#x is none's", h.name, real)
		}
	}
}

// TestReturnsOfTwoTracers follows the trampoline of one tracer that another has replaced.
func TestReturnsOfTwoTracers(t *testing.T) {
	graph, rethook := hookedKernels[1], hookedKernels[2]
	both := graph
	both.declare = llistTypes + `
		struct ftrace_ret_stack { unsigned long ret; unsigned long func; unsigned long *retp; };
		struct rethook_node { void *rcu[2]; struct llist_node llist; void *rethook; unsigned long ret_addr; unsigned long frame; };
		struct task_struct { int curr_ret_stack; unsigned long *ret_stack; struct llist_head rethooks; };`
	k, w, task := newHooked(t, worldtest.Machines[0], both)
	graph.keep(w, task, []replaced{{rethookTrampoline, 0x5000}})
	rethook.keep(w, task, []replaced{{caller, 0x5000}})
	real, hooked, err := k.Returns(&drgn.Thread{Object: task.Ptr()})(graphTrampoline, 0x5000)
	if real != caller || !hooked || err != nil {
		t.Errorf("%#x, %t, %v", real, hooked, err)
	}
	// Each says that the other has it: that ends, too.
	graph.keep(w, task, []replaced{{rethookTrampoline, 0x5000}})
	rethook.keep(w, task, []replaced{{graphTrampoline, 0x5000}})
	if real, hooked, _ := k.Returns(&drgn.Thread{Object: task.Ptr()})(graphTrampoline, 0x5000); !hooked {
		t.Errorf("%#x is not hooked", real)
	}
	if none := (&Kernel{prog: worldtest.New(t, worldtest.Machines[0]).Program}).Returns(nil); none != nil {
		t.Error("a kernel without tracers has trampolines")
	}
}
