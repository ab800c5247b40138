package drgn

import (
	"fmt"
	"io"
	"iter"
	"strings"
)

// An Identity says what lies at an address.
type Identity struct {
	Kind   string // "function symbol", "slab object", "task stack", …
	Name   string // what it is: "schedule+0x2d", "1 (init) +0x3e28"
	Object Object // what describes it, such as the task; failed if nothing does
}

// String returns "function symbol: schedule+0x2d".
func (i Identity) String() string { return i.Kind + ": " + i.Name }

// An Identifier is a personality that knows what lies at addresses beyond symbols.
type Identifier interface {
	// Identify walks what lies at an address, the most telling first.
	Identify(p *Program, address uint64) iter.Seq2[Identity, error]
}

// Identify walks what lies at an address, the most telling first. Nothing is known of most numbers. An error is the
// last pair.
func (p *Program) Identify(address uint64) iter.Seq2[Identity, error] {
	return func(yield func(Identity, error) bool) {
		if p.modules.at(address) != nil {
			if s, err := p.SymbolAt(address); err == nil {
				kind := "symbol"
				switch s.Kind {
				case SymbolFunc, SymbolIFunc:
					kind = "function symbol"
				case SymbolObject:
					kind = "object symbol"
				}
				if !yield(Identity{Kind: kind, Name: fmt.Sprintf("%s+%#x", s.Name, address-s.Address)}, nil) {
					return
				}
			}
		}
		if k, ok := p.personality.(Identifier); ok {
			for i, err := range k.Identify(p, address) {
				if !yield(i, err) {
					return
				}
			}
		}
	}
}

// maxFrameWords bounds how much of the stack is printed for one frame: the next one may be on another stack.
const maxFrameWords = 8192

// Annotate writes the memory of a stack with what is known of each word, frame by frame.
func (t *StackTrace) Annotate(w io.Writer) error {
	word, err := t.prog.AddressSize()
	if err != nil {
		return err
	}
	digits := int(2 * word)
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s VALUE\n", digits+1, "STACK POINTER")
	for i := range t.frames {
		f := t.Frame(i)
		fmt.Fprintf(&b, "[stack frame %s]\n", f)
		sp, ok := f.SP()
		if !ok || i+1 < len(t.frames) && f.IsInline() {
			continue
		}
		end := sp + word
		if i+1 < len(t.frames) {
			if next, ok := t.Frame(i + 1).SP(); ok && next > sp && next-sp <= maxFrameWords*word {
				end = next
			}
		}
		for at := sp; at < end; at += word {
			v, err := t.prog.ReadUint(at, int(word), false)
			if err != nil {
				if i+1 < len(t.frames) {
					fmt.Fprintf(&b, "[%v]\n", err)
				}
				break // the last frame may be one of user mode, whose memory is not the kernel's
			}
			fmt.Fprintf(&b, "%0*x: %0*x", digits, at, digits, v)
			for what, err := range t.prog.Identify(v) {
				if err != nil {
					fmt.Fprintf(&b, " [can't be identified: %v]", err)
				} else {
					fmt.Fprintf(&b, " [%s]", what)
				}
				break
			}
			b.WriteByte('\n')
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		b.Reset()
	}
	_, err = io.WriteString(w, b.String())
	return err
}
