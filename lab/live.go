package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// liveMemory is the memory of the guest that drgn itself runs in, in MiB.
const liveMemory = 1536

// liveLimit is how long the guest may take until it has looked at itself: minutes, on a machine that has much else to do.
const liveLimit = 25 * time.Minute

// throughQEMU begins the names of checks that look at the guest from outside.
const throughQEMU = "q-"

// liveChecks are the scripts in lab/check that are also run from outside on the guest, through QEMU.
var liveChecks = []string{"session", "tasks", "stacks", "modules", "vmas", "sockets", "memory"}

// inside is what the guest's own account must hold of what drgn said in it: a regular expression for each file.
var inside = []struct{ name, says string }{
	{"first", `\(char \[16\]\)"swapper/0" ProgramFlags\.IS_LINUX_KERNEL\|IS_LIVE\|IS_LOCAL\nexit code 0\n$`},
	{"live", `facts about the running kernel compared, 0 wrong.*\nexit code 0\n$`},
	{"first-bare", `^warning: no debug file of kernel \S+: types: /sys/kernel/btf/vmlinux; symbols: kallsyms; stacks: ORC; .*\n\(char \[16\]\)"swapper/0" \w+\nexit code 0\n$`},
	{"live-bare", `facts about the running kernel compared, 0 wrong.*\nexit code 0\n$`},
	{"stress", `reads beside walks compared, 0 wrong.*\nexit code 0\n$`},
	{"gostress", `^0 wrong, .*\nexit code 0\n$`},
	{"kmodify", `changes to the running kernel compared, 0 wrong.*\nexit code 0\n$`},
	{"user", `^drgn: \[Errno 13\] Permission denied \(only root may read the running kernel's memory: use sudo\): '/proc/kcore'\nexit code 1\n$`},
	{"nobody", `^65534\nexit code 0\n$`},
	{"masked", `^drgn: not an ELF core file or another core dump: /proc/kcore .*\nexit code 1\n$`},
	{"noproc", `^drgn: \[Errno 2\] No such file or directory \(no proc file system is mounted\): '/proc/kcore'\nexit code 1\n$`},
	{"lockdown", `^drgn: \[Errno 1\] Operation not permitted \(the kernel is locked down for confidentiality.*\): '/proc/kcore'\nexit code 1\n$`},
}

// live boots a guest in which drgn looks at the kernel that it runs on, and then looks at the guest from outside.
func live(ctx context.Context, opt options, c cores, program string) ([]result, error) {
	work, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	debug, err := debugFiles(c)
	if err != nil {
		return nil, err
	}
	stress := filepath.Join(work, "stress")
	if _, err := output(ctx, 10*time.Minute, "env", "CGO_ENABLED=0", "go", "build", "-o", stress, "./lab/stress"); err != nil {
		return nil, err
	}
	disk := filepath.Join(work, "live.img")
	if err := liveDisk(ctx, disk, c, debug, map[string]string{program: "drgn", stress: "stress"}); err != nil {
		return nil, err
	}
	g, err := startLive(ctx, work, c, disk)
	if err != nil {
		return nil, err
	}
	defer g.kill()
	fmt.Printf("# %s, running\n", c.release)
	var results []result
	add := func(name, stdout, stderr string, err error, took time.Duration) {
		r := newResult(c, liveDump, name, stdout, stderr, err, took)
		if r.why != "" {
			fmt.Printf("%v\n%s\n", err, tail(stderr+stdout, 2000))
		}
		fmt.Println(r)
		results = append(results, r)
	}
	for _, in := range inside {
		text, err := os.ReadFile(filepath.Join(g.truth, "live-"+in.name))
		if errors.Is(err, os.ErrNotExist) && in.name == "lockdown" {
			continue // a kernel without it
		}
		if err == nil && !regexp.MustCompile(in.says).Match(text) {
			err = errors.New("in the guest, it said something else")
		}
		said, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\nexit code")
		add(in.name, said, "", err, 0)
	}
	outside := func(address, name string, extra ...string) {
		script, isBare := strings.CutSuffix(name, bare)
		args := append([]string{"-q", "--qemu", address}, debug...)
		if isBare {
			args = append(args[:3:3], "--no-symbols-by", "standard")
		}
		args = append(args, filepath.Join("lab", "check", script+".py"), g.truth)
		start := time.Now()
		stdout, stderr, err := capture(ctx, checkLimit, "", program, append(args, extra...)...)
		add(throughQEMU+name, stdout, stderr, err, time.Since(start))
	}
	outside(g.socket, "guest", "running")
	outside(g.socket, "guest"+bare, "running")
	if err := g.monitor.do("stop", nil); err != nil {
		return results, err
	}
	for _, name := range liveChecks {
		outside(g.socket, name)
	}
	for _, name := range append(liveChecks, "symbols") {
		outside(g.socket, name+bare)
	}
	outside(g.socket, "guest", "stopped", g.ports[0], g.ports[1], strconv.Itoa(g.qemu.Process.Pid))
	return results, nil
}

