// Package report is what was found out about a program, as plain data: sections with what was looked at, what is out of the ordinary, tables
// and stacks, and what could not be read. It shows such a report as text, as JSON and as a page of HTML, and knows nothing of where the
// data comes from.
package report

import "time"

// Version is the version of the schema that [WriteJSON] writes. Fields may be added; what else changes, changes the version.
const Version = 1

// A Report is everything that was found out about a program.
type Report struct {
	Version  int       `json:"version"` // [Version]
	Title    string    `json:"title"`
	Redacted bool      `json:"redacted,omitempty"` // see Redact
	Compared bool      `json:"compared,omitempty"` // it says what differs between two: see Compare
	Sections []Section `json:"sections"`
	// Private are names of hosts and files, which Redact takes out wherever they stand, whatever sections there are: see [NewScrubber].
	Private []string `json:"-"`
}

// A Section is what was found out about one topic.
type Section struct {
	ID       string    `json:"id"` // stays the same: "cpus"
	Title    string    `json:"title"`
	Looked   string    `json:"looked_at"`          // what was looked at, as a phrase
	Findings []Finding `json:"findings,omitempty"` // what is out of the ordinary, the worst first
	Parts    []Part    `json:"parts,omitempty"`
	Gaps     []Gap     `json:"gaps,omitempty"`  // what could not be read
	Error    string    `json:"error,omitempty"` // why the section ends too early
}

// A Severity says how bad something is.
type Severity string

// The severities, the worst first.
const (
	Critical Severity = "critical" // it is what went wrong, or as bad as that
	Warning  Severity = "warning"  // it may be
	Notice   Severity = "notice"   // good to know
)

// A Finding is something out of the ordinary: what a rule said.
type Finding struct {
	Rule      string   `json:"rule"` // the rule's name, which stays the same: "deadlock"
	Severity  Severity `json:"severity"`
	Text      string   `json:"text"`                // one sentence, without its full stop
	Threshold string   `json:"threshold,omitempty"` // from where on the rule says so
	Reason    string   `json:"reason,omitempty"`    // why that matters
	Evidence  []string `json:"evidence,omitempty"`  // what it was told by
	Private   bool     `json:"private,omitempty"`   // the evidence may tell of people, places and their data
}

// A Gap is something that could not be read, and why.
type Gap struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// A Part is a piece of a section: facts, a table, lines, stacks or a picture. Only one of these is set.
type Part struct {
	ID      string   `json:"id,omitempty"` // by which tables refer to it, one of its own in a report
	Title   string   `json:"title,omitempty"`
	Note    string   `json:"note,omitempty"` // what has to be said about it
	Facts   []Fact   `json:"facts,omitempty"`
	Table   *Table   `json:"table,omitempty"`
	Lines   *Lines   `json:"lines,omitempty"`
	Stacks  []Stack  `json:"stacks,omitempty"`
	Picture *Picture `json:"-"`
}

// A Unit says what a value is, and how it is shown.
type Unit string

// The units.
const (
	Plain    Unit = ""         // text, or a number as it is
	Bytes    Unit = "bytes"    // an integer
	Time     Unit = "ns"       // an integer: nanoseconds
	Address  Unit = "address"  // a uint64; in JSON a text, "0xffff888003a2c000"
	Percent  Unit = "percent"  // a number
	PerMille Unit = "permille" // an integer
)

// A Fact is a named value.
type Fact struct {
	Name    string `json:"name"`
	Value   any    `json:"value"` // string, int64, uint64, float64, bool
	Unit    Unit   `json:"unit,omitempty"`
	Private bool   `json:"private,omitempty"` // it may tell of people, places and their data
}

// A Table is rows of values.
type Table struct {
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"`           // a value for each column: what facts have, or nil where it isn't known
	Left    int      `json:"left,omitempty"` // how many rows there are beyond these
	// Details are the IDs of the parts that say more of each row, "" for none; there may be fewer than rows.
	Details []string `json:"details,omitempty"`
}

// A Column is a column of a table.
type Column struct {
	Name    string `json:"name"`
	Unit    Unit   `json:"unit,omitempty"`
	Bar     bool   `json:"bar,omitempty"` // a bar shows how large the value is beside those of the other rows
	Private bool   `json:"private,omitempty"`
}

// Lines is text of fixed width.
type Lines struct {
	Text    []string `json:"text"`
	Marked  []int    `json:"marked,omitempty"` // numbers of lines, from 0 on, that matter most
	Private bool     `json:"private,omitempty"`
	// Frames are the lines that name a frame of the stack that Stack is the ID of, in the order of the lines.
	Stack  string    `json:"stack,omitempty"`
	Frames []Mention `json:"frames,omitempty"`
}

// A Mention is a line that names a frame. Both are counted from 0 on.
type Mention struct {
	Line  int `json:"line"`
	Frame int `json:"frame"`
}

// A Stack is a stack of one thread, or of many that have the same.
type Stack struct {
	ID      string   `json:"id,omitempty"` // by which lines refer to its frames, one of its own in a report
	Title   string   `json:"title,omitempty"`
	Threads []Thread `json:"threads,omitempty"`
	Frames  []Frame  `json:"frames"`
	Error   string   `json:"error,omitempty"` // why it is not known, or not to its end
}

// A Thread is a thread that has a stack.
type Thread struct {
	ID      uint64        `json:"id"`
	Name    string        `json:"name,omitempty"`
	State   string        `json:"state,omitempty"`      // the letter that ps has for it
	Waiting time.Duration `json:"waiting_ns,omitempty"` // for how long at least it has been in its state
}

// A Frame is a frame of a stack.
type Frame struct {
	Function    string        `json:"function"`
	Inline      bool          `json:"inline,omitempty"`
	Interrupted bool          `json:"interrupted,omitempty"` // it did not call, it was stopped
	Symbol      string        `json:"symbol,omitempty"`      // "schedule+0x2d/0x3e"
	Module      string        `json:"module,omitempty"`      // "" for the main one
	Source      string        `json:"source,omitempty"`      // "kernel/sched/core.c:6842:2"
	Text        *Lines        `json:"text,omitempty"`        // the source code there
	Locals      []Local       `json:"locals,omitempty"`
	Registers   []Fact        `json:"registers,omitempty"`
	Code        []Instruction `json:"code,omitempty"` // around where it is
}

// A Local is a parameter or variable of a frame.
type Local struct {
	Name  string `json:"name"`
	Value string `json:"value"` // as C has it; private
}

// An Instruction is one of a machine's.
type Instruction struct {
	Address uint64 `json:"-"`
	At      string `json:"at"`    // "lab_null_write+0x4"
	Bytes   string `json:"bytes"` // in hexadecimal
	Text    string `json:"text"`
	Here    bool   `json:"here,omitempty"`    // it is the one that comes next
	Comment string `json:"comment,omitempty"` // what its operands were
}

// A Picture is a drawing, as SVG that refers to nothing outside of it.
type Picture struct {
	SVG           string
	Width, Height int // in pixels
}
