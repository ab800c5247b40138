package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/coretest"
)

// listen returns a server of the bundled core.
func listen(t *testing.T) *Server {
	p, err := coretest.New()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen(p, "127.0.0.1:0")
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
		if _, err := Listen(p, address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// A bug is told on its page.
func TestBug(t *testing.T) {
	w := httptest.NewRecorder()
	show(w, httptest.NewRequest(http.MethodGet, "/", nil), func(*http.Request, *page) error { panic("oh <no>") })
	if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "a bug of this program: oh &lt;no&gt;") {
		t.Errorf("%d\n%s", w.Code, w.Body.String())
	}
}
