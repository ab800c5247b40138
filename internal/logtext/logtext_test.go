package logtext

import (
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
)

// parse makes of a record and its text what slogtest wants to see.
func parse(r slog.Record, text string) map[string]any {
	message, attributes, _ := strings.Cut(text, " with ")
	m := map[string]any{slog.LevelKey: r.Level, slog.MessageKey: message}
	if !r.Time.IsZero() {
		m[slog.TimeKey] = r.Time
	}
	for _, a := range strings.Split(attributes, ", ") {
		key, value, ok := strings.Cut(a, "=")
		if !ok {
			continue
		}
		in := m
		names := strings.Split(key, ".")
		for _, group := range names[:len(names)-1] {
			if in[group] == nil {
				in[group] = map[string]any{}
			}
			in = in[group].(map[string]any)
		}
		in[names[len(names)-1]] = value
	}
	return m
}

func TestHandler(t *testing.T) {
	var results []map[string]any
	h := New(func(slog.Level) bool { return true }, slog.Value.String, func(r slog.Record, text string) error {
		results = append(results, parse(r, text))
		return nil
	})
	if err := slogtest.TestHandler(h, func() []map[string]any { return results }); err != nil {
		t.Error(err)
	}
}

func TestText(t *testing.T) {
	var got []string
	log := slog.New(New(func(l slog.Level) bool { return l >= slog.LevelWarn }, slog.Value.String, func(r slog.Record, text string) error {
		got = append(got, r.Level.String()+" "+text)
		return nil
	}))
	log.Info("not heard")
	log.Warn("plain")
	with := log.With("module", "xfs").WithGroup("file")
	with.Warn("one", "size", 3)
	with.Error("another", slog.Group("range", "min", 1, "max", 2))
	log.Warn("plain again")
	want := []string{"WARN plain", "WARN one with module=xfs, file.size=3", "ERROR another with module=xfs, file.range.min=1, file.range.max=2", "WARN plain again"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}
