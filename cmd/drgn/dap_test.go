package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/godrgn/drgn/dap"
)

// TestDAP has an editor on standard input and output: it opens what the command line names, or what its request names.
func TestDAP(t *testing.T) {
	vmcore, err := filepath.Abs(core)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		launch string
		want   string
	}{
		{[]string{"dap"}, fmt.Sprintf(`{"core":%q,"program":%q}`, vmcore, strings.TrimSuffix(vmcore, "vmcore")+"vmlinux.zst"), `"(volatile unsigned long)`},
		{[]string{"-c", vmcore, "dap"}, `{}`, ""},
		{[]string{"dap", "-c", vmcore}, `{}`, ""},
		{[]string{"dap", "-c", vmcore}, `{"core":"/nonexistent"}`, "/nonexistent"},
		{[]string{"dap"}, `{"core":"/nonexistent"}`, "no such file or directory"},
		{[]string{"dap"}, `{"pid":1,"core":"x"}`, "argument -p/--pid: not allowed with argument -c/--core"},
		{[]string{"dap"}, `{"core":7}`, "cannot unmarshal"},
	} {
		var in strings.Builder
		for i, m := range []string{`"initialize","arguments":{}`, `"launch","arguments":` + test.launch, `"evaluate","arguments":{"expression":"jiffies"}`, `"disconnect"`} {
			m = fmt.Sprintf(`{"seq":%d,"type":"request","command":%s}`, i+1, m)
			fmt.Fprintf(&in, "Content-Length: %d\r\n\r\n%s", len(m), m)
		}
		out, errs, code := drgnProgram(t, in.String(), test.args...)
		want := test.want
		if strings.HasPrefix(want, `"(`) || want == "" {
			want = `"result":"4294893260"`
		}
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("drgn %v, %s: exit code %d, no %s in\n%s\n%s", test.args, test.launch, code, want, out, errs)
		}
	}
	if out, errs, code := drgnProgram(t, "hello\n", "dap"); code != 1 || out != "" || !strings.Contains(errs, "not a message of the Debug Adapter Protocol") {
		t.Errorf("what is no message: exit code %d\n%s%s", code, out, errs)
	}
}

// TestVSCode holds the extension for VS Code against what there is: its adapter speaks, and the keys of its configurations are those of requests.
func TestVSCode(t *testing.T) {
	dir := filepath.Join("..", "..", "editors", "vscode")
	b, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Contributes struct {
			Debuggers []struct {
				Type, Program           string
				ConfigurationAttributes map[string]struct{ Properties map[string]any }
			}
		}
	}
	if err := json.Unmarshal(b, &manifest); err != nil || len(manifest.Contributes.Debuggers) != 1 {
		t.Fatalf("%v: %+v", err, manifest)
	}
	debugger := manifest.Contributes.Debuggers[0]
	known := map[string]bool{}
	for field := range reflect.TypeFor[dap.Target]().Fields() {
		known[field.Tag.Get("json")] = true
	}
	told := map[string]bool{}
	for request, c := range debugger.ConfigurationAttributes {
		for key := range c.Properties {
			if told[key] = true; !known[key] {
				t.Errorf("%s has %s, which no request has", request, key)
			}
		}
	}
	if len(told) != len(known) {
		t.Errorf("requests have %v, the extension %v", known, told)
	}
	cmd := exec.Command(filepath.Join(dir, filepath.FromSlash(debugger.Program)))
	cmd.Env = append(os.Environ(), asProgram+"=1", "DRGN="+os.Args[0])
	m := `{"seq":1,"type":"request","command":"initialize","arguments":{}}`
	cmd.Stdin = strings.NewReader(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(m), m))
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), `"command":"initialize"`) {
		t.Errorf("%v\n%s", err, out)
	}
}
