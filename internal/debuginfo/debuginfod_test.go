package debuginfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
)

func buildOf(id []byte) []byte {
	f := elftest.File{Is64: true, Type: elf.ET_EXEC, Machine: 62}
	f.Sections = []elftest.Section{{Name: ".note.gnu.build-id", Type: 7, Flags: elf.SHF_ALLOC, Addr: 0x600, Data: f.Note(nil, "GNU", 3, id)}}
	return f.Bytes()
}

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestDebuginfod(t *testing.T) {
	id, other := []byte{0xab, 1, 2, 3}, []byte{0xcd, 4, 5, 6}
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		switch r.URL.Path {
		case "/buildid/ab010203/debuginfo", "/buildid/cd040506/debuginfo": // the second is of another build
			if r.Header.Get("X-Token") != "secret" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			w.Write(buildOf(id))
		case "/buildid/ee/executable":
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("cut"))
		case "/buildid/ef/debuginfo":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done() // says nothing more
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	cache, headers := filepath.Join(t.TempDir(), "cache"), filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(headers, []byte("X-Token: secret\nnot a header\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := DebuginfodFromEnv(env("DEBUGINFOD_URLS", server.URL+"/ ", "DEBUGINFOD_CACHE_PATH", cache, "DEBUGINFOD_HEADERS_FILE", headers))
	if err != nil {
		t.Fatal(err)
	}
	var told uint64
	d.Progress = func(done, _ uint64) { told = done }
	ctx := context.Background()
	for range 2 { // from the server, then from the cache
		path, err := d.Find(ctx, id, "debuginfo")
		if err != nil || path != filepath.Join(cache, "ab010203", "debuginfo") {
			t.Fatal(path, err)
		}
	}
	if st, err := os.Stat(filepath.Join(cache, "ab010203", "debuginfo")); err != nil || st.Mode().Perm()&0o077 != 0 || told != uint64(st.Size()) {
		t.Error(st.Mode(), told, err)
	}
	if _, err := d.Find(ctx, other, "debuginfo"); err == nil || !strings.Contains(err.Error(), "another build: ab010203") {
		t.Error(err)
	}
	for range 2 { // the second time nobody is asked
		if _, err := d.Find(ctx, []byte{0xfe}, "debuginfo"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	if asked["/buildid/ab010203/debuginfo"] != 1 || asked["/buildid/fe/debuginfo"] != 1 {
		t.Error(asked)
	}
	if err := os.WriteFile(filepath.Join(cache, "cache_miss_s"), []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Find(ctx, []byte{0xfe}, "debuginfo"); !errors.Is(err, fs.ErrNotExist) || asked["/buildid/fe/debuginfo"] != 2 {
		t.Error(err, asked)
	}
	d.MaxSize = 10
	if _, err := d.Find(ctx, id, "executable"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := d.Find(ctx, other, "debuginfo"); err == nil || !strings.Contains(err.Error(), "more than the 10") {
		t.Error(err)
	}
	d.MaxSize = 0
	if _, err := d.Find(ctx, []byte{0xee}, "executable"); err == nil {
		t.Error("a file that was cut is taken")
	}
	d.outages = nil
	d.Timeout = 50 * time.Millisecond
	if _, err := d.Find(ctx, []byte{0xef}, "debuginfo"); err == nil || !strings.Contains(err.Error(), "sent nothing for 50ms") {
		t.Error(err)
	}
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := d.Find(canceled, []byte{0xaa}, "debuginfo"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", ".download-*"))
	if err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

// A server that fails is left alone for a while, then asked again; one that does not have a file has not failed.
func TestDebuginfodOutage(t *testing.T) {
	id := []byte{0xab, 1, 2, 3}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	asked, status, header := 0, http.StatusServiceUnavailable, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case status == http.StatusOK:
			w.Write(buildOf(id))
		case status == 0:
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("cut"))
		default:
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
		}
	}))
	defer server.Close()
	d := &Debuginfod{URLs: []string{server.URL}, Cache: t.TempDir(), Retries: 2, now: func() time.Time { return now }}
	next := byte(0)
	// ask asks for another build each time, says how often the server was asked, and has to get an error with a text.
	ask := func(when string, wantAsked int, want string) {
		t.Helper()
		asked, next = 0, next+1
		_, err := d.Find(t.Context(), []byte{next}, "debuginfo")
		if asked != wantAsked || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the server was asked %d times, want %d; error %v, want %q", when, asked, wantAsked, err, want)
		}
	}
	ask("first failure", 3, "503 Service Unavailable; it will be asked again in 1s, at 12:00:01")
	ask("at once", 0, "503 Service Unavailable; it will be asked again in 1s, at 12:00:01")
	now = now.Add(999 * time.Millisecond)
	ask("a moment before", 0, "asked again in 1s, at 12:00:01")
	for i, wait := range []string{"2s", "4s", "8s", "16s", "32s", "1m4s", "2m8s", "4m16s", "5m0s", "5m0s"} {
		now = d.outages[server.URL].until
		ask(fmt.Sprintf("failure %d", i+2), 3, "asked again in "+wait)
		now = now.Add(time.Millisecond)
		ask("after that", 0, "asked again in "+wait)
	}

	// A file that is not there is an answer, and so is any other: the next failure is the first again.
	for _, test := range []struct {
		status int
		want   string
	}{{http.StatusNotFound, fs.ErrNotExist.Error()}, {http.StatusForbidden, "403 Forbidden"}, {http.StatusOK, "of another build"}} {
		now, status = now.Add(time.Hour), test.status
		ask("an answer", 1, test.want)
		ask("another", 1, test.want)
		status = http.StatusServiceUnavailable
		ask("a failure after an answer", 3, "asked again in 1s")
	}

	// The server says when it wants to be asked.
	for _, test := range []struct {
		status       int
		header, want string
		asked        int
	}{
		{http.StatusServiceUnavailable, "90", "503 Service Unavailable; it will be asked again in 1m30s", 1},
		{http.StatusTooManyRequests, "20", "429 Too Many Requests; it will be asked again in 20s", 1},
		{http.StatusTooManyRequests, "", "429 Too Many Requests; it will be asked again in 1s", 1},
		{http.StatusForbidden, "7", "403 Forbidden; it will be asked again in 7s", 1},
		{http.StatusServiceUnavailable, "18446744073709551615", "asked again in 1h0m0s", 1},
		{http.StatusServiceUnavailable, "99999999999999999999999", "asked again in 1s", 3},
		{http.StatusServiceUnavailable, "-5", "asked again in 1s", 3},
		{http.StatusServiceUnavailable, "soon", "asked again in 1s", 3},
		{http.StatusServiceUnavailable, "Thu, 01 Jan 1970 00:00:00 GMT", "asked again in 1s", 3},
		{http.StatusServiceUnavailable, "Fri, 31 Dec 9999 23:59:59 GMT", "asked again in 1h0m0s", 1},
		{http.StatusServiceUnavailable, "date", "asked again in 42s", 1},
		{0, "", "unexpected EOF; it will be asked again in 1s", 3},
	} {
		now = now.Add(2 * time.Hour)
		status, header = http.StatusNotFound, ""
		ask("an answer", 1, fs.ErrNotExist.Error())
		if status, header = test.status, test.header; header == "date" {
			header = now.Add(42 * time.Second).Format(http.TimeFormat)
		}
		ask("Retry-After: "+test.header, test.asked, test.want)
		ask("after that", 0, test.want)
	}

	// It works again.
	status, now = http.StatusOK, now.Add(time.Minute)
	if path, err := d.Find(t.Context(), id, "debuginfo"); err != nil || path == "" {
		t.Error(path, err)
	}

	// A server that is not there at all; the others are asked meanwhile.
	server.Close()
	ask("closed", 0, "asked again in 1s")
	working := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(buildOf([]byte{7})) }))
	defer working.Close()
	d.URLs = append(d.URLs, working.URL)
	if path, err := d.Find(t.Context(), []byte{7}, "debuginfo"); err != nil || path == "" {
		t.Error(path, err)
	}
}

