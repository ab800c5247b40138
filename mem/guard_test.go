package mem

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// page is the size of what the system maps at once, in bytes.
var page = os.Getpagesize()

// truncated maps a file of 8 pages, all 1, and truncates it to 2.
func truncated(t *testing.T) *Mapping {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vmcore")
	if err := os.WriteFile(path, bytes.Repeat([]byte{1}, 8*page), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := MapFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if err := os.Truncate(path, int64(2*page)); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTruncated reads a file that was truncated while it is mapped, in every way a space has: the fault names the file
// and the first address that can't be read, and what is left of the file can still be read.
func TestTruncated(t *testing.T) {
	m := truncated(t)
	s := NewSpace()
	add(t, s, BytesSegment(0x10000, m.Bytes(), false))
	bad := 0x10000 + 2*uint64(page)
	want := func(what string, err error, address uint64) {
		t.Helper()
		wantFault(t, err, address)
		if !strings.Contains(err.Error(), m.Path+unreadable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, size := range []int{1, 2, 4, 8} {
		_, err := s.Uint(bad+16, size, false, false)
		want("Uint", err, bad+16)
	}
	_, err := s.Uint(bad-4, 8, false, false)
	want("Uint across", err, bad)
	err = s.Follow(0x10000, 8, false, false, func(v uint64) (uint64, bool) { return bad + 24, v == 0x0101010101010101 })
	want("Follow", err, bad+24)
	for _, size := range []int{2 * page, 100, 9} {
		want("Read across", s.Read(make([]byte, size), bad-4, false), bad)
		want("Read", s.Read(make([]byte, size), bad+4, false), bad+4)
	}
	want("Read all", s.Read(make([]byte, 8*page), 0x10000, false), bad)
	_, err = s.CString(0x10000, 1<<20, false)
	want("CString", err, bad)
	if v, err := s.Uint(bad-8, 8, false, false); err != nil || v != 0x0101010101010101 {
		t.Errorf("%#x, %v", v, err)
	}
	b, err := s.View(bad-uint64(page), false)
	if err != nil {
		t.Fatal(err)
	}
	var file *FileError
	if n, err := Touch(b); n != page || !errors.As(err, &file) || file.Path != m.Path || file.Offset != 2*uint64(page) {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := Touch(b[:page]); n != page || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	err = Guard(func() error { _ = bytes.IndexByte(b, 7); return nil })
	if !errors.As(err, &file) || file.Path != m.Path {
		t.Error(err)
	}
}

// TestGuardPanics checks that a guard is for files only: other panics go on, and so does the guard around it.
func TestGuardPanics(t *testing.T) {
	m := truncated(t)
	err := Guard(func() error {
		func() {
			defer func() {
				if r := recover(); r != "other" {
					t.Errorf("%v", r)
				}
			}()
			_ = Guard(func() error { panic("other") })
		}()
		_ = bytes.Count(m.Bytes(), []byte{7})
		return nil
	})
	if !errors.As(err, new(*FileError)) {
		t.Error(err)
	}
	boom := errors.New("boom")
	if err := Guard(func() error { return boom }); err != boom {
		t.Error(err)
	}
}

// TestTruncatedInPage truncates a file in the middle of a page, and lets it grow again: the system would read zeros there, and
// then other bytes. Two mappings of one file and one of a file that is not touched are there at the same time.
func TestTruncatedInPage(t *testing.T) {
	dir := t.TempDir()
	var maps []*Mapping
	for _, name := range []string{"vmcore", "vmcore", "vmlinux"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, bytes.Repeat([]byte{1}, 8*page), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := MapFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		maps = append(maps, m)
	}
	if err := maps[0].Close(); err != nil { // the other mapping of the file stays watched
		t.Fatal(err)
	}
	path, at := maps[1].Path, int64(2*page+page/2)
	if err := os.Truncate(path, at); err != nil {
		t.Fatal(err)
	}
	s := NewSpace()
	add(t, s, BytesSegment(0x10000, maps[1].Bytes(), false))
	add(t, s, BytesSegment(0x90000, maps[2].Bytes(), false))
	cut := 0x10000 + 2*uint64(page)
	mapped.mu.Lock()
	isWatched := mapped.files[addressOf(maps[1].data)].watch != 0 // else the system has no watches left
	mapped.mu.Unlock()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		_, err := s.Uint(0x10000+uint64(at), 8, false, false)
		if err == nil && time.Now().Before(deadline) {
			if !isWatched {
				mapped.check()
			}
			continue // the system has not told yet
		}
		wantFault(t, err, 0x10000+uint64(at))
		break
	}
	if err := os.Truncate(path, int64(8*page)); err != nil {
		t.Fatal(err)
	}
	for _, address := range []uint64{cut, cut + uint64(page), 0x10000 + 8*uint64(page) - 8} {
		_, err := s.Uint(address, 8, false, false)
		wantFault(t, err, address)
	}
	for _, address := range []uint64{0x10000, cut - 8, 0x90000, 0x90000 + 8*uint64(page) - 8} {
		if v, err := s.Uint(address, 8, false, false); err != nil || v != 0x0101010101010101 {
			t.Errorf("%#x: %#x, %v", address, v, err)
		}
	}
}

// Files that are mapped make the collector run, which unmaps those that nobody refers to.
func TestMappedFilesCauseCollection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vmcore")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1+collectAfter/8); err != nil { // a hole
		t.Fatal(err)
	}
	dropped := make(chan struct{}, 100)
	for i := 0; ; i++ {
		m, err := MapFile(path)
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(new([8]*int), func(dropped chan struct{}) { dropped <- struct{}{} }, dropped)
		m.Close()
		patience := time.Millisecond
		if i == 50 { // no more files are mapped, and a busy machine may need its time
			patience = 30 * time.Second
		}
		select {
		case <-dropped:
			return
		case <-time.After(patience):
			if i == 50 {
				t.Fatal("nothing was collected")
			}
		}
	}
}
