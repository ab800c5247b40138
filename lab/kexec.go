package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A guestFile is one of an initramfs.
type guestFile struct {
	name string
	text []byte
}

// kexecFiles returns bin/kexec, and what it needs, for guests of a board: its arguments are a kernel, an initramfs and a command line. Guests
// of this machine have a system call that does it all; on others, Debian's kernels leave the work to programs.
func kexecFiles(ctx context.Context, work, cache string, b *board) ([]guestFile, error) {
	if b.host {
		program := filepath.Join(work, "kexec")
		if err := b.compile(ctx, cache, program, "lab/guest/kexec.c"); err != nil {
			return nil, err
		}
		text, err := os.ReadFile(program)
		return []guestFile{{"bin/kexec", text}}, err
	}
	root, err := fetchKexecTools(ctx, b, cache)
	if err != nil {
		return nil, err
	}
	libraries, err := filepath.Glob(filepath.Join(root, "usr/lib/*/*.so*"))
	if err != nil {
		return nil, err
	}
	var files []guestFile
	loader := ""
	for _, path := range append(libraries, filepath.Join(root, "usr/sbin/kexec")) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		if strings.HasPrefix(name, "ld") && strings.Contains(name, ".so.") {
			loader = name
		}
		files = append(files, guestFile{"crash/" + name, text})
	}
	if loader == "" {
		return nil, fmt.Errorf("no dynamic linker among %s", strings.Join(libraries, " "))
	}
	script := fmt.Sprintf("#!/bin/sh\nexec /crash/%s --library-path /crash /crash/kexec -p \"$1\" --initrd=\"$2\" --command-line=\"$3\"\n", loader)
	return append(files, guestFile{"bin/kexec", []byte(script)}), nil
}

// fetchKexecTools returns the directory with a board's kexec-tools and the libraries that they link to, Xen's among them.
func fetchKexecTools(ctx context.Context, b *board, cache string) (string, error) {
	root := filepath.Join(cache, "tools", "kexec"+b.suffix())
	a, err := b.apt(ctx, cache)
	if err != nil {
		return "", err
	}
	return root, fetchTool(ctx, root, func() ([]string, error) {
		packages, err := a.closure(ctx, "kexec-tools", "libc6", "zlib1g", "libgcc-s1", "libxen", "liblzma", "libzstd")
		if err != nil {
			return nil, err
		}
		return a.download(ctx, filepath.Join(root, "debs"), packages...)
	})
}
