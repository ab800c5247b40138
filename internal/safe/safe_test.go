package safe

import (
	"errors"
	"strings"
	"testing"
)

func TestCall(t *testing.T) {
	want := errors.New("no")
	if err := Call(func() error { return want }); err != want {
		t.Error(err)
	}
	if err := Call(func() error { return nil }); err != nil {
		t.Error(err)
	}
	err := Call(func() error { panic("oh") })
	if err == nil || !strings.HasPrefix(err.Error(), "a bug of this program: oh\n") || !strings.Contains(err.Error(), "TestCall") {
		t.Error(err)
	}
}
