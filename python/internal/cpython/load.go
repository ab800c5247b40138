package cpython

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const libraryName = "libpython3.14.so"

// InMemory puts the library into a file in memory. The path is good until done is called.
func InMemory() (path string, done func(), err error) {
	fd, err := unix.MemfdCreate(libraryName, unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate(libraryName, unix.MFD_CLOEXEC)
	}
	if err != nil {
		return "", nil, fmt.Errorf("memfd_create: %w", err)
	}
	for b := unsafe.Slice(unsafe.StringData(Library), len(Library)); len(b) > 0; {
		n, err := unix.Write(fd, b)
		if err != nil && !errors.Is(err, unix.EINTR) {
			unix.Close(fd)
			return "", nil, fmt.Errorf("memfd: %w", err)
		}
		b = b[max(n, 0):]
	}
	return fmt.Sprintf("/proc/self/fd/%d", fd), func() { unix.Close(fd) }, nil
}

// OnDisk puts the library into the user's cache directory, or, where that cannot be, into a temporary directory that goes
// away with done. A file that is there already is used only when it is ours and holds exactly the library.
func OnDisk() (path string, done func(), err error) {
	sum := sha256.Sum256(unsafe.Slice(unsafe.StringData(Library), len(Library)))
	name := hex.EncodeToString(sum[:8]) + "-" + libraryName
	if base, err := os.UserCacheDir(); err == nil {
		dir := filepath.Join(base, "godrgn")
		if path, err := cached(dir, name, sum); err == nil {
			return path, func() {}, nil
		}
	}
	dir, err := os.MkdirTemp("", "godrgn-")
	if err != nil {
		return "", nil, err
	}
	done = func() { os.RemoveAll(dir) }
	path, err = cached(dir, name, sum)
	if err != nil {
		done()
		return "", nil, err
	}
	return path, done, nil
}

// cached returns the file of this name in dir, made when it is not there or not what it must be.
func cached(dir, name string, sum [sha256.Size]byte) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := private(dir, true); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if private(path, false) == nil && holds(path, sum) {
		return path, nil
	}
	f, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	if _, err = io.Copy(f, strings.NewReader(Library)); err == nil {
		err = f.Chmod(0o500)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return "", err
	}
	return path, os.Rename(f.Name(), path)
}

// private says whether only this user (or root) can have written, or can write, a file or directory.
func private(path string, dir bool) error {
	st, err := os.Lstat(path)
	if err != nil {
		return err
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok || int(sys.Uid) != os.Geteuid() || st.Mode().Perm()&0o022 != 0 || st.IsDir() != dir || !dir && !st.Mode().IsRegular() {
		return fmt.Errorf("%s: not ours alone", path)
	}
	return nil
}

func holds(path string, sum [sha256.Size]byte) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return false
	}
	return [sha256.Size]byte(h.Sum(nil)) == sum
}
