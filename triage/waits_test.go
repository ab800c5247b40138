package triage

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/report"
)

// A hall is a made-up kernel with tasks that have stacks.
type hall struct {
	*worldtest.World
	*analysis
}

const stackBytes = 1024

// newHall returns a kernel whose tasks have these names. locks declares a mutex.
func newHall(t *testing.T, w *worldtest.World, mutex string, names ...string) (hall, []*task) {
	t.Helper()
	w.Declare(`struct list_head { struct list_head *next, *prev; }; struct task_struct { void *stack; };
		struct mutex_waiter { struct list_head list; struct task_struct *task; };
		struct semaphore { unsigned int count; struct list_head wait_list; };
		struct semaphore_waiter { struct list_head list; struct task_struct *task; };` + mutex)
	w.Constant("THREAD_SIZE", "unsigned long", stackBytes)
	tasks := map[uint64]*task{}
	var all []*task
	for i, name := range names {
		o := w.Alloc("struct task_struct")
		one := &task{address: o.At, id: uint64(i + 1), name: name, object: o.Ptr(), stack: w.AllocBytes(stackBytes, stackBytes)}
		tasks[o.At] = one
		all = append(all, one)
	}
	a, err := newAnalysis(w.Program, tasks)
	if err != nil {
		t.Fatal(err)
	}
	return hall{w, a}, all
}

// waiter puts a waiter's structure on a task's stack and returns the address of its list node.
func (h hall) waiter(of *task) uint64 {
	h.WriteWord(of.stack+256, of.address) // something else that points to the task
	v := h.VarAt("struct mutex_waiter", of.stack+512)
	v.Set("task", of.address)
	return v.Addr("list")
}

// find finds what a task waits for.
func (h hall) find(function string, of *task, held ...uint64) *wait {
	at, ok := placeOf(function)
	if !ok {
		panic(function)
	}
	w := &wait{waiter: of, kind: at.kind, how: at.how}
	w.problem = h.analysis.find(w, at, of.stack+64, func() []uint64 { return held })
	return w
}

// Mutexes as they were up to v7.0, with the head of a list.
const listedMutex = `struct mutex { unsigned long owner; struct list_head wait_list; };`

// Two tasks that hold a mutex each and wait for that of the other are a deadlock, and a third one waits for one of them.
func TestDeadlock(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		h, tasks := newHall(t, w, listedMutex, "a", "b", "c")
		first, second := w.Alloc("struct mutex"), w.Alloc("struct mutex")
		first.Set("owner", tasks[0].address|1)
		second.Set("owner", tasks[1].address|3)
		w.Ring(second.Addr("wait_list"), h.waiter(tasks[0]))
		w.Ring(first.Addr("wait_list"), h.waiter(tasks[1]), h.waiter(tasks[2]))
		var waits []*wait
		for _, one := range tasks {
			waits = append(waits, h.find("__mutex_lock.constprop.0", one))
		}
		for i, want := range []struct {
			lock  worldtest.Var
			owner *task
		}{{second, tasks[1]}, {first, tasks[0]}, {first, tasks[0]}} {
			if got := waits[i]; got.problem != nil || got.object != want.lock.At || got.owner != want.owner || len(got.told) != 2 {
				t.Errorf("%s: %+v, %v", tasks[i], got, got.problem)
			}
		}
		if t.Failed() {
			return
		}
		found := deadlocks(waits)
		checkRules(t, "two", found, "deadlock")
		want := fmt.Sprintf("Deadlock: task 1 (a) waits for mutex %#x, which task 2 (b) holds; task 2 (b) waits for mutex %#x, which task 1 (a) holds", second.At, first.At)
		if found[0].Text != want || len(found[0].Evidence) != 4 {
			t.Errorf("%q, want %q; %q", found[0].Text, want, found[0].Evidence)
		}
		if !strings.Contains(waits[2].told[0], "with 2 waiters") {
			t.Error(waits[2].told)
		}
		first.Set("owner", 0)
		if got := h.find("__mutex_lock", tasks[2]); got.owner != nil || got.holders != "nobody holds it now" {
			t.Errorf("a free mutex: %+v", got)
		}
		first.Set("owner", 0x1230)
		if got := h.find("__mutex_lock", tasks[2]); got.owner != nil || got.holders != "its owner, 0x1230, is no task that there is" {
			t.Errorf("an owner that is none: %+v", got)
		}
	})
}

