package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMCP has an assistant on standard input and output.
func TestMCP(t *testing.T) {
	requests := []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n" +
			`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"evaluate","arguments":{"expression":"init_task.comm"}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/list"}`,
	}
	for _, test := range []struct {
		args  []string
		wants []string // of each answer
	}{
		{[]string{"-c", core, "mcp"}, []string{`"version":"` + version, `swapper/0`, `"evaluate"`}},
		{[]string{"mcp", "-c", core, "--redact"}, []string{"is left out", `unknown tool`, `"disassemble"`}},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], test.args...)
		cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+t.TempDir())
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(out)
		for i, want := range test.wants {
			if _, err := in.Write([]byte(requests[i] + "\n")); err != nil {
				t.Fatal(err)
			}
			if answer, err := answers.ReadString('\n'); err != nil || !strings.Contains(answer, want) {
				t.Errorf("drgn %v: %v, no %s in %s", test.args, err, want, answer)
			}
		}
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("drgn %v: %v", test.args, err)
		}
	}
	if out, errs, code := drgnProgram(t, "", "-c", "/nonexistent", "mcp"); code != 1 || out != "" || !strings.Contains(errs, "/nonexistent") {
		t.Errorf("without a core: exit code %d\n%s\n%s", code, out, errs)
	}
}
