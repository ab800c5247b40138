package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
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
		{[]string{"dap"}, `{"pid":1,"core":"x"}`, "exclude each other"},
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
