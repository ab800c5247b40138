package dwarf

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// kernelSymbols are the addresses of the small kernel's symbols as its image has them.
var kernelSymbols = sync.OnceValues(func() (map[string]uint64, error) {
	image, err := vmlinux()
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	syms, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	m := map[string]uint64{}
	for _, s := range syms {
		m[s.Name] = s.Value
	}
	return m, nil
})

// openBiased opens the small kernel where it was when its memory was dumped.
func openBiased(tb testing.TB) *File {
	tb.Helper()
	var at uint64
	for _, l := range expected(tb, "symbols.txt") {
		if _, err := fmt.Sscanf(l, "Symbol(name='schedule', address=%v,", &at); err == nil {
			break
		}
	}
	syms, err := kernelSymbols()
	if err != nil || at == 0 {
		tb.Fatal(at, err)
	}
	f := openKernel(tb)
	f.cfg.Addresses = Bias(at - syms["schedule"])
	return f
}

// expected returns the lines of what the reference says.
func expected(tb testing.TB, name string) (lines []string) {
	tb.Helper()
	r, err := os.Open(fixture + "expected/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	defer r.Close()
	s := bufio.NewScanner(r)
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	if s.Err() != nil {
		tb.Fatal(s.Err())
	}
	return lines
}

// A refFrame is a frame of the reference's stack traces. Several frames of one pc are of functions inlined into the last.
type refFrame struct {
	pid    string
	n      int
	name   string
	inline bool
	pc     uint64
	index  int      // in Functions(lookup())
	locals []string // names, with " absent" behind those that were optimized out
}

// lookup is the address to look for: in the call instruction, not after it.
func (r *refFrame) lookup() uint64 { return r.pc - 1 }

// refFrames reads the frames of locals.txt: pids that slept, so that all pcs are return addresses.
func refFrames(tb testing.TB) (frames []refFrame) {
	for _, l := range expected(tb, "locals.txt") {
		var r refFrame
		if _, err := fmt.Sscanf(l, "%s %d %s %t %v", &r.pid, &r.n, &r.name, &r.inline, &r.pc); err == nil {
			if k := len(frames); r.n > 0 && frames[k-1].inline {
				r.index = frames[k-1].index + 1
			}
			frames = append(frames, r)
		} else if name, value, ok := strings.Cut(l, " = "); ok && strings.HasPrefix(l, "    ") && len(frames) > 0 {
			name = strings.TrimSpace(name)
			if strings.HasSuffix(value, "<optimized out>") {
				name += " absent"
			}
			frames[len(frames)-1].locals = append(frames[len(frames)-1].locals, name)
		}
	}
	if len(frames) < 20 {
		tb.Fatalf("only %d frames", len(frames))
	}
	return frames
}

func sourceText(s Source) string {
	if s.Column == 0 {
		return fmt.Sprintf("%s:%d", s.File, s.Line)
	}
	return fmt.Sprintf("%s:%d:%d", s.File, s.Line, s.Column)
}

// TestFrames compares every frame of pids 1, 2 and 33 with the reference: its function, whether that is inlined, and
// the source position in stack-traces.txt.
func TestFrames(t *testing.T) {
	f := openBiased(t)
	positions := map[string][]string{} // "pid" → of each frame
	pid := ""
	for _, l := range expected(t, "stack-traces.txt") {
		if s, ok := strings.CutPrefix(l, "Call stack for PID "); ok {
			pid = s
		} else if strings.HasPrefix(l, "#") {
			at := ""
			if i := strings.Index(l, " ("); i >= 0 {
				at = strings.TrimSuffix(l[i+2:], ")")
			}
			positions[pid] = append(positions[pid], at)
		}
	}
	for _, r := range refFrames(t) {
		where := fmt.Sprintf("pid %s, frame %d (%s)", r.pid, r.n, r.name)
		want := positions[r.pid][r.n]
		fns, err := f.Functions(r.lookup())
		if err != nil {
			t.Fatal(err)
		}
		sources, err := f.Sources(r.lookup())
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if r.index < len(sources) {
			got = sourceText(sources[r.index])
		}
		if got != want {
			t.Errorf("%s: at %q, not %q", where, got, want)
		}
		if strings.HasPrefix(r.name, "0x") || strings.HasSuffix(r.name, "_asm") || strings.HasPrefix(r.name, "entry_") {
			if len(fns) != 0 {
				t.Errorf("%s: function %s", where, fns[0].Name)
			}
			continue
		}
		if r.index >= len(fns) || fns[r.index].Name != r.name || fns[r.index].Inline != r.inline {
			t.Errorf("%s, inline %t: not number %d of %+v", where, r.inline, r.index, fns)
		}
	}
}

// TestSourceLocations compares the last part of symbols.txt: addresses in the middle of functions.
func TestSourceLocations(t *testing.T) {
	f := openBiased(t)
	var pc uint64
	want := map[uint64][]string{}
	for _, l := range expected(t, "symbols.txt") {
		var name, at string
		if n, _ := fmt.Sscanf(l, "0x%x ", &pc); n == 1 {
			_, l, _ = strings.Cut(l, " ")
			_, l, _ = strings.Cut(l, " ") // symbol
		} else if !strings.HasPrefix(l, "#") {
			continue
		}
		if strings.HasPrefix(l, "#") {
			_, l, _ = strings.Cut(l, " ")
		}
		if n, _ := fmt.Sscanf(strings.TrimSpace(l), "%s at %s", &name, &at); n == 2 {
			want[pc] = append(want[pc], name+" at "+at)
		}
	}
	if len(want) != 4 {
		t.Errorf("%d addresses", len(want))
	}
	for pc, want := range want {
		fns, err := f.Functions(pc)
		if err != nil {
			t.Fatal(err)
		}
		at, err := f.Sources(pc)
		if err != nil || len(at) != len(fns) {
			t.Fatal(at, err)
		}
		var got []string
		for i := range fns {
			got = append(got, fns[i].Name+" at "+sourceText(at[i]))
		}
		if g, w := strings.Join(got, ", "), strings.Join(want, ", "); g != w {
			t.Errorf("%#x: %s; want %s", pc, g, w)
		}
	}
}

func TestLinkageName(t *testing.T) {
	f, e := openProgram(t, "v5")
	fns, err := f.Functions(e.Entry)
	if err != nil || len(fns) != 1 {
		t.Fatal(fns, err)
	}
	if name, err := fns[0].LinkageName(); name != "" || err != nil {
		t.Errorf("C function has the linkage name %q, %v", name, err)
	}
}
