package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A builder puts Python code together: its imports come first, sorted, each once.
type builder struct {
	modules map[string]bool
	names   map[string]map[string]bool
	body    strings.Builder
	indent  string
}

// codeWidth is how long the lines of imports may be.
const codeWidth = 88

// imports adds a module to the imports.
func (b *builder) imports(module string) { b.modules[module] = true }

// from adds names of a module to the imports.
func (b *builder) from(module string, names ...string) {
	if b.names[module] == nil {
		b.names[module] = map[string]bool{}
	}
	for _, n := range names {
		b.names[module][n] = true
	}
}

// line adds lines to the code, or an empty one.
func (b *builder) line(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		if l != "" {
			l = b.indent + l
		}
		b.body.WriteString(l + "\n")
	}
}

func (b *builder) linef(format string, a ...any) { b.line(fmt.Sprintf(format, a...)) }

// open adds a line that begins a block, close ends it.
func (b *builder) open(line string) {
	b.line(line)
	b.indent += "    "
}

func (b *builder) openf(format string, a ...any) { b.open(fmt.Sprintf(format, a...)) }

func (b *builder) close() { b.indent = b.indent[4:] }

func (b *builder) String() string {
	var parts []string
	for _, m := range slices.Sorted(maps.Keys(b.modules)) {
		parts = append(parts, "import "+m+"\n")
	}
	if len(parts) > 0 && len(b.names) > 0 {
		parts = append(parts, "\n")
	}
	for _, m := range slices.Sorted(maps.Keys(b.names)) {
		names := slices.Sorted(maps.Keys(b.names[m]))
		line := "from " + m + " import " + strings.Join(names, ", ")
		if len(line) > codeWidth {
			line = "from " + m + " import (\n    " + strings.Join(names, ",\n    ") + ",\n)"
		}
		parts = append(parts, line+"\n")
	}
	if len(parts) > 0 {
		parts = append(parts, "\n\n")
	}
	return strings.Join(parts, "") + strings.TrimLeft(b.body.String(), "\n")
}

// code prints the Python code that write makes.
func (c *Call) code(write func(b *builder) error) error {
	b := &builder{modules: map[string]bool{}, names: map[string]map[string]bool{}}
	if err := write(b); err != nil {
		return err
	}
	c.print(b.String())
	return nil
}

// quoted returns a string as Python's source has it.
func quoted(s string) string {
	return `"` + escape([]byte(s), `"`) + `"`
}

// NoCodeError says that a command has no --drgn for what it was asked.
type NoCodeError struct{}

func (*NoCodeError) Error() string { return "no drgn equivalent" }
