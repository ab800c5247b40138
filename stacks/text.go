package stacks

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/godrgn/drgn/report"
)

// shown is how many threads of a group are named in text.
const shown = 16

// WriteText writes groups as people read them: how many threads there are, in which states, their IDs and names, and the frames.
func WriteText(w io.Writer, groups []Group) error {
	out := bufio.NewWriter(w)
	for i, g := range groups {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, g.Heading())
		for i := 0; i < len(g.Threads) && i < shown; i += 4 {
			var names []string
			for _, t := range g.Threads[i:min(i+4, shown, len(g.Threads))] {
				names = append(names, strings.TrimSuffix(fmt.Sprintf("%d (%s)", t.TID, report.PrintableLine(t.Name)), " ()"))
			}
			fmt.Fprintf(out, "  %s\n", strings.Join(names, ", "))
		}
		if more := len(g.Threads) - shown; more > 0 {
			fmt.Fprintf(out, "  and %d more\n", more)
		}
		for i, f := range g.Frames {
			fmt.Fprintf(out, "    #%-2d %s", i, report.PrintableLine(f.String()))
			if f.Inline {
				fmt.Fprint(out, " (inlined)")
			}
			if f.TailCall {
				fmt.Fprint(out, " (tail call)")
			}
			fmt.Fprintln(out)
		}
		if g.Err != nil {
			fmt.Fprintf(out, "    %v\n", strings.ReplaceAll(g.Err.Error(), "\n", "\n    "))
		}
	}
	return out.Flush()
}

// Heading returns what the threads have in common, as "12 threads: 10 S, 2 D, for 3s to 1m20s".
func (g *Group) Heading() string {
	var b strings.Builder
	what := "thread"
	if g.Goroutines {
		what = "goroutine"
	}
	fmt.Fprintf(&b, "%d %s", len(g.Threads), what)
	if len(g.Threads) != 1 {
		b.WriteByte('s')
	}
	states := map[string]int{}
	least, most := time.Duration(0), time.Duration(0)
	for _, t := range g.Threads {
		if t.State != "" {
			states[t.State]++
		}
		if t.Waiting > 0 {
			if least == 0 {
				least = t.Waiting
			}
			least, most = min(least, t.Waiting), max(most, t.Waiting)
		}
	}
	separator := ": "
	for _, s := range slices.SortedFunc(maps.Keys(states), func(a, b string) int {
		return cmp.Or(cmp.Compare(states[b], states[a]), cmp.Compare(a, b))
	}) {
		b.WriteString(separator)
		if len(states) > 1 {
			fmt.Fprintf(&b, "%d ", states[s])
		}
		b.WriteString(s)
		separator = ", "
	}
	if most > 0 {
		fmt.Fprintf(&b, "%sfor %s", separator, short(least))
		if short(least) != short(most) {
			fmt.Fprintf(&b, " to %s", short(most))
		}
	}
	return b.String()
}

// short returns a duration with as many digits as one reads.
func short(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Millisecond).String()
}

// WriteFolded writes a line for each group, as programs that draw flame graphs read them: the frames, the outermost first, separated by
// semicolons, a blank and the number of threads. A stack that is not known to its end begins with "[incomplete]".
func WriteFolded(w io.Writer, groups []Group) error {
	out := bufio.NewWriter(w)
	for _, g := range groups {
		for i, name := range g.path() {
			if i > 0 {
				out.WriteByte(';')
			}
			out.WriteString(strings.ReplaceAll(report.PrintableLine(name), ";", ":"))
		}
		fmt.Fprintf(out, " %d\n", len(g.Threads))
	}
	return out.Flush()
}

// incomplete stands for the frames that are not known.
const incomplete = "[incomplete]"

// path returns the names of a group's frames, the outermost first; at least one.
func (g *Group) path() []string {
	var path []string
	if g.Err != nil || len(g.Frames) == 0 {
		path = append(path, incomplete)
	}
	for _, f := range slices.Backward(g.Frames) {
		path = append(path, f.Function)
	}
	return path
}

// The schema of WriteJSON. Fields may be added; what else changes, changes the version.
type (
	jsonStacks struct {
		Version int         `json:"version"` // 1
		Threads int         `json:"threads"` // in all groups
		Groups  []jsonGroup `json:"groups"`
	}
	jsonGroup struct {
		Frames  []jsonFrame  `json:"frames"` // the innermost first
		Error   string       `json:"error,omitempty"`
		Threads []jsonThread `json:"threads"`
	}
	jsonFrame struct {
		Function string `json:"function"`
		Inline   bool   `json:"inline,omitempty"`
		TailCall bool   `json:"tail_call,omitempty"`
		File     string `json:"file,omitempty"`
		Line     int    `json:"line,omitempty"`
		Column   int    `json:"column,omitempty"`
	}
	jsonThread struct {
		TID     uint64 `json:"tid"`
		Name    string `json:"name,omitempty"`
		State   string `json:"state,omitempty"`
		Waiting int64  `json:"waiting_ns,omitempty"`
	}
)

// WriteJSON writes groups as JSON: {"version": 1, "threads": N, "groups": [{"frames": [{"function", "inline", "tail_call", "file",
// "line", "column"}], "error", "threads": [{"tid", "name", "state", "waiting_ns"}]}]}; what is not known is left out.
func WriteJSON(w io.Writer, groups []Group) error {
	all := jsonStacks{Version: 1, Groups: []jsonGroup{}}
	for _, g := range groups {
		j := jsonGroup{Frames: []jsonFrame{}}
		for _, f := range g.Frames {
			j.Frames = append(j.Frames, jsonFrame{f.Function, f.Inline, f.TailCall, f.Source.Filename, f.Source.Line, f.Source.Column})
		}
		for _, t := range g.Threads {
			j.Threads = append(j.Threads, jsonThread{t.TID, t.Name, t.State, int64(t.Waiting)})
		}
		if g.Err != nil {
			j.Error = g.Err.Error()
		}
		all.Threads += len(g.Threads)
		all.Groups = append(all.Groups, j)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}
