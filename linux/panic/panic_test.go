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
		// As guests of the lab crashed with 6.12, of which drgn 0.3.0 gives the same lines.
		"a write through a null pointer": {[]string{
			"BUG: kernel NULL pointer dereference, address: 0000000000000000", "#PF: supervisor write access in kernel mode",
			"#PF: error_code(0x0002) - not-present page", "Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI", "CPU: 1 PID: 1 Comm: sh"},
			"BUG: kernel NULL pointer dereference, address: 0000000000000000"},
		"the panic that an oops causes": {[]string{
			"BUG: unable to handle page fault for address: ffffffffc0a62120", "Oops: Oops: 0011 [#1] PREEMPT SMP NOPTI",
			"---[ end trace 0000000000000000 ]---", "RIP: 0010:no_code+0x0/0x40 [crash]", "Kernel panic - not syncing: Fatal exception in interrupt"},
			"BUG: unable to handle page fault for address: ffffffffc0a62120"},
		"BUG": {[]string{"------------[ cut here ]------------", "kernel BUG at /module/crash.c:48!", "NMI backtrace for cpu 1",
			"Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"}, "kernel BUG at /module/crash.c:48!"},
		"an oops without another line": {[]string{"BUG: TASK stack guard page was hit at 000000000f433a20 (stack is 000000000ee2f701..00000000b378c7ec)",
			"Oops: stack guard page: 0000 [#1] PREEMPT SMP NOPTI"}, "Oops: stack guard page: 0000 [#1] PREEMPT SMP NOPTI"},
		// As the sources of v5.10 have them: arch/x86/kernel/traps.c, arch/arm64/mm/fault.c and arch/arm64/kernel/traps.c.
		"a double fault before v6.9": {[]string{"traps: PANIC: double fault, error_code: 0x0", "double fault: 0000 [#1] SMP NOPTI"},
			"double fault: 0000 [#1] SMP NOPTI"},
		"arm64": {[]string{"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000", "Mem abort info:",
			"Internal error: Oops: 0000000096000044 [#1] SMP", "Kernel panic - not syncing: Oops: Fatal exception"},
			"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000"},
		// What did not bring it down.
		"an oops of before, then a hang": {[]string{"BUG: kernel NULL pointer dereference, address: 0000000000000008", "Oops: 0002 [#1] SMP",
			"---[ end trace 0000000000000000 ]---", "Kernel panic - not syncing: hung_task: blocked tasks"}, "Kernel panic - not syncing: hung_task: blocked tasks"},
		"a warning of before, then a hang": {[]string{"BUG: workqueue lockup - pool cpus=1 node=0 flags=0x0 nice=0 stuck for 31s!",
			"Kernel panic - not syncing: hung_task: blocked tasks"}, "Kernel panic - not syncing: hung_task: blocked tasks"},
		"an oops of before, then another one": {[]string{"BUG: kernel NULL pointer dereference, address: 0000000000000008", "Oops: 0002 [#1] SMP",
			"---[ end trace 0000000000000000 ]---", "Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#2] SMP"},
			"Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#2] SMP"},
		"an oops while it panics": {[]string{"Kernel panic - not syncing: three", "Oops: 0002 [#1] SMP"}, "Kernel panic - not syncing: three"},
		"a panic of sysrq":        {[]string{"sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash"}, "Kernel panic - not syncing: sysrq triggered crash"},
		"nothing of the known":    {[]string{"BUG: one", "BUG: two", "three"}, "BUG: two"},
		"sysrq alone":             {[]string{"sysrq: Trigger a crash"}, "sysrq: Trigger a crash"},
		"a number in brackets":    {[]string{"x [#1", "[#1] y", "issue [#a]"}, ""},
		"only a panic":            {[]string{"hello", "Kernel panic - not syncing: Attempted to kill init!", "bye"}, "Kernel panic - not syncing: Attempted to kill init!"},
		"not where a line ends":   {[]string{"he said BUG: x"}, ""},
		"nothing":                 {nil, ""},
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
	if err := w.Setup(drgn.Setup{Personality: personality{err: &drgn.ThreadNotFoundError{Role: "crashed"}}}); err != nil {
		t.Fatal(err)
	}
	if err := kpanic.Task(w.Program).Err(); !errors.As(err, new(*drgn.ThreadNotFoundError)) {
		t.Errorf("the task of a kernel that had not crashed: %v", err)
	}
	if got, ok, err := kpanic.Message(w.Program); err != nil || ok || got != nil {
		t.Errorf("%q, %v, %v", got, ok, err)
	}
	w = worldtest.New(t, worldtest.Machines[0])
	w.Declare(`struct task_struct { int pid; };`)
	if err := w.Setup(drgn.Setup{Flags: drgn.IsLive, Personality: personality{}}); err != nil {
		t.Fatal(err)
	}
	worldtest.CheckPtr(t, "task of a kernel that runs", kpanic.Task(w.Program), 0)
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
