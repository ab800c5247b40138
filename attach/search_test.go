package attach_test

import (
	"bytes"
	"context"
	"regexp"
	"slices"
	"testing"

	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
)

func TestSearchMemory(t *testing.T) {
	p := open(t)
	ctx := context.Background()
	banner, err := p.Variable("linux_banner").CString()
	if err != nil {
		t.Fatal(err)
	}
	at, _ := p.Variable("linux_banner").Address()
	physical := search.Area{Physical: true}
	var places []uint64
	for a, err := range search.Bytes(ctx, p, banner, 1, physical) {
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, a)
	}
	// A page is found at each of its virtual addresses: in the image and where all memory is mapped.
	var virtual []uint64
	for a, err := range search.Bytes(ctx, p, banner, 1, search.Area{}) {
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Read(a, uint64(len(banner)), false)
		if err != nil || !bytes.Equal(got, banner) {
			t.Errorf("%#x: %q, %v", a, got, err)
		}
		virtual = append(virtual, a)
	}
	if !slices.Contains(virtual, at) || len(places) == 0 || len(virtual) <= len(places) || !slices.IsSorted(virtual) {
		t.Errorf("physical %#x, virtual %#x, variable %#x", places, virtual, at)
	}
	n := 0
	for m, err := range search.Regexp(ctx, p, regexp.MustCompile(`Linux version [0-9.]+-godrgn`), physical) {
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(places, m.Address) {
			n++
		}
	}
	if n != len(places) {
		t.Errorf("%d of %d found", n, len(places))
	}
	// Who points to init_task: its thread_info's CPU, and the lists its children are on.
	init := p.Variable("init_task").AddressOf()
	task, err := init.Uint()
	if err != nil {
		t.Fatal(err)
	}
	current, err := p.SymbolAt(task)
	if err != nil || current.Name != "init_task" {
		t.Error(current, err)
	}
	parents := 0
	for m, err := range search.Word(ctx, p, []search.ValueRange{{Min: task, Max: task + current.Size - 1}}, 0, search.Area{}) {
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.ReadUint(m.Address, 8, false); err != nil || v != m.Value || m.Address%8 != 0 {
			t.Errorf("%+v: %#x, %v", m, v, err)
		}
		parents++
	}
	if parents < 10 {
		t.Errorf("only %d pointers into init_task", parents)
	}
}

// TestSearchNaively compares with a look at each page that can be read.
func TestSearchNaively(t *testing.T) {
	p := open(t)
	want := 0
	for c, err := range p.Memory().Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			t.Fatal(err)
		}
		want += len(c.Data)
	}
	got, last := 0, uint64(0)
	for page := uint64(0); page < 1<<20; page++ {
		if b, err := p.Read(page<<12, 4096, true); err == nil {
			got += len(b)
			last = page
		}
	}
	if got != want {
		t.Errorf("%d bytes in chunks, %d in pages up to %#x", want, got, last)
	}
	var ranges []mem.Range
	for c, err := range p.Memory().Chunks(false, 0, ^uint64(0)) {
		if err != nil {
			t.Fatal(err)
		}
		if n := len(ranges); n > 0 && ranges[n-1].Max+1 == c.Address {
			ranges[n-1].Max += uint64(len(c.Data))
		} else {
			ranges = append(ranges, mem.Range{Min: c.Address, Max: c.Address + uint64(len(c.Data)) - 1})
		}
	}
	for _, r := range ranges {
		for _, a := range []uint64{r.Min, r.Max} {
			if _, err := p.Read(a, 1, false); err != nil {
				t.Error(err)
			}
		}
		for _, a := range []uint64{r.Min - 1, r.Max + 1} {
			if _, err := p.Read(a, 1, false); err == nil {
				t.Errorf("%#x is readable but in no chunk", a)
			}
		}
	}
	if len(ranges) < 10 {
		t.Errorf("only %d ranges", len(ranges))
	}
}

func BenchmarkSearch(b *testing.B) {
	p := open(b)
	for name, in := range map[string]search.Area{"physical": {Physical: true}, "virtual": {}} {
		b.Run(name, func(b *testing.B) {
			size := 0
			for c := range p.Memory().Chunks(in.Physical, 0, ^uint64(0)) {
				size += len(c.Data)
			}
			b.SetBytes(int64(size))
			for b.Loop() {
				for _, err := range search.Bytes(context.Background(), p, []byte("no such text in all of the kernel"), 1, in) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
