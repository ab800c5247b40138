package debuginfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	files "github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/module"
)

// addDebuginfod registers the finder "debuginfod" where DEBUGINFOD_URLS names servers (debuginfod-client-config(7)).
func (s *Search) addDebuginfod(getenv func(string) string) {
	client, err := files.DebuginfodFromEnv(getenv)
	if client == nil {
		return
	}
	client.Progress = func(done, total uint64) {
		if report := s.modules.Progress("downloading debugging information"); report != nil {
			report(done, total)
		}
	}
	verbose := getenv("DEBUGINFOD_VERBOSE") != ""
	client.Log = func(text string) {
		s.debug("debuginfod: %s", text)
		if verbose {
			fmt.Fprintln(os.Stderr, "debuginfod: "+text)
		}
	}
	s.add("debuginfod", func(ctx context.Context, modules []*module.Module) error {
		if err != nil {
			s.modules.Log().Warn(fmt.Sprintf("debuginfod: %v", err))
		}
		for _, m := range modules {
			if err := askDebuginfod(ctx, client, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// askDebuginfod asks servers for the files that a module wants.
func askDebuginfod(ctx context.Context, d *files.Debuginfod, m *module.Module) error {
	get := func(id []byte, kind string) error {
		if len(id) == 0 {
			m.Tried(kind, "servers can't be asked: the build ID is not known", false)
			return nil
		}
		path, err := d.Find(ctx, id, kind)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			m.Set().Log().Debug(fmt.Sprintf("%s: debuginfod has no %s of build ID %x", m.Name(), kind, id))
			m.Tried(d.Where(id, kind), "the servers do not have it", false)
			return nil
		case err != nil:
			m.Set().Log().Warn(fmt.Sprintf("%s: debuginfod: %v", m.Name(), err))
			m.Tried(d.Where(id, kind), err.Error(), false)
			return nil
		}
		_, err = m.Try(module.Candidate{Path: path, Quiet: true})
		return err
	}
	if m.WantsLoadedFile() {
		if err := get(m.BuildID(), "executable"); err != nil {
			return err
		}
	}
	if m.DebugFile().Status == module.WantFile {
		if err := get(m.BuildID(), "debuginfo"); err != nil {
			return err
		}
	}
	if w, err := m.WantedSupplementaryFile(); err == nil {
		return get(w.Checksum, "debuginfo")
	}
	return nil
}
