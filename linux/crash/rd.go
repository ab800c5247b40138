package crash

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/godrgn/drgn/linux/mm"
)

var rdCommand = Command{
	Name:        "rd",
	Description: "read memory",
	Long:        "Show what is in memory.",
	Arguments: []Argument{
		{Meta: "address|symbol", Value: One, Help: "where to start: a hexadecimal address or a symbol"},
		{Meta: "count", Value: Maybe, Check: isDecimal, Help: "how many units (1)"},
		{Names: []string{"-p"}, Set: 1, Help: "the address is a physical one"},
		{Names: []string{"-u"}, Set: 1, Help: "the address is one of the current task's user space; needed only where its addresses are also addresses of the kernel"},
		{Names: []string{"-d"}, Set: 2, Help: "as signed decimal numbers"},
		{Names: []string{"-D"}, Set: 2, Help: "as unsigned decimal numbers"},
		{Names: []string{"-s"}, Help: "as symbols where they point to one"},
		{Names: []string{"-S"}, Help: "like -s, and as [slab cache] where they point into one; given twice, with the address"},
		{Names: []string{"-x"}, Help: "without text at the ends of lines"},
		{Names: []string{"-8"}, Set: 3, Help: "in units of 8 bits"},
		{Names: []string{"-16"}, Set: 3, Help: "in units of 16 bits"},
		{Names: []string{"-32"}, Set: 3, Help: "in units of 32 bits"},
		{Names: []string{"-64"}, Set: 3, Help: "in units of 64 bits"},
		{Names: []string{"-a"}, Set: 3, Help: "only as text"},
		{Names: []string{"-N"}, Help: "in the byte order of networks"},
		{Names: []string{"-R"}, Help: "what lies before the address, up to and with it"},
		{Names: []string{"-o"}, Meta: "OFFSET", Value: One, Check: isNumber, Help: "start this far behind the address"},
		{Names: []string{"-e"}, Meta: "END", Value: One, Check: isHexadecimal, Help: "stop at this hexadecimal address"},
		{Names: []string{"-r"}, Meta: "RAW", Value: One, Help: "write the bytes into this file"},
		drgnArgument,
	},
	Run: rd,
}

// A reading is what rd shows.
type reading struct {
	start, count uint64
	unit         int // bytes
	physical     bool
	mmTask       bool // it lies in the current task's address space
	end          uint64
}

// maxRead bounds what is shown: more is not read by anybody.
const maxRead = 1 << 30

func rd(c *Call) error {
	r, err := rdArguments(c)
	if err != nil {
		return err
	}
	if c.Has("--drgn") {
		return c.code(func(b *builder) error { return rdCode(c, b, r) })
	}
	size, err := c.Prog.AddressSize()
	if err != nil {
		return err
	}
	symbolic := c.Has("-s") || c.Has("-S")
	if symbolic && r.unit != int(size) {
		return invalid("symbols are shown in units of a word only, which has %d bytes", size)
	}
	switch {
	case c.Has("-r"):
		return rdFile(c, r)
	case c.Has("-a"):
		return rdText(c, r)
	}
	perLine := 16 / uint64(r.unit)
	decimal := c.Has("-d") || c.Has("-D")
	text := !c.Has("-x") && !symbolic && !decimal
	for done := uint64(0); done < r.count; {
		if err := c.next(nil); err != nil {
			return err
		}
		n := min(perLine, r.count-done)
		at := r.start + done*uint64(r.unit)
		data, err := rdBytes(c, r, at, n*uint64(r.unit))
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%*x: ", int(size)*2, at)
		width := 0
		for i := range n {
			cell, w := rdCell(c, r, data[i*uint64(r.unit):][:r.unit])
			width = w
			if symbolic && i+1 < n {
				cell = fmt.Sprintf("%-*s", w, cell)
			}
			line += " " + cell
		}
		if text {
			line += strings.Repeat(" ", int(perLine-n)*(width+1)+3)
			for _, b := range data {
				if b < ' ' || b > '~' {
					b = '.'
				}
				line += string(rune(b))
			}
		}
		c.print(line, "\n")
		done += n
	}
	return nil
}

func rdArguments(c *Call) (r reading, err error) {
	size, err := c.Prog.AddressSize()
	if err != nil {
		return r, err
	}
	r.unit, r.count, r.physical = int(size), 1, c.Has("-p")
	for _, n := range []int{8, 16, 32, 64} {
		if c.Has(fmt.Sprintf("-%d", n)) {
			r.unit = n / 8
		}
	}
	if c.Has("-a") || c.Has("-r") {
		r.unit = 1
	}
	if r.start, err = addressOf(c.Prog, c.Text("address|symbol")); err != nil {
		return r, err
	}
	if c.Has("-o") {
		n, _ := number(c.Text("-o"))
		r.start += n
	}
	if c.Has("-R") && c.Has("-e") {
		return r, invalid("both -R and -e cannot be specified together")
	}
	switch {
	case c.Text("count") != "":
		n, _ := number(c.Text("count"))
		r.count = max(n, 1)
	case c.Has("-e"):
		end, _ := hexadecimal(c.Text("-e"))
		if end < r.start {
			return r, invalid("the end, %x, lies before the start, %x", end, r.start)
		}
		r.end = end
		r.count = (end - r.start) / uint64(r.unit)
	case c.Has("-a"):
		r.count = maxText
	}
	if r.count > maxRead/uint64(r.unit) {
		return r, invalid("%d units are too many: at most %d bytes are shown", r.count, maxRead)
	}
	if c.Has("-R") {
		r.start -= (r.count - 1) * uint64(r.unit)
	}
	r.mmTask = !r.physical && (c.Has("-u") || isUserAddress(c, r.start))
	return r, nil
}

