package attach_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// pagesOf returns the memory of the bundled core, by page frame number, and what the core says beside it.
func pagesOf(t *testing.T) (pages map[uint64][]byte, core *target.Core) {
	t.Helper()
	core, err := target.Open(filepath.Join(fixture, "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { core.Close() }) // was only read
	s, err := core.Space()
	if err != nil {
		t.Fatal(err)
	}
	pages = map[uint64][]byte{}
	for chunk, err := range s.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(chunk.Data); at += 4096 {
			pages[(chunk.Address+uint64(at))>>12] = append([]byte(nil), chunk.Data[at:at+4096]...)
		}
	}
	return pages, core
}

// TestSplitDump opens the bundled core's memory from two files, by the name of one and by the names of both. Where one is
// missing, what lies in it can't be read, and that is said.
func TestSplitDump(t *testing.T) {
	pages, core := pagesOf(t)
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, Split: true, VMCOREINFO: core.VMCOREINFO, Pages: pages}
	for pfn := range pages {
		kd.MaxPFN = max(kd.MaxPFN, pfn+1)
	}
	p := open(t)
	at, _ := p.Variable("init_task").Address()
	physical, err := p.Personality().(interface {
		Translate(root, address uint64) (uint64, error)
	}).Translate(0, at)
	if err != nil {
		t.Fatal(err)
	}
	f := files{t, t.TempDir()}
	write := func(name string, start, end uint64) string {
		kd.StartPFN, kd.EndPFN = start, end
		return f.write(name, kd.Bytes())
	}
	middle := physical >> 12 // the second file has init_task
	first, second := write("together/first", 0, middle), write("together/second", middle, kd.MaxPFN)
	firstApart, secondApart := write("a/first", 0, middle), write("b/second", middle, kd.MaxPFN)
	o := attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true}
	for _, paths := range [][]string{{first}, {second}, {firstApart, secondApart}, {secondApart, firstApart}} {
		o.Parts = paths[1:]
		p, warnings, err := attachTo(paths[0], o)
		if err != nil || len(warnings) > 0 {
			t.Fatal(err, warnings)
		}
		if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
			t.Errorf("%q: init_task.comm is %q, %v", paths, comm, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	o.Parts = nil
	p, warnings, err := attachTo(firstApart, o)
	if err != nil || len(warnings) == 0 {
		t.Fatal(err, warnings)
	}
	defer p.Close()
	said[*target.MissingPartError](t, warnings[0], firstApart, "missing")
	var part *target.MissingPartError
	if errors.As(warnings[0], &part); part.Range.Min != middle<<12 {
		t.Errorf("%#x to %#x are said to be missing", part.Range.Min, part.Range.Max)
	}
	_, err = p.Variable("init_task").Member("comm").CString()
	said[*mem.FaultError](t, err, "init_task.comm", "page is in a file of this split dump that is not open")
}
