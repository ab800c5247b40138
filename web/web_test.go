package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/coretest"
)

// listen returns a server of the bundled core.
func listen(t *testing.T) *Server { return listenAs(t, Options{}) }

func listenAs(t *testing.T, o Options) *Server {
	p, err := coretest.New()
	if err != nil {
		t.Fatal(err)
	}
	return listenTo(t, p, o)
}

func listenTo(t *testing.T, p *drgn.Program, o Options) *Server {
	o.Address = "127.0.0.1:0"
	s, err := Listen(p, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.ln.Close() })
	return s
}

// get asks for a page as a browser does that has the cookie.
func get(s *Server, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://"+s.host+target, nil)
	r.AddCookie(&http.Cookie{Name: cookie, Value: s.token})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// tags match what is no text.
var tags = regexp.MustCompile(`<[^>]*>`)

func TestPages(t *testing.T) {
	s := listen(t)
	for _, test := range []struct {
		target string
		code   int
		want   string // in the page, with its links
	}{
		{"/", 200, "6.12.117-godrgn"},
		{"/style.css", 200, "color-scheme"},
		{"/report", 200, "<h2 id=\"what-happened-title\">"},
		{"/tasks", 200, `<td><a href="/stack?thread=1">1</a></td><td>init</td><td><a href="/object?e=%2A%28struct+task_struct+%2A%290xffff98d700188000">`},
		{"/stacks?states=Z", 200, "1 thread: Z"},
		{"/stack?thread=1", 200, `<td><a href="/object?e=wo&amp;frame=4&amp;thread=1">wo</a></td><td><a href="/type?name=struct+wait_opts+%2A">struct wait_opts *</a></td>` +
			`<td><a href="/address?at=0xffffa70ac000be00">0xffffa70ac000be00</a></td>`},
		{"/stack?thread=12345", 404, "12345"},
		{"/stack?thread=99999999999999999999999", 404, "is no thread&#39;s ID"}, // not that of another one
		{"/stack?thread=init", 404, "is no thread&#39;s ID"},
		{"/object?e=wo&frame=4&thread=x", 404, "is no thread&#39;s ID"},
		{"/object?e=init_task.comm", 200, "<pre>&#34;swapper/0&#34;</pre>"},
		{"/object?e=init_task", 200, `<td><a href="/object?e=init_task.thread_info">thread_info</a></td>`},
		{"/object?e=wo&frame=4&thread=1", 200, `<td><a href="/object?e=wo.wo_flags&amp;frame=4&amp;thread=1">wo_flags</a></td><td><a href="/type?name=int">int</a></td><td>4</td>`},
		{"/object?e=wo&frame=99&thread=1", 404, "the stack has no frame &#34;99&#34;"},
		{"/object?e=init_tsk", 404, "did you mean init_task?"},
		{"/object?e=__log_buf", 200, `start=500`},
		{"/address?at=0xffff98d700188000", 200, `<a href="/object?e=%2A%28struct+task_struct+%2A%290xffff98d700188000">task: 1 (init)</a>`},
		{"/address?at=0x10", 200, "<p class=\"error\">"},
		{"/address?at=init", 404, "is not a number of 64 bits"},
		{"/type?name=struct+pid", 200, `<a href="/type?name=struct+dentry">struct dentry</a> *stashed;`},
		{"/type?name=struct+pidd", 404, "did you mean struct pid?"},
		{"/symbol?name=schedule", 200, `<a href="/address?at=0xffffffff9cdfc61c">0xffffffff9cdfc61c</a>`},
		{"/code?at=schedule", 200, "schedule+0x4  push %rbp"},
		{"/found?number=0xffff98d700188000", 200, "task: 1 (init) +0x438"},
		{"/command?line=ps+1", 200, `<a href="/address?at=0xffff98d700188000">ffff98d700188000</a>`},
		{"/command?line=rd+-r+/nonexistent/x+init_task+8", 404, "files are not written here"},
		{"/ask?q=%25ps+1", 200, "init"},
		{"/ask?q=schedule", 200, `<a href="/code?at=schedule">Its machine code</a>`},
		{"/ask?q=0xffff98d700188000", 200, `<a href="/found?number=0xffff98d700188000">`},
		{"/ask?q=struct+pid", 200, `<a href="/type?name=struct+pid">The type</a>`},
		{"/ask?q=" + url.QueryEscape(`<script>alert(1)</script>`), 404, "&lt;script&gt;"},
		{"/nowhere", 404, "404"},
		{"/ask?q=%00%ff", 404, "<title>?\uFFFD</title>"},
		{"/ask?q=" + strings.Repeat("a", 5000), 414, "more than 4096 bytes are asked"},
		{"/object?e=init_task&start=x", 404, "start: &#34;x&#34; is not a number of 64 bits"},
		{"/object?e=init_task&start=-1", 404, "is not a number of 64 bits"},
		{"/object?e=init_task&start=18446744073709551615", 200, "<h1>init_task</h1>"},
		{"/object?e=init_task", 200, `<a href="/found?number=0xffffffff9d60a540&amp;size=6592">who points into it</a>`},
		{"/found?number=0xffff98d700188000&size=8", 200, ` has <a href="/address?at=0xffff98d700188000">`},
		{"/found?number=0xffff98d700188000&size=x", 404, "size: &#34;x&#34; is not a number"},
		{"/found?number=0xffffffffffffffff&size=2", 404, "there are no 2 numbers from 0xffffffffffffffff on"},
		{"/hex?at=0xffff98d700188548", 200, `<a href="/address?at=0xffff98d700188540">ffff98d700188540</a>: `},
		{"/hex?at=0x123", 200, ": address is not mapped: 0x120\n*\n<"},
		{"/hex?at=x", 404, "at: &#34;x&#34; is not a number"},
		{"/ask?q=task_str", 200, `<a href="/type?name=struct+task_struct">struct task_struct</a>`},
		{"/ask?q=struct+task_str", 200, `<a href="/type?name=struct+task_struct">struct task_struct</a>`},
		{"/ask?q=SCHEDULE", 200, `<a href="/symbol?name=schedule">schedule</a>`},
		{"/ask?q=kthreadd", 200, `<a href="/stack?thread=2">2</a></td><td>kthreadd</td>`},
		{"/ask?q=rcu_", 200, "<td>and more</td>"},
		{"/stacks", 200, `<a href="/stack?thread=8">8</a> (kworker/0:0), <a href="/stack?thread=9">9</a> (kworker/0:0H)`},
		{"/stack?thread=1", 200, "&gt; do_wait+0x84  callq"},
		{"/report", 200, `<a href="/stack?thread=8">8 (kworker/0:0)</a>`},
		{"/prompt", 200, `<script src="/prompt.js"></script>`},
		{"/prompt.js", 200, "use strict"},
		{"/flames.svg", 200, "<svg "},
	} {
		w := get(s, test.target)
		page := strings.ReplaceAll(w.Body.String(), "&#43;", "+")
		if w.Code != test.code || !strings.Contains(page, test.want) || strings.Contains(page, "<script>alert") {
			t.Errorf("%s: %d, want %d with %q in\n%.3000s", test.target, w.Code, test.code, test.want, page)
		}
	}
	seen := map[string]bool{}
	for _, from := range []string{"/", "/stack?thread=1", "/object?e=init_task", "/address?at=0xffff98d700188000"} {
		for _, m := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(get(s, from).Body.String(), -1) {
			target := strings.ReplaceAll(strings.ReplaceAll(m[1], "&amp;", "&"), "&#43;", "+")
			path, _, _ := strings.Cut(target, "?")
			if seen[from+path] {
				continue
			}
			seen[from+path] = true
			if w := get(s, target); w.Code != 200 && path != "/code" {
				t.Errorf("%s leads to %s: %d\n%.1000s", from, target, w.Code, tags.ReplaceAllString(w.Body.String(), ""))
			}
		}
	}
}

// What may tell of people is on no page.
func TestRedacted(t *testing.T) {
	s := listenAs(t, Options{Redact: true})
	for target, code := range map[string]int{
		"/": 200, "/report": 200, "/tasks": 200, "/stacks": 200, "/stack?thread=1": 200, "/type?name=struct+pid": 200, "/symbol?name=schedule": 200, "/code?at=schedule": 200,
		"/flames.svg": 200, "/ask?q=schedule": 200, "/ask?q=0xffff98d700188000": 404, "/ask?q=saved_command_line": 200, "/ask?q=%25ps": 404, "/object?e=init_task": 404,
		"/address?at=0xffff98d700188000": 404, "/hex?at=0xffff98d700188000": 404, "/found?number=1": 404, "/command?line=ps": 404, "/object?e=wo&frame=4&thread=1": 404,
	} {
		w := get(s, target)
		page := w.Body.String()
		if w.Code != code || code == 404 && !strings.Contains(page, "is left out") {
			t.Errorf("%s: %d, want %d\n%.2000s", target, w.Code, code, page)
		}
		for _, private := range []string{"rdinit", "/object?", "/address?", "/command?", "/hex?", "/found?", "vmcore", "wait_opts", "is memory at"} {
			if strings.Contains(page, private) {
				t.Errorf("%s has %q:\n%.3000s", target, private, page)
			}
		}
	}
}

// The report is made once; who asks for another page meanwhile does not wait.
func TestReportIsKept(t *testing.T) {
	s := listen(t)
	made := func(target string) string {
		w := get(s, target)
		if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src 'sha256-") {
			t.Errorf("%s: %d, %v", target, w.Code, w.Header())
		}
		return s.kept.made.String()
	}
	first := made("/report")
	if second := made("/report"); second != first {
		t.Errorf("made at %s and %s", first, second)
	}
	if anew := made("/report?anew"); anew == first {
		t.Errorf("not made anew: %s", anew)
	}
	s.kept.mu.Lock() // as it is while the report is made
	defer s.kept.mu.Unlock()
	if w := get(s, "/tasks"); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

// The policy allows the script that flame graphs have.
func TestFlamePolicy(t *testing.T) {
	_, after, _ := strings.Cut(get(listen(t), "/flames.svg").Body.String(), "<script><![CDATA[")
	script, _, found := strings.Cut(after, "]]></script>")
	hash := sha256.Sum256([]byte(script))
	if !found || !strings.Contains(flamePolicy, "script-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"';") {
		t.Errorf("%s does not allow\n%s", flamePolicy, script)
	}
}

// Sources are shown where there are some.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "kernel"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "kernel", "exit.c"), []byte(strings.Repeat("a <line>\n", 2000)), 0o666); err != nil {
		t.Fatal(err)
	}
	if w := get(listenAs(t, Options{Sources: dir}), "/stack?thread=1"); !strings.Contains(w.Body.String(), "&gt;  1705  a &lt;line&gt;") {
		t.Errorf("%.3000s", w.Body.String())
	}
}