// isUserAddress reports whether an address is one of user space, as far as it tells: the lower half, where nothing of the
// kernel can be read.
func isUserAddress(c *Call, a uint64) bool {
	size, err := c.Prog.AddressSize()
	if err != nil || a>>(size*8-1) != 0 {
		return false
	}
	_, err = c.Prog.ReadUint(a, 1, false)
	return err != nil
}

// rdBytes reads what is shown.
func rdBytes(c *Call, r reading, at, n uint64) ([]byte, error) {
	if !r.mmTask {
		return c.Prog.Read(at, n, r.physical)
	}
	t, err := c.context()
	if err != nil {
		return nil, err
	}
	return mm.AccessProcessVM(t, at, n)
}

// rdCell returns a unit as text, and how wide its column is.
func rdCell(c *Call, r reading, data []byte) (string, int) {
	big := byteOrder(c) == "big" || c.Has("-N")
	var v uint64
	for i := range data {
		if big {
			v = v<<8 | uint64(data[i])
		} else {
			v |= uint64(data[i]) << (8 * i)
		}
	}
	switch {
	case c.Has("-d"):
		w := map[int]int{1: 4, 2: 6, 4: 11, 8: 20}[r.unit]
		shift := 64 - 8*r.unit
		return fmt.Sprintf("%*d", w, int64(v<<shift)>>shift), w
	case c.Has("-D"):
		w := map[int]int{1: 3, 2: 5, 4: 10, 8: 20}[r.unit]
		return fmt.Sprintf("%*d", w, v), w
	}
	w := r.unit * 2
	if c.Has("-S") || c.Has("-s") {
		var text string
		if c.Has("-S") {
			text = meaning(c.Prog, v, c.Times("-S") > 1)
		} else if s, err := c.Prog.SymbolAt(v); err == nil {
			text = fmt.Sprintf("%s+%d", s.Name, v-s.Address)
		}
		if text != "" {
			return text, w
		}
	}
	return fmt.Sprintf("%0*x", w, v), w
}

// maxText is how far rd -a looks for the end of a text.
const maxText = 1 << 16

// rdText shows text, 60 characters a line. Without a count or end it ends at the first byte that is none.
func rdText(c *Call, r reading) error {
	const perLine = 60
	given := c.Text("count") != "" || c.Has("-e")
	size, err := c.Prog.AddressSize()
	if err != nil {
		return err
	}
	for done := uint64(0); done < r.count; done += perLine {
		if err := c.next(nil); err != nil {
			return err
		}
		n := min(perLine, r.count-done)
		data, err := rdBytes(c, r, r.start+done, n)
		for err != nil && !given && n > 1 { // near the end of what is mapped
			n--
			data, err = rdBytes(c, r, r.start+done, n)
		}
		if err != nil {
			return err
		}
		text := ""
		ended := false
		for _, b := range data {
			if b < ' ' || b > '~' {
				if !given {
					ended = true
					break
				}
				b = '.'
			}
			text += string(rune(b))
		}
		if text != "" {
			c.printf("%*x:  %s\n", int(size)*2, r.start+done, text)
		}
		if ended || n < perLine && !given {
			break
		}
	}
	return nil
}

// rdFile copies memory into a file, a megabyte at a time.
func rdFile(c *Call, r reading) error {
	if c.session.state.noFiles {
		return errors.New("files are not written here")
	}
	path := c.Text("-r")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for done := uint64(0); done < r.count; {
		n := min(r.count-done, 1<<20)
		data, err := rdBytes(c, r, r.start+done, n)
		if err := c.next(err); err != nil {
			return err
		}
		if _, err := f.Write(data); err != nil {
			return err
		}
		done += n
	}
	c.printf("%d bytes copied from 0x%x to %s\n", r.count, r.start, path)
	return f.Close()
}

func rdCode(c *Call, b *builder, r reading) error {
	b.linef("start = %s", addressCode(c.Text("address|symbol")))
	if c.Has("-o") {
		n, _ := number(c.Text("-o"))
		b.linef("start += %d", n)
	}
	b.linef("unit = %d", r.unit)
	if c.Has("-e") && c.Text("count") == "" {
		b.linef("end = %#x\ncount = (end - start) // unit", r.end)
	} else {
		b.linef("count = %d", r.count)
	}
	if c.Has("-R") {
		b.line("start -= unit * (count - 1)")
	}
	physical := map[bool]string{true: "True", false: "False"}[r.physical]
	switch {
	case r.mmTask:
		if err := c.contextCode(b); err != nil {
			return err
		}
		b.from("drgn.helpers.linux.mm", "access_process_vm")
		b.line("memory = access_process_vm(task, start, count * unit)")
	case c.Has("-s") || c.Has("-S"):
		b.from("drgn.helpers.common.memory", "print_annotated_memory")
		b.linef("print_annotated_memory(start, count * unit, physical=%s)", physical)
	default:
		b.linef("memory = prog.read(start, count * unit, physical=%s)", physical)
	}
	if c.Has("-r") {
		b.linef("with open(%s, \"wb\") as f:\n    f.write(memory)", quoted(c.Text("-r")))
	}
	return nil
}
