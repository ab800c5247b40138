package panic_test

import (
	"errors"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/worldtest"
	kpanic "github.com/godrgn/drgn/linux/panic"
)

// A personality knows the crashed thread, and nothing else.
type personality struct {
	drgn.Personality
	thread *drgn.Thread
	err    error
}

func (p personality) CrashedThread(*drgn.Program) (*drgn.Thread, error) { return p.thread, p.err }

// crash makes a kernel that came down, whose log (in the form before v5.10) has the lines.
func crash(t *testing.T, w *worldtest.World, lines ...string) (task worldtest.Var) {
	t.Helper()
	w.Declare(`
		struct task_struct { int pid; };
		struct printk_log { u64 ts_nsec; u16 len, text_len, dict_len; u8 facility, flags : 5, level : 3; };`)
	log := w.AllocBytes(4096, 16)
	at := log
	for _, line := range lines {
		size := (w.SizeOf("struct printk_log") + uint64(len(line)) + 7) &^ 7
		w.VarAt("struct printk_log", at).Set("len", size).Set("text_len", uint64(len(line)))
		for i, c := range []byte(line) {
			w.Write(at+w.SizeOf("struct printk_log")+uint64(i), 1, uint64(c))
		}
		at += size
	}
	for name, value := range map[string]uint64{"log_first_idx": 0, "log_next_idx": at - log, "log_buf_len": 4096} {
		w.Variable(name, "u32").Set("", value)
	}
	w.Variable("log_first_seq", "u64").Set("", 100)
	w.Variable("log_next_seq", "u64").Set("", 100+uint64(len(lines)))
	w.Variable("log_buf", "char *").Set("", log)
	task = w.Alloc("struct task_struct").Set("pid", 42)
	if err := w.Setup(drgn.Setup{Personality: personality{thread: &drgn.Thread{TID: 42, Object: task.Ptr()}}}); err != nil {
		t.Fatal(err)
	}
	return task
}

func TestMessage(t *testing.T) {
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"a BUG before the panic that it caused": {[]string{
			"BUG: kernel NULL pointer dereference, address: 0000000000000008", "Oops: Oops: 0002 [#1] PREEMPT SMP", "Kernel panic - not syncing: Fatal exception"},
			"Oops: Oops: 0002 [#1] PREEMPT SMP"},
		"the last of several":   {[]string{"BUG: one", "BUG: two", "Kernel panic - not syncing: three"}, "BUG: two"},
		"sysrq":                 {[]string{"sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash"}, "sysrq: Trigger a crash"},
		"only a panic":          {[]string{"hello", "Kernel panic - not syncing: Attempted to kill init!", "bye"}, "Kernel panic - not syncing: Attempted to kill init!"},
		"not where a line ends": {[]string{"he said BUG: x"}, ""},
		"nothing":               {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				task := crash(t, w, c.lines...)
				worldtest.CheckPtr(t, "task", kpanic.Task(w.Program), task.At)
				got, ok, err := kpanic.Message(w.Program)
				if err != nil || string(got) != c.want || ok != (c.want != "") {
					t.Errorf("%q, %v, %v; want %q", got, ok, err, c.want)
				}
			})
		})
	}
}

// A kernel that runs has no such task and no message, and what is wrong is passed on.
func TestNoPanic(t *testing.T) {
	w := worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct task_struct { int pid; };`)
	if err := w.Setup(drgn.Setup{Personality: personality{err: &drgn.ValueError{Problem: "it runs"}}}); err != nil {
		t.Fatal(err)
	}
	worldtest.CheckPtr(t, "task", kpanic.Task(w.Program), 0)
	if got, ok, err := kpanic.Message(w.Program); err != nil || ok || got != nil {
		t.Errorf("%q, %v, %v", got, ok, err)
	}
	w = worldtest.New(t, worldtest.Machines[0])
	broken := errors.New("broken")
	if err := w.Setup(drgn.Setup{Personality: personality{err: broken}}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := kpanic.Message(w.Program); !errors.Is(err, broken) || ok {
		t.Errorf("%v, %v", ok, err)
	}
}

// A log whose numbers lie ends with an error, in little memory.
func TestCorruptLog(t *testing.T) {
	for name, corrupt := range map[string]func(w *worldtest.World){
		"2^63 messages":         func(w *worldtest.World) { w.Variable("log_next_seq", "u64").Set("", 1<<63) },
		"more than fit":         func(w *worldtest.World) { w.Variable("log_next_seq", "u64").Set("", 100+4096/16+1) },
		"a start past the end":  func(w *worldtest.World) { w.Variable("log_first_idx", "u32").Set("", 4096) },
		"a dangling log":        func(w *worldtest.World) { w.Variable("log_buf", "char *").Set("", worldtest.Dangling) },
		"another end than said": func(w *worldtest.World) { w.Variable("log_next_seq", "u64").Set("", 103) },
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				crash(t, w, "BUG: one", "two")
				corrupt(w)
				if got, ok, err := kpanic.Message(w.Program); err == nil || ok {
					t.Errorf("%q, %v, no error", got, ok)
				}
			})
		})
	}
}

func TestTainted(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		if _, err := kpanic.Tainted(w.Program); !drgn.IsNotFound(err) {
			t.Errorf("a kernel without a mask: %v", err)
		}
		mask := w.Variable("tainted_mask", "unsigned long")
		worldtest.CheckValue(t, "not tainted", "")(kpanic.Tainted(w.Program))
		mask.Set("", 1<<12)
		worldtest.CheckValue(t, "a kernel without a table", "G           O      ")(kpanic.Tainted(w.Program))
		w.Declare(`struct taint_flag { char c_true, c_false; int module; };`)
		table := w.Variable("taint_flags", "struct taint_flag [3]")
		table.Set("[0].c_true", 'P').Set("[0].c_false", 'G').Set("[1].c_true", 'F').Set("[1].c_false", ' ').Set("[2].c_true", 'S').Set("[2].c_false", ' ')
		for value, want := range map[uint64]string{1: "P  ", 6: "GFS", 0: ""} {
			mask.Set("", value)
			worldtest.CheckValue(t, "taints", want)(kpanic.Tainted(w.Program))
		}
	})
}
