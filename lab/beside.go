package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// besideLimit is how long a program may take to answer the questions of one script.
const besideLimit = 20 * time.Minute

// shownKinds bounds how many kinds of differences are printed for a script, and shownText how many bytes of an answer.
const shownKinds, shownText = 40, 200

// beside asks drgn and another drgn the same questions about a core and prints how many answers are the same, and of each kind of
// differences one. It is no check: what differs is for people to look at.
func beside(ctx context.Context, opt options, c cores) error {
	program, other, err := bothPrograms(ctx, opt)
	if err != nil {
		return err
	}
	scripts, err := filepath.Glob(filepath.Join("lab", "beside", cmp.Or(opt.only, "*")+".py"))
	if err != nil {
		return err
	}
	scripts = slices.DeleteFunc(scripts, func(s string) bool { return filepath.Base(s) == "beside.py" })
	if len(scripts) == 0 {
		return fmt.Errorf("lab/beside has no %s.py", opt.only)
	}
	list, err := os.ReadFile(filepath.Join("lab", "beside", "deliberate.txt"))
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "lab-beside-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	debug, err := debugFiles(c)
	if err != nil {
		return err
	}
	var failed error
	for _, script := range scripts {
		ask := func(program string, given ...string) (string, error) {
			// Of the forms of dumps it is the one that says of no memory where it lies by a wrong virtual address: QEMU's files say 0 of all.
			args := append([]string{"-q", "--no-default-symbols", "-c", c.path("vmcore.kdump")}, debug...)
			args = append(args, script, strconv.Itoa(opt.seed), strconv.Itoa(opt.questions))
			stdout, stderr, err := capture(ctx, besideLimit, "", program, append(args, given...)...)
			if err != nil {
				err = fmt.Errorf("%s of %s: %w\n%s", script, program, err, tail(stderr, 2000))
			}
			return stdout, err
		}
		theirs, err := ask(other)
		if err == nil {
			asked := filepath.Join(work, filepath.Base(script)+".answers")
			if err = os.WriteFile(asked, []byte(theirs), 0o600); err == nil {
				var ours string
				if ours, err = ask(program, asked); err == nil {
					err = printDifferences(c.release, strings.TrimSuffix(filepath.Base(script), ".py"), string(list), ours, theirs)
				}
			}
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// An answered is a question and what a program answered.
type answered struct{ kind, question, answer string }

// parseAnswers reads what a script of lab/beside has printed: by question.
func parseAnswers(said string) (map[string]answered, error) {
	all := map[string]answered{}
	for line := range strings.Lines(said) {
		var parts [3]string
		if !strings.HasPrefix(line, "[") {
			continue // what is asked may print, too
		}
		if err := json.Unmarshal([]byte(line), &parts); err != nil {
			return nil, fmt.Errorf("a script printed %q: %w", line, err)
		}
		all[parts[0]+"\x00"+parts[1]] = answered{parts[0], parts[1], parts[2]}
	}
	return all, nil
}

// A difference is a question that two programs answered in different ways.
type difference struct {
	kind, question, our, their string
}

// deliberate returns what in a script's questions is answered in another way than drgn 0.3.0 answers it on purpose: regular expressions for
// the questions, from the lines of lab/beside/deliberate.txt that begin with the script's name and a colon.
func deliberate(list, script string) (out []*regexp.Regexp, err error) {
	for line := range strings.Lines(list) {
		name, expression, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || name != script {
			continue
		}
		re, err := regexp.Compile("^(?:" + expression + ")$")
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

// without returns differences but those that are meant, and how many these are.
func without(kinds [][]difference, meant []*regexp.Regexp) (rest [][]difference, n int) {
	for _, kind := range kinds {
		kept := slices.DeleteFunc(kind, func(d difference) bool {
			return slices.ContainsFunc(meant, func(re *regexp.Regexp) bool { return re.MatchString(d.question) })
		})
		n += len(kind) - len(kept)
		if len(kept) > 0 {
			rest = append(rest, kept)
		}
	}
	return rest, n
}

// compareAnswers returns how many of the other's answers are ours, too, and the rest by kinds, the most frequent first.
func compareAnswers(ours, theirs map[string]answered) (same int, kinds [][]difference) {
	byKind := map[string][]difference{}
	for _, key := range slices.Sorted(maps.Keys(theirs)) {
		their := theirs[key]
		our, ok := ours[key]
		if !ok {
			our.answer = "(not asked)"
		}
		if our.answer == their.answer {
			same++
			continue
		}
		kind := their.kind + "\x00" + exceptionIn(our.answer) + "\x00" + exceptionIn(their.answer)
		byKind[kind] = append(byKind[kind], difference{their.kind, their.question, our.answer, their.answer})
	}
	kinds = slices.SortedFunc(maps.Values(byKind), func(a, b []difference) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a[0].kind+a[0].question, b[0].kind+b[0].question))
	})
	return same, kinds
}

// exceptionIn returns the exception that an answer begins with, "" if it is a value.
func exceptionIn(answer string) string {
	if class, _, ok := strings.Cut(answer, ":"); ok && strings.HasPrefix(class, "! ") {
		return class
	}
	return ""
}

func printDifferences(release, script, list, said, theySaid string) error {
	meant, err := deliberate(list, script)
	if err != nil {
		return err
	}
	ours, err := parseAnswers(said)
	if err != nil {
		return err
	}
	theirs, err := parseAnswers(theySaid)
	if err != nil {
		return err
	}
	same, kinds := compareAnswers(ours, theirs)
	kinds, known := without(kinds, meant)
	fmt.Printf("%s: %s: %d of %d answers are the same, %d differ on purpose; %d kinds of other differences\n", release, script, same, len(theirs), known, len(kinds))
	for i, kind := range kinds {
		if i == shownKinds {
			fmt.Printf("  … and %d kinds more\n", len(kinds)-i)
			break
		}
		d := kind[0]
		at := shared(d.our, d.their)
		fmt.Printf("  %d %s, as %s\n    drgn  %s\n    other %s\n", len(kind), d.kind, clip(d.question, 0), clip(d.our, at), clip(d.their, at))
	}
	return nil
}

// shared returns how many bytes two texts begin with that are the same.
func shared(a, b string) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// clip returns a piece of a text in one line, from a little before a byte on.
func clip(text string, at int) string {
	begin := max(0, at-shownText/4)
	piece := strings.ToValidUTF8(text[begin:min(len(text), begin+shownText)], "")
	if begin > 0 {
		piece = "… " + piece
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(piece)
}
