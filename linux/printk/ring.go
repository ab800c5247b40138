package printk

import (
	"bytes"
	"fmt"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
)

// Bounds on the log: what says how large it is lies in memory that may be corrupt.
const (
	maxRecordBits = 24
	maxTextBits   = 31 // LOG_BUF_LEN_MAX is 2^31
)

// A ring is struct printk_ringbuffer (kernel/printk/printk_ringbuffer.h). Its counters count modulo a word.
type ring struct {
	CountBits uint        `drgn:"desc_ring.count_bits"`
	Descs     drgn.Object `drgn:"desc_ring.descs"`
	Infos     drgn.Object `drgn:"desc_ring.infos"`
	HeadID    int64       `drgn:"desc_ring.head_id.counter"`
	TailID    int64       `drgn:"desc_ring.tail_id.counter"`
	SizeBits  uint        `drgn:"text_data_ring.size_bits"`
	Data      uint64      `drgn:"text_data_ring.data"`
	prog      *drgn.Program
	word      uint64 // size of an unsigned long in bytes
	wordMask  uint64
}

func openRing(o drgn.Object) (*ring, error) {
	var r ring
	if err := o.Decode(&r); err != nil {
		return nil, err
	}
	if r.CountBits > maxRecordBits || r.SizeBits > maxTextBits {
		return nil, fmt.Errorf("kernel log of 2^%d messages in 2^%d bytes is not understood", r.CountBits, r.SizeBits)
	}
	r.prog = o.Prog()
	var err error
	r.word, err = r.prog.AddressSize()
	r.wordMask = ^uint64(0) >> (64 - r.word*8)
	return &r, err
}

// A desc is struct prb_desc.
type desc struct {
	State int64  `drgn:"state_var.counter"`
	Begin uint64 `drgn:"text_blk_lpos.begin"`
	Next  uint64 `drgn:"text_blk_lpos.next"`
}

// An info is struct printk_info.
type info struct {
	Seq       uint64 `drgn:"seq"`
	Time      uint64 `drgn:"ts_nsec"`
	TextLen   uint64 `drgn:"text_len"`
	Facility  uint64 `drgn:"facility"`
	Flags     uint64 `drgn:"flags"`
	Level     uint64 `drgn:"level"`
	Caller    uint64 `drgn:"caller_id"`
	Subsystem string `drgn:"dev_info.subsystem,optional"`
	Device    string `drgn:"dev_info.device,optional"`
}

// Values of enum desc_state for messages that can be read.
const (
	descCommitted = 1
	descFinalized = 2
)

func ringRecords(o drgn.Object) ([]Record, error) {
	r, err := openRing(o)
	if err != nil {
		return nil, err
	}
	idMask := r.wordMask >> 2
	count := uint64(1) << r.CountBits
	first := uint64(r.TailID)
	n := uint64(r.HeadID-r.TailID)&idMask + 1
	if n > count {
		return nil, walk.Corrupt("kernel log", "it has %d messages in room for %d", n, count)
	}
	var out []Record
	for i := range n {
		id := (first + i) & idMask
		var d desc
		if err := r.Descs.Index(int64(id & (count - 1))).Decode(&d); err != nil {
			return nil, err
		}
		state := uint64(d.State) & r.wordMask
		if s := state >> (r.word*8 - 2); state&idMask != id || s != descCommitted && s != descFinalized {
			continue // being written, or not in use
		}
		var in info
		if err := r.Infos.Index(int64(id & (count - 1))).Decode(&in); err != nil {
			return nil, err
		}
		text, ok, err := r.text(&d, id, in.TextLen)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		rec := Record{Text: text, Facility: in.Facility, Level: in.Level, Seq: in.Seq, Timestamp: in.Time, Continuation: in.Flags&logCont != 0}
		rec.caller(in.Caller)
		rec.device(in.Subsystem, in.Device)
		out = append(out, rec)
	}
	return out, nil
}

func (r *Record) device(subsystem, device string) {
	if subsystem != "" {
		r.Context = append(r.Context, ContextEntry{[]byte("SUBSYSTEM"), []byte(subsystem)})
	}
	if device != "" {
		r.Context = append(r.Context, ContextEntry{[]byte("DEVICE"), []byte(device)})
	}
}

// Positions that stand for the lack of a block of text.
const (
	dataless  = 1
	emptyLine = 3 // the message is empty; else its text was lost
)

