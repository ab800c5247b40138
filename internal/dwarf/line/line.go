// Package line decodes DWARF line-number programs (versions 2 to 5) into compact tables that map addresses to source
// positions.
package line

import (
	"bytes"
	"path"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
)

// Sections are the sections that line programs lie in and refer to. Tables keep references into them.
type Sections struct {
	Line       []byte // .debug_line
	LineStr    []byte // .debug_line_str
	Str        []byte // .debug_str
	StrOffsets []byte // .debug_str_offsets
	Big        bool   // byte order
}

// Unit is what a line program needs to know of the unit that refers to it.
type Unit struct {
	AddressSize int    // in bytes, of line programs before version 5
	CompDir     string // DW_AT_comp_dir: directory 0 before version 5
	// StrOffsetsBase is DW_AT_str_offsets_base, for names of the forms DW_FORM_strx*.
	StrOffsetsBase uint64
}

// A Position is a place in the source. File is an index for [Table.File]; Line 0 means that the instructions belong to
// no line, as one does that is below 0 as a signed number; Column 0 means that they belong to the whole line.
type Position struct {
	File, Line, Column uint32
}

// A Table is the decoded line program of a unit. It may be used by many goroutines.
type Table struct {
	version int
	dirs    [][]byte // each up to its NUL or end, like the names of files
	files   []file
	seqs    []sequence // sorted by low; none overlap
	rows    []row
}

// file is an entry of the table of files. Names are not looked at before they are asked for: in bad files there may be
// many that share one long string.
type file struct {
	name []byte
	dir  uint64
	full atomic.Pointer[string] // with its directory; made when first asked for
}

// A sequence is a run of code whose rows are rows[first:last].
type sequence struct {
	low, high   uint64
	first, last uint32
}

// A row says where the code from its offset to the next row's came from.
type row struct {
	off uint32 // from the start of the sequence
	Position
}

// Version returns the version of the line program.
func (t *Table) Version() int { return t.version }

// Lookup returns the position of the instruction at pc, an address as the file has it, and whether there is one.
func (t *Table) Lookup(pc uint64) (Position, bool) {
	i := sort.Search(len(t.seqs), func(i int) bool { return t.seqs[i].low > pc }) - 1
	if i < 0 || pc >= t.seqs[i].high {
		return Position{}, false
	}
	s := &t.seqs[i]
	rows := t.rows[s.first:s.last]
	off := uint32(pc - s.low)
	i = sort.Search(len(rows), func(i int) bool { return rows[i].off > off }) - 1
	if i < 0 {
		return Position{}, false
	}
	return rows[i].Position, true
}

// Ranges calls yield for each run of code that the table covers, in order of address, until it returns false.
func (t *Table) Ranges(yield func(low, high uint64) bool) {
	for _, s := range t.seqs {
		if !yield(s.low, s.high) {
			return
		}
	}
}

// File returns the name of a file by its number, as DW_AT_decl_file and DW_AT_call_file hold it too: counted from 1
// before version 5 and from 0 since. The directory comes before the name as the program states it: relative to the
// compilation's directory when it lies in there, absolute for files of that directory itself and elsewhere. It returns
// "" for a file that is not in the table.
func (t *Table) File(number uint64) string {
	if t.version < 5 {
		number-- // 0 becomes the largest number: no file
	}
	if number >= uint64(len(t.files)) {
		return ""
	}
	f := &t.files[number]
	if s := f.full.Load(); s != nil {
		return *s
	}
	s := text(f.name)
	if !path.IsAbs(s) && f.dir < uint64(len(t.dirs)) {
		if dir := text(t.dirs[f.dir]); strings.HasSuffix(dir, "/") {
			s = dir + s
		} else if dir != "" {
			s = dir + "/" + s
		}
	}
	f.full.Store(&s)
	return s
}

// text returns b up to its first NUL.
func text(b []byte) string {
	if n := bytes.IndexByte(b, 0); n >= 0 {
		b = b[:n]
	}
	return string(b)
}

// NumFiles returns how many files the table names; numbers start at 1 before version 5 and at 0 since.
func (t *Table) NumFiles() int { return len(t.files) }

// finish sorts the sequences and takes care of those that overlap: as no instruction belongs to two, the one that
// starts last wins, which is the least likely to be the remains of a discarded section.
func (t *Table) finish() {
	slices.SortStableFunc(t.seqs, func(a, b sequence) int {
		switch {
		case a.low < b.low:
			return -1
		case a.low > b.low:
			return 1
		}
		return 0
	})
	out := t.seqs[:0]
	for _, s := range t.seqs {
		if n := len(out); n > 0 && out[n-1].high > s.low {
			out[n-1].high = s.low
			if out[n-1].low == s.low {
				out = out[:n-1]
			}
		}
		out = append(out, s)
	}
	t.seqs = slices.Clip(out)
	t.rows = slices.Clone(t.rows) // without room to grow: tables stay for long
}
