package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/godrgn/drgn/report"
)

// A crash is a way in which the guest comes to its end.
type crash struct {
	kind string
	what string
	// end are the commands of the guest that bring it about, or that come before the module's way.
	end string
	// cause matches what a report has to say of it.
	cause string
	// bring brings it about from outside once the guest has done its part; nil if that is all.
	bring func(g *crashing) error
	// module is the way that lab/guest/module/crash.c takes, "" if it has no part in it.
	module string
	// devices are QEMU's options for what the guest has that others don't.
	devices []string
	// seldom is set for those that lab check takes only with -all, or by name.
	seldom bool
	// host is set for those that only guests of this machine come to, as are all of the module, which is built with their own tools.
	host bool
}

// crashes are all of them.
var crashes = []crash{
	{kind: "sysrq", cause: `by magic SysRq: .*sysrq_handle_crash`, what: "a system call of a task", end: "echo c >/proc/sysrq-trigger"},
	{kind: "irq", cause: `by magic SysRq: .*sysrq_handle_crash`, what: "a hard interrupt: magic SysRq on the serial line", bring: func(g *crashing) error {
		_, err := g.serial.Write([]byte("\x01bc")) // QEMU makes a break of Ctrl-A b
		return err
	}},
	{kind: "nmi", cause: `interrupt that can\'t be masked`, what: "an NMI that nobody knows", host: true, bring: func(g *crashing) error { return g.monitor.do("inject-nmi", nil) }},
	// tail keeps all that it reads, as there is no line in it.
	{kind: "oom", cause: `Memory ran out.*Process \d+ \(tail\) has \d+ % of memory`, what: "a page fault of a task that has eaten the memory", end: "tail /dev/zero"},
	{kind: "hung", cause: `waits for percpu_rw_semaphore .*in the super_block of loop0 \(ext4\).*The file system on loop0 \(ext4\) is frozen`, what: "the kernel's thread that looks for hung tasks", end: "echo 2 >/proc/sys/kernel/hung_task_timeout_secs\n" +
		"fsfreeze --freeze /mnt/ext\ntouch /mnt/ext/stuck"},
	{kind: "kretprobe", cause: `by magic SysRq`, what: "a system call, where a kretprobe has put its trampoline on the stack",
		end: "cd /sys/kernel/tracing\necho 'r:lab vfs_write' >kprobe_events\necho 1 >events/kprobes/lab/enable\necho c >/proc/sysrq-trigger"},
	{kind: "graph", cause: `by magic SysRq`, what: "a system call, where the function graph tracer has put its trampoline on the stack",
		end: "cd /sys/kernel/tracing\nprintf 'vfs_write\\nksys_write\\n' >set_ftrace_filter\necho function_graph >current_tracer\necho c >/proc/sysrq-trigger"},
	{kind: "null-call", cause: `NULL pointer.*called by lab_null_call of module crash`, what: "a call through a null pointer in a module", module: "null-call"},
	{kind: "overflow", cause: `stack overflowed in lab_overflow of module crash`, what: "a kernel stack that is full: a double fault in a module that recurses", module: "overflow"},
	{kind: "softirq", cause: `NULL pointer was written through in lab_null_write of module crash`, what: "a write through a null pointer, of a timer, in a soft interrupt of a CPU that was in a module", module: "softirq"},
	{kind: "hardirq", cause: `NULL pointer.*called by lab_null_call of module crash`, what: "a call through a null pointer in a hard interrupt of a CPU that was in a module", module: "hardirq", seldom: true},
	{kind: "null-write", cause: `NULL pointer was written through in lab_null_write of module crash`, what: "a write through a null pointer in a module", module: "null-write", seldom: true},
	{kind: "wild-call", cause: `bad pointer.*called by lab_wild_call of module crash`, what: "a call of data in a module", module: "wild-call", seldom: true},
	{kind: "bug", cause: `a BUG in lab_bug of module crash`, what: "a BUG in a module", module: "bug", seldom: true},
	{kind: "work", cause: `a BUG in lab_bug of module crash`, what: "a BUG in a work item of a module", module: "work", seldom: true},
	{kind: "thread", cause: `NULL pointer.*called by lab_null_call of module crash`, what: "a call through a null pointer in a kernel thread of a module", module: "thread", seldom: true},
	{kind: "init", cause: `NULL pointer was written through in lab_null_write of module crash`, what: "a write through a null pointer in a module that is being loaded", module: "init", seldom: true},
	{kind: "double-fault", cause: `double fault`, what: "a double fault for want of a stack", module: "double-fault", seldom: true},
	{kind: "lock", cause: `a BUG in lab_bug of module crash`, what: "a BUG in a module, while another CPU holds a lock with interrupts off and waits for the module's", module: "lock", seldom: true},
	{kind: "deadlock", cause: `Deadlock: .*lab-(ab|ba).* waits for mutex .*lab_(first|second)`, what: "the kernel's thread that looks for hung tasks, as two threads of a module wait for each other's mutex", module: "deadlock", seldom: true,
		end: "echo 4 >/proc/sys/kernel/hung_task_timeout_secs"},
	{kind: "slab-leak", cause: `Slab cache lab_leaked holds \d+ % of memory.*point to lab_release \[crash\]`, what: "a page fault or allocation, when a slab cache of a module has eaten the memory", module: "slab-leak", seldom: true},
	{kind: "slab-track", cause: `Slab cache lab_leaked holds \d+ % of memory; 256 of 256 objects were allocated by lab_leak \[crash\]`, what: "the same, with a cache that keeps who took its objects", module: "slab-track", seldom: true},
	{kind: "disk", cause: `All \d+ requests of vdb are under way, the oldest for .*waits? for (pages|free requests) of vdb`, what: "the kernel's thread that looks for hung tasks, as a disk does not answer", host: true, seldom: true,
		end: readers, bring: stopDisk,
		// Behind the first disk on the bus, for the guest to find it second.
		devices: []string{"-drive", "driver=null-co,read-zeroes=on,size=64M,if=none,id=" + slowDisk, "-device", "virtio-blk-pci,addr=0x10,queue-size=32,num-queues=1,drive=" + slowDisk}},
	{kind: "probe", cause: `panicked: panic was called by lab_on_probe`, what: "the handler of an optimized kprobe in a module, which the kernel itself does not see through", module: "probe", seldom: true},
	{kind: "hang", cause: `interrupt that can\'t be masked.*Timers of CPU \d are late, by up to .*s: it runs task 1 \(panic-init\), in lab_spin \[crash\], with interrupts off`, what: "an NMI for a CPU that loops in a module with interrupts off", module: "hang", seldom: true, bring: func(g *crashing) error {
		err := g.says("lab: hanging")
		time.Sleep(10 * time.Second) // for its timers to be late
		return errors.Join(err, g.monitor.do("inject-nmi", nil))
	}},
}

