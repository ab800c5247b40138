package debuginfo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/godrgn/drgn/internal/lock"
)

// A Debuginfod asks servers for the files of builds, by debuginfod's protocol (debuginfod(8)), and keeps what they give in
// the cache that its other clients use (debuginfod-client-config(7)).
type Debuginfod struct {
	URLs    []string
	Cache   string        // directory
	Timeout time.Duration // how long a server may send nothing; 0 is no limit
	MaxTime time.Duration // what one file may take in all; 0 is no limit
	MaxSize int64         // of a file in bytes; 0 is any
	Retries int           // after a failure to reach a server
	Headers http.Header   // sent with each request
	// Progress is told how much of a file has come, and of how much, 0 when that is not known; may be nil.
	Progress func(done, total uint64)
	// Log is told what is asked of whom; may be nil.
	Log func(text string)

	now func() time.Time // nil: time.Now; tests have their own

	mu      lock.Mutex
	outages map[string]outage // by server
}

// An outage says how long a server is not asked, since it failed.
type outage struct {
	err      error     // of the last failure
	failures int       // in a row
	until    time.Time // when it may be asked again
}

// After its first failure a server is not asked for firstWait; each further one in a row doubles that, up to maxWait. A
// server may ask for a longer wait itself (Retry-After), up to maxRetryAfter.
const (
	firstWait     = time.Second
	maxWait       = 5 * time.Minute
	maxRetryAfter = time.Hour
)

// Servers have missLife to get a file that they did not have before they are asked again, unless the cache's file
// cache_miss_s says otherwise.
const missLife = 600 * time.Second

// maxDownload bounds the size of a file where MaxSize does not.
const maxDownload = 64 << 30

// DebuginfodFromEnv returns the client that the environment describes; nil when DEBUGINFOD_URLS names no server. It says
// what it can't understand.
func DebuginfodFromEnv(getenv func(string) string) (*Debuginfod, error) {
	urls := strings.Fields(getenv("DEBUGINFOD_URLS"))
	if len(urls) == 0 {
		return nil, nil
	}
	d := &Debuginfod{URLs: urls, Timeout: 90 * time.Second, Retries: 2, Cache: getenv("DEBUGINFOD_CACHE_PATH")}
	if d.Cache == "" {
		base, home := getenv("XDG_CACHE_HOME"), getenv("HOME")
		old := filepath.Join(home, ".debuginfod_client_cache")
		switch _, err := os.Stat(old); {
		case home != "" && err == nil:
			d.Cache = old // where it was before elfutils 0.178
		case base != "":
			d.Cache = filepath.Join(base, "debuginfod_client")
		case home != "":
			d.Cache = filepath.Join(home, ".cache", "debuginfod_client")
		default:
			return nil, errors.New("debuginfod needs a cache: set DEBUGINFOD_CACHE_PATH")
		}
	}
	var errs []error
	number := func(name string, set func(n int64)) {
		text := getenv(name)
		if text == "" {
			return
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			errs = append(errs, fmt.Errorf("%s=%s is not understood", name, text))
			return
		}
		set(n)
	}
	seconds := func(to *time.Duration) func(int64) {
		return func(n int64) { *to = time.Duration(min(n, 1<<30)) * time.Second }
	}
	number("DEBUGINFOD_TIMEOUT", seconds(&d.Timeout))
	number("DEBUGINFOD_MAXTIME", seconds(&d.MaxTime))
	number("DEBUGINFOD_MAXSIZE", func(n int64) { d.MaxSize = n })
	number("DEBUGINFOD_RETRY_LIMIT", func(n int64) { d.Retries = int(min(n, 100)) })
	if path := getenv("DEBUGINFOD_HEADERS_FILE"); path != "" {
		data, err := readRegular(path)
		if err != nil {
			errs = append(errs, err)
		}
		d.Headers = parseHeaders(data)
	}
	return d, errors.Join(errs...)
}

func parseHeaders(data []byte) http.Header {
	h := http.Header{}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && name != "" && !strings.ContainsAny(name, " \t") {
			h.Add(name, strings.TrimSpace(value))
		}
	}
	return h
}

func (d *Debuginfod) clock() time.Time {
	if d.now != nil {
		return d.now()
	}
	return time.Now()
}

func (d *Debuginfod) log(format string, args ...any) {
	if d.Log != nil {
		d.Log(fmt.Sprintf(format, args...))
	}
}

func urlOf(server string, id []byte, kind string) string {
	return strings.TrimSuffix(server, "/") + "/buildid/" + hex.EncodeToString(id) + "/" + kind
}

