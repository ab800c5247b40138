package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godrgn/drgn/internal/zmtp/zmtptest"
)

const kernelKey = "a key"

// A frontEnd is connected to a kernel.
type frontEnd struct {
	t                            *testing.T
	shell, control, stdin, iopub *zmtptest.Peer
	sent                         int
}

// A content is what a message says.
type content map[string]any

func (c content) text(path ...string) string {
	var v any = map[string]any(c)
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	if s, ok := v.(string); ok {
		return s
	}
	if v == nil {
		return ""
	}
	text, _ := json.Marshal(v)
	return string(text)
}

func (f *frontEnd) send(to *zmtptest.Peer, kind string, c content) (id string) {
	f.t.Helper()
	f.sent++
	id = fmt.Sprint(f.sent)
	header, _ := json.Marshal(content{"msg_id": id, "msg_type": kind, "session": "s", "username": "u", "date": "", "version": "5.3"})
	body, err := json.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	parts := []string{string(header), "{}", "{}", string(body)}
	h := hmac.New(sha256.New, []byte(kernelKey))
	h.Write([]byte(strings.Join(parts, "")))
	if err := to.Send(append([]string{"<IDS|MSG>", hex.EncodeToString(h.Sum(nil))}, parts...)...); err != nil {
		f.t.Fatal(err)
	}
	return id
}

// receive waits for a message and returns its type, what it is an answer to, and what it says.
func (f *frontEnd) receive(from *zmtptest.Peer) (kind, parent string, c content) {
	f.t.Helper()
	parts, err := from.Receive()
	if err != nil {
		f.t.Fatal(err)
	}
	for len(parts) > 0 && parts[0] != "<IDS|MSG>" {
		parts = parts[1:]
	}
	if len(parts) < 6 {
		f.t.Fatalf("no message: %q", parts)
	}
	h := hmac.New(sha256.New, []byte(kernelKey))
	h.Write([]byte(strings.Join(parts[2:6], "")))
	if hex.EncodeToString(h.Sum(nil)) != parts[1] {
		f.t.Errorf("a wrong signature: %q", parts)
	}
	var header, of content
	for text, to := range map[string]*content{parts[2]: &header, parts[3]: &of, parts[5]: &c} {
		if err := json.Unmarshal([]byte(text), to); err != nil {
			f.t.Fatalf("%s: %v", text, err)
		}
	}
	return header.text("msg_type"), of.text("msg_id"), c
}

// published returns what was published about a request until it was done, a line for each message that says more than that.
func (f *frontEnd) published(id string) string {
	f.t.Helper()
	var lines []string
	for {
		kind, parent, c := f.receive(f.iopub)
		switch {
		case parent != id:
		case kind == "status" && c.text("execution_state") == "idle":
			return strings.Join(lines, "\n")
		case kind == "stream":
			lines = append(lines, c.text("name")+": "+c.text("text"))
		case kind == "execute_result" || kind == "display_data":
			lines = append(lines, kind+": "+c.text("data", "text/plain")+" "+c.text("data", "text/html"))
		case kind == "error":
			lines = append(lines, "error: "+c.text("ename")+": "+c.text("evalue")+" "+c.text("traceback"))
		}
	}
}

// ask sends a request and returns the reply and what was published meanwhile.
func (f *frontEnd) ask(kind string, c content) (reply content, published string) {
	f.t.Helper()
	id := f.send(f.shell, kind, c)
	_, _, reply = f.receive(f.shell)
	return reply, f.published(id)
}

