package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBadInput opens what can't be opened, and runs what can't be run: one sentence that names the thing, no traceback.
func TestBadInput(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	core, err := os.ReadFile(filepath.Join(fixture, "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, data := range map[string][]byte{
		"text": []byte("hello\n"), "empty": nil, "vmcore": core, "cut": core[:1500000], "header": core[:3000],
		"nonote": withoutVMCOREINFO(), "raises.py": []byte("def f(x):\n    return x.nosuch\n\nf(prog['init_task'])\n"),
		"faults.py": []byte("prog.read(0, 1)\n"), "exits.py": []byte("import sys\nsys.exit(int(sys.argv[1]))\n"),
		"wants.py": []byte("prog.flags\n"), "says.py": []byte("import sys\nsys.exit('no good')\n"), "syntax.py": []byte("if\n"),
	} {
		if err := os.WriteFile(in(name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	vmlinux := filepath.Join(fixture, "vmlinux.zst")

	for _, test := range []struct {
		name   string
		args   []string
		code   int
		stderr string // a regular expression; DIR is the directory of the files above, USAGE the lines before what is wrong
	}{
		{"missing core", []string{"-c", in("nosuch"), "-e", "1"}, 1, `drgn: \[Errno 2\] No such file or directory: 'DIR/nosuch'`},
		{"directory", []string{"-c", dir, "-e", "1"}, 1, `drgn: \[Errno 21\] Is a directory: 'DIR'`},
		{"text", []string{"-c", in("text"), "-e", "1"}, 1, `drgn: not an ELF core file or another core dump: DIR/text is in no format known here`},
		{"empty file", []string{"-c", in("empty"), "-e", "1"}, 1, `drgn: not an ELF core file or another core dump: DIR/empty is an empty file`},
		{"kernel image", []string{"-c", vmlinux, "-e", "1"}, 1, `drgn: not an ELF core file or another core dump: .*vmlinux\.zst is an ELF executable or library`},
		{"only the header", []string{"-c", in("header"), "-e", "1"}, 1, `drgn: DIR/header\S*: dump is truncated: .*`},
		{"no VMCOREINFO", []string{"-c", in("nonote"), "-e", "1"}, 1, `drgn: cannot open DIR/nonote: it has no VMCOREINFO note, .* and none was found in memory: .* or dump with .*`},
		{"image of memory without architecture", []string{"-c", in("text") + "@0x1000", "-e", "1"}, 1, `drgn: cannot open DIR/text@0x1000: an image of memory does not say of which machine it is: give it with --architecture .*`},
		{"image of memory without a kernel", []string{"-c", in("text") + "@0x1000", "--architecture", "x86_64", "-e", "1"}, 1,
			`drgn: cannot open DIR/text@0x1000: it has no VMCOREINFO note, .* and none was found in memory: .*`},
		{"two dumps", []string{"-c", in("vmcore"), "-c", in("vmcore"), "-e", "1"}, 1, `drgn: DIR/vmcore is not a file of a split dump, .*`},

		{"missing symbols", []string{"-c", in("vmcore"), "-s", in("nosuch"), "-e", "None"}, 0, `warning: DIR/nosuch: No such file or directory; ignoring\nwarning: no debug file of kernel .*-s.*`},
		{"symbols of no format", []string{"-c", in("vmcore"), "-s", in("text"), "-e", "None"}, 0, `warning: DIR/text: not an ELF file; ignoring\n.*-s.*`},
		{"symbols of another build", []string{"-c", in("vmcore"), "-s", other, "-e", "None"}, 0,
			`warning: provided file \S+ did not match any loaded modules; ignoring \(its build ID is [0-9a-f]{40}, that of kernel is dae8baff1604e413b13210a0e96347ce9edcf5c6\)\nwarning: no debug file of kernel .*\n  \S+ did not match any loaded module: its build ID is .*dae8baff1604e413b13210a0e96347ce9edcf5c6.*`},
		{"extra symbols of no format", []string{"-c", in("vmcore"), "--no-default-symbols", "--extra-symbols", in("text"), "-e", "None"}, 0, `warning: DIR/text has no debugging information that can be read; ignoring`},
		{"main and no symbols", []string{"-c", in("vmcore"), "--main-symbols", "--no-default-symbols"}, 2, `USAGEdrgn: error: argument --no-default-symbols: not allowed with argument --main-symbols`},
		{"method", []string{"-c", in("vmcore"), "--no-default-symbols", "--try-symbols-by", "magic", "-e", "None"}, 0, `warning: no matching debugging information finders or options for 'magic'`},
		{"kernel module method", []string{"-c", in("vmcore"), "--try-symbols-by", "kmod=magic"}, 2, `USAGEdrgn: error: argument --try-symbols-by: invalid option: 'kmod=magic'`},
		{"left out kernel module method", []string{"-c", in("vmcore"), "--no-symbols-by", "kmod=walk"}, 2, `USAGEdrgn: error: argument --no-symbols-by: invalid option: 'kmod=walk'`},
		{"later method", []string{"-c", in("vmcore"), "--no-default-symbols", "--no-symbols-by", "build-id", "--try-symbols-by", "build-id,kmod=walk", "--no-sym=procfs", "--try-symbols-by=,", "-e", "import sys; print(prog.debug_info_options, file=sys.stderr)"}, 0, `warning: no matching debugging information finders or options for ''\nDebugInfoOptions\(.*try_build_id=True,.*try_procfs=False,.*try_kmod=<KmodSearchMethod.WALK: 2>\)`},
		{"beginnings of flags", []string{"--core", in("vmcore"), "--no-default-s", "--log=none", "--debug-dir", "/a", "-e", "import sys; print(prog.debug_info_options.directories, file=sys.stderr)"}, 0, `\('/a', '/usr/lib/debug'\)`},
		{"short flags in one", []string{"-qc", in("vmcore"), "-e", "import sys; print(prog.flags & prog.flags.IS_LINUX_KERNEL != 0, file=sys.stderr)"}, 0, `True`},
		{"short flags in one without a value", []string{"-qc", "-e", "1"}, 2, `USAGEdrgn: error: argument -c/--core: expected one argument`},
		{"beginning of many", []string{"--no-default", "-e", "1"}, 2, `USAGEdrgn: error: ambiguous option: --no-default could match --no-default-symbols, --no-default-debug-directories, .*`},
		{"empty directory", []string{"--debug-directory", "", "-c", "x"}, 2, `USAGEdrgn: error: --debug-directory needs the name of a directory`},
		{"architecture", []string{"--architecture", "vax"}, 2, `USAGEdrgn: error: argument --architecture: invalid choice: 'vax' \(choose from 'x86_64', .*\)`},
		{"missing vmcoreinfo", []string{"--vmcoreinfo", in("nosuch")}, 2, `USAGEdrgn: error: --vmcoreinfo: open DIR/nosuch: no such file or directory`},
		{"vmcoreinfo without end", []string{"--vmcoreinfo", "/dev/zero"}, 2, `USAGEdrgn: error: --vmcoreinfo: /dev/zero is not a VMCOREINFO note: it has more than 1048576 bytes`},
		{"vmcoreinfo that is none", []string{"--vmcoreinfo", in("text")}, 2, `USAGEdrgn: error: --vmcoreinfo: DIR/text is not a VMCOREINFO note: it has no OSRELEASE`},

		{"unknown flag", []string{"--nosuch"}, 2, `USAGEdrgn: error: unrecognized arguments: --nosuch`},
		{"arguments of dap", []string{"dap", "x"}, 2, `USAGEdrgn: error: dap takes no arguments: x`},
		{"mistyped flag", []string{"--croe", "x"}, 2, `USAGEdrgn: error: unrecognized arguments: --croe \(did you mean --core\?\)`},
		{"mistyped command", []string{"pss"}, 1, `drgn: cannot open script: \[Errno 2\] No such file or directory: 'pss' \(nor is it a command; did you mean ps\?\)`},
		{"a program for a script", []string{"/proc/self/exe"}, 1, `drgn: /proc/self/exe is a program or a kernel, and no script: name the core dump, too, or the process with -p`},
		{"flag without its value", []string{"-c"}, 2, `USAGEdrgn: error: argument -c/--core: expected one argument`},
		{"pid that is none", []string{"-p", "x"}, 2, `USAGEdrgn: error: argument -p/--pid: invalid int value: 'x'`},
		{"a flag for a value", []string{"-c", "-k"}, 2, `USAGEdrgn: error: argument -c/--core: expected one argument`},
		{"a flag for code", []string{"--exec", "-q"}, 2, `USAGEdrgn: error: argument -e/--exec: expected one argument`},
		{"a negative number for code", []string{"-e", "-1", "-p", "x"}, 2, `USAGEdrgn: error: argument -p/--pid: invalid int value: 'x'`},
		{"value of a flag without", []string{"--kernel=1"}, 2, `USAGEdrgn: error: argument -k/--kernel: ignored explicit argument '1'`},
		{"pid that Python does not read", []string{"-p", "0x10"}, 2, `USAGEdrgn: error: argument -p/--pid: invalid int value: '0x10'`},
		{"unknown letter", []string{"-qx"}, 2, `USAGEdrgn: error: unrecognized arguments: -x`},
		{"two targets", []string{"-c", in("vmcore"), "-k"}, 2, `USAGEdrgn: error: argument -k/--kernel: not allowed with argument -c/--core`},
		{"log level", []string{"--log-level", "loud"}, 2, `USAGEdrgn: error: argument --log-level: invalid choice: 'loud' \(choose from 'debug', .*\)`},
		{"missing script", []string{"-c", in("vmcore"), in("nosuch.py")}, 1, `drgn: cannot open script: \[Errno 2\] No such file or directory: 'DIR/nosuch\.py'`},
		{"nothing to debug", nil, 1, `drgn: nothing to debug: name it with -c FILE, -p PID or --qemu ADDRESS; the running kernel can't be opened: open /proc/kcore: .*`},

		{"script without a target", []string{in("wants.py")}, 1, `Traceback (.*\n)+NameError: name 'prog' is not defined\nnothing to debug: name it with -c FILE, -p PID or --qemu ADDRESS; the running kernel can't be opened: .*`},
		{"script that raises", []string{"-q", "-c", in("vmcore"), "-s", vmlinux, in("raises.py")}, 1,
			`Traceback \(most recent call last\):\n  File "DIR/raises\.py", line 4, in <module>\n(.*\n)+AttributeError: 'struct task_struct' has no member 'nosuch'`},
		{"script that faults", []string{"-q", "-c", in("vmcore"), "-s", vmlinux, in("faults.py")}, 1, `Traceback (.*\n)+_drgn\.FaultError: address is not mapped: 0x0\nThe address is close to 0: was a null pointer followed\?`},
		{"script with a mistake", []string{in("syntax.py")}, 1, `  File "DIR/syntax\.py", line 1\n(.*\n)+SyntaxError: invalid syntax`},
		{"script that exits", []string{in("exits.py"), "7"}, 7, ``},
		{"script that exits well", []string{in("exits.py"), "0"}, 0, ``},
		{"script that says why", []string{in("says.py")}, 1, `no good`},

		{"no debugging information", []string{"-c", in("vmcore"), "--no-default-symbols", "-e", "prog['init_tusk']"}, 1,
			`Traceback (.*\n)+_drgn\.ObjectNotFoundError: could not find 'init_tusk'\nDid you mean 'init_task'\?`},
		{"a name in another program", []string{"-q", "-c", in("vmcore"), "-e", "p = drgn.Program(prog.platform); p.register_object_finder('x', lambda prog, name, flags, file: None, enable_index=0); p['init_tusk']"}, 1, `Traceback (.*\n)+_drgn\.ObjectNotFoundError: could not find 'init_tusk'`},
		{"a helper's name", []string{"-q", "-c", in("vmcore"), "-e", "for_each_tsk()"}, 1, `Traceback (.*\n)+NameError: name 'for_each_tsk' is not defined\nDid you mean 'for_each_task'\?`},
		{"a frame's variable", []string{"-q", "-c", in("vmcore"), "-s", vmlinux, "-e", "stack_trace(1)[0]['perv']"}, 1, `Traceback (.*\n)+_drgn\.ObjectNotFoundError: could not find 'perv'\nDid you mean 'prev'\?`},
		{"no debugging information found", []string{"-c", in("vmcore"), "-e", "None"}, 0,
			`warning: no debug file of kernel 6\.12\.117-godrgn: .*-s.*`},
		{"no debugging information for a helper", []string{"-q", "-c", in("vmcore"), "-e", "find_task(1).comm and None"}, 0, ``},
		{"truncated core", []string{"-q", "-c", in("cut"), "-s", vmlinux, "-e", "prog['init_task'].pid.value_()"}, 1, `Traceback (.*\n)+_drgn\.FaultError: .*truncated.*: 0x[0-9a-f]+`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if f, err := os.Open("/proc/kcore"); err == nil && (len(test.args) == 0 || test.args[0] == "pss" || strings.HasPrefix(test.args[0], dir)) {
				f.Close()
				t.Skip("without a target it is the running kernel that is debugged")
			}
			out, errs, code := output(t, cache, test.args...)
			want := regexp.MustCompile("^" + strings.NewReplacer("DIR", regexp.QuoteMeta(dir), "USAGE", `usage: drgn \[flags\] (?:.*\n)+?`).Replace(test.stderr) + `\n$`)
			if test.stderr == "" {
				want = regexp.MustCompile("^$")
			}
			if code != test.code || out != "" || !want.MatchString(errs) || strings.Contains(errs, "goroutine ") {
				t.Errorf("exit code %d, not %d; standard error is not %s\n%s%s", code, test.code, test.stderr, out, errs)
			}
		})
	}
}

// withoutVMCOREINFO returns an ELF core of x86-64 with a PRSTATUS note of the QEMU kind only.
func withoutVMCOREINFO() []byte {
	b := make([]byte, 0x1000)
	copy(b, "\x7fELF\x02\x01\x01")
	put := func(at int, bytes ...byte) { copy(b[at:], bytes) }
	put(16, 4, 0, 62, 0, 1)             // ET_CORE, EM_X86_64, version
	put(32, 64)                         // program headers
	put(52, 64, 0, 56, 0, 2)            // sizes of the header and of a program header; two of them
	put(64, 4)                          // PT_NOTE
	put(64+8, 0xb0)                     // offset
	put(64+32, 12+8)                    // size
	put(64+56, 1)                       // PT_LOAD
	put(64+56+8, 0, 2)                  // offset
	put(64+56+32, 0, 1)                 // size in the file
	put(64+56+40, 0, 1)                 // size in memory
	put(0xb0, 5, 0, 0, 0, 0, 0, 0, 0)   // name of 5 bytes, no contents
	put(0xb0+12, []byte("QEMU\x00")...) // a note of QEMU's makes it a dump of a machine
	return b
}

var addresses = regexp.MustCompile(` at 0x[0-9a-f]+>`)

// TestExceptions evaluates what fails, and compares the exceptions' classes, messages and attributes with
// testdata/badinput.txt.
func TestExceptions(t *testing.T) {
	path := filepath.Join("testdata", "badinput.txt")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := output(t, t.TempDir(), "-q", "-c", filepath.Join(fixture, "vmcore"), filepath.Join("testdata", "badinput.py"), path)
	if code != 0 || errs != "" {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	if strings.Contains(out, "GoPanic") || addresses.MatchString(out) {
		t.Error("a panic, or an address of our own, in what is printed")
	}
	if *update {
		if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if out != string(b) {
		t.Errorf("(-want +got):\n%s", cmp.Diff(strings.Split(string(b), "\n"), strings.Split(out, "\n")))
	}
}
