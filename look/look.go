// Package look answers questions about a program as text: for assistants and browsers, which can only look. A question is a structure whose
// fields have the names by which these know them.
package look

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch/disasm"
	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux/crash"
	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/search"
	"github.com/godrgn/drgn/stacks"
	"github.com/godrgn/drgn/triage"
	"github.com/godrgn/drgn/types"
)

// A Look is at one program.
type Look struct {
	Prog *drgn.Program
	// Redact leaves out what may tell of people, places and their data: the report is redacted, stacks have no variables. Evaluate,
	// Identify, Search and Command are not to be asked then, and what the others write is to go through Scrub.
	Redact bool

	commands sync.Mutex // held while a command of crash runs: their session is for one at a time
	once     sync.Once
	scrubber report.Scrubber // of this program, once it was needed
}

// Scrub returns a text as it may be shown: if Redact is set, without what the report leaves out wherever it stands.
func (l *Look) Scrub(text string) string {
	if !l.Redact {
		return text
	}
	l.once.Do(func() { l.scrubber = report.NewScrubber(triage.Private(l.Prog)) })
	return l.scrubber.Scrub(text)
}

// sectionLimit is how long a section of the report may take.
const sectionLimit = 20 * time.Second

// A ReportQuery is what [Look.Report] is asked.
type ReportQuery struct {
	Sections []string `json:"sections,omitempty" jsonschema:"IDs of the sections that are wanted; none: all of them"`
}

// Report writes what happened to a kernel: see package triage.
func (l *Look) Report(ctx context.Context, in ReportQuery, out io.Writer) error {
	r, err := triage.Of(ctx, l.Prog, triage.Options{Sections: in.Sections, Limit: sectionLimit})
	if err != nil {
		return err
	}
	if l.Redact {
		r.Redact()
	}
	return report.WriteText(out, r)
}

// A StacksQuery is what [Look.Stacks] is asked.
type StacksQuery struct {
	States string `json:"states,omitempty" jsonschema:"only threads in these states, the letters that ps has: D for those that hang, R, S, I …; empty: all"`
}

// Stacks writes the stacks of all threads, each once, those that hang first.
func (l *Look) Stacks(ctx context.Context, in StacksQuery, out io.Writer) error {
	groups, err := stacks.Of(ctx, l.Prog, stacks.Options{States: in.States})
	if len(groups) == 0 && err == nil {
		return errors.New("there are no such threads")
	}
	return errors.Join(stacks.WriteText(out, groups), err)
}

// A StackQuery is what [Look.Stack] is asked.
type StackQuery struct {
	Thread    uint64 `json:"thread,omitempty" jsonschema:"the thread's ID (of a kernel, the task's PID); 0: the one that crashed"`
	Variables bool   `json:"variables,omitempty" jsonschema:"show the parameters and variables of each frame"`
}

// Stack writes the stack of one thread.
func (l *Look) Stack(_ context.Context, in StackQuery, out io.Writer) error {
	thread, err := l.thread(in.Thread)
	if err != nil {
		return err
	}
	trace, err := thread.StackTrace()
	if err != nil {
		return err
	}
	if !in.Variables || l.Redact {
		fmt.Fprintln(out, trace)
		return nil
	}
	for i, line := range strings.Split(strings.TrimRight(trace.String(), "\n"), "\n") {
		fmt.Fprintln(out, line)
		if i >= trace.Len() {
			continue
		}
		frame := trace.Frame(i)
		locals, err := frame.Locals()
		if err != nil {
			fmt.Fprintf(out, "    <its variables are not known: %v>\n", err)
		}
		for _, name := range locals {
			fmt.Fprintf(out, "    %s = %s\n", name, printed(frame.Object(name), brief))
		}
	}
	return nil
}

// thread returns the thread of an ID, or for 0 the one that crashed.
func (l *Look) thread(id uint64) (*drgn.Thread, error) {
	if id == 0 {
		return l.Prog.CrashedThread()
	}
	return l.Prog.Thread(id)
}

