package dwarf

import "testing"

func BenchmarkIndexKernel(b *testing.B) {
	cfg := kernelConfig()
	b.SetBytes(int64(len(cfg.Sections.Info)))
	for b.Loop() {
		if _, err := Open(cfg); err != nil {
			b.Fatal(err)
		}
	}
}
