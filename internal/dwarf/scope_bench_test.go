package dwarf

import (
	"bytes"
	"debug/elf"
	"slices"
	"sync"
	"testing"
)

// callSites returns addresses all over the small kernel's code: one in every function that has a symbol.
func callSites(tb testing.TB, f *File) (pcs []uint64) {
	tb.Helper()
	image, err := vmlinux()
	if err != nil {
		tb.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		tb.Fatal(err)
	}
	syms, err := e.Symbols()
	if err != nil {
		tb.Fatal(err)
	}
	for _, s := range syms {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 16 {
			pc, _ := f.cfg.Addresses.ToProgram(s.Value + s.Size/2)
			pcs = append(pcs, pc)
		}
	}
	slices.Sort(pcs)
	return slices.Compact(pcs)
}

// TestEveryFunction: each function of the kernel that has a symbol is found, by many goroutines at once.
func TestEveryFunction(t *testing.T) {
	f := openKernel(t)
	pcs := callSites(t, f)
	var wg sync.WaitGroup
	counts := make([]int, 4)
	for g := range counts {
		wg.Go(func() {
			for i := range pcs {
				pc := pcs[(i+g*len(pcs)/len(counts))%len(pcs)]
				fns, err := f.Functions(pc)
				if err != nil {
					t.Errorf("%#x: %v", pc, err)
					return
				}
				at, err := f.Sources(pc)
				if err != nil {
					t.Errorf("%#x: %v", pc, err)
					return
				}
				if len(fns) == 0 || len(at) != len(fns) || at[0].File == "" {
					continue
				}
				counts[g]++
				for i := range fns {
					locals, err := fns[i].Locals()
					if err != nil {
						t.Errorf("%#x: %v", pc, err)
						return
					}
					for _, l := range locals {
						if l.DIE.Tag != TagVariable && l.DIE.Tag != TagFormalParameter {
							continue
						}
						if _, err := l.DIE.Locate(pc, &fns[i], preserved{}); err != nil {
							t.Errorf("%#x, %s in %s: %v", pc, l.Name, fns[i].Name, err)
						}
					}
				}
			}
		})
	}
	wg.Wait()
	for _, n := range counts {
		if n != counts[0] || n < len(pcs)*9/10 {
			t.Errorf("%v of %d functions found", counts, len(pcs))
		}
	}
	t.Logf("%v of %d functions found", counts, len(pcs))
}

func BenchmarkFunctionsWarm(b *testing.B) {
	f := openKernel(b)
	pcs := callSites(b, f)[:1000]
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Functions(pcs[i%len(pcs)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkSourcesWarm(b *testing.B) {
	f := openKernel(b)
	pcs := callSites(b, f)[:1000]
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Sources(pcs[i%len(pcs)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkFunctionsCold finds the function at one address after another, all for the first time.
func BenchmarkFunctionsCold(b *testing.B) {
	pcs := callSites(b, openKernel(b))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		f := openKernel(b)
		b.StartTimer()
		for _, pc := range pcs {
			if _, err := f.Functions(pc); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(pcs)), "ns/address")
}

func BenchmarkLocals(b *testing.B) {
	f := openBiased(b)
	pc := refFrames(b)[1].lookup()
	fns, err := f.Functions(pc)
	if err != nil {
		b.Fatal(err)
	}
	fn := &fns[len(fns)-1]
	b.ReportAllocs()
	for b.Loop() {
		locals, err := fn.Locals()
		if err != nil {
			b.Fatal(err)
		}
		for _, l := range locals {
			if _, err := l.DIE.Locate(pc, fn, preserved{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
