package stacks

import (
	"bufio"
	_ "embed"
	"encoding/xml"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// flameStyle makes the picture follow the theme, and FlameScript makes it zoom and search. They need nothing else: the file opens from disk.
//
//go:embed flame.css
var flameStyle string

// FlameScript is the script that flame graphs have, as it stands in them: a policy that allows it by its hash is to be had from it.
//
//go:embed flame.js
var FlameScript string

// A node is a function in a flame graph, below those that it called.
type node struct {
	name    string
	threads int
	kids    map[string]*node
}

func (n *node) add(path []string, threads int) {
	n.threads += threads
	if len(path) == 0 {
		return
	}
	kid := n.kids[path[0]]
	if kid == nil {
		kid = &node{name: path[0], kids: map[string]*node{}}
		n.kids[path[0]] = kid
	}
	kid.add(path[1:], threads)
}

// depth returns how many rows a node takes.
func (n *node) depth() int {
	deepest := 0
	for _, k := range n.kids {
		deepest = max(deepest, k.depth())
	}
	return deepest + 1
}

// Sizes in the picture, in pixels. A letter is as wide as one of a font of fixed width.
const (
	width, margin     = 1200, 10
	row, head, letter = 17, 60, 6.6
	narrow            = 0.05 // what is narrower is left out
)

// WriteFlameGraph writes groups as a flame graph: an SVG picture in which each function is as wide as there are threads with the functions
// below it in their stacks. In a browser, functions can be clicked and searched for.
func WriteFlameGraph(w io.Writer, title string, groups []Group) error {
	root := &node{name: "all", kids: map[string]*node{}}
	for _, g := range groups {
		root.add(g.path(), len(g.Threads))
	}
	rows := root.depth()
	height := head + rows*row + margin
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" viewBox="0 0 %d %d" width="%d" height="%d">
<style>%s</style>
<rect class="page" width="100%%" height="100%%"/>
<text class="title" x="%d" y="24">%s</text>
<text class="button" id="reset" x="%d" y="44">Reset</text>
<foreignObject x="%d" y="30" width="180" height="24"><input xmlns="http://www.w3.org/1999/xhtml" id="search" type="search" placeholder="Search (Ctrl-F)" aria-label="Functions that match a regular expression"/></foreignObject>
<text id="found" x="%d" y="44"></text>
<g id="frames">
`, width, height, width, height, flameStyle, margin, text(title), margin, margin+50, margin+240)
	f := flame{out: out, total: root.threads, bottom: height - margin - row}
	f.draw(root, 0, 0)
	fmt.Fprintf(out, "</g>\n<script><![CDATA[%s]]></script>\n</svg>\n", FlameScript)
	return out.Flush()
}

type flame struct {
	out    *bufio.Writer
	total  int // threads
	bottom int // of the picture: where the first row is
}

// draw draws a node and what it called; before is how many threads are left of it.
func (f *flame) draw(n *node, before, level int) {
	const inner = width - 2*margin
	share := float64(n.threads) / float64(max(f.total, 1))
	x, wide := margin+inner*float64(before)/float64(max(f.total, 1)), inner*share
	if wide < narrow && n.threads < f.total {
		return
	}
	y := f.bottom - level*row
	name := n.name
	if fits := int((wide - 6) / letter); fits < 3 {
		name = ""
	} else if utf8.RuneCountInString(name) > fits {
		name = string([]rune(name)[:fits-2]) + ".."
	}
	fmt.Fprintf(f.out, `<g data-x="%d" data-n="%d" data-y="%d"><title>%s: %d of %d threads (%.1f %%)</title><rect class="%s" x="%.2f" y="%d" width="%.2f" height="%d"/><text x="%.2f" y="%d">%s</text></g>`+"\n",
		before, n.threads, level, text(n.name), n.threads, f.total, 100*share, hue(n.name), x, y, wide, row-1, x+3, y+12, text(name))
	for _, name := range slices.Sorted(maps.Keys(n.kids)) {
		kid := n.kids[name]
		f.draw(kid, before, level+1)
		before += kid.threads
	}
}

// hue returns the class of a function's colour, the same in each picture.
func hue(name string) string {
	if name == incomplete {
		return "incomplete"
	}
	h := fnv.New32a()
	io.WriteString(h, name)
	return fmt.Sprintf("h%d", h.Sum32()%6)
}

// text returns a text as XML has it; what XML can't have is replaced.
func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}
