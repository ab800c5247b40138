package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/stacks"
	"github.com/godrgn/drgn/triage"
)

// A keeper keeps the report, which takes time to make.
type keeper struct {
	mu   sync.Mutex // held while it is made: others wait for it
	of   *report.Report
	made time.Time
}

// get returns the report, and when it was made.
func (k *keeper) get(anew bool, make func() (*report.Report, error)) (*report.Report, time.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || anew {
		of, err := make()
		if err != nil {
			return nil, time.Time{}, err
		}
		k.of, k.made = of, time.Now()
	}
	return k.of, k.made, nil
}

// sectionLimit is how long a section of the report may take.
const sectionLimit = 20 * time.Second

// flamePolicy is what a browser may do on pages with flame graphs, which bring their style and their script along.
var flamePolicy = func() string {
	hash := sha256.Sum256([]byte(stacks.FlameScript))
	return "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; frame-ancestors 'none'"
}()

// report sends the report as it would be in a file, with links.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	of, made, err := s.kept.get(r.URL.Query().Has("anew"), func() (*report.Report, error) { return s.makeReport(r.Context()) })
	if err != nil {
		s.show(w, r, func(_ *http.Request, p *page) error {
			p.Title = "Report"
			return err
		})
		return
	}
	top := fmt.Sprintf(`<p class="note"><a href="/">drgn</a>: made at %s`, made.Format(time.TimeOnly))
	if s.look.Prog.Flags()&drgn.IsLive != 0 || unfinished(of) {
		top += ` · <a href="/report?anew">make it anew</a>`
	}
	page := report.Page{Top: template.HTML(top + "</p>"), Linked: s.linked, Thread: func(id uint64) string { return to("/stack", "thread", strconv.FormatUint(id, 10)) }}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", flamePolicy)
	page.Write(w, of) // an error is that the browser has left
}

func (s *Server) makeReport(ctx context.Context) (*report.Report, error) {
	of, err := triage.Of(ctx, s.look.Prog, triage.Options{Limit: sectionLimit, Sources: s.sources})
	if err == nil && s.look.Redact {
		of.Redact()
	}
	return of, err
}

// unfinished reports whether a section ended too early.
func unfinished(of *report.Report) bool {
	for _, s := range of.Sections {
		if s.Error != "" {
			return true
		}
	}
	return false
}

// flames sends the flame graph of all stacks.
func (s *Server) flames(w http.ResponseWriter, r *http.Request) {
	groups, err := stacks.Of(r.Context(), s.look.Prog, stacks.Options{})
	if err != nil {
		s.show(w, r, func(_ *http.Request, p *page) error {
			p.Title = "Flame graph"
			return err
		})
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Content-Security-Policy", flamePolicy)
	stacks.WriteFlameGraph(w, "Stacks of all threads", groups) // an error is that the browser has left
}
