package module

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
)

// logging says whom the set tells what it does, who waits for it, and where it caches files.
type logging struct {
	block    atomic.Pointer[func(work func(ctx context.Context) error) error]
	logger   atomic.Pointer[slog.Logger]
	reporter atomic.Pointer[func(what string, done, total uint64)]
	cache    atomic.Pointer[string]
}

// SetLogger sets where it is logged what is done to find out what is loaded and to find its files; nil disables logging.
func (s *Set) SetLogger(l *slog.Logger) { s.log.logger.Store(l) }

var noLog = slog.New(slog.DiscardHandler)

// Log returns where that is logged; it is never nil. No lock may be held while it is told something: a handler may be
// written in Python.
func (s *Set) Log() *slog.Logger {
	if l := s.log.logger.Load(); l != nil {
		return l
	}
	return noLog
}

// SetProgress sets the callback that is told how much of long work is done; nil disables it.
func (s *Set) SetProgress(report func(what string, done, total uint64)) {
	if report == nil {
		s.log.reporter.Store(nil)
		return
	}
	s.log.reporter.Store(&report)
}

// Progress returns what reports the progress of some work, or nil.
func (s *Set) Progress(what string) func(done, total uint64) {
	report := s.log.reporter.Load()
	if report == nil {
		return nil
	}
	return func(done, total uint64) { (*report)(what, done, total) }
}

// SetBlocking sets what runs work that a caller has to wait for: reading an index of debugging information. A front end whose
// callers hold a lock that others need, such as Python's GIL, has block let go of it and run work meanwhile, and cancel ctx when
// the user interrupts. What block returns then is what the caller gets; it should be a context.Canceled. No lock of the
// program is held. nil, the default, runs work.
func (s *Set) SetBlocking(block func(work func(ctx context.Context) error) error) {
	if block == nil {
		s.log.block.Store(nil)
		return
	}
	s.log.block.Store(&block)
}

// Wait runs work that a caller has to wait for as [Set.SetBlocking] says.
func (s *Set) Wait(work func(ctx context.Context) error) error {
	if block := s.blocking(); block != nil {
		return block(work)
	}
	return work(context.Background())
}

func (s *Set) blocking() func(work func(ctx context.Context) error) error {
	if b := s.log.block.Load(); b != nil {
		return *b
	}
	return nil
}

// SetCacheDir sets the directory where indexes of debugging information and decompressed files are cached: "", the default,
// is "godrgn" in the user's cache directory, "-" disables caching.
func (s *Set) SetCacheDir(dir string) { s.log.cache.Store(&dir) }

// CacheDir returns the directory where files are cached, or "" if they are not.
func (s *Set) CacheDir() string {
	dir := ""
	if d := s.log.cache.Load(); d != nil {
		dir = *d
	}
	switch dir {
	case "-":
		return ""
	case "":
		base, err := os.UserCacheDir()
		if err != nil {
			return "" // there is no home: everything is merely slower
		}
		return filepath.Join(base, "godrgn")
	}
	return dir
}