// A download that is canceled says nothing of the server; one that stands still does, and is not tried again at once.
func TestDebuginfodSilence(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	now := time.Now()
	d := &Debuginfod{URLs: []string{server.URL}, Cache: t.TempDir(), Retries: 2, now: func() time.Time { return now }}
	ctx, cancel := context.WithCancel(t.Context())
	d.Log = func(string) { cancel() }
	if _, err := d.Find(ctx, []byte{1}, "debuginfo"); !errors.Is(err, context.Canceled) || len(d.outages) != 0 {
		t.Error(err, d.outages)
	}
	asked := 0
	d.Timeout, d.Log = 20*time.Millisecond, func(text string) {
		if strings.HasPrefix(text, "asking ") {
			asked++
		}
	}
	if _, err := d.Find(t.Context(), []byte{1}, "debuginfo"); err == nil || !strings.Contains(err.Error(), "sent nothing for 20ms; it will be asked again in 1s") || asked != 1 {
		t.Error(err, asked)
	}
	d.outages, d.Timeout, d.MaxTime = nil, 0, 20*time.Millisecond // a file that is too large for the time says nothing of the server
	if _, err := d.Find(t.Context(), []byte{1}, "debuginfo"); err == nil || !strings.HasSuffix(err.Error(), "took longer than 20ms") || len(d.outages) != 0 {
		t.Error(err, d.outages)
	}
}