// By v7.2 mutexes have no list: they point to their first waiter.
func TestFirstWaiter(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		h, tasks := newHall(t, w, `struct mutex { unsigned long owner; struct mutex_waiter *first_waiter; };`, "a", "b", "owner")
		lock, other := w.Alloc("struct mutex"), w.Alloc("struct mutex")
		one, two := h.waiter(tasks[0]), h.waiter(tasks[1])
		w.Ring(one, two)
		lock.Set("owner", tasks[2].address).Set("first_waiter", one)
		if got := h.find("__mutex_lock", tasks[1], 0, 3, other.At, worldtest.Dangling&^15, lock.At); got.problem != nil || got.object != lock.At || got.owner != tasks[2] {
			t.Errorf("among registers: %+v", got)
		}
		if got := h.find("__mutex_lock", tasks[1], other.At); got.problem == nil || got.object != 0 {
			t.Errorf("nowhere: %+v", got)
		}
		w.WriteWord(tasks[1].stack+800, lock.At)
		if got := h.find("__mutex_lock", tasks[1]); got.problem != nil || got.object != lock.At {
			t.Errorf("on the stack: %+v", got)
		}
	})
}

// Damaged lists, stacks that are not the task's and structures that are none are not believed.
func TestDoubtfulWaits(t *testing.T) {
	for name, damage := range map[string]func(h hall, tasks []*task, lock worldtest.Var){
		"a neighbour that points elsewhere": func(h hall, tasks []*task, lock worldtest.Var) { lock.Set("wait_list.prev", lock.At) },
		"a dangling neighbour":              func(h hall, tasks []*task, lock worldtest.Var) { h.WriteWord(tasks[0].stack+512, worldtest.Dangling) },
		"a list without its head":           func(h hall, tasks []*task, lock worldtest.Var) { h.Ring(h.waiter(tasks[0]), h.waiter(tasks[1])) },
		"a list with two heads": func(h hall, tasks []*task, lock worldtest.Var) {
			h.Ring(lock.Addr("wait_list"), h.waiter(tasks[0]), h.Alloc("struct mutex").Addr("wait_list"))
		},
		"a stack of another task": func(h hall, tasks []*task, lock worldtest.Var) { tasks[0].stack = tasks[1].stack + stackBytes/2 },
		"no waiter": func(h hall, tasks []*task, lock worldtest.Var) {
			h.VarAt("struct mutex_waiter", tasks[0].stack+512).Set("task", 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
				h, tasks := newHall(t, w, listedMutex, "a", "b")
				lock := w.Alloc("struct mutex")
				w.Ring(lock.Addr("wait_list"), h.waiter(tasks[0]))
				from := tasks[0].stack + 64
				damage(h, tasks, lock)
				at, _ := placeOf("__mutex_lock")
				got := &wait{waiter: tasks[0], kind: at.kind}
				if err := h.analysis.find(got, at, from, func() []uint64 { return nil }); err == nil || got.object != 0 || got.owner != nil {
					t.Errorf("%v, %+v", err, got)
				}
			})
		})
	}
}

// What records no owner has none.
func TestSemaphoreWait(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		h, tasks := newHall(t, w, listedMutex, "a")
		sem := w.Alloc("struct semaphore")
		w.Ring(sem.Addr("wait_list"), h.waiter(tasks[0]))
		if got := h.find("___down_common", tasks[0]); got.problem != nil || got.object != sem.At || got.owner != nil || got.holders != "semaphores do not record who holds them" {
			t.Errorf("%+v", got)
		}
		if got := h.find("rwsem_down_read_slowpath", tasks[0]); got.problem == nil { // the type is not there
			t.Errorf("%+v", got)
		}
	})
}

