package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// moduleSources are the files of the module that brings a guest down, in lab/guest.
var moduleSources = []string{"module/crash.c", "module/Makefile"}

// buildTools are the packages that are needed to build a module, besides the kernel's headers and the compiler that those
// depend on.
var buildTools = []string{"make", "dash", "coreutils", "sed", "grep", "mawk", "diffutils", "findutils"}

// crashModule returns the path of the module lab/guest/module, with its debugging information, built for a kernel. It is
// kept beside the kernel.
func crashModule(ctx context.Context, opt options, c cores) (string, error) {
	sources, err := guestFiles(moduleSources...)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(sources))
	built := filepath.Join(c.kernel.dir, fmt.Sprintf("crash-%x.ko", sum[:6]))
	if _, err := os.Stat(built); err == nil {
		return built, nil
	}
	start := time.Now()
	root, err := os.MkdirTemp(c.kernel.dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(root)
	if err := fetchBuildRoot(ctx, opt, c, root); err != nil {
		return "", err
	}
	for _, file := range moduleSources {
		text, err := os.ReadFile(filepath.Join("lab", "guest", file))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(root, "module", filepath.Base(file)), text, 0o644); err != nil {
			return "", err
		}
	}
	if err := inRoot(ctx, root, "make", "-C", "/usr/src/linux-headers-"+c.release, "M=/module", "modules"); err != nil {
		return "", err
	}
	say("module built for %s in %.0f s", c.release, time.Since(start).Seconds())
	return built, os.Rename(filepath.Join(root, "module", "crash.ko"), built)
}

// fetchBuildRoot unpacks into a directory what is needed to build modules for a kernel: its headers, the compiler that it was
// built with, and what these run on, which is newer than this system in places.
func fetchBuildRoot(ctx context.Context, opt options, c cores, root string) error {
	a, err := c.series.archive(ctx, opt.cache)
	if err != nil {
		return err
	}
	headers := "linux-headers-" + c.release
	shown, err := a.run(ctx, time.Minute, "", "apt-cache", "show", "--no-all-versions", headers)
	if err != nil {
		return err
	}
	_, version, _ := strings.Cut(shown, "\nVersion: ")
	version, _, _ = strings.Cut(version, "\n")
	// The headers of some kernels depend on the image, which would bring half a system along.
	status := filepath.Join(root, "status")
	image := fmt.Sprintf("Package: linux-image-%s\nStatus: install ok installed\nVersion: %s\nArchitecture: amd64\n"+
		"Maintainer: lab\nDescription: kernel\n\n", c.release, version)
	if err := os.WriteFile(status, []byte(image), 0o644); err != nil {
		return err
	}
	packages, err := a.needed(ctx, status, append([]string{headers}, buildTools...)...)
	if err != nil {
		return err
	}
	debs, err := a.download(ctx, filepath.Join(root, "debs"), packages...)
	if err != nil {
		return err
	}
	if err := unpack(ctx, root, debs); err != nil {
		return err
	}
	for _, dir := range []string{"dev", "tmp", "module", "proc/self"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	// Since 7.2, objtool wants to know where its stack ends, for a message if it overflows: any stack will do.
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "proc/self/maps"), maps, 0o644); err != nil {
		return err
	}
	return linkRoot(root)
}

// linkRoot makes in a directory of unpacked packages what installing them would make.
func linkRoot(root string) error {
	for link, to := range map[string]string{"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "usr/bin/awk": "mawk"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// inRoot runs a command with a directory as its root. It needs no rights but, where it has none, namespaces of its own.
func inRoot(ctx context.Context, root string, command ...string) error {
	null := filepath.Join(root, "dev", "null")
	var enter []string
	if os.Geteuid() == 0 {
		const device = 1<<8 | 3 // Documentation/admin-guide/devices.txt
		if err := syscall.Mknod(null, syscall.S_IFCHR|0o666, device); err != nil && !errors.Is(err, fs.ErrExist) {
			return &fs.PathError{Op: "mknod", Path: null, Err: err}
		}
		enter = []string{"chroot", root}
	} else {
		if err := os.WriteFile(null, nil, 0o666); err != nil {
			return err
		}
		enter = []string{"unshare", "--map-root-user", "--mount", "sh", "-c", `mount --bind /dev/null "$0/dev/null" && exec chroot "$0" "$@"`, root}
	}
	_, err := output(ctx, 5*time.Minute, "env", append(append([]string{"-i", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL=C"}, enter...), command...)...)
	return err
}
