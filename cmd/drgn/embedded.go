//go:build cgo && !extension

package main

import "runtime"

// The interpreter must be started on the process's first thread.
func init() { runtime.LockOSThread() }
