package target

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// spool reads a pipe to its end, into a file without a name, which can be mapped: makedumpfile -F writes to a pipe. It takes no more
// than half of what is free where temporary files are (TMPDIR), which may be memory.
func spool(pipe *os.File) (*os.File, error) {
	dir := os.TempDir()
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return nil, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return spoolUpTo(pipe, dir, int64(fs.Bavail)*int64(fs.Bsize)/2)
}

// spoolUpTo is spool with a limit in bytes.
func spoolUpTo(pipe *os.File, dir string, limit int64) (*os.File, error) {
	f, err := os.CreateTemp(dir, "drgn-core-")
	if err != nil {
		return nil, err
	}
	err = os.Remove(f.Name())
	if err == nil {
		var n int64
		n, err = io.Copy(f, io.LimitReader(pipe, limit+1))
		if err == nil && n > limit {
			err = fmt.Errorf("%s is a pipe with more than %d bytes, half of what is free in %s: write it to a file, or set TMPDIR", pipe.Name(), limit, dir)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
