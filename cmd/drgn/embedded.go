//go:build !extension

package main

import (
	"os"
	"runtime"
)

// The interpreter must be started on the process's first thread.
func init() { runtime.LockOSThread() }

// self is how this program is called.
func self() ([]string, error) {
	path, err := os.Executable()
	return []string{path}, err
}