// How objects are printed: those of a list in one line, one alone with all that it has.
var (
	brief = c.Format{Columns: -1, IntegerBase: 10, Flags: c.Symbolize | c.String | c.TypeName | c.MembersSameLine | c.ElementsSameLine | c.MemberNames | c.Human}
	whole = c.Format{Columns: 120, IntegerBase: 10, Flags: c.DefaultFlags | c.Human}
)

// printed prints an object, or says why it can't be.
func printed(o drgn.Object, f c.Format) string {
	text, err := o.Format(f)
	if err != nil {
		return "<" + err.Error() + ">"
	}
	return text
}

// A TypeQuery is what [Look.Type] is asked.
type TypeQuery struct {
	Name string `json:"name" jsonschema:"the type as C writes it: struct task_struct, size_t, enum pid_type"`
}

// Type writes how a type is defined, and where its members lie.
func (l *Look) Type(_ context.Context, in TypeQuery, out io.Writer) error {
	t, err := l.Prog.Type(in.Name)
	if err != nil {
		return expression.Explain(l.Prog, err, nil)
	}
	text, err := t.Language().Definition(t)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, text)
	if size, err := t.Size(); err == nil {
		fmt.Fprintf(out, "\nsize: %d bytes\n", size)
	}
	if u := t.WithoutTypedefs(); u.Kind().IsCompound() && u.IsComplete() {
		members, err := u.Members()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "offsets in bytes:")
		for _, m := range members {
			fmt.Fprintf(out, "  %5d  %s\n", m.BitOffset/8, memberName(m))
		}
	}
	return nil
}

// memberName returns a member's name.
func memberName(m types.Member) string {
	if m.Name == "" {
		return "(without a name)"
	}
	return m.Name
}

// A SymbolQuery is what [Look.Symbol] is asked.
type SymbolQuery struct {
	Name    string `json:"name,omitempty" jsonschema:"the symbol's name"`
	Address string `json:"address,omitempty" jsonschema:"in place of a name an address, such as 0xffffffff81000000"`
}

// Symbol writes what symbol has a name or lies at an address, and where its source is.
func (l *Look) Symbol(_ context.Context, in SymbolQuery, out io.Writer) error {
	if (in.Name == "") == (in.Address == "") {
		return errors.New("either a name or an address is needed")
	}
	query := drgn.SymbolQuery{Name: in.Name, HasName: in.Name != "", HasAddress: in.Address != ""}
	if query.HasAddress {
		var err error
		if query.Address, err = number(in.Address); err != nil {
			return err
		}
	}
	found, err := l.Prog.Symbols(query)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		if query.HasAddress {
			return fmt.Errorf("no symbol is at %#x", query.Address)
		}
		_, err := l.Prog.Symbol(in.Name)
		return expression.Explain(l.Prog, err, nil)
	}
	for _, symbol := range found {
		fmt.Fprintf(out, "%s at %#x, %d bytes", symbol.Name, symbol.Address, symbol.Size)
		where := symbol.Address
		if query.HasAddress {
			where = query.Address
			fmt.Fprintf(out, "; the address is %s+%#x", symbol.Name, where-symbol.Address)
		}
		if trace, err := l.Prog.CodeAt(where); err == nil {
			for frame := range trace.Frames() {
				if at, err := frame.Source(); err == nil {
					fmt.Fprintf(out, "\n  %s at %s", frame.Name(), at)
				}
			}
		}
		fmt.Fprintln(out)
	}
	return nil
}

// A DisassembleQuery is what [Look.Disassemble] is asked.
type DisassembleQuery struct {
	Function string `json:"function" jsonschema:"the function's name, or an address within it"`
}

// maxCode bounds the function that is disassembled, in bytes.
const maxCode = 16 << 10

