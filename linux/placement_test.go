package linux

import (
	"slices"
	"testing"
)

func TestPlaceByPID(t *testing.T) {
	cpus := func(pids ...int32) (all []cpuTask) {
		for cpu, pid := range pids {
			all = append(all, cpuTask{cpu, pid})
		}
		return all
	}
	for _, test := range []struct {
		name string
		pids []int32
		cpus []cpuTask
		want []int
	}{
		{"all", []int32{10, 11, 12}, cpus(10, 11, 12), []int{0, 1, 2}},
		{"CPU 1 is offline", []int32{10, 12}, cpus(10, 0, 12), []int{0, 2}},
		{"CPU 0 did not answer", []int32{11, 12}, cpus(10, 11, 12), []int{1, 2}},
		{"all idle", []int32{0, 0, 0}, cpus(0, 0, 0), []int{0, 1, 2}},
		{"an idle CPU between", []int32{0, 10, 0, 11}, cpus(0, 10, 0, 0, 11), []int{0, 1, nowhere, 4}},
		{"one of three idle CPUs", []int32{0, 5}, cpus(0, 0, 0, 5), []int{nowhere, 3}},
		{"two of three idle CPUs", []int32{0, 0}, cpus(0, 0, 0), []int{nowhere, nowhere}},
		{"out of order", []int32{12, 10}, cpus(10, 11, 12), []int{nowhere, nowhere}},
		{"a task that runs nowhere", []int32{10, 99}, cpus(10, 11), []int{nowhere, nowhere}},
		{"more notes than CPUs", []int32{0, 0}, cpus(0), []int{nowhere, nowhere}},
		{"no CPUs", []int32{0}, nil, []int{nowhere}},
		{"no notes", nil, cpus(0), []int{}},
	} {
		if got := placeByPID(test.pids, test.cpus); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestNumbered(t *testing.T) {
	for _, test := range []struct {
		pids []int32
		want bool
	}{{[]int32{1, 2, 3}, true}, {[]int32{1 << 24, 2 << 24}, true}, {[]int32{1, 3}, false}, {[]int32{0}, false}, {nil, true}} {
		if got := numbered(test.pids); got != test.want {
			t.Errorf("%v: %t", test.pids, got)
		}
	}
}
