package triage

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch/disasm"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/report"
)

// Bounds of what is shown of a stack.
const (
	maxFrames      = 64
	maxLocals      = 24
	maxLocalRunes  = 240
	sourceLines    = 4        // before and behind where a frame is
	codeBefore     = 12       // instructions
	codeBehind     = 6        // instructions
	maxFunction    = 32 << 10 // bytes that are decoded up to where a frame is
	maxSourceBytes = 8 << 20
)

// stackOf returns a stack of the kernel, up to where it was entered; detailed with variables, registers and code.
func (s *scene) stackOf(title string, trace *drgn.StackTrace, detailed bool) report.Stack {
	stack := report.Stack{Title: title, Frames: []report.Frame{}}
	coded := false
	for f := range trace.Frames() {
		if f.InUserMode() && f.Index() > 0 {
			break
		}
		if len(stack.Frames) == maxFrames {
			stack.Error = fmt.Sprintf("%d more frames", trace.Len()-maxFrames)
			break
		}
		frame := s.frame(f)
		if detailed {
			frame.Locals = locals(f)
			frame.Text = Source(f, s.options.Sources)
			if !f.IsInline() && (f.Interrupted() || !coded) {
				if f.Interrupted() {
					frame.Registers = registers(f)
				}
				if code, err := Code(s.p, f); err == nil {
					if !f.Interrupted() && f.Index() > 0 {
						wentTo(code, trace.Frame(f.Index()-1))
					}
					frame.Code, coded = code, true
				}
			}
		}
		stack.Frames = append(stack.Frames, frame)
	}
	if trace.Err != nil {
		stack.Error = trace.Err.Error()
	}
	return stack
}

// frame returns a frame without its details.
func (s *scene) frame(f drgn.StackFrame) report.Frame {
	frame := report.Frame{Function: f.Title(), Inline: f.IsInline(), Interrupted: f.Interrupted() && !f.IsInline(), Module: moduleName(s.p, f.PC())}
	if l, err := f.Source(); err == nil {
		frame.Source = l.String()
	}
	if symbol, err := f.Symbol(); err == nil && !f.IsInline() {
		frame.Symbol = fmt.Sprintf("%s+%#x/%#x", symbol.Name, f.PC()-symbol.Address, symbol.Size)
	}
	return frame
}

// moduleName returns the name of the module that code is of; "" of the kernel itself, and of what is of no module.
func moduleName(p *drgn.Program, pc uint64) string {
	m, err := p.ModuleAt(pc)
	if err != nil {
		return ""
	}
	if main, err := p.MainModule(); err == nil && main == m {
		return ""
	}
	return m.Name()
}

// locals returns the variables of a frame that have a value.
func locals(f drgn.StackFrame) []report.Local {
	names, err := f.Locals()
	if err != nil {
		return nil // the frame has no debugging information
	}
	format := c.DefaultFormat
	format.Flags &^= c.Dereference
	var all []report.Local
	for _, name := range names {
		o := f.Object(name)
		if _, absent := o.Absent(); absent {
			continue
		}
		text, err := o.Format(format)
		if err != nil {
			text = fmt.Sprintf("(can't be read: %v)", err)
		}
		if runes := []rune(text); len(runes) > maxLocalRunes {
			text = string(runes[:maxLocalRunes]) + " …"
		}
		if all = append(all, report.Local{Name: name, Value: text}); len(all) == maxLocals {
			break
		}
	}
	return all
}

// registers returns the registers of a frame.
func registers(f drgn.StackFrame) []report.Fact {
	var all []report.Fact
	for _, r := range f.Registers() {
		all = append(all, report.Fact{Name: r.Name, Value: r.Value, Unit: report.Address})
	}
	return all
}

// Source returns the lines of source around where a frame is, if they are below a directory, the kernel's sources; nil if they are not.
func Source(f drgn.StackFrame, directory string) *report.Lines {
	at, err := f.Source()
	if directory == "" || err != nil || at.Line <= 0 {
		return nil
	}
	lines, err := sourceAt(directory, at)
	if err != nil {
		return nil // the frame has the file's name and the line
	}
	return lines
}

