package user_test

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestWalkIsLogged walks the modules of a process twice, and looks at what is logged of where they were found: what modules have in them
// only when they are new.
func TestWalkIsLogged(t *testing.T) {
	p := openCore(t, "dynamic")
	var log strings.Builder
	p.SetLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	message := regexp.MustCompile(`level=DEBUG msg="(.*)"`)
	for _, want := range []string{`found AT_SYSINFO_EHDR 0x7fb068c9b000
found AT_PAGESZ 4096
found AT_PHDR 0x55fa86687040
found AT_PHNUM 9
AT_PHDR is mapped from file /src/dynamic at offset 0x40
main bias is 0x55fa86687000
main dynamic section is at 0x55fa86688e88
created main module /src/dynamic
found build ID 2e568c04d6eb774fafa46637894500afd0426e9e in note
got address range 0x55fa86687000-0x55fa8668a000 from program headers
vDSO bias is 0x7fb068c9b000
read vDSO soname "linux-vdso.so.1"
created vDSO module linux-vdso.so.1@0x7fb068c9b440
found build ID a599807156a2a62fe956a82e388aeeabc874119c in note
got address range 0x7fb068c9b000-0x7fb068c9d000 from program headers
found DT_DEBUG 0x7fb068cd1118
read r_debug = { .r_version = 1, .r_map = 0x7fb068cd12e0 }
read link_map = { .l_addr = 0x55fa86687000, .l_name = 0x7fb068cd18a8 = "", .l_ld = 0x55fa86688e88, .l_next = 0x7fb068cd18b0 }
l_ld matches main dynamic section; skipping
read link_map = { .l_addr = 0x7fb068c9b000, .l_name = 0x7fb068c9b389 = "linux-vdso.so.1", .l_ld = 0x7fb068c9b440, .l_next = 0x7fb068c931f0 }
l_ld matches vDSO dynamic section; skipping
read link_map = { .l_addr = 0x7fb068c90000, .l_name = 0x7fb068c931d0 = "/src/libsmall.so", .l_ld = 0x7fb068c91ef0, .l_next = 0x0 }
created shared library module /src/libsmall.so@0x7fb068c91ef0
found build ID 8aba2a35ce6bc2f58e5336715c7101f7f2105ac2 in note
got address range 0x7fb068c90000-0x7fb068c93000 from program headers
found end of link_map list`, `found AT_SYSINFO_EHDR 0x7fb068c9b000
found AT_PAGESZ 4096
found AT_PHDR 0x55fa86687040
found AT_PHNUM 9
AT_PHDR is mapped from file /src/dynamic at offset 0x40
main bias is 0x55fa86687000
main dynamic section is at 0x55fa86688e88
vDSO bias is 0x7fb068c9b000
read vDSO soname "linux-vdso.so.1"
found DT_DEBUG 0x7fb068cd1118
read r_debug = { .r_version = 1, .r_map = 0x7fb068cd12e0 }
read link_map = { .l_addr = 0x55fa86687000, .l_name = 0x7fb068cd18a8 = "", .l_ld = 0x55fa86688e88, .l_next = 0x7fb068cd18b0 }
l_ld matches main dynamic section; skipping
read link_map = { .l_addr = 0x7fb068c9b000, .l_name = 0x7fb068c9b389 = "linux-vdso.so.1", .l_ld = 0x7fb068c9b440, .l_next = 0x7fb068c931f0 }
l_ld matches vDSO dynamic section; skipping
read link_map = { .l_addr = 0x7fb068c90000, .l_name = 0x7fb068c931d0 = "/src/libsmall.so", .l_ld = 0x7fb068c91ef0, .l_next = 0x0 }
found end of link_map list`} {
		log.Reset()
		for _, err := range p.LoadedModules() {
			if err != nil {
				t.Fatal(err)
			}
		}
		var lines []string
		for _, m := range message.FindAllStringSubmatch(log.String(), -1) {
			lines = append(lines, strings.ReplaceAll(m[1], `\"`, `"`))
		}
		if !slices.Equal(lines, strings.Split(want, "\n")) {
			t.Errorf("logged\n%s", strings.Join(lines, "\n"))
		}
	}
}
