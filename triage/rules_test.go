package triage

import (
	"slices"
	"testing"
	"time"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/report"
)

// rules returns the names of the rules that found something.
func rules(found []report.Finding) []string {
	var names []string
	for _, f := range found {
		names = append(names, f.Rule)
	}
	return names
}

// checkRules fails the test unless just these rules found something, each with all that a finding has.
func checkRules(t *testing.T, what string, found []report.Finding, want ...string) {
	t.Helper()
	if got := rules(found); !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
	for _, f := range found {
		if f.Severity == "" || f.Text == "" || f.Threshold == "" || f.Reason == "" || len(f.Evidence) == 0 {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

// The messages are those that kernels logged in the lab, or that the sources of v6.12 have.
func TestKinds(t *testing.T) {
	for message, want := range map[string]string{
		"Kernel panic - not syncing: sysrq triggered crash":                                     "sysrq",
		"sysrq: Trigger a crash":                                                                "sysrq",
		"Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled":        "oom",
		"Kernel panic - not syncing: System is deadlocked on memory":                            "oom",
		"Kernel panic - not syncing: hung_task: blocked tasks":                                  "hung-task",
		"Kernel panic - not syncing: softlockup: hung tasks":                                    "soft-lockup",
		"Kernel panic - not syncing: Hard LOCKUP":                                               "hard-lockup",
		"Kernel panic - not syncing: RCU Stall":                                                 "rcu-stall",
		"Kernel panic - not syncing: Fatal machine check":                                       "machine-check",
		"Kernel panic - not syncing: NMI: Not continuing":                                       "nmi",
		"Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b":               "init-died",
		"Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)":        "no-root",
		"Kernel panic - not syncing: kernel: panic_on_warn set ...":                             "panic-on-warn",
		"Oops: stack guard page: 0000 [#1] PREEMPT SMP NOPTI":                                   "stack-overflow",
		"double fault: 0000 [#1] SMP NOPTI":                                                     "double-fault",
		"BUG: kernel NULL pointer dereference, address: 0000000000000000":                       "null-pointer",
		"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000":  "null-pointer",
		"BUG: unable to handle page fault for address: ffffffffc08431a0":                        "bad-pointer",
		"Unable to handle kernel paging request at virtual address dead000000000100":            "bad-pointer",
		"Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#2] SMP": "general-protection",
		"kernel BUG at /module/crash.c:49!":                                                     "bug",
		"Oops: divide error: 0000 [#1] SMP":                                                     "divide",
		"Kernel panic - not syncing: corrupted shadow stack detected inside scheduler":          "corruption",
		"Kernel panic - not syncing: lab: in a probe":                                           "panic",
		"Oops: 0002 [#1] SMP": "oops",
	} {
		if got := kindOf(message).name; got != want {
			t.Errorf("%q: %s, want %s", message, got, want)
		}
	}
}

func TestAccess(t *testing.T) {
	record := func(texts ...string) (all []printk.Record) {
		for _, text := range texts {
			all = append(all, printk.Record{Text: []byte(text)})
		}
		return all
	}
	const message = "BUG: kernel NULL pointer dereference, address: 0000000000000000"
	null := kindOf(message)
	for name, c := range map[string]struct {
		records []printk.Record
		want    string
		called  bool
	}{
		"write":             {record("#PF: supervisor read access in kernel mode", message, "#PF: supervisor write access in kernel mode", "#PF: error_code(0x0002)"), "A NULL pointer was written through", false},
		"read":              {record(message, "x", "#PF: supervisor read access in kernel mode"), "A NULL pointer was read through", false},
		"call":              {record(message, "#PF: supervisor instruction fetch in kernel mode"), "A NULL pointer, which is no code, was called", true},
		"not said":          {record(message), null.what, false},
		"of another oops":   {record(message, "1", "2", "3", "4", "#PF: supervisor read access in kernel mode"), null.what, false},
		"of the last":       {record(message, "#PF: supervisor read access in kernel mode", message), null.what, false},
		"what is not there": {nil, null.what, false},
	} {
		if k := null.withAccess(accessIn(c.records, message)); k.what != c.want || k.called != c.called {
			t.Errorf("%s: %+v", name, k)
		}
	}
	if bug := kindOf("kernel BUG at x"); bug.withAccess("read access") != bug {
		t.Error("a BUG with an access")
	}
}

func TestCulprit(t *testing.T) {
	code := []report.Instruction{{At: "a+0x0", Text: "nop"}, {At: "bad+0x1", Text: "ud2", Here: true, Comment: "x"}}
	frame := func(name, symbol string) report.Frame { return report.Frame{Function: name, Symbol: symbol} }
	panicked, oops := kind{name: "oom", what: "Memory"}, kind{name: "bug", what: "A BUG"}
	called := kind{name: "null-pointer", what: "NULL was called", called: true}
	bad := report.Frame{Function: "bad", Symbol: "bad+0x1/0x2", Module: "m", Source: "m.c:1:2", Code: code}
	for name, c := range map[string]struct {
		k      kind
		frames []report.Frame
		want   string
	}{
		"a panic":                   {panicked, []report.Frame{frame("vpanic", "vpanic+0x1/0x2"), frame("panic.cold", "panic.cold+0x1/0x2"), frame("out_of_memory", "o+1/2")}, "Memory: panic was called by out_of_memory"},
		"an exception":              {oops, []report.Frame{bad, frame("main", "x")}, "A BUG in bad of module m (m.c:1:2)"},
		"an exception in no symbol": {oops, []report.Frame{frame("0x0", ""), bad}, "A BUG in bad of module m (m.c:1:2)"},
		"a call of what is no code": {called, []report.Frame{frame("data", "data+0x0/0x1"), bad}, "NULL was called by bad of module m (m.c:1:2)"},
		"no frames":                 {oops, nil, "A BUG"},
		"only how it stops":         {panicked, []report.Frame{frame("panic", "panic+0x1/0x2")}, "Memory"},
	} {
		if got := sentence(c.k, culprit(c.frames, c.k)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := evidenceOf("why", &bad); !slices.Equal(got, []string{"why", "bad+0x1: ud2  x"}) {
		t.Errorf("%q", got)
	}
	if got := evidenceOf("why", nil); !slices.Equal(got, []string{"why"}) {
		t.Errorf("%q", got)
	}
}

func TestBlocked(t *testing.T) {
	line := "INFO: task touch:191 blocked for more than 2 seconds."
	records := []printk.Record{{Text: []byte("hello")}, {Text: []byte(line)}, {Text: []byte(line)}, {Text: []byte("INFO: task b:1 blocked for more than 4 seconds.")}}
	if got := blockedIn(records); len(got) != 2 || got[0] != line {
		t.Errorf("%q", got)
	}
}

func TestTaintRule(t *testing.T) {
	checkRules(t, "nothing", badTaints(""))
	checkRules(t, "harmless", badTaints("G           OE      "))
	checkRules(t, "bad", badTaints("G   MB        L"), "tainted", "tainted", "tainted")
	for c, text := range taints {
		if text == "" || c < 'A' || c > 'Z' {
			t.Errorf("%q: %q", c, text)
		}
	}
}

func TestLoadRule(t *testing.T) {
	checkRules(t, "8 CPUs", overloaded([3]float64{31, 90, 90}, 8))
	checkRules(t, "1 CPU", overloaded([3]float64{9, 0, 0}, 1))
	checkRules(t, "too much", overloaded([3]float64{32.5, 0, 0}, 8), "overloaded")
	checkRules(t, "too much for 1 CPU", overloaded([3]float64{10.5, 0, 0}, 1), "overloaded")
}

func TestStuckRule(t *testing.T) {
	const now = 1000 << watchdogUnit
	for name, c := range map[string]struct {
		touched, now, threshold uint64
		want                    []string
	}{
		"just served":          {999, now, 10, nil},
		"late, not too late":   {980, now, 10, nil},
		"too late":             {979, now, 10, []string{"soft-lockup"}},
		"told to wait":         {1<<64 - 1, now, 10, nil},
		"never served":         {0, now, 10, nil},
		"switched off":         {1, now, 0, nil},
		"before its time":      {1001, now, 10, nil},
		"a threshold of a day": {979, now, 86400, nil},
	} {
		checkRules(t, name, stuck(1, "7 (a)", c.touched, c.now, c.threshold), c.want...)
	}
}

func TestSpinRule(t *testing.T) {
	checkRules(t, "spins", []report.Finding{spinning(0, "7 (a)", "spinlock 0x1", []report.Frame{{Function: "f"}})}, "spins")
}

func TestMemoryRules(t *testing.T) {
	const gib = 1 << 30
	checkRules(t, "usual slabs", manySlabs(5*gib, 2*gib, 10*gib))
	checkRules(t, "many slabs", manySlabs(0, 4*gib, 10*gib), "slabs-are-large")
	checkRules(t, "no swap", fullSwap(0, 0))
	checkRules(t, "some swap", fullSwap(10*gib, 2*gib))
	checkRules(t, "full swap", fullSwap(10*gib, gib/2), "swap-is-full")
	checkRules(t, "no kills", killed(0))
	checkRules(t, "kills", killed(2), "oom-kills")
	if got := killed(2)[0].Text + killed(1)[0].Text; got != "The OOM killer killed 2 processes since the startThe OOM killer killed 1 process since the start" {
		t.Error(got)
	}
	checkRules(t, "a usual cache", largeCache(cache{bytes: gib}, 10*gib, nil))
	checkRules(t, "a large cache", largeCache(cache{name: "x", bytes: 3 * gib}, 10*gib, []string{"its objects are prepared by f"}), "one-cache-is-large")
	checkRules(t, "a usual process", largeProcess(process{resident: 5 * gib}, 10*gib))
	checkRules(t, "a large process", largeProcess(process{resident: 6 * gib}, 10*gib), "one-process-is-large")
	small := zone{name: "DMA", managed: 16 << 20, free: 0, min: 1 << 20}
	normal := zone{name: "Normal", managed: 8 * gib, free: gib, min: 64 << 20}
	checkRules(t, "enough", shortZones([]zone{small, normal}))
	normal.free = 1 << 20
	checkRules(t, "too little", shortZones([]zone{small, normal}), "memory-is-short")
	checkRules(t, "one zone", shortZones([]zone{small}), "memory-is-short")
	checkRules(t, "no zones", shortZones(nil))
}

func TestIORules(t *testing.T) {
	checkRules(t, "young requests", oldRequests([]request{{age: 29 * time.Second}, {}}))
	checkRules(t, "an old request", oldRequests([]request{{disk: "vda", age: 31 * time.Second}, {}}), "old-requests")
	checkRules(t, "not frozen", frozenSystem("vda", "ext4", 0))
	checkRules(t, "frozen", frozenSystem("vda", "ext4", 4), "frozen")
}

func TestNetworkRules(t *testing.T) {
	checkRules(t, "some drops", drops(0, 1000))
	checkRules(t, "many drops", drops(0, 1001), "packets-dropped")
}

func TestWorkRules(t *testing.T) {
	checkRules(t, "nothing waits", latePool(pool{late: int64(40e9)}))
	checkRules(t, "not late", latePool(pool{waiting: 1, late: int64(29e9)}))
	checkRules(t, "not known", latePool(pool{waiting: 1}))
	checkRules(t, "late", latePool(pool{waiting: 1, late: int64(40e9)}), "late-work")
	if got := pendingNames(1<<1 | 1<<9 | 1<<40); got != "TIMER, RCU" {
		t.Errorf("%q", got)
	}
}

func TestTimerRules(t *testing.T) {
	late := []lateTimer{{cpu: 1, kind: "hrtimer", function: "f", by: 9 * time.Second}, {cpu: 0, by: 6 * time.Second}, {cpu: 2, by: 4 * time.Second}}
	runs := func(cpu uint64) string {
		if cpu == 0 {
			return ""
		}
		return "f"
	}
	checkRules(t, "two CPUs", lateTimers(late, -1, time.Hour, runs), "late-timers", "late-timers")
	checkRules(t, "late before the crash", lateTimers(late, 1, 3*time.Second, runs), "late-timers", "late-timers")
	found := lateTimers(late, 0, time.Second, runs)
	checkRules(t, "but for the one that crashed", found, "late-timers")
	if found[0].Text != "Timers of CPU 1 are late, by up to 9s: it runs f" || !slices.Equal(found[0].Evidence, []string{"hrtimer f, by 9s"}) {
		t.Errorf("%+v", found)
	}
	if found := lateTimers(late[1:2], -1, 0, runs); len(found) != 1 || len(found[0].Evidence) != 1 {
		t.Errorf("%+v", found) // what runs is not known
	}
	checkRules(t, "none", lateTimers(late[2:], -1, 0, runs))
	checkRules(t, "a short grace period", longGrace(20*time.Second, 21*time.Second))
	checkRules(t, "a long one", longGrace(22*time.Second, 21*time.Second), "rcu-waits")
	checkRules(t, "no limit", longGrace(time.Hour, 0))
}

// Jiffies have as many bits as a pointer.
func TestSince(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		k := ticker{length: 1e6, unused: 64 - 8*w.Word()}
		last := ^uint64(0) >> k.unused
		for _, c := range []struct {
			from, to uint64
			want     time.Duration
		}{{last, 1, 2 * time.Millisecond}, {1, last, -2 * time.Millisecond}, {5, 5, 0}} {
			if got := k.between(c.from, c.to); got != c.want {
				t.Errorf("%#x to %#x: %v", c.from, c.to, got)
			}
		}
	})
}

// BTF has an array of arrays as one.
func TestAverages(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`struct nested { unsigned long avg[2][3]; }; struct flat { unsigned long avg[6]; };`)
		for _, name := range []string{"struct nested", "struct flat"} {
			v := w.Alloc(name)
			w.WriteWord(v.At+5*w.Word(), 42)
			if got, err := averageOf(v.Object().Member("avg"), 1, 2).Uint(); got != 42 || err != nil {
				t.Errorf("%s: %d, %v", name, got, err)
			}
		}
	})
}

