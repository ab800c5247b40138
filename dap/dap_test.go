package dap_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	wire "github.com/google/go-dap"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/dap"
	"github.com/godrgn/drgn/internal/coretest"
)

// A client is an editor.
type client struct {
	t    *testing.T
	to   io.WriteCloser
	from *bufio.Reader
	seq  int
	done chan error
}

func newClient(t *testing.T) *client {
	fromEditor, to := io.Pipe()
	from, toEditor := io.Pipe()
	c := &client{t: t, to: to, from: bufio.NewReader(from), done: make(chan error, 1)}
	go func() {
		err := dap.Serve(context.Background(), fromEditor, toEditor, func(_ context.Context, target dap.Target) (*drgn.Program, error) {
			if target.Core != "vmcore" {
				return nil, fmt.Errorf("no such file: %q", target.Core)
			}
			return coretest.New()
		})
		toEditor.Close()
		c.done <- err
	}()
	return c
}

// ask sends a request with arguments and returns the response's body, and what is wrong.
func (c *client) ask(command string, arguments any, body any) error {
	c.t.Helper()
	c.seq++
	b, err := json.Marshal(map[string]any{"seq": c.seq, "type": "request", "command": command, "arguments": arguments})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := wire.WriteBaseMessage(c.to, b); err != nil {
		c.t.Fatal(err)
	}
	for {
		b, err := wire.ReadBaseMessage(c.from)
		if err != nil {
			c.t.Fatal(err)
		}
		var m struct {
			Type       string
			RequestSeq int `json:"request_seq"`
			Success    bool
			Message    string
			Body       json.RawMessage
		}
		if err := json.Unmarshal(b, &m); err != nil {
			c.t.Fatal(err)
		}
		if m.Type == "event" {
			continue
		}
		if m.RequestSeq != c.seq {
			c.t.Fatalf("a response to %d, not %d", m.RequestSeq, c.seq)
		}
		if !m.Success {
			return errors.New(m.Message)
		}
		if body != nil {
			if err := json.Unmarshal(m.Body, body); err != nil {
				c.t.Fatal(err)
			}
		}
		return nil
	}
}

// event waits for an event.
func (c *client) event(name string, body any) {
	c.t.Helper()
	for {
		b, err := wire.ReadBaseMessage(c.from)
		if err != nil {
			c.t.Fatal(err)
		}
		var m struct {
			Event string
			Body  json.RawMessage
		}
		if err := json.Unmarshal(b, &m); err != nil {
			c.t.Fatal(err)
		}
		if m.Event != name {
			continue
		}
		if body != nil {
			if err := json.Unmarshal(m.Body, body); err != nil {
				c.t.Fatal(err)
			}
		}
		return
	}
}

func (c *client) must(command string, arguments, body any) {
	c.t.Helper()
	if err := c.ask(command, arguments, body); err != nil {
		c.t.Fatalf("%s: %v", command, err)
	}
}

func opened(t *testing.T) *client {
	c := newClient(t)
	c.must("initialize", map[string]any{"adapterID": "drgn"}, nil)
	c.must("launch", map[string]any{"core": "vmcore"}, nil)
	c.event("initialized", nil)
	c.must("configurationDone", nil, nil)
	var stopped wire.StoppedEventBody
	c.event("stopped", &stopped)
	if stopped.ThreadId != 1 || !stopped.AllThreadsStopped {
		t.Errorf("stopped: %+v", stopped)
	}
	return c
}

