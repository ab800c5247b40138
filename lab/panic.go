package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A crash is a way in which the guest comes to its end.
type crash struct {
	kind string
	what string
	// end are the commands of the guest that bring it about.
	end string
	// bring brings it about from outside once the guest has done its part; nil if that is all.
	bring func(g *crashing) error
}

// crashes are all of them.
var crashes = []crash{
	{kind: "sysrq", what: "a system call of a task", end: "echo c >/proc/sysrq-trigger"},
	{kind: "irq", what: "a hard interrupt: magic SysRq on the serial line", bring: func(g *crashing) error {
		_, err := g.serial.Write([]byte("\x01bc")) // QEMU makes a break of Ctrl-A b
		return err
	}},
	{kind: "nmi", what: "an NMI that nobody knows", bring: func(g *crashing) error { return g.monitor.do("inject-nmi", nil) }},
	// tail keeps all that it reads, as there is no line in it.
	{kind: "oom", what: "a page fault of a task that has eaten the memory", end: "tail /dev/zero"},
	{kind: "hung", what: "the kernel's thread that looks for hung tasks", end: "echo 2 >/proc/sys/kernel/hung_task_timeout_secs\n" +
		"fsfreeze --freeze /mnt/ext\ntouch /mnt/ext/stuck"},
	{kind: "kretprobe", what: "a system call, where a kretprobe has put its trampoline on the stack",
		end: "cd /sys/kernel/tracing\necho 'r:lab vfs_write' >kprobe_events\necho 1 >events/kprobes/lab/enable\necho c >/proc/sysrq-trigger"},
	{kind: "graph", what: "a system call, where the function graph tracer has put its trampoline on the stack",
		end: "cd /sys/kernel/tracing\nprintf 'vfs_write\\nksys_write\\n' >set_ftrace_filter\necho function_graph >current_tracer\necho c >/proc/sysrq-trigger"},
}

// A crashing is a guest that is about to crash.
type crashing struct {
	monitor *qmp
	serial  net.Conn
}

// The guest that crashes has little memory, as all of it is copied; the kernel that saves it takes a part.
const (
	crashMemory   = 640 // MiB
	crashReserved = "224M"
)

// crashLimit is how long a guest may take until its dump is saved.
const crashLimit = 4 * time.Minute

// panicDump begins the names of dumps of guests that crashed.
const panicDump = "panic"

// dump returns the name under which the crash stands among the dumps.
func (of crash) dump() string { return panicDump + "-" + of.kind }

// checkPanics crashes a guest in every way and checks what the program says of the dump. What can't be made counts as failed.
func checkPanics(ctx context.Context, opt options, c cores, program string) ([]result, error) {
	var results []result
	for _, of := range crashes {
		if opt.only != "" && opt.only != panicDump && opt.only != of.dump() {
			continue
		}
		start := time.Now()
		dir, err := makeCrash(ctx, opt, c, of)
		if cause := context.Cause(ctx); cause != nil {
			return results, errors.Join(cause, err)
		}
		if err != nil {
			r := newResult(c, of.dump(), of.dump(), "", "", err, time.Since(start))
			fmt.Printf("%v\n%v\n", err, r)
			results = append(results, r)
			continue
		}
		r, _, err := runCheck(ctx, c, of.dump(), filepath.Join(dir, "vmcore"), "panic", program, filepath.Join(dir, "console"))
		if err != nil {
			return results, err
		}
		r.check = of.dump() // each may be a known failure
		fmt.Println(r)
		results = append(results, r)
	}
	return results, nil
}

// crashKey names a crash by what it is made from.
func crashKey(of crash) (string, error) {
	sum := sha256.New()
	for _, file := range []string{"panic", "save", "kexec.c"} {
		text, err := os.ReadFile(filepath.Join("lab", "guest", file))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", file, len(text), text)
	}
	fmt.Fprintln(sum, crashMemory, crashReserved, of.end)
	return fmt.Sprintf("%s-%x", of.dump(), sum.Sum(nil)[:6]), nil
}