// readers are the commands of a guest in which many tasks open the second disk, each at a place of its own, and read from it once they are told to.
const readers = `echo 12 >/proc/sys/kernel/hung_task_timeout_secs
mkdir /run/open
for i in $(seq 1 60); do (
	exec 3</dev/vdb
	dd of=/dev/null bs=4k count=0 skip=$((64 * i)) <&3
	touch /run/open/$i
	while [ ! -e /run/go ]; do sleep 1; done
	dd of=/dev/null bs=4k count=1 <&3
) & done 2>/dev/null
while [ $(ls /run/open | wc -l) -lt 60 ]; do sleep 1; done
echo "lab: all are ready to read"
read -r go </dev/console
touch /run/go`

// stopDisk lets a guest's second disk answer no more, tells the guest to read from it, and lets it answer again once the kernel has come down: the
// one that saves the dump looks at it, too.
func stopDisk(g *crashing) error {
	limit := func(bytes int) error {
		limits := map[string]any{"device": slowDisk, "bps": bytes, "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0}
		return g.monitor.do("block_set_io_throttle", limits)
	}
	if err := errors.Join(g.says("lab: all are ready to read"), limit(1)); err != nil {
		return err
	}
	if _, err := g.serial.Write([]byte("go\n")); err != nil {
		return err
	}
	return errors.Join(g.says("Kernel panic"), limit(0))
}

// slowDisk is QEMU's name of a guest's second disk.
const slowDisk = "slow"

// commands returns the commands of the guest that bring the end about.
func (of crash) commands() string {
	const insert = "echo 1 >/proc/sys/kernel/panic_on_oops\necho 1 >/proc/sys/kernel/oops_all_cpu_backtrace\ninsmod /crash/crash.ko"
	switch of.module {
	case "":
		return of.end
	case "init":
		return insert + " now=init"
	}
	before := ""
	if of.end != "" {
		before = "\n" + of.end
	}
	return insert + before + "\necho " + of.module + " >/sys/module/crash/parameters/now"
}

// A crashing is a guest that is about to crash.
type crashing struct {
	monitor *qmp
	serial  net.Conn
	says    func(text string) error // waits until the guest says something on its console
}

// comesTo reports whether the lab can bring guests of a board to such an end.
func (of crash) comesTo(b *board) bool { return b.host || b.kexec && !of.host && of.module == "" }

// crashReserved is what the kernel that saves a dump takes of a guest's memory.
const crashReserved = "224M"

// crashLimit is how long a guest may take until its dump is saved.
const crashLimit = 8 * time.Minute

// panicDump begins the names of dumps of guests that crashed.
const panicDump = "panic"

// dump returns the name under which the crash stands among the dumps.
func (of crash) dump() string { return panicDump + "-" + of.kind }

// checkPanics crashes a guest in every way and checks what the program says of the dump. What can't be made counts as failed.
func checkPanics(ctx context.Context, opt options, c cores, program string) ([]result, error) {
	var results []result
	module := sync.OnceValues(func() (string, error) { return crashModule(ctx, opt, c) })
	for _, of := range crashes {
		if opt.only != "" && opt.only != panicDump && opt.only != of.dump() || opt.only == "" && of.seldom && !opt.all || !of.comesTo(c.series.board) {
			continue
		}
		start := time.Now()
		dir, err := makeCrash(ctx, opt, c, of, module)
		if cause := context.Cause(ctx); cause != nil {
			return results, errors.Join(cause, err)
		}
		if err != nil {
			r := newResult(c, of.dump(), of.dump(), "", "", err, time.Since(start))
			fmt.Printf("%v\n%v\n", err, r)
			results = append(results, r)
			continue
		}
		var debug []string
		ways := []string{"", alone}
		if of.module != "" {
			debug = []string{"-s", filepath.Join(dir, moduleFile)}
			ways = []string{"", bare, alone}
		}
		for _, with := range ways {
			r, _, err := runCheck(ctx, c, of.dump(), filepath.Join(dir, "vmcore"), "panic"+with, program, filepath.Join(dir, "console"), debug...)
			if err != nil {
				return results, err
			}
			r.check = of.dump() + with // each may be a known failure
			fmt.Println(r)
			results = append(results, r)
		}
		r := checkReport(ctx, c, of, filepath.Join(dir, "vmcore"), program, debug)
		fmt.Println(r)
		results = append(results, r)
	}
	return results, nil
}

// checkReport holds what a report says of a crash in its first section against what it was.
func checkReport(ctx context.Context, c cores, of crash, dump, program string, debug []string) result {
	start := time.Now()
	all, err := reported(ctx, c, dump, program, debug...)
	said := all["what-happened"]
	if err == nil && !regexp.MustCompile("(?s)"+of.cause).MatchString(strings.Join(said, "\n")) {
		err = fmt.Errorf("the report says %q", said)
	}
	r := newResult(c, of.dump(), of.dump()+"-report", strings.Join(said, "; "), "", err, time.Since(start))
	return r
}

// checkQuiet checks that a report on a guest that fares well calls nothing out.
func checkQuiet(ctx context.Context, c cores, file, program string) result {
	start := time.Now()
	said, err := reported(ctx, c, c.path(file), program)
	if err == nil && len(said) > 0 {
		err = fmt.Errorf("the report says %v", said)
	}
	return newResult(c, file, "report", "nothing is out of the ordinary", "", err, time.Since(start))
}

// reported returns what each section of a report on a dump calls out, as "critical: text", the worst first; of none is a section that calls nothing
// out. What a section says went wrong in it is an error.
func reported(ctx context.Context, c cores, dump, program string, debug ...string) (map[string][]string, error) {
	of, err := reportOn(ctx, c, dump, program, debug...)
	if err != nil {
		return nil, err
	}
	said := map[string][]string{}
	for _, s := range of.Sections {
		for _, f := range s.Findings {
			said[s.ID] = append(said[s.ID], fmt.Sprintf("%s: %s", f.Severity, f.Text))
		}
		if s.Error != "" {
			err = errors.Join(err, fmt.Errorf("section %s: %s", s.ID, s.Error))
		}
	}
	if len(of.Sections) == 0 {
		err = errors.New("the report has no sections")
	}
	return said, err
}

// reportOn returns a program's report on a dump.
func reportOn(ctx context.Context, c cores, dump, program string, debug ...string) (*report.Report, error) {
	args, err := debugFiles(c)
	if err != nil {
		return nil, err
	}
	stdout, stderr, err := capture(ctx, checkLimit, "", program, slices.Concat([]string{"-q", "-c", dump}, args, debug, []string{"report", "--json"})...)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, tail(stderr, 1000))
	}
	return report.ReadJSON(strings.NewReader(stdout))
}

