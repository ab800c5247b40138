// Package annotate prints memory and stacks a word a line, with what lies at the address that each word may be.
package annotate

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/godrgn/drgn"
)

// line writes a word of memory with what is known of it.
func line(b *strings.Builder, p *drgn.Program, at, v uint64, digits int) {
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

// Memory writes size bytes of virtual or physical memory a word a line with what is known of each word: "ffffa70ac000bdb0: ffffffff9cdfc649 [function
// symbol: schedule+0x2d]". Bytes at the end that fill no word are a shorter number. What can't be read is a
// *mem.FaultError, after the words before it.
func Memory(w io.Writer, p *drgn.Program, address, size uint64, physical bool) error {
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
			if p.Platform().ByteOrder() == binary.LittleEndian {
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
		line(&b, p, address, v, int(2*word))
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		address, size = (address+word)&p.Platform().AddressMask(), size-word
	}
	return nil
}

// maxFrameWords bounds how much of the stack is printed for one frame: the next one may be on another stack.
const maxFrameWords = 8192

// Stack writes the memory of a stack with what is known of each word, frame by frame.
func Stack(w io.Writer, t *drgn.StackTrace) error {
	p := t.Prog()
	word, err := p.AddressSize()
	if err != nil {
		return err
	}
	digits := int(2 * word)
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s VALUE\n", digits+1, "STACK POINTER")
	n := t.Len()
	for i := range n {
		f := t.Frame(i)
		fmt.Fprintf(&b, "[stack frame %s]\n", f)
		sp, ok := f.SP()
		if !ok || i+1 < n && f.IsInline() {
			continue
		}
		end := sp + word
		if i+1 < n {
			if next, ok := t.Frame(i + 1).SP(); ok && next > sp && next-sp <= maxFrameWords*word {
				end = next
			}
		}
		for at := sp; at < end; at += word {
			v, err := p.ReadUint(at, int(word), false)
			if err != nil {
				if i+1 < n {
					fmt.Fprintf(&b, "[%v]\n", err)
				}
				break // the last frame may be one of user mode, whose memory is not the kernel's
			}
			line(&b, p, at, v, digits)
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		b.Reset()
	}
	_, err = io.WriteString(w, b.String())
	return err
}