func TestPlaces(t *testing.T) {
	for name, want := range map[string]string{"__mutex_lock.isra.0": "mutex", "rwsem_down_write_slowpath": "rw_semaphore", "schedule": "", "io_schedule": "I/O", "synchronize_rcu": "RCU grace period"} {
		at, ok := placeOf(name)
		if got := map[bool]func() string{true: func() string { return at.kind }, false: func() string { return "" }}[ok](); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// line returns waits in which each task of a text waits for the one behind it: "ab bc".
func line(t *testing.T, text string) (waits []*wait) {
	t.Helper()
	tasks := map[byte]*task{}
	get := func(c byte) *task {
		if c == '-' {
			return nil
		}
		if tasks[c] == nil {
			tasks[c] = &task{id: uint64(c), name: string(c)}
		}
		return tasks[c]
	}
	for _, pair := range strings.Fields(text) {
		waits = append(waits, &wait{waiter: get(pair[0]), owner: get(pair[1]), kind: "mutex", told: []string{pair}})
	}
	return waits
}

func TestCycles(t *testing.T) {
	for text, want := range map[string][]string{
		"":                     nil,
		"ab bc c-":             nil,
		"aa":                   {"aa"},
		"ab ba":                {"ab ba"},
		"ca ab ba":             {"ab ba"},
		"ab bc ca da ef fe xy": {"ab bc ca", "ef fe"},
		"ab cb db bd":          {"bd db"},
	} {
		var got []string
		for _, circle := range cycles(line(t, text)) {
			var steps []string
			for _, w := range circle {
				steps = append(steps, w.told[0])
			}
			got = append(got, strings.Join(steps, " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestQueues(t *testing.T) {
	checkRules(t, "few", queues(line(t, "ax bx cx")))
	found := queues(line(t, "ax bx cx dx ex fx ga ha ig jx kl x-"))
	checkRules(t, "many", found, "many-wait-for-one")
	if want := "10 tasks wait for task 120 (x), which waits for mutex"; found[0].Text != want {
		t.Errorf("%q, want %q", found[0].Text, want)
	}
	checkRules(t, "a circle", queues(line(t, "ab ba ca da ea fa ga ha ia ja ka la")))
}

func TestHangRule(t *testing.T) {
	threads := []report.Thread{{ID: 1, State: "D", Waiting: 3 * time.Minute}, {ID: 2, State: "S", Waiting: time.Hour}, {ID: 3, State: "D", Waiting: 20 * time.Second}}
	checkRules(t, "by default", hanging(threads, 0), "uninterruptible")
	checkRules(t, "by a limit of its own", hanging(threads, 10*time.Second), "uninterruptible")
	checkRules(t, "none", hanging(threads, time.Hour))
	if got := hanging(threads, 10*time.Second)[0]; len(got.Evidence) != 2 || got.Text != "2 tasks in an uninterruptible sleep for more than 10s" {
		t.Errorf("%+v", got)
	}
}

// The picture of waits has each task once and an arrow for each wait, and is well-formed whatever names are.
func TestWaitGraph(t *testing.T) {
	if waitGraph(nil) != nil || waitGraph(line(t, "a- b-")) != nil {
		t.Error("a picture of nothing")
	}
	waits := line(t, "ab ba ca de ed xy")
	waits[0].name, waits[2].waiter.name = "<lock>&\x01", `"<script>`
	p := waitGraph(waits)
	if boxes, arrows, bad := strings.Count(p.SVG, "<rect "), strings.Count(p.SVG, "marker-end="), strings.Count(p.SVG, `<rect class="bad"`); boxes != 7 || arrows != 6 || bad != 4 {
		t.Errorf("%d boxes, %d of them red, %d arrows", boxes, bad, arrows)
	}
	decoder := xml.NewDecoder(strings.NewReader(p.SVG))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if p.Width < 100 || p.Height < 100 {
		t.Errorf("%d × %d", p.Width, p.Height)
	}
}