// makeCrash crashes a guest and returns the directory with its filtered dump, vmcore, and console, what the kernel said.
// A dump that is there already is not made anew.
func makeCrash(ctx context.Context, opt options, c cores, of crash) (dir string, err error) {
	key, err := crashKey(of)
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
	initramfs := filepath.Join(work, "initramfs")
	if err := crashInitramfs(ctx, initramfs, work, c, of); err != nil {
		return "", err
	}
	disk := filepath.Join(work, "disk")
	if err := os.WriteFile(disk, nil, 0o600); err != nil {
		return "", err
	}
	if err := os.Truncate(disk, (crashMemory+64)<<20); err != nil {
		return "", err
	}
	start := time.Now()
	var size int64
	for try := 1; ; try++ {
		size, err = bootAndCrash(ctx, work, filepath.Join(dir, "console"), c, of, initramfs, disk)
		if err == nil {
			break
		}
		if try == tries || ctx.Err() != nil {
			return "", err
		}
		say("trying once more: %v", err)
		if err := os.RemoveAll(filepath.Join(work, "serial")); err != nil {
			return "", err
		}
	}
	if err := os.Truncate(disk, size); err != nil {
		return "", err
	}
	a, err := newApt(ctx, filepath.Join(opt.cache, "apt"))
	if err != nil {
		return "", err
	}
	m, err := fetchMakedumpfile(ctx, a, opt.cache)
	if err != nil {
		return "", err
	}
	level, err := os.ReadFile(c.path("filter"))
	if err != nil {
		return "", err
	}
	filtered := filepath.Join(work, "filtered")
	if _, err := m.run(ctx, "-c", "-d", strings.TrimSpace(string(level)), disk, filtered); err != nil {
		return "", err
	}
	if _, err := output(ctx, time.Minute, "cp", filtered, dumped+".new"); err != nil { // perhaps another file system
		return "", err
	}
	say("%s crashed and saved in %.0f s: %s", c.release, time.Since(start).Seconds(), of.what)
	return dir, os.Rename(dumped+".new", dumped)
}

// crashInitramfs adds to the initramfs of the dumps what crashes the guest, and the kernel and initramfs that save its dump.
func crashInitramfs(ctx context.Context, to, work string, c cores, of crash) error {
	first, err := os.ReadFile(c.path("initramfs.gz"))
	if err != nil {
		return err
	}
	// One archive may follow another, where zeros fill up to a word.
	first = append(first, make([]byte, -len(first)&511)...)
	kexec := filepath.Join(work, "kexec")
	if _, err := output(ctx, time.Minute, "gcc", "-O1", "-Wall", "-Werror", "-static", "-o", kexec, "lab/guest/kexec.c"); err != nil {
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
	program := read(kexec)
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
	whole.add("bin/kexec", 0o100755, program)
	whole.add("crash", 0o040755, nil)
	whole.add("crash/end", 0o100644, []byte(of.end+"\n"))
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
	qemu := exec.CommandContext(ctx, "nice", "-n", "10", "qemu-system-x86_64",
		"-accel", accelerator, "-cpu", "qemu64", "-smp", "2", "-m", strconv.Itoa(crashMemory),
		"-nodefaults", "-no-reboot", "-display", "none",
		"-chardev", "socket,id=console,path="+serial+",server=on,wait=on,mux=on", "-serial", "chardev:console",
		"-qmp", "unix:"+own+",server=on,wait=off",
		"-drive", "file="+disk+",if=virtio,format=raw,cache=unsafe",
		"-kernel", c.kernel.image(), "-initrd", initramfs,
		"-append", "console=ttyS0 loglevel=4 zram.num_devices=1 printk.time=1 crashkernel="+crashReserved+" rdinit=/panic-init")
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
	if err := waitFor(ctx, console, "LAB-CRASH", crashLimit, exited); err != nil {
		return 0, err
	}
	if of.bring != nil {
		monitor, err := dialQMP(own)
		if err != nil {
			return 0, err
		}
		defer monitor.Close()
		if err := of.bring(&crashing{monitor: monitor, serial: line}); err != nil {
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
