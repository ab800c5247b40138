package attach_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain keeps what the examples cache out of the user's directory.
func TestMain(m *testing.M) { os.Exit(inOwnCache(m)) }

func inOwnCache(m *testing.M) int {
	dir, err := os.MkdirTemp("", "attach")
	if err == nil {
		defer os.RemoveAll(dir)
		err = os.Setenv("XDG_CACHE_HOME", dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
