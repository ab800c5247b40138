package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A kernel is an unpacked Debian kernel with its debug files.
type kernel struct {
	release string // as uname -r says, "6.12.9+deb13-cloud-amd64"
	dir     string
}

// image returns the path of the bootable kernel.
func (k kernel) image() string { return filepath.Join(k.dir, "boot", "vmlinuz-"+k.release) }

// vmlinux returns the path of the debug file of the kernel proper.
func (k kernel) vmlinux() string {
	return filepath.Join(k.dir, "usr/lib/debug/boot", "vmlinux-"+k.release)
}

// modules returns the directory of the loadable modules.
func (k kernel) modules() string { return filepath.Join(k.dir, "usr/lib/modules", k.release) }

// moduleDebug returns the directory of the modules' debug files.
func (k kernel) moduleDebug() string {
	return filepath.Join(k.dir, "usr/lib/debug/lib/modules", k.release)
}

// fetchKernel finds the newest kernel of a series of which the archive has both the
// image and the debug symbols, and unpacks both below the cache unless they are there.
func fetchKernel(ctx context.Context, a *apt, cache, series string) (kernel, error) {
	names, err := a.run(ctx, time.Minute, "", "apt-cache", "pkgnames", "linux-image-"+series+".")
	if err != nil {
		return kernel{}, err
	}
	release := newestKernel(strings.Fields(names))
	if release == "" {
		return kernel{}, fmt.Errorf("no linux-image-%s.*-cloud-amd64 with debug symbols in %s", series, strings.Join(suites, ", "))
	}
	k := kernel{release: release, dir: filepath.Join(cache, "kernel", release)}
	done := filepath.Join(k.dir, "unpacked")
	if _, err := os.Stat(done); err == nil {
		return k, nil
	}
	if err := os.RemoveAll(k.dir); err != nil {
		return kernel{}, err
	}
	image := "linux-image-" + release
	debs, err := a.download(ctx, filepath.Join(k.dir, "debs"), image+"-unsigned", image+"-dbg")
	if err != nil {
		return kernel{}, err
	}
	say("unpacking kernel %s", release)
	if err := unpack(ctx, k.dir, debs); err != nil {
		return kernel{}, err
	}
	return k, os.WriteFile(done, nil, 0o644)
}

var cloudKernel = regexp.MustCompile(`^linux-image-(\d.*-cloud-amd64)-(unsigned|dbg)$`)

// newestKernel returns the highest release among package names that has both an
// image and a debug package, "" when there is none.
func newestKernel(packages []string) string {
	has := make(map[string]int)
	newest := ""
	for _, name := range packages {
		m := cloudKernel.FindStringSubmatch(name)
		if m == nil {
			continue
		}
		has[m[1]]++
		if has[m[1]] == 2 && (newest == "" || olderRelease(newest, m[1])) {
			newest = m[1]
		}
	}
	return newest
}

var number = regexp.MustCompile(`\d+`)

// olderRelease compares the numbers in two releases, in order.
func olderRelease(a, b string) bool {
	as, bs := number.FindAllString(a, -1), number.FindAllString(b, -1)
	for i := 0; i < len(as) && i < len(bs); i++ {
		x, _ := strconv.Atoi(as[i]) // digits only: too many of them saturate, which orders well enough
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}
