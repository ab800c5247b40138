package debuginfo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	files "github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/lock"
	"github.com/godrgn/drgn/module"
)

// addDebuginfod registers the finder "debuginfod", which asks the servers that DEBUGINFOD_URLS names when it is called
// (debuginfod-client-config(7)).
func (s *Search) addDebuginfod(getenv func(string) string) {
	var c debuginfodClient
	s.add("debuginfod", func(ctx context.Context, modules []*module.Module) error {
		client, err := c.get(s, getenv)
		if err != nil {
			s.modules.Log().Warn(fmt.Sprintf("debuginfod: %v", err))
		}
		if client == nil {
			return nil
		}
		for _, m := range modules {
			if err := askDebuginfod(ctx, client, m); err != nil {
				return err
			}
		}
		return nil
	})
}

// A debuginfodClient keeps the client of the environment, which knows the servers that failed, until that is another.
type debuginfodClient struct {
	mu          lock.Mutex
	environment string // the variables that the client depends on
	client      *files.Debuginfod
	err         error
}

func (c *debuginfodClient) get(s *Search, getenv func(string) string) (*files.Debuginfod, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var environment strings.Builder
	client, err := files.DebuginfodFromEnv(func(name string) string {
		value := getenv(name)
		fmt.Fprintf(&environment, "%s=%s\n", name, value)
		return value
	})
	verbose := getenv("DEBUGINFOD_VERBOSE") != ""
	fmt.Fprint(&environment, verbose)
	if e := environment.String(); e != c.environment {
		c.environment, c.client, c.err = e, client, err
		if client != nil {
			s.report(client, verbose)
		}
	}
	return c.client, c.err
}

// report has a client say what it does.
func (s *Search) report(client *files.Debuginfod, verbose bool) {
	client.Progress = func(done, total uint64) {
		if report := s.modules.Progress("downloading debugging information"); report != nil {
			report(done, total)
		}
	}
	client.Log = func(text string) {
		s.debug("debuginfod: %s", text)
		if verbose {
			fmt.Fprintln(os.Stderr, "debuginfod: "+text)
		}
	}
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