// moduleFile is the name of a crash's module, with its debugging information.
const moduleFile = "crash.ko"

// crashKey names a crash by what it is made from.
func crashKey(of crash, b *board) (string, error) {
	files := []string{"panic", "save", "kexec.c"}
	if of.module != "" {
		files = append(files, moduleSources...)
	}
	text, err := guestFiles(files...)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprint(sum, text)
	fmt.Fprintln(sum, b.crashMemory(), crashReserved, of.commands(), b.savingLine())
	if len(of.devices) > 0 {
		fmt.Fprintln(sum, of.devices)
	}
	return fmt.Sprintf("%s-%x", of.dump(), sum.Sum(nil)[:6]), nil
}

// makeCrash crashes a guest and returns the directory with its filtered dump, vmcore, and console, what the kernel said.
// A dump that is there already is not made anew. module builds the module that some crashes need.
func makeCrash(ctx context.Context, opt options, c cores, of crash, module func() (string, error)) (dir string, err error) {
	key, err := crashKey(of, c.series.board)
	if err != nil {
		return "", err
	}
	dir = c.path(key)
	dumped := filepath.Join(dir, "vmcore")
	if _, err := os.Stat(dumped); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	if of.module != "" {
		built, err := module()
		if err != nil {
			return "", err
		}
		// It stays with the dump: one that is built anew some day may be another.
		if _, err := output(ctx, time.Minute, "cp", built, filepath.Join(dir, moduleFile)); err != nil {
			return "", err
		}
		if _, err := output(ctx, time.Minute, "objcopy", "--strip-debug", built, filepath.Join(work, moduleFile)); err != nil {
			return "", err
		}
	}
	initramfs := filepath.Join(work, "initramfs")
	if err := crashInitramfs(ctx, initramfs, work, c, of); err != nil {
		return "", err
	}
	disk := filepath.Join(work, "disk")
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		return "", err
	}
	if err := os.Truncate(disk, int64(c.series.board.crashMemory()+64)<<20); err != nil {
		return "", err
	}
	start := time.Now()
	var size int64
	err = retry(ctx, func() error {
		if err := os.RemoveAll(filepath.Join(work, "serial")); err != nil {
			return err
		}
		size, err = bootAndCrash(ctx, work, filepath.Join(dir, "console"), c, of, initramfs, disk)
		return err
	})
	if err != nil {
		return "", err
	}
	if err := os.Truncate(disk, size); err != nil {
		return "", err
	}
	saved := disk
	if c.series.board.host { // makedumpfile reads no other machine's
		if saved, err = filteredCrash(ctx, c, disk); err != nil {
			return "", err
		}
	}
	if _, err := output(ctx, time.Minute, "cp", "--sparse=always", saved, dumped+".new"); err != nil { // perhaps another file system
		return "", err
	}
	say("%s crashed and saved in %.0f s: %s", c.release, time.Since(start).Seconds(), of.what)
	return dir, os.Rename(dumped+".new", dumped)
}