// Disassemble writes the machine code of a function.
func (l *Look) Disassemble(_ context.Context, in DisassembleQuery, out io.Writer) error {
	symbol, err := l.Prog.Symbol(in.Function)
	if address, e := number(in.Function); e == nil {
		symbol, err = l.Prog.SymbolAt(address)
	}
	if err != nil {
		return expression.Explain(l.Prog, err, nil)
	}
	if symbol.Size == 0 || symbol.Size > maxCode {
		return fmt.Errorf("%s has %d bytes; only 1 to %d can be shown", symbol.Name, symbol.Size, maxCode)
	}
	code, err := l.Prog.Read(symbol.Address, symbol.Size, false)
	if err != nil {
		return err
	}
	all, err := disasm.Decode(l.Prog.Platform(), code, symbol.Address, len(code))
	for _, i := range all {
		fmt.Fprintf(out, "%s+%#x  %s", symbol.Name, i.Address-symbol.Address, i.Text)
		if i.Target != 0 {
			if to, err := l.Prog.SymbolAt(i.Target); err == nil {
				fmt.Fprintf(out, "  ; %s+%#x", to.Name, i.Target-to.Address)
			}
		}
		fmt.Fprintln(out)
	}
	return err
}

// A EvaluateQuery is what [Look.Evaluate] is asked.
type EvaluateQuery struct {
	Expression string `json:"expression" jsonschema:"C: init_task.comm, *(struct page *)0xffffea0000000000, runqueues.nr_running"`
	Thread     uint64 `json:"thread,omitempty" jsonschema:"with frame: the thread whose variables are meant, by its ID; 0: the one that crashed"`
	Frame      *int   `json:"frame,omitempty" jsonschema:"the number of the frame whose variables are meant, as stack counts them; none: names are global"`
}

// Evaluate writes the object that an expression is: see package expression.
func (l *Look) Evaluate(_ context.Context, in EvaluateQuery, out io.Writer) error {
	var frame *drgn.StackFrame
	if in.Frame != nil {
		thread, err := l.thread(in.Thread)
		if err != nil {
			return err
		}
		trace, err := thread.StackTrace()
		if err != nil {
			return err
		}
		if *in.Frame < 0 || *in.Frame >= trace.Len() {
			return fmt.Errorf("the stack has frames 0 to %d", trace.Len()-1)
		}
		f := trace.Frame(*in.Frame)
		frame = &f
	}
	o := expression.Evaluate(l.Prog, in.Expression, frame)
	if err := o.Err(); err != nil {
		return expression.Explain(l.Prog, err, frame)
	}
	text, err := o.Format(whole)
	if err != nil {
		return err
	}
	if at, ok := o.Address(); ok {
		fmt.Fprintf(out, "at %#x: ", at)
	}
	fmt.Fprintln(out, text)
	return nil
}

// A IdentifyQuery is what [Look.Identify] is asked.
type IdentifyQuery struct {
	Address string `json:"address" jsonschema:"such as 0xffff888003a2c000"`
}

// Identify writes what lies at an address.
func (l *Look) Identify(_ context.Context, in IdentifyQuery, out io.Writer) error {
	address, err := number(in.Address)
	if err != nil {
		return err
	}
	known := false
	for i, err := range l.Prog.Identify(address) {
		if err != nil {
			return err
		}
		fmt.Fprintln(out, i)
		known = true
	}
	if !known {
		fmt.Fprintln(out, "nothing is known of this address")
	}
	return nil
}

// A SearchQuery is what [Look.Search] is asked.
type SearchQuery struct {
	Number string `json:"number,omitempty" jsonschema:"a number as long as an address, aligned: 0xffff888003a2c000"`
	Size   uint64 `json:"size,omitempty" jsonschema:"with number: how many numbers from it on are meant, as the size of an object when what points into it is searched for; 0: the number alone"`
	Text   string `json:"text,omitempty" jsonschema:"in place of a number, text in UTF-8"`
	Bytes  string `json:"bytes,omitempty" jsonschema:"in place of a number, bytes in hexadecimal: 7f454c46"`
	Limit  int    `json:"limit,omitempty" jsonschema:"how many places at most; 0: 20"`
}

