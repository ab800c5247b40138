package drgn

import (
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
)

// debugConfig says how a program loads debugging information.
type debugConfig struct {
	finders  finders[DebugInfoFinder]
	logger   atomic.Pointer[slog.Logger]
	reporter atomic.Pointer[func(what string, done, total uint64)]
	cache    atomic.Pointer[string]
	options  atomic.Pointer[DebugInfoOptions]
}

// SetLogger says where the program logs what it does to find debugging information; nil is nowhere.
func (p *Program) SetLogger(l *slog.Logger) { p.debug.logger.Store(l) }

// Logger returns where the program logs what it does to find out what is loaded; it is never nil.
func (p *Program) Logger() *slog.Logger { return p.log() }

var noLog = slog.New(slog.DiscardHandler)

func (p *Program) log() *slog.Logger {
	if l := p.debug.logger.Load(); l != nil {
		return l
	}
	return noLog
}

// SetProgress says who is told what takes long, and how much of it is done; nil is nobody.
func (p *Program) SetProgress(report func(what string, done, total uint64)) {
	if report == nil {
		p.debug.reporter.Store(nil)
		return
	}
	p.debug.reporter.Store(&report)
}

// progress returns what reports the progress of some work, or nil.
func (p *Program) progress(what string) func(done, total uint64) {
	report := p.debug.reporter.Load()
	if report == nil {
		return nil
	}
	return func(done, total uint64) { (*report)(what, done, total) }
}

// SetCacheDir says where indexes of debugging information and decompressed files are kept: "" is "godrgn" in the user's
// cache directory, as it is from the start, and "-" is nowhere.
func (p *Program) SetCacheDir(dir string) { p.debug.cache.Store(&dir) }

// cacheDir returns where files are kept, or "".
func (p *Program) cacheDir() string {
	dir := ""
	if d := p.debug.cache.Load(); d != nil {
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