// Where returns the addresses that Find asks for a build's file, separated by commas.
func (d *Debuginfod) Where(id []byte, kind string) string {
	var urls []string
	for _, server := range d.URLs {
		urls = append(urls, urlOf(server, id, kind))
	}
	return strings.Join(urls, ", ")
}

// Find returns the path of a build's file: of kind "debuginfo" or "executable". It wraps fs.ErrNotExist when no server has it.
func (d *Debuginfod) Find(ctx context.Context, id []byte, kind string) (string, error) {
	if len(id) == 0 || kind != "debuginfo" && kind != "executable" {
		return "", fs.ErrNotExist
	}
	text := hex.EncodeToString(id)
	dir := filepath.Join(d.Cache, text)
	path := filepath.Join(dir, kind)
	if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
		if st.Size() > 0 {
			return path, nil
		}
		if age := d.clock().Sub(st.ModTime()); age >= 0 && age < d.missLife() {
			d.log("%s was not found %s ago; not asking again", path, age.Round(time.Second))
			return "", fs.ErrNotExist
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	missing := true // all servers say that they have none
	var errs []error
	for _, url := range d.URLs {
		err := d.fetch(ctx, url, id, kind, path)
		switch {
		case err == nil:
			return path, nil
		case ctx.Err() != nil:
			return "", ctx.Err()
		case !errors.Is(err, fs.ErrNotExist):
			missing = false
			errs = append(errs, fmt.Errorf("%s: %w", url, err))
		}
	}
	if missing {
		// An empty file that nobody may read is how clients say so to each other. That it can't be written is no harm.
		_ = os.Remove(path)
		if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0); err == nil {
			_ = f.Close()
		}
		return "", fs.ErrNotExist
	}
	return "", errors.Join(errs...)
}

func (d *Debuginfod) missLife() time.Duration {
	if data, err := readRegular(filepath.Join(d.Cache, "cache_miss_s")); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 32); err == nil && n >= 0 {
			return time.Duration(n) * time.Second
		}
	}
	return missLife
}

// transport serves file: addresses, too, as other clients do.
var transport = sync.OnceValue(func() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // sizes are those of the files
	t.RegisterProtocol("file", http.NewFileTransport(regularFiles{http.Dir("/")}))
	return t
})

// regularFiles opens regular files only: opening a pipe would wait for whoever writes it.
type regularFiles struct{ http.FileSystem }

func (r regularFiles) Open(name string) (http.File, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("not a regular file")}
	}
	return r.FileSystem.Open(name)
}

// checkRedirect keeps a server from having a file of this machine read.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return fmt.Errorf("the server leads to %s, which is no web address", req.URL)
	}
	if len(via) >= 10 {
		return errors.New("the server leads from one address to another without end")
	}
	return nil
}

// A serverError says that a server can't be asked for now, whatever the file: it was not reached, it is overloaded, it
// broke off.
type serverError struct {
	err   error
	after time.Duration // how long it asks to be left alone (RFC 9110, section 10.2.3), or 0
	again bool          // it may be tried again at once
}

func (e *serverError) Error() string { return e.err.Error() }

func (e *serverError) Unwrap() error { return e.err }

// fetch gets a file from one server to path, unless the server failed a short time ago.
func (d *Debuginfod) fetch(ctx context.Context, server string, id []byte, kind, path string) error {
	begin := d.clock()
	d.mu.Lock()
	before := d.outages[server]
	d.mu.Unlock()
	if begin.Before(before.until) {
		return before.describe(begin)
	}
	url := urlOf(server, id, kind)
	for try := 0; ; try++ {
		d.log("asking %s", url)
		err := d.download(ctx, url, id, path)
		if ctx.Err() != nil {
			return err
		}
		var failed *serverError
		if !errors.As(err, &failed) {
			d.mu.Lock()
			delete(d.outages, server)
			d.mu.Unlock()
			return err
		}
		if !failed.again || try >= d.Retries {
			return d.rest(server, before, failed, begin)
		}
	}
}

// rest has a server that failed not be asked for a while; before is what was known of it when it was asked, at begin.
func (d *Debuginfod) rest(server string, before outage, failed *serverError, begin time.Time) error {
	now := d.clock()
	wait := min(firstWait<<min(before.failures, 30), maxWait)
	wait = max(wait, now.Sub(begin)) // a server that is slow to fail doesn't get most of the time
	wait = max(wait, min(failed.after, maxRetryAfter))
	o := outage{err: failed.err, failures: before.failures + 1, until: now.Add(wait)}
	d.log("%s is asked again in %s", server, wait)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.outages == nil {
		d.outages = map[string]outage{}
	}
	if o.until.After(d.outages[server].until) { // it may have failed elsewhere at the same time
		d.outages[server] = o
	}
	return o.describe(now)
}