// searchLimit is how long a search may take.
const searchLimit = 30 * time.Second

// Search writes where in memory something is. One that takes longer than 30 s ends with an error, after what it has found.
func (l *Look) Search(ctx context.Context, in SearchQuery, out io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, searchLimit, fmt.Errorf("the search took longer than %v: there may be more", searchLimit))
	defer cancel()
	found, err := l.places(ctx, in)
	if err != nil {
		return err
	}
	limit := min(in.Limit, maxPlaces)
	if limit <= 0 {
		limit = 20
	}
	n := 0
	for match, err := range found {
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		if n++; n > limit {
			fmt.Fprintln(out, "and more")
			return nil
		}
		fmt.Fprintf(out, "%#x", match.Address)
		if in.Size > 1 {
			fmt.Fprintf(out, " has %#x", match.Value)
		}
		for i, err := range l.Prog.Identify(match.Address) {
			if err == nil {
				fmt.Fprintf(out, "  %s", i)
			}
			break
		}
		fmt.Fprintln(out)
	}
	if n == 0 {
		fmt.Fprintln(out, "it is nowhere in the memory that can be read")
	}
	return nil
}

// maxPlaces bounds how many places a search tells.
const maxPlaces = 1000

// places walks the addresses of what is searched for; of numbers, with each.
func (l *Look) places(ctx context.Context, in SearchQuery) (iter.Seq2[search.UintMatch, error], error) {
	given := 0
	for _, text := range []string{in.Number, in.Text, in.Bytes} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		return nil, errors.New("a number, text or bytes are needed, and only one of them")
	}
	if in.Number != "" {
		n, err := number(in.Number)
		if err != nil {
			return nil, err
		}
		size, err := l.Prog.AddressSize()
		if err != nil {
			return nil, err
		}
		if size < 8 && n>>(8*size) != 0 {
			return nil, fmt.Errorf("%#x is longer than an address, which has %d bytes", n, size)
		}
		last := n + max(in.Size, 1) - 1
		if last < n {
			return nil, fmt.Errorf("there are no %d numbers from %#x on", in.Size, n)
		}
		return search.Word(ctx, l.Prog, []search.ValueRange{{Min: n, Max: last}}, 0, search.Area{}), nil
	}
	pattern := []byte(in.Text)
	if in.Bytes != "" {
		var err error
		if pattern, err = hex.DecodeString(strings.TrimPrefix(strings.ReplaceAll(in.Bytes, " ", ""), "0x")); err != nil {
			return nil, err
		}
	}
	return func(yield func(search.UintMatch, error) bool) {
		for at, err := range search.Bytes(ctx, l.Prog, pattern, 1, search.Area{}) {
			if !yield(search.UintMatch{Address: at}, err) {
				return
			}
		}
	}, nil
}

// A CommandQuery is what [Look.Command] is asked.
type CommandQuery struct {
	Line string `json:"line" jsonschema:"the command and its arguments, as they are typed in crash"`
}

// Command writes what a command of crash finds; none writes a file.
func (l *Look) Command(ctx context.Context, in CommandQuery, out io.Writer) error {
	words, _, err := crash.Words(in.Line, false)
	if err != nil || len(words) == 0 {
		return errors.Join(errors.New("the name of a command is expected"), err)
	}
	l.commands.Lock()
	defer l.commands.Unlock()
	session := crash.Of(l.Prog)
	session.WriteNoFiles()
	_, _, err = session.Run(ctx, words[0], words[1:], out, out)
	return err
}

// number reads a number: decimal, or hexadecimal after 0x.
func number(text string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number of 64 bits", text)
	}
	return n, nil
}