// sourceAt reads lines of a file below a directory. Names that lead out of it, which a dump may have, are not found.
func sourceAt(directory string, at drgn.SourceLocation) (*report.Lines, error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// Kernels are compiled with names below their directory, or with that directory before.
	name := strings.TrimPrefix(path.Clean("/"+at.Filename), "/")
	file, err := root.Open(name)
	for errors.Is(err, fs.ErrNotExist) && path.IsAbs(at.Filename) {
		_, rest, _ := strings.Cut(name, "/")
		if !strings.Contains(rest, "/") { // too little to tell files apart
			return nil, err
		}
		name = rest
		file, err = root.Open(name)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() > maxSourceBytes {
		return nil, errors.Join(err, fs.ErrInvalid)
	}
	lines := &report.Lines{}
	in := bufio.NewScanner(file)
	for n := 1; n <= at.Line+sourceLines && in.Scan(); n++ {
		if n < at.Line-sourceLines {
			continue
		}
		if n == at.Line {
			lines.Marked = []int{len(lines.Text)}
		}
		lines.Text = append(lines.Text, fmt.Sprintf("%5d  %s", n, strings.ReplaceAll(in.Text(), "\t", "    ")))
	}
	if lines.Marked == nil {
		return nil, fs.ErrInvalid // another version of the file
	}
	return lines, in.Err()
}

// Code returns the instructions around where a frame is. What memory the one there refers to is its comment; where the frame called, that
// is the call.
func Code(p *drgn.Program, f drgn.StackFrame) ([]report.Instruction, error) {
	symbol, err := f.Symbol()
	if err != nil {
		return nil, err
	}
	pc := f.PC()
	from := symbol.Address
	if pc < from || pc-from > maxFunction {
		return nil, &drgn.ValueError{Problem: "the function is too long to be decoded from its beginning"}
	}
	const longest = 16
	size := pc - from + (codeBehind+1)*longest
	if symbol.Size > 0 && from+symbol.Size > pc {
		size = min(size, symbol.Size)
	}
	bytes, err := p.Read(from, size, false)
	if err != nil {
		return nil, err
	}
	all, err := disasm.Decode(p.Platform(), bytes, from, len(bytes))
	if err != nil {
		return nil, err
	}
	here := slices.IndexFunc(all, func(i disasm.Instruction) bool { return i.Address == pc })
	if !f.Interrupted() { // the one before is the call
		if here < 0 {
			here = len(all)
		}
		here--
	}
	if here < 0 {
		return nil, &drgn.ValueError{Problem: fmt.Sprintf("no instruction begins at %#x", pc)}
	}
	var out []report.Instruction
	for n := max(0, here-codeBefore); n < min(len(all), here+codeBehind+1); n++ {
		i := all[n]
		line := report.Instruction{Address: i.Address, At: fmt.Sprintf("%s+%#x", symbol.Name, i.Address-from), Bytes: i.Hex(), Text: i.Text, Here: n == here}
		if i.Target != 0 {
			line.Comment = symbolic(p, i.Target)
		}
		switch {
		case n == here && f.Interrupted():
			line.Comment = strings.Join(append(operands(i, f), line.Comment), " ")
		case line.Comment == "":
			line.Comment = variable(p, i)
		}
		out = append(out, line)
	}
	return out, nil
}

// variable returns the symbol that an instruction refers to whose operand lies at an offset from itself; "" for none.
func variable(p *drgn.Program, i disasm.Instruction) string {
	for _, o := range i.Memory {
		if o.Base != "rip" || o.Index != "" || o.Segment != "" {
			continue
		}
		if place := symbolic(p, i.Address+uint64(len(i.Bytes))+uint64(o.Displacement)); place != "" {
			return place
		}
	}
	return ""
}

// symbolic returns an address as "symbol" or "symbol+0x2d"; "" if no symbol is there.
func symbolic(p *drgn.Program, address uint64) string {
	symbol, err := p.SymbolAt(address)
	if err != nil || address-symbol.Address >= max(symbol.Size, 1) {
		return ""
	}
	if address == symbol.Address {
		return symbol.Name
	}
	return fmt.Sprintf("%s+%#x", symbol.Name, address-symbol.Address)
}

// wentTo adds to the call of a frame which address it called, if that is no code.
func wentTo(code []report.Instruction, inner drgn.StackFrame) {
	if _, err := inner.Symbol(); err == nil {
		return
	}
	for i := range code {
		if code[i].Here {
			code[i].Comment = strings.TrimSpace(fmt.Sprintf("%s it went to %#x, which is no code", code[i].Comment, inner.PC()))
		}
	}
}

// operands says which memory an instruction refers to that comes next in a frame: "0x8(%rax) is 0x8, as rax is 0x0".
func operands(i disasm.Instruction, f drgn.StackFrame) []string {
	var all []string
	for _, o := range i.Memory {
		var used []string
		address, ok := o.Address(func(name string) (uint64, bool) {
			if name == "rip" {
				return i.Address + uint64(len(i.Bytes)), true
			}
			v, err := f.Register(name)
			if err == nil {
				used = append(used, fmt.Sprintf("%s is %#x", name, v))
			}
			return v, err == nil
		})
		if !ok || o.Base == "" && o.Index == "" {
			continue // it is not known, or the instruction has it
		}
		text := fmt.Sprintf("%s is memory at %#x", o.Text, address)
		if len(used) > 0 {
			text += ", as " + strings.Join(used, " and ")
		}
		all = append(all, text)
	}
	return all
}