// Only who has the token gets pages, by GET, from this host's name.
func TestAccess(t *testing.T) {
	s := listen(t)
	ask := func(method, host, target, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://"+s.host+target, nil)
		r.Host = host
		if token != "" {
			r.AddCookie(&http.Cookie{Name: cookie, Value: token})
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	for _, test := range []struct {
		method, host, target, token string
		code                        int
	}{
		{"GET", s.host, "/", "", 403},
		{"GET", s.host, "/", "wrong", 403},
		{"GET", s.host, "/?token=wrong", "", 403},
		{"GET", s.host, "/?token=", "", 403},
		{"GET", "evil.example", "/", s.token, 421},
		{"GET", "localhost", "/?token=" + s.token, "", 421},
		{"POST", s.host, "/", s.token, 405},
		{"PUT", s.host, "/command?line=ps", s.token, 405},
		{"HEAD", s.host, "/", s.token, 200},
		{"GET", s.host, "/", s.token, 200},
	} {
		w := ask(test.method, test.host, test.target, test.token)
		if w.Code != test.code || test.code != 200 && strings.Contains(w.Body.String(), "6.12") || !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s %s%s: %d, want %d", test.method, test.host, test.target, w.Code, test.code)
		}
	}
	w := ask("GET", s.host, "/stack?thread=1&token="+s.token, "")
	set := w.Result().Cookies()
	if w.Code != 200 || len(set) != 1 || set[0].Value != s.token || !set[0].HttpOnly || set[0].SameSite != http.SameSiteStrictMode || w.Header().Get("Refresh") != "0; url=/stack?thread=1" ||
		strings.Contains(w.Body.String(), "do_wait") {
		t.Errorf("with the token: %d, %v, %v", w.Code, set, w.Header())
	}
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || !strings.HasSuffix(s.URL(), "/?token="+s.token) || len(s.token) < 20 {
		t.Errorf("the address is %s", s.URL())
	}
}

// A server is for this machine alone.
func TestListen(t *testing.T) {
	p := drgn.New(arch.Host())
	for address, want := range map[string]string{"0.0.0.0:0": "is no address of this machine alone", ":0": "is no address of this machine alone", "nonsense": "missing port"} {
		if _, err := Listen(p, Options{Address: address}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// A bug is told on its page.
func TestBug(t *testing.T) {
	w := httptest.NewRecorder()
	listen(t).show(w, httptest.NewRequest(http.MethodGet, "/", nil), func(*http.Request, *page) error { panic("oh <no>") })
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "a bug of this program: oh &lt;no&gt;") {
		t.Errorf("%d\n%s", w.Code, w.Body.String())
	}
}

// Names of tasks are scrubbed as the report's are, and are not found by what is not shown of them.
func TestRedactedNames(t *testing.T) {
	p := coretest.Private(t)
	plain, s := listenTo(t, p, Options{}), listenTo(t, p, Options{Redact: true})
	for _, target := range []string{"/tasks", "/stacks", "/report", "/flames.svg", "/ask?q=ox", "/ask?q=redacted", "/stack?thread=41"} {
		page := get(s, target).Body.String()
		for _, secret := range coretest.Secrets {
			if strings.Contains(page, secret) {
				t.Errorf("%s tells %q", target, secret)
			}
			if target == "/tasks" && !strings.Contains(get(plain, target).Body.String(), secret) {
				t.Errorf("without Redact, %s does not have %q", target, secret)
			}
		}
		if target == "/tasks" && (!strings.Contains(page, "<td>(redacted)-cron</td>") || !strings.Contains(page, "<td>two?lines</td>")) {
			t.Errorf("%s:\n%.3000s", target, page)
		}
	}
	for q, found := range map[string]bool{"boxhost": false, "oxhost": false, "cron": true} {
		if page := get(s, "/ask?q="+q).Body.String(); strings.Contains(page, "/stack?thread=41") != found {
			t.Errorf("%q finds the task: %v, want %v\n%s", q, !found, found, page)
		}
	}
}
