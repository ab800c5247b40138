package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A makedumpfile is the program, unpacked with the libraries and the loader it was
// built for: that of Debian 12 itself is too old for some newer kernels.
type makedumpfile struct {
	root string
}

func fetchMakedumpfile(ctx context.Context, cache string) (makedumpfile, error) {
	m := makedumpfile{root: filepath.Join(cache, "tools", "makedumpfile")}
	a, err := amd64.apt(ctx, cache)
	if err != nil {
		return m, err
	}
	return m, fetchTool(ctx, m.root, func() ([]string, error) {
		// All it links to; not Perl, in which its smaller half is written.
		packages, err := a.closure(ctx, "makedumpfile", "libc6", "libdw1", "libelf1", "liblzo2", "libzstd1",
			"zlib1g", "libbz2", "liblzma", "libsnappy", "libstdc++", "libgcc-s1")
		if err != nil {
			return nil, err
		}
		return a.download(ctx, filepath.Join(m.root, "debs"), packages...)
	})
}

// fetchBusybox returns the path of a statically linked busybox for guests of a board.
func fetchBusybox(ctx context.Context, b *board, cache string) (string, error) {
	root := filepath.Join(cache, "tools", "busybox"+b.suffix())
	a, err := b.apt(ctx, cache)
	if err != nil {
		return "", err
	}
	suite := "trixie"
	if b.newer != nil {
		suite = "unstable" // which alone has the architecture
	}
	err = fetchTool(ctx, root, func() ([]string, error) {
		return a.download(ctx, filepath.Join(root, "debs"), "busybox-static/"+suite)
	})
	for _, path := range []string{"usr/bin/busybox", "bin/busybox"} {
		if _, err := os.Stat(filepath.Join(root, path)); err == nil {
			return filepath.Join(root, path), nil
		}
	}
	return filepath.Join(root, "usr/bin/busybox"), err
}

// fetchTool unpacks packages below root unless that was done before.
func fetchTool(ctx context.Context, root string, download func() ([]string, error)) error {
	done := filepath.Join(root, "unpacked")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	debs, err := download()
	if err != nil {
		return err
	}
	if err := unpack(ctx, root, debs); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}

// run runs makedumpfile on a dump, and tells whether it knows the kernel.
func (m makedumpfile) run(ctx context.Context, args ...string) (knows bool, err error) {
	lib := filepath.Join(m.root, "usr/lib/x86_64-linux-gnu")
	command := append([]string{"--library-path", lib, filepath.Join(m.root, "usr/bin/makedumpfile")}, args...)
	said, err := output(ctx, dumpLimit, filepath.Join(lib, "ld-linux-x86-64.so.2"), command...)
	return !strings.Contains(said, "The kernel version is not supported"), err
}

// What makedumpfile leaves out: zero, cache, user and free pages; and all but user pages, for a kernel that it does not
// know: of 7.2's pages, 1.7.8 takes slabs for user pages, since struct page has changed.
const (
	filterAll     = "31"
	filterUnknown = "23"
)

// A dump is one of the forms in which the same memory is kept.
type dump struct {
	file   string
	always bool     // checked of every kernel, not only of the main one and those of other machines: what is left out is decided by the kernel
	from   string   // the dump it is made from; "" for QEMU's own
	args   []string // of makedumpfile
	what   string
}

// dumps lists all forms, those that others are made from first.
var dumps = []dump{
	{file: "vmcore.elf", always: true, what: "ELF, everything, program headers in the usual place"},
	{file: "vmcore.qemu-zlib", what: "kdump-compressed by QEMU: flattened, zlib, everything"},
	{file: "vmcore.kdump", from: "vmcore.elf", args: []string{"-c", "-d", "0"}, what: "kdump-compressed by makedumpfile: zlib, everything"},
	{file: "vmcore.d31", always: true, from: "vmcore.elf", args: []string{"-z", "-d", "31"}, what: "zstd, without zero, cache, user and free pages"},
	{file: "vmcore.d31.zlib", from: "vmcore.elf", args: []string{"-c", "-d", "31"}, what: "zlib, filtered"},
	{file: "vmcore.d31.lzo", from: "vmcore.elf", args: []string{"-l", "-d", "31"}, what: "LZO, filtered"},
	{file: "vmcore.d31.elf", from: "vmcore.elf", args: []string{"-E", "-d", "31"}, what: "ELF, filtered"},
	{file: "vmcore.d31.flat", from: "vmcore.elf", args: []string{"-F", "-z", "-d", "31"}, what: "flattened, zstd, filtered"},
}

// made reports whether the lab makes the dump of guests of a board.
func (d dump) made(b *board) bool { return b.host || d.from == "" }

// makeDumps makes all forms from QEMU's two in dir.
func makeDumps(ctx context.Context, dir string, b *board, cache string) error {
	raw := filepath.Join(dir, "raw.elf")
	if err := usualELF(raw, filepath.Join(dir, "vmcore.elf")); err != nil {
		return err
	}
	if err := os.Remove(raw); err != nil || !b.host {
		return err
	}
	m, err := fetchMakedumpfile(ctx, cache)
	if err != nil {
		return err
	}
	filter := filterAll
	for _, d := range dumps {
		if d.from == "" {
			continue
		}
		start := time.Now()
		args := slices.Clone(d.args)
		if i := slices.Index(args, filterAll); i >= 0 {
			args[i] = filter
		}
		to := filepath.Join(dir, d.file)
		if slices.Contains(args, "-F") { // flattened: it goes to standard output
			if err := m.flatten(ctx, args, filepath.Join(dir, d.from), to); err != nil {
				return err
			}
		} else {
			knows, err := m.run(ctx, append(args, filepath.Join(dir, d.from), to)...)
			if err != nil {
				return err
			}
			if !knows && filter == filterAll { // before the first one that is filtered
				say("makedumpfile does not know this kernel: -d %s instead of -d %s", filterUnknown, filterAll)
				filter = filterUnknown
			}
		}
		info, err := os.Stat(to)
		if err != nil {
			return err
		}
		say("%s: %s, %d MiB in %.0f s", d.file, d.what, info.Size()>>20, time.Since(start).Seconds())
	}
	return os.WriteFile(filepath.Join(dir, "filter"), []byte(filter+"\n"), 0o644)
}

// flatten runs makedumpfile -F, which writes to standard output.
func (m makedumpfile) flatten(ctx context.Context, args []string, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, dumpLimit)
	defer cancel()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	lib := filepath.Join(m.root, "usr/lib/x86_64-linux-gnu")
	command := append([]string{"--library-path", lib, filepath.Join(m.root, "usr/bin/makedumpfile")}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(lib, "ld-linux-x86-64.so.2"), append(command, from)...)
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return err
	}
	return out.Close()
}