// filteredCrash filters the dump of a guest that crashed, and returns the path of what is left, beside it.
func filteredCrash(ctx context.Context, c cores, dump string) (string, error) {
	m, err := fetchMakedumpfile(ctx, c.cache)
	if err != nil {
		return "", err
	}
	level, err := c.level()
	if err != nil {
		return "", err
	}
	filtered := dump + ".filtered"
	_, err = m.run(ctx, "-c", "-d", level, dump, filtered)
	return filtered, err
}

// crashInitramfs adds to the initramfs of the dumps what crashes the guest, and the kernel and initramfs that save its dump.
func crashInitramfs(ctx context.Context, to, work string, c cores, of crash) error {
	first, err := os.ReadFile(c.path("initramfs.gz"))
	if err != nil {
		return err
	}
	// One archive may follow another, where zeros fill up to a word.
	first = append(first, make([]byte, -len(first)&511)...)
	kexec, err := kexecFiles(ctx, work, c.cache, c.series.board)
	if err != nil {
		return err
	}
	read := func(path string) []byte {
		var text []byte
		if err == nil {
			text, err = os.ReadFile(path)
		}
		return text
	}
	saving := read("lab/guest/save")
	crashing := read("lab/guest/panic")
	var module []byte
	if of.module != "" {
		module = read(filepath.Join(work, moduleFile))
	}
	image := read(c.kernel.image())
	if err != nil {
		return err
	}
	var second strings.Builder
	archive := &cpio{w: &second}
	archive.add("save-init", 0o100755, saving)
	archive.add("TRAILER!!!", 0, nil)
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Write(first); err != nil {
		return err
	}
	whole := &cpio{w: out, err: archive.err}
	whole.add("panic-init", 0o100755, crashing)
	whole.add("crash", 0o040755, nil)
	for _, file := range kexec {
		whole.add(file.name, 0o100755, file.text)
	}
	whole.add("crash/line", 0o100644, []byte(c.series.board.savingLine()+"\n"))
	whole.add("crash/end", 0o100644, []byte(of.commands()+"\n"))
	if of.module != "" {
		whole.add("crash/"+moduleFile, 0o100644, module)
	}
	whole.add("crash/vmlinuz", 0o100644, image)
	whole.add("crash/initramfs", 0o100644, append(first, second.String()...))
	whole.add("TRAILER!!!", 0, nil)
	return errors.Join(whole.err, out.Close())
}