func TestDebuginfodFromEnv(t *testing.T) {
	if d, err := DebuginfodFromEnv(env()); d != nil || err != nil {
		t.Error(d, err)
	}
	d, err := DebuginfodFromEnv(env("DEBUGINFOD_URLS", " http://a  file:///b", "HOME", "/nobody", "DEBUGINFOD_TIMEOUT", "7", "DEBUGINFOD_MAXSIZE", "x"))
	if err == nil || !strings.Contains(err.Error(), "DEBUGINFOD_MAXSIZE=x") || fmt.Sprint(d.URLs) != "[http://a file:///b]" || d.Timeout != 7*time.Second ||
		d.Cache != "/nobody/.cache/debuginfod_client" {
		t.Error(d, err)
	}
	if d, _ := DebuginfodFromEnv(env("DEBUGINFOD_URLS", "x", "XDG_CACHE_HOME", "/c", "HOME", "/nobody")); d.Cache != "/c/debuginfod_client" {
		t.Error(d.Cache)
	}
}

func TestDebuginfodFiles(t *testing.T) {
	dir, id := t.TempDir(), []byte{1, 2}
	file := filepath.Join(dir, "buildid", "0102", "executable")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, buildOf(id), 0o600)); err != nil {
		t.Fatal(err)
	}
	d := &Debuginfod{URLs: []string{"file://" + dir}, Cache: filepath.Join(dir, "cache")}
	if path, err := d.Find(context.Background(), id, "executable"); err != nil || path == file {
		t.Error(path, err)
	}
}

// A server may lead elsewhere on the web, but not to files of this machine; a pipe among files is not waited for.
func TestDebuginfodRedirects(t *testing.T) {
	dir, id := t.TempDir(), []byte{1, 2}
	secret, pipe := filepath.Join(dir, "secret"), filepath.Join(dir, "buildid", "0102", "debuginfo")
	if err := errors.Join(os.WriteFile(secret, buildOf(id), 0o600), os.MkdirAll(filepath.Dir(pipe), 0o700), syscall.Mkfifo(pipe, 0o600)); err != nil {
		t.Fatal(err)
	}
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/good":
			_, _ = w.Write(buildOf(id))
		case strings.Contains(r.URL.Path, "0303"):
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		case strings.HasSuffix(r.URL.Path, "/executable"):
			http.Redirect(w, r, server.URL+"/good", http.StatusFound)
		default:
			http.Redirect(w, r, "file://"+secret, http.StatusFound)
		}
	}))
	defer server.Close()
	d := &Debuginfod{URLs: []string{server.URL}, Cache: filepath.Join(dir, "cache")}
	if _, err := d.Find(t.Context(), id, "executable"); err != nil {
		t.Error(err)
	}
	if _, err := d.Find(t.Context(), id, "debuginfo"); err == nil || !strings.Contains(err.Error(), "leads to file://"+secret) {
		t.Error(err)
	}
	d.outages = nil
	if _, err := d.Find(t.Context(), []byte{3, 3}, "debuginfo"); err == nil || !strings.Contains(err.Error(), "without end") {
		t.Error(err)
	}
	d = &Debuginfod{URLs: []string{"file://" + dir}, Cache: filepath.Join(dir, "cache")}
	if _, err := d.Find(t.Context(), id, "debuginfo"); err == nil {
		t.Error("a pipe was read")
	}
}
