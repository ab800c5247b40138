package python

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestDebuginfodOfAScript has a script name a server in os.environ after the program has started.
func TestDebuginfodOfAScript(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "process", "threads"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(data)
	}))
	defer server.Close()
	cache := filepath.Join(t.TempDir(), "cache")
	lines(t, script(t, false, expect+`
import os
from drgn import *
URL, CACHE = "`+server.URL+`", "`+cache+`"
core = Program()
expect("finders", core.registered_debug_info_finders() == {"standard", "debuginfod"})
core.set_enabled_debug_info_finders(["debuginfod"])
def status():
    m = core.extra_module(f"gone {len(list(core.modules()))}", create=True)
    m.build_id = bytes.fromhex("128bebefde3001d858e06c5c5f4ca57f63f72e6e")
    core.load_module_debug_info(m)
    return m.debug_file_status.name
expect("no server", status() == "WANT")
os.environ.update(DEBUGINFOD_URLS=URL, DEBUGINFOD_CACHE_PATH=CACHE, no_proxy="127.0.0.1")
expect("a server", status() == "HAVE")
expect("the cache", os.path.isdir(CACHE))
del os.environ["DEBUGINFOD_URLS"]
os.environ["DEBUGINFOD_CACHE_PATH"] = CACHE + "2"
expect("none any more", status() == "WANT")
`))
}