func TestLeftOut(t *testing.T) {
	for level, want := range map[uint32]string{0: "nothing", 1: "pages of zeros", 24: "memory of processes, free pages", 1 << 20: "nothing"} {
		if got := leftOut(level); got != want {
			t.Errorf("%d: %q, want %q", level, got, want)
		}
	}
}

func TestGroupRules(t *testing.T) {
	checkRules(t, "some memory", groupAtLimit(memoryGroup{usage: 97, limit: 100}))
	checkRules(t, "no limit", groupAtLimit(memoryGroup{usage: 97, oom: 3}))
	checkRules(t, "at its limit", groupAtLimit(memoryGroup{usage: 99 << 20, limit: 100 << 20}), "cgroup-limit")
	checkRules(t, "killed", groupAtLimit(memoryGroup{kills: 1}), "cgroup-limit")
	checkRules(t, "no pressure", pressed("PSI_MEM_FULL", "memory", [3]float64{90, 9, 90}))
	checkRules(t, "pressure of CPUs", pressed("PSI_CPU_SOME", "CPU", [3]float64{90, 90, 90}))
	checkRules(t, "memory", pressed("PSI_MEM_FULL", "memory", [3]float64{0, 11, 0}), "pressure")
	checkRules(t, "I/O", pressed("PSI_IO_FULL", "I/O", [3]float64{0, 51, 0}), "pressure")
}

func TestLimitRule(t *testing.T) {
	checkRules(t, "some", nearLimit("threads", 900, 1000))
	checkRules(t, "not known", nearLimit("threads", 900, 0))
	checkRules(t, "many", nearLimit("threads", 901, 1000), "near-limit")
}
