// Package printk reads the kernel's log (kernel/printk).
package printk

import (
	"bytes"
	"fmt"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/timekeeping"
)

// A Record is a message in the kernel's log.
//
//drgn:namedtuple PrintkRecord
type Record struct {
	Text         []byte
	Facility     uint64  // as in syslog(3): 0 is the kernel
	Level        uint64  // as in syslog(3): 0 is an emergency, 7 for debugging
	Seq          uint64  // number of the message
	Timestamp    uint64  // nanoseconds
	CallerTID    *uint64 // ID of the thread that logged it, if it was one and the kernel says so
	CallerCPU    *uint64 // CPU that logged it in an interrupt, if it did and the kernel says so
	Continuation bool    // it continues the message before
	Context      Context // what it is about, such as a device
}

// A Context says what a message is about, such as a device: values by their keys.
//
//drgn:dict
type Context []ContextEntry

// A ContextEntry is an entry of a [Context].
type ContextEntry struct {
	Key   []byte
	Value []byte
}

// Bits of printk_info.flags (kernel/printk/internal.h).
const logCont = 8

// caller sets who logged the message from caller_id, whose highest bit says that it is a CPU.
func (r *Record) caller(id uint64) {
	const isCPU = 1 << 31
	if id&isCPU != 0 {
		id &^= isCPU
		r.CallerCPU = &id
	} else {
		r.CallerTID = &id
	}
}

// Records returns the messages in the kernel's log, the oldest first.
//
//drgn:helper get_printk_records
func Records(p *drgn.Program) ([]Record, error) {
	// The log is a lockless ring buffer since v5.10, commit 896fbe20b4e2.
	ring := p.Variable("prb")
	if drgn.IsNotFound(ring.Err()) {
		if old := p.Variable("log_first_idx"); old.Err() == nil {
			return oldRecords(p)
		}
	}
	return ringRecords(ring.Read())
}

// A Timestamps says how [Format] writes when a message was logged.
type Timestamps int

// The ways to write when a message was logged.
const (
	Seconds Timestamps = iota // "[    1.234567] "
	NoTimestamps
	Dates // "[Mon Jan  2 15:04:05 UTC 2006] "
)

// Format writes messages as dmesg(1) does, a line for each of their lines. wall is what is added to the time of a message
// to get that of a clock on the wall; it matters only for [Dates].
func Format(records []Record, how Timestamps, wall time.Duration) []byte {
	return format(records, how, wall, true)
}

// format writes when a message was logged before each of its lines, or only before the first.
func format(records []Record, how Timestamps, wall time.Duration, each bool) []byte {
	var b bytes.Buffer
	for i := range records {
		r := &records[i]
		stamp := ""
		switch how {
		case Seconds:
			stamp = fmt.Sprintf("[%5d.%06d] ", r.Timestamp/1e9, r.Timestamp%1e9/1e3)
		case Dates:
			at := time.Unix(0, int64(wall)).Add(time.Duration(r.Timestamp))
			stamp = at.Local().Format("[Mon Jan _2 15:04:05 MST 2006] ")
		}
		for _, line := range bytes.Split(r.Text, []byte("\n")) {
			b.WriteString(stamp)
			b.Write(line)
			b.WriteByte('\n')
			if !each {
				stamp = ""
			}
		}
	}
	return b.Bytes()
}

// Dmesg returns the kernel's log as dmesg(1) prints it.
//
// timestamps says how the time of each message is written: True is in seconds since boot, False not at all, 'human' as
// date and time, which is right only for messages since the computer last slept. It stands before the first line of a message
// alone.
//
//drgn:helper get_dmesg(prog, *, timestamps: Union[bool, Literal['human']] = True)
func Dmesg(p *drgn.Program, timestamps any) ([]byte, error) {
	how, err := timestampsOf(timestamps)
	if err != nil {
		return nil, err
	}
	records, err := Records(p)
	if err != nil {
		return nil, err
	}
	var wall int64
	if how == Dates {
		if wall, err = timekeeping.RealOffset(p); err != nil {
			return nil, err
		}
	}
	return format(records, how, time.Duration(wall), false), nil
}

func timestampsOf(v any) (Timestamps, error) {
	switch v {
	case true:
		return Seconds, nil
	case false:
		return NoTimestamps, nil
	case "human":
		return Dates, nil
	}
	return 0, &drgn.ChoiceError{Name: "timestamps", Choices: []any{true, false, "human"}, Value: v}
}
