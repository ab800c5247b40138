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
	return Frames(w, t.Prog(), slices.Collect(t.Frames()))
}

// Frames writes the memory of some frames of a stack, the innermost first, as [Stack] does of all.
func Frames(w io.Writer, p *drgn.Program, frames []drgn.StackFrame) error {
	word, err := p.AddressSize()
	if err != nil {
		return err
	}
	digits := int(2 * word)
	var b strings.Builder
	if title := "STACK POINTER"; digits+1 < len(title) {
		fmt.Fprintf(&b, "%-*s VALUE\nPOINTER\n", digits+1, "STACK")
	} else {
		fmt.Fprintf(&b, "%-*s VALUE\n", digits+1, title)
	}
	n := len(frames)
	for i, f := range frames {
		fmt.Fprintf(&b, "[stack frame %s]\n", f)
		sp, ok := f.SP()
		if !ok || i+1 < n && f.IsInline() {
			continue
		}
		end := sp + word
		if i+1 < n {
			if next, ok := frames[i+1].SP(); ok && next > sp && next-sp <= maxFrameWords*word {
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

// hexLine is how many bytes a line of [Hex] has.
const hexLine = 16

// Hex writes size bytes of virtual memory as hexadecimal digits and characters, 16 bytes a line, with what is known of each word that is aligned: "ffff98d700188540:
// 69 6e 69 74 00 00 00 00 00 00 00 00 00 00 00 00  init............". The first line begins at the multiple of 16 that the address lies behind. Of lines that can't be
// read the first says why, and a star stands for those behind it. Errors are those of w, and that the length of an address is not known.
func Hex(w io.Writer, p *drgn.Program, address, size uint64) error {
	word, err := p.AddressSize()
	if err != nil {
		return err
	}
	size += address % hexLine
	address -= address % hexLine
	var b strings.Builder
	unread := 0 // lines in a row
	for ; size > 0; address, size = (address+hexLine)&p.Platform().AddressMask(), size-min(size, hexLine) {
		b.Reset()
		fmt.Fprintf(&b, "%0*x: ", int(2*word), address)
		bytes, err := p.Read(address, hexLine, false)
		switch {
		case err == nil:
			hexed(&b, p, bytes, int(word))
			unread = 0
		case unread == 0:
			fmt.Fprintf(&b, "%v\n", err)
			unread++
		case unread == 1:
			b.Reset()
			b.WriteString("*\n")
			unread++
		default:
			b.Reset()
		}
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
	}
	return nil
}

// hexed writes bytes, the characters that they are, and what each word of them may be.
func hexed(b *strings.Builder, p *drgn.Program, bytes []byte, word int) {
	text := make([]byte, len(bytes))
	for i, c := range bytes {
		if text[i] = '.'; ' ' <= c && c <= '~' {
			text[i] = c
		}
		if i%8 == 0 && i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(b, "%02x ", c)
	}
	fmt.Fprintf(b, " %s", text)
	for i := 0; i+word <= len(bytes); i += word {
		v := p.Platform().Uint(bytes[i : i+word])
		for what, err := range p.Identify(v) {
			if err == nil {
				fmt.Fprintf(b, " [+%d %#x %s]", i, v, what)
			}
			break
		}
	}
	b.WriteByte('\n')
}
