package main

import (
	"path/filepath"
	"regexp"
	"testing"
)

// TestLoadingIsLogged looks at what is logged at level debug when a kernel is given its debug file, in drgn's words and order.
func TestLoadingIsLogged(t *testing.T) {
	vmlinux := filepath.Join(filepath.Dir(core), "vmlinux.zst")
	_, errs, code := drgnProgram(t, "", "--log-level", "debug", "-q", "--no-default-symbols", "-c", core, "-s", vmlinux, "-e", "pass")
	want := `^debug: loading debugging symbols
debug: provided file \S+/vmlinux.zst build ID dae8baff1604e413b13210a0e96347ce9edcf5c6
debug: created main module kernel
debug: found kernel build ID dae8baff1604e413b13210a0e96347ce9edcf5c6 in VMCOREINFO
debug: kernel \(build ID dae8baff1604e413b13210a0e96347ce9edcf5c6\): trying provided files for debug file
debug: kernel: trying \S+/vmlinux.zst
debug: canonical path is /\S+/vmlinux.zst
debug: kernel: /\S+/vmlinux.zst build ID matches
debug: got bias 0x1bc00000 from VMCOREINFO
info: kernel: using debug info file /\S+/vmlinux.zst
debug: kernel: set address range 0xffffffff9cc00000-0xffffffff9da20000 from file
debug: found end of loaded kernel module list
$`
	if code != 0 || !regexp.MustCompile(want).MatchString(errs) {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}
