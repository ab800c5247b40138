package crash

import (
	"maps"
	"slices"
	"strings"
)

// How wide usage and help are, and where help texts begin at most.
const (
	helpWidth = 78
	helpAt    = 24
)

// in returns an argument as usage shows it.
func (a *Argument) in() string {
	meta := a.Meta
	if len(a.Names) > 0 && a.Value != None {
		meta = a.metaOf()
	}
	switch a.Value {
	case Maybe:
		meta = "[" + meta + "]"
	case Any:
		meta = "[" + meta + " ...]"
	case Some:
		meta = meta + " [" + meta + " ...]"
	}
	if len(a.Names) == 0 {
		return meta
	}
	if a.Value == None {
		return a.Names[0]
	}
	return a.Names[0] + " " + meta
}

// parts are the pieces between which usage may be broken: options, then the rest.
func (c *Command) parts() (options, places []string) {
	for i := 0; i < len(c.Arguments); i++ {
		a := &c.Arguments[i]
		if len(a.Names) == 0 {
			if !a.Shown {
				places = append(places, a.in())
			}
			continue
		}
		last := i
		for a.Set != 0 && last+1 < len(c.Arguments) && c.Arguments[last+1].Set == a.Set {
			last++
		}
		for j := i; j <= last; j++ {
			part := c.Arguments[j].in()
			if j == i {
				part = "[" + part
			}
			if j == last {
				part += "]"
			} else {
				part += " |"
			}
			options = append(options, part)
		}
		i = last
	}
	return options, places
}

// usage returns the usage of a command, broken into lines below its name.
func (c *Command) usage() string {
	if c.Usage != "" {
		return strings.TrimRight(c.Name+" "+c.Usage, " ")
	}
	options, places := c.parts()
	line := strings.Join(append(append([]string{c.Name}, options...), places...), " ")
	indent := len("usage: ") + len(c.Name) + 1
	if len("usage: ")+len(line) <= helpWidth {
		return line
	}
	var lines []string
	fill := func(parts []string) {
		text, used := "", indent-1
		for _, p := range parts {
			if used+1+len(p) > helpWidth && text != "" {
				lines = append(lines, text)
				text, used = "", indent-1
			}
			if text != "" {
				text += " "
			}
			text += p
			used += 1 + len(p)
		}
		if text != "" {
			lines = append(lines, text)
		}
	}
	fill(options)
	fill(places)
	return c.Name + " " + strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// Synopsis returns the usage of a command with its name.
func (c *Command) Synopsis() string { return c.usage() }

// Help returns what the help of a command says below its usage, without a newline at the end; "" if there is nothing to say.
func (c *Command) Help() string {
	var sections []string
	if c.Long != "" {
		sections = append(sections, wrap(c.Long, helpWidth))
	}
	headings := []string{"positional arguments", "options"}
	under := map[string][]*Argument{}
	for i := range c.Arguments {
		a := &c.Arguments[i]
		h := a.Group
		switch {
		case h != "":
			if !slices.Contains(headings, h) {
				headings = append(headings, h)
			}
		case len(a.Names) == 0:
			h = headings[0]
		default:
			h = headings[1]
		}
		under[h] = append(under[h], a)
	}
	at := 0
	for all := range maps.Values(under) {
		for _, a := range all {
			at = max(at, len(a.heading())+4)
		}
	}
	at = min(at, helpAt)
	for _, h := range headings {
		if len(under[h]) == 0 {
			continue
		}
		var b strings.Builder
		b.WriteString(h + ":")
		if text := c.Groups[h]; text != "" {
			b.WriteString("\n  " + strings.ReplaceAll(wrap(text, helpWidth-2), "\n", "\n  ") + "\n")
		}
		for _, a := range under[h] {
			b.WriteString("\n" + a.help(at))
		}
		sections = append(sections, b.String())
	}
	return strings.Join(sections, "\n\n")
}

// heading is how help begins an argument.
func (a *Argument) heading() string {
	if len(a.Names) > 0 {
		return strings.Join(a.Names, ", ") + strings.TrimPrefix(a.in(), a.Names[0])
	}
	return a.Meta
}

func (a *Argument) help(at int) string {
	text := strings.ReplaceAll(wrap(a.Help, helpWidth-at), "\n", "\n"+strings.Repeat(" ", at))
	head := "  " + a.heading()
	if text == "" {
		return head
	}
	if len(head)+2 > at {
		return head + "\n" + strings.Repeat(" ", at) + text
	}
	return head + strings.Repeat(" ", at-len(head)) + text
}

// wrap breaks each line of a text at blanks.
func wrap(text string, width int) string {
	var out []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > width {
				out = append(out, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
