package main

import (
	"os"
	"strings"
	"testing"
)

func TestRatios(t *testing.T) {
	before, about, err := parseBenchmarks(strings.NewReader(`commit: abc
pkg: github.com/godrgn/drgn/internal/kdump
cpu: Some CPU @ 2 GHz
BenchmarkRead-2   	     100	      1000 ns/op	 512 MB/s	      64 B/op	       0 allocs/op
BenchmarkRead-2   	     100	       900 ns/op	 600 MB/s	      65 B/op	       0 allocs/op
BenchmarkGone     	     100	       900 ns/op
PASS
pkg: github.com/godrgn/drgn
BenchmarkOperators/add-8   	     100	      10.5 ns/op	       0 B/op	       0 allocs/op
`))
	if err != nil {
		t.Fatal(err)
	}
	if about["commit"] != "abc" || about["cpu"] != "Some CPU @ 2 GHz" {
		t.Errorf("%v", about)
	}
	if got := before["internal/kdump Read"]; got["ns/op"] != 900 || got["MB/s"] != 600 || got["B/op"] != 64 {
		t.Errorf("%v: not the best of each", got)
	}
	now := measurements{
		"internal/kdump Read": {"ns/op": 1800, "B/op": 32, "allocs/op": 1},
		"Operators/add":       {"ns/op": 10.5, "B/op": 0, "allocs/op": 0},
		"mem New":             {"ns/op": 1},
	}
	var b strings.Builder
	if err := printRatios(&b, before, now); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(b.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"benchmark unit before now ratio",
		"Operators/add ns/op 10.5 10.5 1.00",
		"internal/kdump Gone gone",
		"internal/kdump Read ns/op 900 1800 2.00 worse",
		"internal/kdump Read B/op 64 32 0.50",
		"internal/kdump Read allocs/op 0 1 - worse",
		"mem New new",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, _, err := parseBenchmarks(strings.NewReader("PASS\n")); err == nil {
		t.Error("no results: no error")
	}
}

// The recorded numbers can be read, and are of benchmarks that bear the names they have now.
func TestRecordedNumbers(t *testing.T) {
	f, err := os.Open("testdata/benchmarks.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, about, err := parseBenchmarks(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 || about["commit"] == "" || about["recorded"] == "" || about["cpu"] == "" {
		t.Errorf("%d benchmarks, %v", len(all), about)
	}
}
