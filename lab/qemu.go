package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// How long the guest may take until it has written its own account, and how long
// one dump may take.
const (
	bootLimit = 8 * time.Minute
	dumpLimit = 4 * time.Minute
)

// accelerator is emulation, usually with one thread for both CPUs: with a thread for each,
// QEMU 7.2 now and then lets a CPU run into a half-patched instruction, and the
// kernel dies of a stray breakpoint. It costs no time worth mentioning.
const accelerator = "tcg,thread="

// truthSize is the size of the disk to which the guest writes its account.
const truthSize = 128 << 20

// bootAndDump boots the kernel, waits for the guest's own account, extracts that to
// dir/truth and dumps the guest's memory to dir/raw.elf and dir/vmcore.qemu-zlib.
func bootAndDump(ctx context.Context, opt options, dir string, k kernel, b *board, initramfs string) error {
	disk := filepath.Join(dir, "truth.img")
	f, err := os.Create(disk)
	if err != nil {
		return err
	}
	defer os.Remove(disk)
	if err := errors.Join(f.Truncate(truthSize), f.Close()); err != nil {
		return err
	}
	console := filepath.Join(dir, "console.log")

	// A Unix socket's path is limited to some hundred bytes: not below the cache.
	sockets, err := os.MkdirTemp("", "lab-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(sockets)
	socket := filepath.Join(sockets, "qmp")

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	qemu := b.command(ctx, opt.cache, opt.memory, append(slices.Clone(b.tells),
		"-nodefaults", "-no-reboot", "-display", "none",
		"-serial", "file:"+console,
		"-qmp", "unix:"+socket+",server=on,wait=off",
		"-drive", "file="+disk+",if=virtio,format=raw,cache=unsafe",
		"-kernel", k.image(), "-initrd", initramfs,
		"-append", b.guestLine())...)
	var said strings.Builder
	qemu.Stderr = &said
	if err := qemu.Start(); err != nil {
		return err
	}
	exited := make(chan error, 1)
	go func() { exited <- qemu.Wait() }()

	if err := waitFor(ctx, console, "LAB-READY", bootLimit, exited); err != nil {
		text, _ := os.ReadFile(console) // for the message only
		return fmt.Errorf("%w; QEMU said %q; the end of the console:\n%s", err, said.String(), tail(string(text), 3000))
	}
	monitor, err := dialQMP(socket)
	if err != nil {
		return err
	}
	defer monitor.Close()
	if err := monitor.do("stop", nil); err != nil {
		return err
	}
	for file, format := range map[string]string{"raw.elf": "elf", "vmcore.qemu-zlib": "kdump-zlib"} {
		start := time.Now()
		err := monitor.do("dump-guest-memory", map[string]any{
			"paging": false, "protocol": "file:" + filepath.Join(dir, file), "format": format,
		})
		if err != nil {
			return err
		}
		say("dumped as %s in %.0f s", format, time.Since(start).Seconds())
	}
	if err := monitor.do("quit", nil); err != nil {
		return err
	}
	<-exited

	truth := filepath.Join(dir, "truth")
	if err := os.MkdirAll(truth, 0o755); err != nil {
		return err
	}
	if _, err := output(ctx, time.Minute, "tar", "-x", "-C", truth, "-f", disk); err != nil {
		return err
	}
	// The last file that the guest writes: a disk that the guest had no driver for is full of zeros.
	if _, err := os.Stat(filepath.Join(truth, "self")); err != nil {
		text, _ := os.ReadFile(console) // for the message only
		return fmt.Errorf("the guest has written no account: %w; the end of the console:\n%s", err, tail(string(text), 3000))
	}
	return nil
}

// waitFor waits until a text appears in a file.
func waitFor(ctx context.Context, file, text string, limit time.Duration, exited <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("the guest wasn't ready after %v", limit)
		case err := <-exited:
			return fmt.Errorf("QEMU ended before the guest was ready: %v", err)
		case <-tick.C:
		}
		content, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if strings.Contains(string(content), text) {
			return nil
		}
	}
}

// A qmp is a connection to QEMU's monitor (QEMU Machine Protocol).
type qmp struct {
	conn net.Conn
	in   *bufio.Reader
}

func dialQMP(socket string) (*qmp, error) {
	conn, err := net.DialTimeout("unix", socket, 10*time.Second)
	if err != nil {
		return nil, err
	}
	m := &qmp{conn: conn, in: bufio.NewReader(conn)}
	if _, err := m.in.ReadBytes('\n'); err != nil { // the greeting
		return nil, errors.Join(err, conn.Close())
	}
	return m, m.do("qmp_capabilities", nil)
}

// Close closes the connection.
func (m *qmp) Close() error { return m.conn.Close() }

// do executes a command and waits for its answer, passing over events.
func (m *qmp) do(command string, arguments map[string]any) error {
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := m.conn.SetDeadline(time.Now().Add(dumpLimit)); err != nil {
		return err
	}
	if err := json.NewEncoder(m.conn).Encode(request); err != nil {
		return err
	}
	for {
		line, err := m.in.ReadBytes('\n')
		if err != nil {
			return fmt.Errorf("QEMU's answer to %s: %w", command, err)
		}
		var answer struct {
			Return json.RawMessage
			Error  *struct{ Class, Desc string }
		}
		if err := json.Unmarshal(line, &answer); err != nil {
			return fmt.Errorf("QEMU's answer to %s: %w", command, err)
		}
		if answer.Error != nil {
			return fmt.Errorf("QEMU refused %s: %s", command, answer.Error.Desc)
		}
		if answer.Return != nil {
			return nil
		}
	}
}
