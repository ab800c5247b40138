package module

import (
	"log/slog"
	"testing"
)

// A set that has no logger logs to nobody, whatever is asked of the logger that it gives.
func TestNoLog(t *testing.T) {
	s := NewSet(Config{})
	for range 2 {
		log := s.Log()
		log.With("a", 1).WithGroup("g").With("b", 2).Info("text", "c", 3)
		if log.Enabled(t.Context(), slog.LevelError) {
			t.Error("a logger that nobody set takes records")
		}
		s.SetLogger(slog.Default())
		if s.Log() != slog.Default() {
			t.Error("the logger that was set is not there")
		}
		s.SetLogger(nil)
	}
}
