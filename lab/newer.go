package main

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// newerRoot is the directory with a board's packages of Debian unstable.
func (b *board) newerRoot(cache string) string {
	return filepath.Join(cache, "tools", "newer"+b.suffix())
}

// fetchNewer unpacks a board's packages of Debian unstable with all that they need.
func (b *board) fetchNewer(ctx context.Context, cache string) error {
	if b.newer == nil {
		return nil
	}
	a, err := amd64.apt(ctx, cache)
	if err != nil {
		return err
	}
	root := b.newerRoot(cache)
	err = fetchTool(ctx, root, func() ([]string, error) {
		args := append([]string{"-t", "unstable"}, b.newer...)
		packages, err := a.needed(ctx, filepath.Join(a.dir, "state/status"), args...)
		if err != nil {
			return nil, err
		}
		return a.download(ctx, filepath.Join(root, "debs"), append([]string{"-t", "unstable"}, packages...)...)
	})
	if err != nil {
		return err
	}
	for _, dir := range []string{"dev", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	return linkRoot(root)
}

// emulator returns the command that runs the board's QEMU: that of Debian unstable with its own libraries and firmware.
func (b *board) emulator(cache string) []string {
	if b.newer == nil {
		return []string{b.qemu[0]}
	}
	root := b.newerRoot(cache)
	lib, share := filepath.Join(root, "usr/lib/x86_64-linux-gnu"), filepath.Join(root, "usr/share")
	return []string{filepath.Join(lib, "ld-linux-x86-64.so.2"), "--library-path", lib, filepath.Join(root, "usr/bin", b.qemu[0]),
		"-L", filepath.Join(share, "qemu"), "-L", filepath.Join(share, "qemu-efi-loongarch64")}
}

// compile builds a program for guests of the board from one file of C; more are further options.
func (b *board) compile(ctx context.Context, cache, to, source string, more ...string) error {
	args := append([]string{"-O1", "-Wall", "-Werror", "-static"}, more...)
	if b.newer == nil {
		_, err := output(ctx, time.Minute, b.compiler[0], append(args, "-o", to, source)...)
		return err
	}
	root := b.newerRoot(cache)
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	inside := filepath.Join("tmp", filepath.Base(source))
	if err := os.WriteFile(filepath.Join(root, inside), text, 0o644); err != nil {
		return err
	}
	if err := inRoot(ctx, root, append(append([]string{b.compiler[0]}, args...), "-o", "/tmp/program", "/"+inside)...); err != nil {
		return err
	}
	return os.Rename(filepath.Join(root, "tmp/program"), to)
}