// describe says what is wrong with a server, and when it will be asked again.
func (o outage) describe(now time.Time) error {
	wait := o.until.Sub(now)
	return fmt.Errorf("%w; it will be asked again in %s, at %s", o.err, (wait + time.Second - 1).Truncate(time.Second), o.until.Format(time.TimeOnly))
}

// retryAfter returns how long a server asks not to be asked: in seconds, or until a date.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(n, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// refusal returns what a status other than 200 means.
func (d *Debuginfod) refusal(resp *http.Response) error {
	err := fmt.Errorf("the server says %s", resp.Status)
	after := retryAfter(resp.Header, d.clock())
	switch code := resp.StatusCode; {
	case code == http.StatusNotFound:
		return fs.ErrNotExist
	case after > 0 || code == http.StatusTooManyRequests:
		return &serverError{err: err, after: after}
	case code >= 500 || code == http.StatusRequestTimeout:
		return &serverError{err: err, again: true}
	}
	return err
}

// errSlow is the cause of the end of a download that took too long in all, and silence that of one that stood still.
type (
	errSlow time.Duration
	silence time.Duration
)

func (e errSlow) Error() string { return fmt.Sprintf("took longer than %s", time.Duration(e)) }
func (e silence) Error() string { return fmt.Sprintf("sent nothing for %s", time.Duration(e)) }

// download gets a file whole and of the right build, or not at all. A *serverError says that the server is at fault.
func (d *Debuginfod) download(ctx context.Context, url string, id []byte, path string) error {
	if d.MaxTime > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d.MaxTime, errSlow(d.MaxTime))
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	alive := func() {}
	if d.Timeout > 0 {
		timer := time.AfterFunc(d.Timeout, func() { stop(silence(d.Timeout)) })
		defer timer.Stop()
		alive = func() { timer.Reset(d.Timeout) }
	}
	// broken returns what an error of the connection means.
	broken := func(err error) error {
		switch cause := context.Cause(ctx).(type) {
		case nil:
			return &serverError{err: err, again: true}
		case silence:
			return &serverError{err: cause}
		default:
			return cause
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for k, v := range d.Headers {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "godrgn")
	resp, err := (&http.Client{Transport: transport(), CheckRedirect: checkRedirect}).Do(req)
	if err != nil {
		return broken(err)
	}
	defer resp.Body.Close() // was only read
	if resp.StatusCode != http.StatusOK {
		return d.refusal(resp)
	}
	size := resp.ContentLength
	if n, err := strconv.ParseInt(resp.Header.Get("X-Debuginfod-Size"), 10, 64); err == nil && size < 0 {
		size = n
	}
	limit := int64(maxDownload)
	if d.MaxSize > 0 {
		limit = d.MaxSize
	}
	if size > limit {
		return fmt.Errorf("the file has %d bytes, more than the %d that are wanted", size, limit)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".download-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // when it was not renamed
	body := &metered{r: resp.Body, alive: alive, total: uint64(max(size, 0)), report: d.Progress}
	n, err := io.Copy(f, io.LimitReader(body, limit+1))
	err = errors.Join(err, f.Close())
	switch {
	case body.err != nil:
		return broken(body.err)
	case err != nil:
		return err
	case n > limit:
		return fmt.Errorf("the file has more than the %d bytes that are wanted", limit)
	case resp.ContentLength >= 0 && n != resp.ContentLength:
		return broken(io.ErrUnexpectedEOF)
	}
	if err := checkBuild(f.Name(), id); err != nil {
		return err
	}
	if d.Progress != nil {
		d.Progress(uint64(n), uint64(n))
	}
	return os.Rename(f.Name(), path)
}

// checkBuild says why a file is not of a build.
func checkBuild(path string, id []byte) error {
	f, err := OpenFile(path, path, nil, OpenOptions{})
	if err != nil {
		return fmt.Errorf("the server gave what is no ELF file: %w", err)
	}
	have := bytes.Clone(f.BuildID())
	if err := f.Close(); err != nil {
		return err
	}
	if !bytes.Equal(have, id) {
		return fmt.Errorf("the server gave a file of another build: %x", have)
	}
	return nil
}

// metered tells of what is read.
type metered struct {
	r           io.Reader
	done, total uint64
	alive       func()
	report      func(done, total uint64)
	err         error // why reading ended early
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.r.Read(b)
	if err != nil && err != io.EOF {
		m.err = err
	}
	if n > 0 {
		m.done += uint64(n)
		m.alive()
		if m.report != nil {
			m.report(m.done, m.total)
		}
	}
	return n, err
}
