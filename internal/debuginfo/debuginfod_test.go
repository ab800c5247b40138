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

	// A server that can't be reached is asked once, not for each module.
	server.Close()
	tries := 0
	d.dead, d.Log = nil, func(string) { tries++ }
	for i := range 5 {
		if _, err := d.Find(ctx, []byte{byte(i)}, "debuginfo"); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	if tries != d.Retries+1 {
		t.Errorf("%d tries", tries)
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
