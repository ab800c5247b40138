// Package panic tells why the kernel has stopped (kernel/panic.c). Import it under another name where Go's own panic is needed.
package panic

import (
	"bytes"
	"errors"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/printk"
)

// Task returns the task that brought the kernel down, as a struct task_struct *; a null pointer if it runs.
//
//drgn:helper panic_task
func Task(p *drgn.Program) drgn.Object {
	thread, err := p.CrashedThread()
	var running *drgn.ValueError
	if errors.As(err, &running) {
		return drgn.Null(p, "struct task_struct")
	}
	if err != nil {
		return drgn.Failed(err)
	}
	return thread.Object
}

// reasons begin the lines in which the kernel says what went wrong, the most telling first.
var reasons = []string{"Oops: ", "BUG: ", "kernel BUG at ", "Unable to handle kernel ", "general protection fault", "Internal error: ",
	"sysrq: Trigger a crash", "sysrq: SysRq : Trigger a crash", "Kernel panic - not syncing: "}

// Message returns what the kernel logged when it came down; ok is false if it runs, or if no message is found.
//
//drgn:helper panic_message -> Optional[bytes]
func Message(p *drgn.Program) (message []byte, ok bool, err error) {
	if none, err := Task(p).IsNull(); err != nil || none {
		return nil, false, err
	}
	records, err := printk.Records(p)
	if err != nil {
		return nil, false, err
	}
	for _, reason := range reasons {
		for i := len(records) - 1; i >= 0; i-- {
			if bytes.HasPrefix(records[i].Text, []byte(reason)) {
				return records[i].Text, true, nil
			}
		}
	}
	return nil, false, nil
}

// taintLetters are the letters for the flags of tainted_mask, from the lowest bit on, for kernels that have no table of them.
const taintLetters = "PFSRMBUDAWCIOELKXTN"

// Tainted returns the letters of what taints the kernel as it prints them, with a blank (a G for the first) for what does
// not: "G           O       "; "" if nothing does.
//
//drgn:helper tainted
func Tainted(p *drgn.Program) (string, error) {
	mask, err := p.Variable("tainted_mask").Uint()
	if err != nil || mask == 0 {
		return "", err
	}
	// A table since v4.10, commit 7fd8329ba502.
	table := p.Variable("taint_flags")
	n, err := table.Len()
	if drgn.IsNotFound(err) {
		return letters(mask), nil
	}
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := range min(n, 64) {
		member := "c_false"
		if mask>>i&1 != 0 {
			member = "c_true"
		}
		c, err := table.Index(int64(i)).Member(member).Uint()
		if err != nil {
			return "", err
		}
		b.WriteByte(byte(c))
	}
	return b.String(), nil
}

func letters(mask uint64) string {
	out := []byte(strings.Repeat(" ", len(taintLetters)))
	out[0] = 'G'
	for i := range out {
		if mask>>i&1 != 0 {
			out[i] = taintLetters[i]
		}
	}
	return string(out)
}
