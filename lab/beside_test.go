package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareAnswers(t *testing.T) {
	theirs, err := parseAnswers("[\"name\", \"1\", \"a\"]\nsomething printed\n[\"name\", \"2\", \"b\"]\n[\"name\", \"3\", \"c\"]\n[\"name\", \"4\", \"! KeyError: x\"]\n[\"size\", \"1\", \"8\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	ours, err := parseAnswers("[\"name\", \"1\", \"a\"]\n[\"name\", \"2\", \"B\"]\n[\"name\", \"3\", \"C\"]\n[\"name\", \"4\", \"! TypeError: x\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	same, kinds := compareAnswers(ours, theirs)
	var got []difference
	for _, k := range kinds {
		got = append(got, k...)
	}
	want := []difference{{"name", "2", "B", "b"}, {"name", "3", "C", "c"}, {"name", "4", "! TypeError: x", "! KeyError: x"}, {"size", "1", "(not asked)", "8"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(difference{})); diff != "" || same != 1 || len(kinds) != 3 {
		t.Errorf("%d the same, %d kinds\n%s", same, len(kinds), diff)
	}
	if _, err := parseAnswers("[1]\n"); err == nil {
		t.Error("no error for what is no answer")
	}
}

func TestDeliberate(t *testing.T) {
	list := "# Why.\nhelpers: f\\(.*\\)|g\\(1\\)\ncommands: ps\n"
	meant, err := deliberate(list, "helpers")
	if err != nil || len(meant) != 1 {
		t.Fatal(meant, err)
	}
	rest, n := without([][]difference{{{question: "f(x)"}, {question: "g(1)"}}, {{question: "g(12)"}, {question: "f(1)"}}, {{question: "ps"}}}, meant)
	want := [][]difference{{{question: "g(12)"}}, {{question: "ps"}}}
	if diff := cmp.Diff(want, rest, cmp.AllowUnexported(difference{})); diff != "" || n != 3 {
		t.Errorf("%d on purpose\n%s", n, diff)
	}
	if _, err := deliberate("helpers: (", "helpers"); err == nil {
		t.Error("no error for what is no regular expression")
	}
	for _, script := range []string{"commands", "helpers"} {
		list, err := os.ReadFile(filepath.Join("beside", "deliberate.txt"))
		if err != nil {
			t.Fatal(err)
		}
		if meant, err := deliberate(string(list), script); err != nil || len(meant) == 0 {
			t.Errorf("deliberate.txt: %s: %d, %v", script, len(meant), err)
		}
	}
}

func TestClip(t *testing.T) {
	long := string(slices.Repeat([]byte("x"), 500))
	for _, test := range []struct {
		text string
		at   int
		want string
	}{
		{"a\nb", 0, `a\nb`}, {"", 0, ""}, {long + "end", 500, "… " + long[:50] + "end"}, {long, 0, long[:shownText]},
	} {
		if got := clip(test.text, test.at); got != test.want {
			t.Errorf("%.20q at %d: %q", test.text, test.at, got)
		}
	}
}
