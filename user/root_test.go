package user

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOtherFiles has processes with directories in /proc as those of containers and of others.
func TestOtherFiles(t *testing.T) {
	top := t.TempDir()
	process := func(name, root, mounts string) string {
		t.Helper()
		dir := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Join(dir, "ns"), 0o700); err != nil {
			t.Fatal(err)
		}
		for link, to := range map[string]string{"root": root, "ns/mnt": mounts} {
			if to == "" {
				continue // what only the privileged may know
			}
			if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	inside := t.TempDir()
	own := process("own", "/", "mnt:[1]")
	for _, tt := range []struct {
		name, root, mounts string
		want               bool
	}{
		{"alike", "/", "mnt:[1]", false},
		{"chroot", inside, "mnt:[1]", true},
		{"mounts", "/", "mnt:[2]", true},
		{"container", inside, "mnt:[2]", true},
		{"unknown root", "", "mnt:[2]", false},
		{"unknown mounts", inside, "", false},
		{"gone", filepath.Join(inside, "none"), "mnt:[2]", false},
	} {
		if got := otherFiles(process(tt.name, tt.root, tt.mounts), own); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if otherFiles("/proc/self", "/proc/self") {
		t.Error("this process has other files than itself")
	}
}
