package stacks

import "testing"

// SetMaxCopied sets the bound on what is copied of stacks for a test.
func SetMaxCopied(t *testing.T, n int) {
	was := maxCopied
	maxCopied = n
	t.Cleanup(func() { maxCopied = was })
}