// openKernel starts a kernel for the bundled core. Its sockets are files: no port needs to be free.
func openKernel(t *testing.T) (*frontEnd, func() error) {
	dir := t.TempDir()
	file := filepath.Join(dir, "connection.json")
	text := fmt.Sprintf(`{"transport":"ipc","ip":%q,"shell_port":1,"control_port":2,"stdin_port":3,"iopub_port":4,"hb_port":5,"key":%q,"signature_scheme":"hmac-sha256"}`,
		filepath.Join(dir, "k"), kernelKey)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, t.TempDir(), "-c", core, "kernel", file)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	dial := func(port int, kind string) *zmtptest.Peer {
		for {
			p, err := zmtptest.Dial("unix", filepath.Join(dir, fmt.Sprintf("k-%d", port)), kind, "me")
			if err == nil {
				t.Cleanup(func() { p.Close() })
				return p
			}
			select {
			case <-ended:
				t.Fatal(err)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	f := &frontEnd{t: t, shell: dial(1, "DEALER"), control: dial(2, "DEALER"), stdin: dial(3, "DEALER"), iopub: dial(4, "SUB")}
	if err := f.iopub.Send("\x01"); err != nil {
		t.Fatal(err)
	}
	for { // what is published is lost until the subscription has come
		id := f.send(f.shell, "kernel_info_request", content{})
		f.receive(f.shell)
		_ = f.iopub.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		one := make([]byte, 1)
		if _, err := f.iopub.Conn.Read(one); err != nil {
			continue
		}
		_ = f.iopub.SetReadDeadline(time.Time{})
		f.iopub.Conn = &prefixed{f.iopub.Conn, one}
		f.published(id)
		return f, func() error { return <-ended }
	}
}

// A prefixed connection gives first what was read before.
type prefixed struct {
	net.Conn
	before []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.before) > 0 {
		n := copy(b, p.before)
		p.before = p.before[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}

// TestKernel is a notebook's front end: it runs cells, is shown values, completes, asks for help, interrupts, and has the kernel leave.
func TestKernel(t *testing.T) {
	f, wait := openKernel(t)
	info, _ := f.ask("kernel_info_request", content{})
	if info.text("status") != "ok" || info.text("language_info", "name") != "python" || !strings.Contains(info.text("banner"), "godrgn") {
		t.Errorf("it says of itself %v", info)
	}
	for _, test := range []struct{ code, want, status string }{
		{`prog["init_task"].comm`, `execute_result: (char [16])"swapper/0"`, "ok"},
		{"print(_.string_())\nprint('there')", "stdout: b'swapper/0'\nthere", "ok"},
		{"x = 7", "", "ok"},
		{"x * 6", "execute_result: 42 ", "ok"},
		{"import sys; print('oh', file=sys.stderr)", "stderr: oh", "ok"},
		{"display(x, 8)", "display_data: 7 \ndisplay_data: 8 ", "ok"},
		{`prog["init_task"].fs`, "execute_result: *(struct fs_struct *)", "ok"},
		{`prog["init_task"].se`, "<summary><span style=", "ok"},
		{"stack_trace(1)", "<summary>#0  context_switch (kernel/sched/core.c:5363:2)</summary>", "ok"},
		{"def f():\n    return prog['init_tsk']\nf()", "error: ObjectNotFoundError: could not find 'init_tsk'", "error"},
		{"prog['init_tsk']", "Did you mean 'init_task'", "error"},
		{"1 +", "error: SyntaxError", "error"},
		{"exit()", "error: SystemExit", "error"},
		{"%crash ps 1", "init", "ok"},
		{"find_task?", "PID in a namespace", "ok"},
	} {
		reply, published := f.ask("execute_request", content{"code": test.code, "silent": false})
		if reply.text("status") != test.status || !strings.Contains(published, test.want) || test.want == "" && published != "" {
			t.Errorf("%s: %s\n%s", test.code, reply.text("status"), published)
		}
		if strings.Contains(published, ", in run") {
			t.Errorf("%s: the traceback shows the kernel itself:\n%s", test.code, published)
		}
	}
	if reply, published := f.ask("execute_request", content{"code": "x", "silent": true, "user_expressions": content{"y": "x + 1"}}); published != "" || reply.text("user_expressions", "y", "data", "text/plain") != "8" {
		t.Errorf("silently: %v, %s", reply, published)
	}

	for code, want := range map[string]string{`prog["init_ta`: `"init_task"`, "for_each_ta": `"for_each_task(`, "x.bit_le": `"x.bit_length(`} {
		reply, _ := f.ask("complete_request", content{"code": "y = 1\n" + code, "cursor_pos": len(code) + 6})
		if !strings.Contains(reply.text("matches"), want) || reply.text("cursor_end") != fmt.Sprint(len(code)+6) {
			t.Errorf("%s is completed by %v", code, reply)
		}
	}
	if reply, _ := f.ask("inspect_request", content{"code": "find_task(", "cursor_pos": 10, "detail_level": 0}); !strings.Contains(reply.text("data", "text/plain"), "PID in a namespace") {
		t.Errorf("find_task( is explained by %v", reply)
	}
	if reply, _ := f.ask("inspect_request", content{"code": "nosuch", "cursor_pos": 3}); reply.text("found") != "false" {
		t.Errorf("nosuch is explained by %v", reply)
	}
	for code, want := range map[string]string{"x = 1": "complete", "for i in x:": "incomplete", "if x:\n    y": "incomplete", "if x:\n    y\n": "complete", "1 +* 2": "invalid"} {
		if reply, _ := f.ask("is_complete_request", content{"code": code}); reply.text("status") != want {
			t.Errorf("%q: %v; want %s", code, reply, want)
		}
	}
	if reply, _ := f.ask("history_request", content{"hist_access_type": "tail", "n": 1, "output": false, "raw": true}); reply.text("history") != `[[0,15,"find_task?"]]` {
		t.Errorf("the history ends in %s", reply.text("history"))
	}
	if reply, _ := f.ask("execute_request", content{"no": "code"}); reply.text("status") != "error" {
		t.Errorf("a request without code: %v", reply)
	}

	id := f.send(f.shell, "execute_request", content{"code": "print(input('how? '))", "allow_stdin": true})
	if kind, _, c := f.receive(f.stdin); kind != "input_request" || c.text("prompt") != "how? " {
		t.Errorf("it asks by %s: %v", kind, c)
	}
	f.send(f.stdin, "input_reply", content{"value": "so"})
	f.receive(f.shell)
	if published := f.published(id); published != "stdout: so\n" {
		t.Errorf("with input: %s", published)
	}
	if _, published := f.ask("execute_request", content{"code": "input()", "allow_stdin": false}); !strings.Contains(published, "EOFError") {
		t.Errorf("without input: %s", published)
	}

	id = f.send(f.shell, "execute_request", content{"code": "print('begun', flush=True)\nwhile True: pass"})
	for {
		if kind, parent, _ := f.receive(f.iopub); kind == "stream" && parent == id {
			break
		}
	}
	f.send(f.control, "interrupt_request", content{})
	f.receive(f.control)
	if _, _, reply := f.receive(f.shell); reply.text("ename") != "KeyboardInterrupt" {
		t.Errorf("interrupted: %v", reply)
	}
	f.published(id)
	f.send(f.control, "shutdown_request", content{"restart": false})
	if kind, _, reply := f.receive(f.control); kind != "shutdown_reply" || reply.text("restart") != "false" {
		t.Errorf("%s: %v", kind, reply)
	}
	if err := wait(); err != nil {
		t.Errorf("it left with %v", err)
	}
}

// TestKernelInstall has Jupyter's data in several places.
func TestKernelInstall(t *testing.T) {
	dir := t.TempDir()
	vmcore, err := filepath.Abs(core)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		path string // of the kernel spec, below dir
		want string
	}{
		{[]string{"kernel", "install", "--prefix", dir}, "share/jupyter/kernels/drgn/kernel.json", `"display_name": "drgn",`},
		{[]string{"-c", core, "-q", "kernel", "install", "--user", "--name", "core"}, "data/kernels/core/kernel.json", fmt.Sprintf(`"--core=%s",
    "--quiet",
    "kernel",
    "{connection_file}"
  ],
  "display_name": "drgn (vmcore)",`, vmcore)},
	} {
		cmd := command(t, t.TempDir(), test.args...)
		cmd.Env = append(cmd.Env, "JUPYTER_DATA_DIR="+filepath.Join(dir, "data"))
		out, err := cmd.CombinedOutput()
		path := filepath.Join(dir, test.path)
		text, _ := os.ReadFile(path)
		if err != nil || string(out) != path+"\n" || !strings.Contains(string(text), test.want) || !json.Valid(text) {
			t.Errorf("%v: %s%v\n%s", test.args, out, err, text)
		}
	}
	for want, args := range map[string]string{"usage: drgn [flags] kernel": "kernel", "exclude each other": "kernel install --user --prefix x", "no name of a directory": "kernel install --name ../x",
		"unrecognized arguments: --bogus": "kernel install --bogus", "for install only": "kernel file --name x", "drgn: [Errno 2] No such file or directory: 'nosuch.json'": "-c " + core + " kernel nosuch.json"} {
		if out, errs, code := drgnProgram(t, "", strings.Fields(args)...); code == 0 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("drgn %s: exit code %d\n%s%s", args, code, out, errs)
		}
	}
}
