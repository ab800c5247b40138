package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ulikunitz/xz"
)

// guestModules are the modules every guest loads, with those they need. The first
// ones are how the guest talks to the lab: the second disk, and the device
// through which QEMU learns where VMCOREINFO is. Some are built into newer kernels.
var guestModules = []string{
	"virtio_pci", "virtio_blk", "lzo_rle", "qemu_fw_cfg", "loop", "overlay", "zram", "veth", "dummy",
	"tun", "bridge", "nf_tables", "nf_conntrack", "xfs", "squashfs", "dm_mod",
}

// buildInitramfs writes a gzip-compressed initramfs with busybox, the guest's own
// programs built from the sources in lab/guest, and the modules.
func buildInitramfs(ctx context.Context, to string, k kernel, b *board, opt options) error {
	busybox, err := fetchBusybox(ctx, b, opt.cache)
	if err != nil {
		return err
	}
	own, err := fetchBusybox(ctx, amd64, opt.cache) // which runs here, and is the same
	if err != nil {
		return err
	}
	guest := filepath.Join("lab", "guest")
	work, err := os.MkdirTemp("", "godrgn-lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	compressed := gzip.NewWriter(out)
	archive := &cpio{w: compressed}

	for _, dir := range []string{"bin", "dev", "proc", "sys", "run", "tmp", "mnt", "root", "modules"} {
		archive.add(dir, 0o040755, nil)
	}
	box, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	archive.add("bin/busybox", 0o100755, box)
	applets, err := output(ctx, time.Minute, own, "--list")
	if err != nil {
		return err
	}
	for _, applet := range strings.Fields(applets) {
		if applet != "busybox" {
			archive.add("bin/"+applet, 0o120777, []byte("busybox"))
		}
	}
	archive.add("sbin", 0o120777, []byte("bin"))
	for _, program := range []string{"crowd", "truth"} {
		binary := filepath.Join(work, program)
		source := filepath.Join(guest, program+".c")
		if err := b.compile(ctx, opt.cache, binary, source, "-g", "-pthread"); err != nil {
			return err
		}
		text, err := os.ReadFile(binary)
		if err != nil {
			return err
		}
		archive.add("bin/"+program, 0o100755, text)
	}
	script, err := os.ReadFile(filepath.Join(guest, "init"))
	if err != nil {
		return err
	}
	archive.add("init", 0o100755, script)
	archive.add("threads", 0o100644, fmt.Appendf(nil, "%d\n", opt.threads))
	if err := addModules(archive, k); err != nil {
		return err
	}
	archive.add("TRAILER!!!", 0, nil)
	if archive.err != nil {
		return archive.err
	}
	if err := compressed.Close(); err != nil {
		return err
	}
	return out.Close()
}

// addModules adds the modules that the guest loads, and the file modules/order that lists them.
func addModules(archive *cpio, k kernel) error {
	modules, err := loadedByGuest(k)
	if err != nil {
		return err
	}
	var order strings.Builder
	for _, m := range modules {
		archive.add("modules/"+m.name+".ko", 0o100644, m.text)
		fmt.Fprintf(&order, "%s.ko\n", m.name)
	}
	archive.add("modules/order", 0o100644, []byte(order.String()))
	return nil
}

// readModule reads a module, decompressed if need be.
func readModule(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(path, ".xz") {
		return text, err
	}
	r, err := xz.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(r)
}

// moduleDepends returns the names in the "depends" line of a module's .modinfo.
func moduleDepends(module []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	info := f.Section(".modinfo")
	if info == nil {
		return nil, fmt.Errorf("no .modinfo section")
	}
	text, err := info.Data()
	if err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(string(text), "\x00") {
		if names, ok := strings.CutPrefix(line, "depends="); ok && names != "" {
			return strings.Split(names, ","), nil
		}
	}
	return nil, nil
}

// A cpio writes an archive of the "newc" format that the kernel unpacks (see
// Documentation/driver-api/early-userspace/buffer-format.rst). The first error sticks.
type cpio struct {
	w   io.Writer
	ino int
	err error
}

// add writes one file; mode holds its type, too.
func (c *cpio) add(name string, mode int, data []byte) {
	if c.err != nil {
		return
	}
	c.ino++
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		c.ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
	for _, part := range [][]byte{[]byte(header), data} {
		if _, c.err = c.w.Write(part); c.err != nil {
			return
		}
		if _, c.err = c.w.Write(make([]byte, -len(part)&3)); c.err != nil {
			return
		}
	}
}