// TestSession does what an editor does when its user looks at a stack and opens variables. The values are those that
// testdata/tiny-6.12/expected has.
func TestSession(t *testing.T) {
	c := opened(t)
	var threads wire.ThreadsResponseBody
	c.must("threads", nil, &threads)
	byName := map[string]int{}
	for _, th := range threads.Threads {
		byName[th.Name] = th.Id
	}
	if byName["1 init"] != 1 || byName["49 cat"] != 49 || len(threads.Threads) != 57 {
		t.Errorf("%d threads: %v", len(threads.Threads), threads.Threads)
	}
	var stack wire.StackTraceResponseBody
	c.must("stackTrace", map[string]any{"threadId": 49, "startFrame": 4, "levels": 2}, &stack)
	if stack.TotalFrames != 16 || len(stack.StackFrames) != 2 || stack.StackFrames[1].Name != "fifo_open" || stack.StackFrames[1].Line != 1164 ||
		!strings.HasSuffix(stack.StackFrames[1].Source.Path, "fs/pipe.c") {
		t.Fatalf("stack: %+v", stack)
	}
	frame := stack.StackFrames[1].Id
	var scopes wire.ScopesResponseBody
	c.must("scopes", map[string]any{"frameId": frame}, &scopes)
	var locals, registers wire.VariablesResponseBody
	c.must("variables", map[string]any{"variablesReference": scopes.Scopes[0].VariablesReference}, &locals)
	c.must("variables", map[string]any{"variablesReference": scopes.Scopes[1].VariablesReference}, &registers)
	variable := func(all []wire.Variable, name string) wire.Variable {
		t.Helper()
		for _, v := range all {
			if v.Name == name {
				return v
			}
		}
		t.Fatalf("there is no %s in %v", name, all)
		return wire.Variable{}
	}
	filp := variable(locals.Variables, "filp")
	if filp.Value != "0xffff98d700290a80" || filp.Type != "struct file *" || filp.VariablesReference == 0 {
		t.Errorf("filp: %+v", filp)
	}
	if v := variable(registers.Variables, "rip"); v.Value != stack.StackFrames[1].InstructionPointerReference {
		t.Errorf("rip: %+v", v)
	}
	var members wire.VariablesResponseBody
	c.must("variables", map[string]any{"variablesReference": filp.VariablesReference}, &members)
	if v := variable(members.Variables, "f_flags"); v.Value != "32768" || v.Type != "unsigned int" || v.EvaluateName != "filp.f_flags" {
		t.Errorf("f_flags: %+v", v)
	}
	if v := variable(members.Variables, "f_op"); !strings.Contains(v.Value, "pipefifo_fops") {
		t.Errorf("f_op: %+v", v)
	}
	for _, test := range []struct{ expression, want, typ string }{
		{"filp->f_path.dentry->d_name.name", `"fifo"`, "const unsigned char *"},
		{"filp.f_flags", "32768", "unsigned int"},
		{"jiffies", "4294893260", "volatile unsigned long"},
		{"init_task.comm", `"swapper/0"`, "char [16]"},
		{"init_task.comm[1]", "'w'", "char"},
		{"*(&init_task.pid)", "0", "pid_t"},
		{"((struct task_struct *)0xffff98d700188000)->comm", `"init"`, "char [16]"},
		{"(int)-1", "-1", "int"},
		{"init_task.cpus_mask.bits", "[1]", "unsigned long [1]"},
		{"init_task.tasks", "{…}", "struct list_head"},
		{"%ps 1", "init", ""},
	} {
		var v wire.EvaluateResponseBody
		if err := c.ask("evaluate", map[string]any{"expression": test.expression, "frameId": frame, "context": "repl"}, &v); err != nil ||
			!strings.Contains(v.Result, test.want) || v.Type != test.typ {
			t.Errorf("%s: %v, %+v", test.expression, err, v)
		}
	}
	for expression, want := range map[string]string{
		"init_tsk":                        "could not find 'init_tsk'; did you mean init_task?",
		"filpp":                           "could not find 'filpp'; did you mean filp?",
		"filp->f_flagz":                   "'struct file' has no member 'f_flagz'; did you mean f_flags?",
		"filp +":                          `this is not understood at "+"`,
		"":                                `an expression is expected at ""`,
		"(filp":                           `) is expected at ""`,
		"filp[x]":                         `a number and ] are expected at "x]"`,
		"%nosuch":                         "nosuch: command not found",
		"*(int *)0":                       "*(int *)0x0: address is not mapped: 0x0",
		strings.Repeat("*", 200) + "filp": "this is nested too deeply",
	} {
		var v wire.EvaluateResponseBody
		err := c.ask("evaluate", map[string]any{"expression": expression, "frameId": frame}, &v)
		if err == nil && strings.Contains(v.Result, want) {
			continue // a value that can't be read says so
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s (%+v)", expression, err, want, v)
		}
	}
	var memory wire.ReadMemoryResponseBody
	c.must("readMemory", map[string]any{"memoryReference": "0xffff98d7001885d8", "count": 4}, &memory)
	if memory.Data != "aW5pdA==" || memory.UnreadableBytes != 0 { // "init"
		t.Errorf("memory: %+v", memory)
	}
	c.must("readMemory", map[string]any{"memoryReference": "0x10", "count": 4}, &memory)
	if memory.UnreadableBytes != 4 {
		t.Errorf("memory that is not there: %+v", memory)
	}
	for command, arguments := range map[string]any{
		"continue": map[string]any{"threadId": 1}, "next": map[string]any{"threadId": 1}, "nosuch": nil,
		"stackTrace": map[string]any{"threadId": 4711}, "scopes": map[string]any{"frameId": -1}, "variables": map[string]any{"variablesReference": 1 << 40},
		"launch": map[string]any{"core": "vmcore"},
	} {
		if err := c.ask(command, arguments, nil); err == nil {
			t.Errorf("%s %v: no error", command, arguments)
		}
	}
	c.must("disconnect", nil, nil)
	select {
	case err := <-c.done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it goes on after the client left")
	}
}

// TestNothingOpened asks before there is a program.
func TestNothingOpened(t *testing.T) {
	c := newClient(t)
	c.must("initialize", nil, nil)
	for command, want := range map[string]string{"threads": "nothing was opened yet", "evaluate": "nothing was opened yet", "launch": `no such file: ""`} {
		if err := c.ask(command, map[string]any{}, nil); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", command, err, want)
		}
	}
	c.to.Close()
	if err := <-c.done; err != nil {
		t.Error(err)
	}
}

func FuzzServe(f *testing.F) {
	message := func(s string) []byte { return []byte(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(s), s)) }
	f.Add(message(`{"seq":1,"type":"request","command":"initialize","arguments":{}}`))
	f.Add(append(message(`{"seq":1,"type":"request","command":"launch","arguments":{}}`),
		message(`{"seq":2,"type":"request","command":"evaluate","arguments":{"expression":"*(&init_task.comm[1])"}}`)...))
	f.Add([]byte("Content-Length: 9223372036854775807\r\n\r\n"))
	f.Add([]byte("\r\n\r\n"))
	p, err := coretest.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = p.Close() })
	f.Fuzz(func(t *testing.T, in []byte) {
		err := dap.Serve(context.Background(), bytes.NewReader(in), io.Discard, func(context.Context, dap.Target) (*drgn.Program, error) {
			return drgn.New(p.Platform()), nil
		})
		var wrong *dap.MessageError
		if err != nil && !errors.As(err, &wrong) {
			t.Error(err)
		}
	})
}
