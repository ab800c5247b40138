// Package web serves a program to a browser on this machine, for looking only: the report, tasks and their stacks, objects, types, symbols,
// memory, machine code and the commands of crash, each a page whose addresses, types and members lead on.
//
// A page is for who has the token that is in the address that [Server.URL] tells: the browser keeps it as a cookie. Nothing but GET is answered, requests
// for another host's name are refused, and pages have no scripts but the prompt's and those of flame graphs, which come from here.
package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/look"
)

// Options say what is served, and where.
type Options struct {
	// Address is one of this machine alone, such as "127.0.0.1:0"; others are refused.
	Address string
	// Redact leaves out what may tell of people, places and their data: the report is redacted, stacks have no variables, and the pages that
	// show memory are refused. All pages are scrubbed as the report is.
	Redact bool
	// Sources is the directory of the kernel's sources, "" for none: frames of stacks then have the lines around where they are.
	Sources string
}

// A Server is one program, served. Pages are made side by side.
type Server struct {
	look    *look.Look
	sources string
	token   string
	host    string // the address that browsers know it by
	pages   *http.ServeMux
	ln      net.Listener
	kept    keeper
}

// Listen makes a server. Nobody is answered before [Server.Serve] is called.
func Listen(p *drgn.Program, o Options) (*Server, error) {
	address := o.Address
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if at, ok := ln.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is no address of this machine alone: use 127.0.0.1", address), ln.Close())
	}
	s := &Server{look: &look.Look{Prog: p, Redact: o.Redact}, sources: o.Sources, token: rand.Text(), host: ln.Addr().String(), ln: ln}
	s.pages = s.routes()
	return s, nil
}

// URL is what a browser is to open.
func (s *Server) URL() string { return "http://" + s.host + "/?token=" + s.token }

// Serve answers browsers until ctx ends.
func (s *Server) Serve(ctx context.Context) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(s.ln)
	if ctx.Err() != nil && errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// maxQuery bounds what is asked, in bytes: names that are near a long one take long to find.
const maxQuery = 4096

// cookie is the name of the cookie that has the token.
const cookie = "drgn"

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "nothing can be changed here", http.StatusMethodNotAllowed)
		return
	case r.Host != s.host: // a page elsewhere whose name leads here
		http.Error(w, "this is "+s.host, http.StatusMisdirectedRequest)
		return
	}
	if q := r.URL.Query(); s.is(q.Get("token")) {
		q.Del("token")
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: s.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
		// A redirection would be one from another site, which the cookie does not follow: the page leads there itself.
		h.Set("Refresh", "0; url="+(&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String())
		fmt.Fprintln(w, "drgn")
		return
	}
	if c, err := r.Cookie(cookie); err != nil || !s.is(c.Value) {
		http.Error(w, "open the address that drgn web has printed: it has the token", http.StatusForbidden)
		return
	}
	if len(r.URL.RawQuery) > maxQuery {
		http.Error(w, fmt.Sprintf("more than %d bytes are asked", maxQuery), http.StatusRequestURITooLong)
		return
	}
	s.pages.ServeHTTP(w, r)
}

func (s *Server) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle []byte
	//go:embed prompt.js
	promptScript []byte

	pageTemplate = template.Must(template.New("page").Parse(pageText))
)