// benchLive times drgn, the other one that -than names, if any, and Debian's newest on the kernel of the guest that they run
// in, and prints a table.
func benchLive(ctx context.Context, opt options, c cores) error {
	program, err := drgnProgram(ctx, opt)
	if err != nil {
		return err
	}
	if _, err := fetchReference(ctx, opt.cache); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	debug, err := debugFiles(c)
	if err != nil {
		return err
	}
	reference := filepath.Join(work, "reference")
	if err := os.WriteFile(reference, []byte(referenceScript("/live/tree")), 0o755); err != nil {
		return err
	}
	programs := map[string]string{program: "drgn", reference: "reference", filepath.Join(opt.cache, "tools", "reference", "usr"): "tree/usr"}
	names := []string{"drgn", "reference"}
	if opt.than != "" {
		programs[opt.than] = "than"
		names = []string{"drgn", "than", "reference"}
	}
	disk := filepath.Join(work, "live.img")
	if err := liveDisk(ctx, disk, c, debug, programs); err != nil {
		return err
	}
	g, err := startLive(ctx, work, c, disk)
	if err != nil {
		return err
	}
	defer g.kill()
	timed := make([][]row, len(names))
	var failed error // what has been measured is shown nevertheless
	for i, name := range names {
		rounds, err := filepath.Glob(filepath.Join(g.truth, "live-bench-"+name+"-*"))
		if err != nil {
			return err
		}
		for _, round := range rounds {
			said, err := os.ReadFile(round)
			if err != nil {
				return err
			}
			text, end, _ := strings.Cut(string(said), "exit code ")
			rows, err := parseRows(text)
			if err != nil || end != "0\n" {
				failed = errors.Join(failed, err, fmt.Errorf("in the guest, %s said:\n%s", name, said))
			}
			timed[i] = quickest(timed[i], rows)
		}
	}
	return errors.Join(printRows(names[1:], timed[0], timed[1:]...), failed)
}

// liveDisk makes the file system that drgn is on in the guest: programs under the names that programs gives them, the
// libraries that drgn links or loads, the checks, and debug files where distributions keep them. A program may be a directory.
func liveDisk(ctx context.Context, to string, c cores, debug []string, programs map[string]string) error {
	root := to + ".root"
	defer os.RemoveAll(root)
	boot, modules := filepath.Join(root, "debug", "boot"), filepath.Join(root, "debug", "lib", "modules", c.release)
	for _, dir := range []string{boot, modules, filepath.Join(root, "lib"), filepath.Join(root, "check"), filepath.Join(root, "bench")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	copies := map[string]string{
		c.path("vmlinux"): filepath.Join(boot, "vmlinux-"+c.release), "lab/bench/live.py": filepath.Join(root, "bench", "live.py"),
	}
	for from, name := range programs {
		copies[from] = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(copies[from]), 0o755); err != nil {
			return err
		}
	}
	for _, path := range debug[1:] {
		if strings.Contains(filepath.Base(path), ".ko") {
			copies[path] = filepath.Join(modules, filepath.Base(path))
		}
	}
	for _, name := range []string{"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "ld-linux-x86-64.so.2"} {
		copies[filepath.Join("/lib/x86_64-linux-gnu", name)] = filepath.Join(root, "lib", name)
	}
	scripts, err := fs.Glob(os.DirFS("lab/check"), "*.py")
	if err != nil {
		return err
	}
	for _, name := range scripts {
		copies[filepath.Join("lab/check", name)] = filepath.Join(root, "check", name)
	}
	for from, path := range copies {
		if _, err := output(ctx, time.Minute, "cp", "-rH", from, path); err != nil {
			return err
		}
	}
	_, err = output(ctx, time.Minute, "mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", root, to, "1G")
	return err
}

// A guest is one that runs.
type guest struct {
	qemu    *exec.Cmd
	exited  chan error
	monitor *qmp      // the lab's own connection
	socket  string    // Unix socket for drgn
	ports   [2]string // host:port for drgn
	truth   string    // directory with the guest's account
}