// dialSerial connects to QEMU's serial line as soon as that listens.
func dialSerial(ctx context.Context, socket string) (net.Conn, error) {
	for {
		conn, err := net.DialTimeout("unix", socket, 10*time.Second)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var saved = regexp.MustCompile(`LAB-SAVED (\d+) bytes`)

// bootAndCrash boots a guest, crashes it, and waits until its dump is on the disk. It returns the dump's size.
func bootAndCrash(ctx context.Context, work, console string, c cores, of crash, initramfs, disk string) (size int64, err error) {
	serial, own := filepath.Join(work, "serial"), filepath.Join(work, "qmp")
	ctx, cancel := context.WithTimeout(ctx, crashLimit)
	defer cancel()
	log, err := os.Create(console)
	if err != nil {
		return 0, err
	}
	defer log.Close()
	b := c.series.board
	qemu := b.command(ctx, c.cache, b.crashMemory(),
		"-nodefaults", "-no-reboot", "-display", "none",
		"-chardev", "socket,id=console,path="+serial+",server=on,wait=on,mux=on", "-serial", "chardev:console",
		"-qmp", "unix:"+own+",server=on,wait=off",
		"-drive", "file="+disk+",if=virtio,format=raw,cache=unsafe",
		"-kernel", c.kernel.image(), "-initrd", initramfs,
		"-append", b.guestLine()+" crashkernel="+crashReserved+" rdinit=/panic-init")
	qemu.Args = append(qemu.Args, of.devices...)
	var said strings.Builder
	qemu.Stderr = &said
	if err := qemu.Start(); err != nil {
		return 0, err
	}
	exited := make(chan error, 1)
	go func() { exited <- qemu.Wait() }()
	defer func() {
		if err != nil {
			cancel()
			text, _ := os.ReadFile(console) // for the message only
			err = fmt.Errorf("%w; QEMU said %q; the end of the console:\n%s", err, said.String(), tail(string(text), 3000))
		}
	}()
	line, err := dialSerial(ctx, serial) // QEMU waits for it
	if err != nil {
		return 0, err
	}
	defer line.Close()
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(log, line)
		copied <- err
	}()
	says := func(text string) error { return waitFor(ctx, console, text, crashLimit, exited) }
	if err := says("LAB-CRASH"); err != nil {
		return 0, err
	}
	if of.bring != nil {
		monitor, err := dialQMP(own)
		if err != nil {
			return 0, err
		}
		defer monitor.Close()
		if err := of.bring(&crashing{monitor, line, says}); err != nil {
			return 0, err
		}
	}
	if err := errors.Join(<-exited, <-copied); err != nil { // the second kernel powers the guest off
		return 0, errors.Join(err, ctx.Err())
	}
	text, err := os.ReadFile(console)
	if err != nil {
		return 0, err
	}
	m := saved.FindSubmatch(text)
	if m == nil {
		return 0, errors.New("the guest did not say how large its dump is")
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}