// text returns the text of a message; ok is false when it was lost.
func (r *ring) text(d *desc, id, length uint64) (text []byte, ok bool, err error) {
	begin, next := d.Begin&r.wordMask, d.Next&r.wordMask
	if begin&dataless != 0 {
		return []byte{}, begin == emptyLine && next == emptyLine, nil
	}
	size := uint64(1) << r.SizeBits
	at, n := begin&(size-1), (next-begin)&r.wordMask
	if begin>>r.SizeBits != ((next-1)&r.wordMask)>>r.SizeBits {
		at, n = 0, next&(size-1) // it did not fit before the end of the ring
	}
	// A block starts with the ID of its message.
	if n < r.word || n > size-at {
		return nil, false, nil
	}
	owner, err := r.prog.ReadUint(r.Data+at, int(r.word), false)
	if err != nil {
		return nil, false, err
	}
	if owner != id {
		return nil, false, nil
	}
	text, err = r.prog.Read(r.Data+at+r.word, min(length, n-r.word), false)
	return text, err == nil, err
}

// oldRecords reads the log of kernels before v5.10: messages of struct printk_log one after the other.
func oldRecords(p *drgn.Program) ([]Record, error) {
	var first, next, seq, nextSeq, size uint64
	for _, v := range []struct {
		name string
		to   *uint64
	}{{"log_first_idx", &first}, {"log_next_idx", &next}, {"log_first_seq", &seq}, {"log_next_seq", &nextSeq}, {"log_buf_len", &size}} {
		var err error
		if *v.to, err = p.Variable(v.name).Uint(); err != nil {
			return nil, err
		}
	}
	if size > 1<<maxTextBits {
		return nil, fmt.Errorf("kernel log of %d bytes is not understood", size)
	}
	buf := p.Variable("log_buf").Read()
	t, err := p.Type("struct printk_log")
	if err != nil {
		return nil, err
	}
	header, err := t.Size()
	if err != nil {
		return nil, err
	}
	base, err := buf.Uint()
	if err != nil {
		return nil, err
	}
	if seq < nextSeq && (header == 0 || nextSeq-seq > size/header) {
		return nil, walk.Corrupt("kernel log", "%d bytes can't hold messages %d to %d", size, seq, nextSeq)
	}
	var out []Record
	for at := first; seq < nextSeq; seq++ {
		if at >= size {
			return nil, walk.Corrupt("kernel log", "message %d lies past its end", seq)
		}
		var m struct {
			Time     uint64 `drgn:"ts_nsec"`
			Len      uint64 `drgn:"len"`
			TextLen  uint64 `drgn:"text_len"`
			DictLen  uint64 `drgn:"dict_len"`
			Facility uint64 `drgn:"facility"`
			Flags    uint64 `drgn:"flags"`
			Level    uint64 `drgn:"level"`
			Caller   int64  `drgn:"caller_id,optional"`
		}
		m.Caller = -1 // with CONFIG_PRINTK_CALLER only, since v5.1
		if err := p.ObjectAt(t, base+at).Decode(&m); err != nil {
			return nil, err
		}
		if m.Len == 0 { // the next one is at the start
			if at == 0 {
				return nil, walk.Corrupt("kernel log", "message %d is empty", seq)
			}
			at = 0
			seq--
			continue
		}
		if m.Len < header || m.TextLen+m.DictLen > m.Len-header {
			return nil, walk.Corrupt("kernel log", "message %d of %d bytes has %d bytes of text", seq, m.Len, m.TextLen)
		}
		data, err := p.Read(base+at+header, m.TextLen+m.DictLen, false)
		if err != nil {
			return nil, err
		}
		rec := Record{Text: data[:m.TextLen], Facility: m.Facility, Level: m.Level, Seq: seq, Timestamp: m.Time, Continuation: m.Flags&logCont != 0}
		if m.Caller >= 0 {
			rec.caller(uint64(m.Caller))
		}
		for _, entry := range bytes.Split(data[m.TextLen:], []byte{0}) {
			if key, value, ok := bytes.Cut(entry, []byte("=")); ok {
				rec.Context = append(rec.Context, ContextEntry{key, value})
			}
		}
		out = append(out, rec)
		if at += m.Len; at == next && seq+1 < nextSeq {
			return nil, walk.Corrupt("kernel log", "it ends at message %d of %d", seq, nextSeq)
		}
	}
	return out, nil
}