// kill ends the guest.
func (g *guest) kill() {
	g.monitor.Close()
	g.qemu.Process.Kill()
	<-g.exited
}

// startLive boots a guest with a disk that liveDisk made, once more if that fails, and waits for its account.
func startLive(ctx context.Context, work string, c cores, disk string) (g *guest, err error) {
	err = retry(ctx, func() error {
		// What is left of a guest that died is in nobody's way.
		dir, err := os.MkdirTemp(work, "boot-")
		if err != nil {
			return err
		}
		g, err = bootLive(ctx, dir, c, disk)
		return err
	})
	return g, err
}

// bootLive boots the kernel with the initramfs of the dumps and lab/guest/live in it, and waits for the guest's account. All
// files that it makes are in the directory work.
func bootLive(ctx context.Context, work string, c cores, disk string) (*guest, error) {
	script, err := os.ReadFile("lab/guest/live")
	if err != nil {
		return nil, err
	}
	initramfs, err := os.Create(filepath.Join(work, "initramfs"))
	if err != nil {
		return nil, err
	}
	defer initramfs.Close()
	first, err := os.ReadFile(c.path("initramfs.gz"))
	if err != nil {
		return nil, err
	}
	// One archive may follow another, where zeros fill up to a word.
	if _, err := initramfs.Write(append(first, make([]byte, -len(first)&511)...)); err != nil {
		return nil, err
	}
	archive := &cpio{w: initramfs}
	archive.add("live-init", 0o100755, script)
	archive.add("TRAILER!!!", 0, nil)
	if archive.err != nil {
		return nil, archive.err
	}
	account := filepath.Join(work, "truth.img")
	if err := os.WriteFile(account, nil, 0o600); err != nil {
		return nil, err
	}
	if err := os.Truncate(account, truthSize); err != nil {
		return nil, err
	}
	g := &guest{socket: filepath.Join(work, "qmp"), truth: filepath.Join(work, "truth"), exited: make(chan error, 1)}
	console, own := filepath.Join(work, "console"), filepath.Join(work, "lab")
	if g.ports[0], err = freePort(); err == nil {
		g.ports[1], err = freePort()
	}
	if err != nil {
		return nil, err
	}
	g.qemu = amd64.command(ctx, c.cache, liveMemory,
		"-nodefaults", "-no-reboot", "-display", "none", "-serial", "file:"+console,
		"-qmp", "unix:"+own+",server=on,wait=off", "-qmp", "unix:"+g.socket+",server=on,wait=off",
		"-qmp", "tcp:"+g.ports[0]+",server=on,wait=off", "-qmp", "tcp:"+g.ports[1]+",server=on,wait=off", "-device", "vmcoreinfo",
		"-drive", "file="+account+",if=virtio,format=raw,cache=unsafe",
		"-drive", "file="+disk+",if=virtio,format=raw,readonly=on",
		"-kernel", c.kernel.image(), "-initrd", initramfs.Name(),
		"-append", amd64.guestLine()+" rdinit=/live-init")
	var said strings.Builder
	g.qemu.Stderr = &said
	if err := g.qemu.Start(); err != nil {
		return nil, err
	}
	go func() { g.exited <- g.qemu.Wait() }()
	start := time.Now()
	if err := waitFor(ctx, console, "LAB-READY", liveLimit, g.exited); err != nil {
		g.qemu.Process.Kill() // the error says more
		text, _ := os.ReadFile(console)
		return nil, fmt.Errorf("%w; QEMU said %q; the end of the console:\n%s", err, said.String(), tail(string(text), 3000))
	}
	say("the guest has looked at itself, %.0f s after its start", time.Since(start).Seconds())
	if text, err := os.ReadFile(console); err == nil {
		for line := range strings.Lines(string(text)) {
			if what, ok := strings.CutPrefix(line, "lab: "); ok {
				say("in the guest: %s", strings.TrimSpace(what))
			}
		}
	}
	if g.monitor, err = dialQMP(own); err != nil {
		g.qemu.Process.Kill()
		return nil, err
	}
	if err = os.Mkdir(g.truth, 0o755); err == nil {
		_, err = output(ctx, time.Minute, "tar", "-x", "-C", g.truth, "-f", account)
	}
	if err != nil {
		g.kill()
		return nil, err
	}
	return g, nil
}

// freePort returns an address of this machine that is free.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
