package triage

import (
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/godrgn/drgn/report"
	"github.com/godrgn/drgn/stacks"
)

// viewBox finds how large a picture is.
var viewBox = regexp.MustCompile(`viewBox="0 0 (\d+) (\d+)"`)

// pictureOf returns a picture with its size.
func pictureOf(svg string) *report.Picture {
	p := &report.Picture{SVG: svg}
	if m := viewBox.FindStringSubmatch(svg); m != nil {
		p.Width, _ = strconv.Atoi(m[1]) // digits
		p.Height, _ = strconv.Atoi(m[2])
	}
	return p
}

// flames returns the flame graph of stacks.
func flames(groups []stacks.Group) (*report.Picture, error) {
	var b strings.Builder
	err := stacks.WriteFlameGraph(&b, "Stacks of all tasks", groups)
	return pictureOf(b.String()), err
}

// Sizes in the picture of who waits for whom, in pixels.
const (
	boxWide, boxHigh   = 210, 34
	columnGap, lineGap = 190, 16
	graphMargin        = 12
	circleRoom         = 360 // right of the last column
	maxDrawn           = 200 // waits
)

// graphStyle makes the picture follow the theme.
const graphStyle = `text{font:12px ui-monospace,monospace;fill:#111}.box{fill:#eaf2fd;stroke:#23528f}.bad{fill:#fdeceb;stroke:#b3261e}.edge{fill:none;stroke:#5f6368}.badedge{fill:none;stroke:#b3261e;stroke-width:2}.lock{font-size:11px}
@media (prefers-color-scheme:dark){text{fill:#eee}.box{fill:#1e2f47;stroke:#a6c8ff}.bad{fill:#44201e;stroke:#ff9d96}.edge{stroke:#a5a8ad}.badedge{stroke:#ff9d96}}`

// waitGraph draws who waits for whom: each waiter stands left of who holds what it waits for; those that wait for each other stand in one column, in
// red. It is nil if nobody who waits is known to wait for another task.
func waitGraph(waits []*wait) *report.Picture {
	waits = slices.DeleteFunc(slices.Clone(waits), func(w *wait) bool { return w.owner == nil })
	if len(waits) == 0 || len(waits) > maxDrawn {
		return nil
	}
	bad := map[*task]bool{}
	for _, circle := range cycles(waits) {
		for _, w := range circle {
			bad[w.waiter] = true
		}
	}
	of := map[*task]*wait{}
	for _, w := range waits {
		of[w.waiter] = w
	}
	// How many steps a task is from who waits for nobody, or from the circle.
	depth := func(t *task) int {
		n := 0
		for ; !bad[t] && of[t] != nil; n++ {
			t = of[t].owner
		}
		return n
	}
	columns := [][]*task{}
	placed := map[*task]bool{}
	place := func(t *task) {
		if placed[t] {
			return
		}
		placed[t] = true
		d := depth(t)
		for len(columns) <= d {
			columns = append(columns, nil)
		}
		columns[d] = append(columns[d], t)
	}
	for _, w := range waits {
		place(w.owner)
		place(w.waiter)
	}
	most := 0
	x, y := map[*task]int{}, map[*task]int{}
	for d, column := range columns {
		most = max(most, len(column))
		for i, t := range column {
			x[t] = graphMargin + (len(columns)-1-d)*(boxWide+columnGap)
			y[t] = graphMargin + i*(boxHigh+lineGap)
		}
	}
	width := 2*graphMargin + len(columns)*boxWide + (len(columns)-1)*columnGap
	if len(bad) > 0 {
		width += circleRoom
	}
	height := 2*graphMargin + most*(boxHigh+lineGap)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d"><style>%s</style>`, width, height, width, height, graphStyle)
	b.WriteString(`<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>`)
	for _, w := range waits {
		class, what := "edge", w.name
		if what == "" {
			what = report.Address.Format(w.object)
		}
		from, to := [2]int{x[w.waiter] + boxWide, y[w.waiter] + boxHigh/2}, [2]int{x[w.owner], y[w.owner] + boxHigh/2}
		label := [2]int{from[0] + 6, from[1] - 4}
		path := fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from[0], from[1], from[0]+60, from[1], to[0]-60, to[1], to[0], to[1])
		if bad[w.waiter] { // both in one column
			class = "badedge"
			to[0] += boxWide
			bend := from[0] + 60
			if y[w.owner] < y[w.waiter] {
				to[1] += 8
				bend += 180
			} else {
				to[1] -= 8
			}
			label = [2]int{from[0] + 3*(bend-from[0])/4 + 4, (from[1]+to[1])/2 + 4} // as far as the curve comes
			path = fmt.Sprintf("M%d %dC%d %d %d %d %d %d", from[0], from[1], bend, from[1], bend, to[1], to[0], to[1])
		}
		fmt.Fprintf(&b, `<path class="%s" marker-end="url(#end)" d="%s"/><text class="lock" x="%d" y="%d">%s</text>`, class, path, label[0], label[1], html.EscapeString(report.Printable(short(w.kind+" "+what, 24))))
	}
	for _, column := range columns {
		for _, t := range column {
			class := "box"
			if bad[t] {
				class = "bad"
			}
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="5"/><text x="%d" y="%d">%s</text>`, class, x[t], y[t], boxWide, boxHigh, x[t]+8, y[t]+21,
				html.EscapeString(report.Printable(short(t.String(), 27))))
		}
	}
	b.WriteString("</svg>")
	return pictureOf(b.String())
}

// short returns a text of at most n letters.
func short(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
