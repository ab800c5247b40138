// Package panic tells why the kernel has stopped (kernel/panic.c).
package panic

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/printk"
)

// Task returns the task that brought the kernel down, as a struct task_struct *; a null pointer if it runs. Of a dump of a kernel that had not
// crashed it is a *[drgn.ThreadNotFoundError].
//
//drgn:helper panic_task
func Task(p *drgn.Program) drgn.Object {
	if p.Flags()&drgn.IsLive != 0 {
		return drgn.Null(p, "struct task_struct")
	}
	thread, err := p.CrashedThread()
	if err != nil {
		return drgn.Failed(err)
	}
	return thread.Object
}

const panicLine = "Kernel panic - not syncing: "

// consequence matches panics that follow from an oops, which is what there is to tell: oops_end of arch/x86/kernel/dumpstack.c,
// die of arch/arm64/kernel/traps.c ("Oops - BUG: Fatal exception") and others.
var consequence = regexp.MustCompile(`^` + panicLine + `(.*: )?Fatal exception`)

// oopsLine matches the line in which every architecture counts its oopses (die): "Oops: 0002 [#1] PREEMPT SMP",
// "double fault: 0000 [#1] SMP" before v6.9, "Internal error: Oops: 96000004 [#1] SMP".
var oopsLine = regexp.MustCompile(`^[^\[].* \[#\d+\]`)

// headlines begin the lines that an oops may have before that one, and that say more.
var headlines = []string{"BUG: kernel NULL pointer dereference", "BUG: unable to handle ", "BUG: Unable to handle kernel ", "kernel BUG at ",
	"Unable to handle kernel "}

// others begin lines that tell what went wrong where there is neither a panic nor an oops, the most telling first.
var others = []string{"Oops: ", "BUG: ", "kernel BUG at ", "Unable to handle kernel ", "general protection fault", "Internal error: ",
	"sysrq: Trigger a crash", "sysrq: SysRq : Trigger a crash"}

// Message returns the line in which the kernel logged why it came down: that of the panic, or that of the oops which was fatal;
// ok is false if it runs, or if no message is found.
//
//drgn:helper panic_message -> Optional[bytes]
func Message(p *drgn.Program) (message []byte, ok bool, err error) {
	none, err := Task(p).IsNull()
	if errors.As(err, new(*drgn.ThreadNotFoundError)) {
		none, err = true, nil
	}
	if err != nil || none {
		return nil, false, err
	}
	records, err := printk.Records(p)
	if err != nil {
		return nil, false, err
	}
	texts := make([][]byte, len(records))
	for i := range records {
		texts[i] = records[i].Text
	}
	message, ok = messageIn(texts)
	return message, ok, nil
}

// MessageIn returns the line of a log, as dmesg prints it, in which the kernel says why it came down; ok is false if there is none.
//
//drgn:helper _panic_message(dmesg) -> Optional[bytes]
func MessageIn(log []byte) (message []byte, ok bool) {
	var texts [][]byte
	for line := range bytes.Lines(log) {
		texts = append(texts, stamp.ReplaceAll(bytes.TrimRight(line, "\n"), nil))
	}
	return messageIn(texts)
}

// stamp matches what dmesg puts before a message: "[    1.234567] ", "[    1.234567][  T123] ".
var stamp = regexp.MustCompile(`^\[ *\d+\.\d+\](\[ *[TC]\d+\])? `)

// messageIn is Message of the texts of a log.
func messageIn(texts [][]byte) (message []byte, ok bool) {
	lastOf := func(is func(text []byte) bool) int {
		for i := len(texts) - 1; i >= 0; i-- {
			if is(texts[i]) {
				return i
			}
		}
		return -1
	}
	oops := lastOf(oopsLine.Match)
	if panicked := lastOf(func(text []byte) bool { return bytes.HasPrefix(text, []byte(panicLine)) }); panicked >= 0 {
		if text := texts[panicked]; oops < 0 || oops > panicked || !consequence.Match(text) {
			return text, true
		}
	}
	if oops >= 0 {
		for i := oops - 1; i >= 0 && !oopsLine.Match(texts[i]) && !bytes.HasPrefix(texts[i], []byte("---[ end trace ")); i-- {
			if startsWith(texts[i], headlines) {
				return texts[i], true
			}
		}
		return texts[oops], true
	}
	for _, other := range others {
		if i := lastOf(func(text []byte) bool { return bytes.HasPrefix(text, []byte(other)) }); i >= 0 {
			return texts[i], true
		}
	}
	return nil, false
}

// startsWith reports whether a text begins with one of some.
func startsWith(text []byte, some []string) bool {
	return slices.ContainsFunc(some, func(start string) bool { return bytes.HasPrefix(text, []byte(start)) })
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
