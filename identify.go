package drgn

import (
	"fmt"
	"io"
	"iter"
	"slices"
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

// Identify walks what lies at an address, the most telling first. Nothing is known of most numbers. An error is the
// last pair.
func (p *Program) Identify(address uint64) iter.Seq2[Identity, error] {
	return func(yield func(Identity, error) bool) {
		k, ok := p.Personality().(Identifier)
		if p.modules.At(address) != nil {
			if s, err := p.SymbolAt(address); err == nil {
				kind := "symbol"
				switch s.Kind {
				case SymbolFunc, SymbolIFunc:
					kind = "function symbol"
				case SymbolObject:
					kind = "object symbol"
				}
				var i Identity
				var more, past bool
				if ok {
					i, more, past = k.IdentifySymbol(p, s, address)
				}
				if more && !yield(i, nil) || !past && !yield(Identity{Kind: kind, Name: fmt.Sprintf("%s+%#x", s.Name, address-s.Address)}, nil) {
					return
				}
			}
		}
		if ok {
			for i, err := range k.Identify(p, address) {
				if !yield(i, err) || err != nil {
					return
				}
			}
		}
		if err := p.unlessClosed(nil); err != nil {
			yield(Identity{}, err)
		}
	}
}

// annotate writes a word of memory with what is known of it.
func (p *Program) annotate(b *strings.Builder, at, v uint64, digits int) {
	fmt.Fprintf(b, "%0*x: %0*x", digits, at, digits, v)
	for what, err := range p.Identify(v) {
		if err != nil {
			fmt.Fprintf(b, " [can't be identified: %v]", err)
		} else {
			fmt.Fprintf(b, " [%s]", what)
		}
		break
	}
	b.WriteByte('\n')
}

// AnnotateMemory writes memory a word a line with what is known of each word: "ffffa70ac000bdb0: ffffffff9cdfc649 [function
// symbol: schedule+0x2d]". Bytes at the end that fill no word are a shorter number. What can't be read is a
// *mem.FaultError, after the words before it.
func (p *Program) AnnotateMemory(w io.Writer, address, size uint64, physical bool) error {
	word, err := p.AddressSize()
	if err != nil {
		return err
	}
	var b strings.Builder
	for size > 0 {
		if size < word {
			tail, err := p.Read(address, size, physical)
			if err != nil {
				return err
			}
			if !p.bigEndian() {
				slices.Reverse(tail)
			}
			_, err = fmt.Fprintf(w, "%0*x: %x\n", int(2*word), address, tail)
			return err
		}
		v, err := p.ReadUint(address, int(word), physical)
		if err != nil {
			return err
		}
		b.Reset()
		p.annotate(&b, address, v, int(2*word))
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		address, size = (address+word)&p.addressMask.Load(), size-word
	}
	return nil
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
			t.prog.annotate(&b, at, v, digits)
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		b.Reset()
	}
	_, err = io.WriteString(w, b.String())
	return err
}
