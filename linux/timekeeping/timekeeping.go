// Package timekeeping reads the kernel's clocks as of their last tick (kernel/time/timekeeping.c).
package timekeeping

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
)

const second = 1e9

// timekeeper returns the kernel's struct timekeeper.
func timekeeper(p *drgn.Program) drgn.Object {
	core := p.Variable("tk_core")
	if drgn.IsNotFound(core.Err()) {
		// One of several since v6.17, which brought auxiliary clocks.
		if all := p.Variable("timekeeper_data"); all.Err() == nil {
			core = all.Index(0)
		}
	}
	return core.Member("timekeeper")
}

// nanoseconds returns the value of a ktime_t.
func nanoseconds(kt drgn.Object) (int64, error) {
	if kt.HasMember("tv64") { // a union before v4.10, commit 2456e8553544
		kt = kt.Member("tv64")
	}
	return kt.Int()
}

// coarse returns the time of a clock at the last tick in nanoseconds: that of the monotonic clock and an offset.
func coarse(p *drgn.Program, offset string) (uint64, error) {
	tk := timekeeper(p)
	mono := tk.Member("tkr_mono")
	base, err := nanoseconds(mono.Member("base"))
	if err != nil {
		return 0, err
	}
	var since uint64
	if tk.HasMember("coarse_nsec") { // since v6.15
		since, err = tk.Member("coarse_nsec").Uint()
	} else if since, err = mono.Member("xtime_nsec").Uint(); err == nil {
		var shift uint64
		shift, err = mono.Member("shift").Uint()
		since >>= min(shift, 63)
	}
	if err != nil || offset == "" {
		return uint64(base) + since, err
	}
	off, err := nanoseconds(tk.Member(offset))
	return uint64(base+off) + since, err
}

func value(p *drgn.Program, typ string, v uint64, err error) drgn.Object {
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := p.Type(typ)
	if err != nil {
		return drgn.Failed(err)
	}
	return p.ScalarValue(t, v)
}

func coarseNS(p *drgn.Program, offset string) drgn.Object {
	ns, err := coarse(p, offset)
	return value(p, "u64", ns, err)
}

func coarseSeconds(p *drgn.Program, offset string) drgn.Object {
	ns, err := coarse(p, offset)
	return value(p, "time64_t", uint64(int64(ns)/second), err)
}

// KtimeToNS returns the nanoseconds of a ktime_t, as an s64.
//
// kt is a ktime_t.
//
//drgn:helper ktime_to_ns
func KtimeToNS(kt drgn.Object) drgn.Object {
	ns, err := nanoseconds(kt)
	return value(kt.Prog(), "s64", uint64(ns), err)
}

// Seconds returns the seconds of the monotonic clock, as a time64_t.
//
//drgn:helper ktime_get_seconds
func Seconds(p *drgn.Program) drgn.Object {
	s, err := timekeeper(p).Member("ktime_sec").Uint()
	return value(p, "time64_t", s, err)
}

// CoarseNS returns the time of the monotonic clock (CLOCK_MONOTONIC_COARSE) in nanoseconds, as a u64.
//
//drgn:helper ktime_get_coarse_ns
func CoarseNS(p *drgn.Program) drgn.Object { return coarseNS(p, "") }

// RealSeconds returns the seconds since 1970 (CLOCK_REALTIME_COARSE), as a time64_t.
//
//drgn:helper ktime_get_real_seconds
func RealSeconds(p *drgn.Program) drgn.Object {
	s, err := timekeeper(p).Member("xtime_sec").Uint()
	return value(p, "time64_t", s, err)
}

// CoarseRealNS returns the nanoseconds since 1970 (CLOCK_REALTIME_COARSE), as a u64.
//
//drgn:helper ktime_get_coarse_real_ns
func CoarseRealNS(p *drgn.Program) drgn.Object { return coarseNS(p, "offs_real") }

// RealOffset returns by how many nanoseconds the clock on the wall is ahead of the monotonic one.
func RealOffset(p *drgn.Program) (int64, error) {
	return nanoseconds(timekeeper(p).Member("offs_real"))
}

// BoottimeSeconds returns the seconds since boot, with those for which the computer slept (CLOCK_BOOTTIME), as a time64_t.
//
//drgn:helper ktime_get_boottime_seconds
func BoottimeSeconds(p *drgn.Program) drgn.Object { return coarseSeconds(p, "offs_boot") }

// CoarseBoottimeNS returns the nanoseconds since boot, with those for which the computer slept (CLOCK_BOOTTIME), as a u64.
//
//drgn:helper ktime_get_coarse_boottime_ns
func CoarseBoottimeNS(p *drgn.Program) drgn.Object { return coarseNS(p, "offs_boot") }

// ClocktaiSeconds returns the seconds of international atomic time (CLOCK_TAI), as a time64_t.
//
//drgn:helper ktime_get_clocktai_seconds
func ClocktaiSeconds(p *drgn.Program) drgn.Object { return coarseSeconds(p, "offs_tai") }

// CoarseClocktaiNS returns the nanoseconds of international atomic time (CLOCK_TAI), as a u64.
//
//drgn:helper ktime_get_coarse_clocktai_ns
func CoarseClocktaiNS(p *drgn.Program) drgn.Object { return coarseNS(p, "offs_tai") }

// Uptime returns for how many seconds the system has been up, as of the last tick.
//
//drgn:helper uptime
func Uptime(p *drgn.Program) (float64, error) {
	ns, err := coarse(p, "offs_boot")
	return float64(ns) / second, err
}

// UptimePretty returns for how long the system has been up in words: "1 day, 6 hours, 56 minutes, 40 seconds".
//
//drgn:helper uptime_pretty
func UptimePretty(p *drgn.Program) (string, error) {
	ns, err := coarse(p, "offs_boot")
	if err != nil {
		return "", err
	}
	return pretty(ns / second), nil
}

func pretty(seconds uint64) string {
	var parts []string
	for _, unit := range []struct {
		name    string
		seconds uint64
	}{{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}} {
		n := seconds / unit.seconds
		seconds %= unit.seconds
		switch {
		case n == 1:
			parts = append(parts, "1 "+unit.name)
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
	}
	if parts == nil {
		return "0 seconds"
	}
	return strings.Join(parts, ", ")
}
