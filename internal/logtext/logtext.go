// Package logtext makes a line of text of a log record: its message, and after it the attributes.
package logtext

import (
	"context"
	"log/slog"
	"slices"
	"strings"
)

// A Handler is a slog.Handler for those who take text: "trying a finder with path=/a, size=3".
type Handler struct {
	enabled func(slog.Level) bool
	format  func(slog.Value) string
	write   func(r slog.Record, text string) error

	attributes []string // those of WithAttrs, as they are written
	group      string   // what the names of further attributes begin with: "a.b."
}

// New returns a handler of the levels that enabled accepts, which writes values with format and gives each record and its
// text to write. All three may be called by several goroutines at a time.
func New(enabled func(slog.Level) bool, format func(slog.Value) string, write func(r slog.Record, text string) error) *Handler {
	return &Handler{enabled: enabled, format: format, write: write}
}

// Enabled reports whether records of a level are written.
func (h *Handler) Enabled(_ context.Context, l slog.Level) bool { return h.enabled(l) }

// WithAttrs returns a handler that writes attributes with each record, before the record's own.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	n := *h
	n.attributes = slices.Clip(n.attributes)
	for _, a := range attrs {
		n.attributes = h.add(n.attributes, h.group, a)
	}
	return &n
}

// WithGroup returns a handler that puts a name and a dot before the names of further attributes.
func (h *Handler) WithGroup(name string) slog.Handler {
	n := *h
	if name != "" {
		n.group += name + "."
	}
	return &n
}

// Handle writes a record.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	attributes := slices.Clip(h.attributes)
	r.Attrs(func(a slog.Attr) bool {
		attributes = h.add(attributes, h.group, a)
		return true
	})
	text := r.Message
	if len(attributes) > 0 {
		text += " with " + strings.Join(attributes, ", ")
	}
	return h.write(r, text)
}

// add appends an attribute as it is written, one of a group for each of its members. Empty ones are left out.
func (h *Handler) add(to []string, group string, a slog.Attr) []string {
	v := a.Value.Resolve()
	switch {
	case v.Kind() == slog.KindGroup:
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range v.Group() {
			to = h.add(to, group, member)
		}
		return to
	case a.Equal(slog.Attr{}):
		return to
	}
	return append(to, group+a.Key+"="+h.format(v))
}
