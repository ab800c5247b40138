package drgn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/godrgn/drgn/internal/debuginfo"
)

// registerDebuginfod registers the finder "debuginfod" where DEBUGINFOD_URLS names servers (debuginfod-client-config(7)).
func (p *Program) registerDebuginfod(getenv func(string) string) {
	client, err := debuginfo.DebuginfodFromEnv(getenv)
	if client == nil {
		return
	}
	client.Progress = func(done, total uint64) {
		if report := p.progress("downloading debugging information"); report != nil {
			report(done, total)
		}
	}
	verbose := getenv("DEBUGINFOD_VERBOSE") != ""
	client.Log = func(text string) {
		p.log().Debug("debuginfod: " + text)
		if verbose {
			fmt.Fprintln(os.Stderr, "debuginfod: "+text)
		}
	}
	find := func(ctx context.Context, p *Program, modules []*Module) error {
		if err != nil {
			p.log().Warn(fmt.Sprintf("debuginfod: %v", err))
		}
		for _, m := range modules {
			if err := askDebuginfod(ctx, client, m); err != nil {
				return err
			}
		}
		return nil
	}
	must(p.RegisterDebugInfoFinder("debuginfod", find, EnableLast))
}

// askDebuginfod asks servers for the files that a module wants.
func askDebuginfod(ctx context.Context, d *debuginfo.Debuginfod, m *Module) error {
	get := func(id []byte, kind string) error {
		path, err := d.Find(ctx, id, kind)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			m.prog.log().Debug(fmt.Sprintf("%s: debuginfod has no %s of build ID %x", m.name, kind, id))
			return nil
		case err != nil:
			m.prog.log().Warn(fmt.Sprintf("%s: debuginfod: %v", m.name, err))
			return nil
		}
		return m.tryFile(fileToTry{path: path, quiet: true})
	}
	if m.WantsLoadedFile() {
		if err := get(m.BuildID(), "executable"); err != nil {
			return err
		}
	}
	if m.DebugFile().Status == WantFile {
		if err := get(m.BuildID(), "debuginfo"); err != nil {
			return err
		}
	}
	if w, err := m.WantedSupplementaryFile(); err == nil {
		return get(w.Checksum, "debuginfo")
	}
	return nil
}
