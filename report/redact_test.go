package report

import (
	"strings"
	"testing"
)

// What tells hosts, people and places apart goes; what only looks like it stays.
func TestScrub(t *testing.T) {
	s := NewScrubber([]string{"web1.example.com", "(none)", "localhost.example.com", "/srv/acme/vmcore", "vmcore"})
	for text, want := range map[string]string{
		// Addresses.
		"from 10.0.0.1 to 10.0.0.2:22":              "from (redacted) to (redacted):22",
		"link 52:54:00:12:34:56 is up":              "link (redacted) is up",
		"link 52-54-00-12-34-56 is up":              "link (redacted) is up",
		"ib 80:00:00:48:fe:80:00:00:00:00:00:00:00": "ib (redacted)",
		"at fe80::5054:ff:fe12:3456%eth0 now":       "at (redacted)%eth0 now",
		"2001:db8::/32":                             "(redacted)/32",
		"[2001:db8::1]:443":                         "[(redacted)]:443",
		"src=::1 dst=::ffff:10.1.2.3":               "src=(redacted) dst=(redacted)",
		"2001:0db8:0000:0000:0000:0000:0000:0001.":  "(redacted).",
		"dead:beef::cafe":                           "(redacted)",
		"fdaa::beef/64":                             "(redacted)/64",
		"peer 20010db8000000000000000000000001":     "peer (redacted)",
		"fe80::1: no route":                         "(redacted): no route",
		"card 5254001a2b3c, 5254001A2B3C.":          "card (redacted), (redacted).",
		// Names of C++ and Rust, and numbers.
		"525400123456 abcdefabcdef":   "525400123456 abcdefabcdef", // a number, and what may be a word
		"0x5254001a2b3c":              "0x5254001a2b3c",
		"ffff5254001a2b3c":            "ffff5254001a2b3c",
		"v6.1-g5254001a2b3c":          "v6.1-g5254001a2b3c",
		"ab::cd":                      "ab::cd",
		"ab::cd::ef":                  "ab::cd::ef",
		"in ab::cd(int)":              "in ab::cd(int)",
		"a1::b2(int)":                 "a1::b2(int)",
		"a1::b2+0x10/0x20":            "a1::b2+0x10/0x20",
		"core::fmt::write":            "core::fmt::write",
		"std::add":                    "std::add",
		"<ab::cd as de::ad>::be":      "<ab::cd as de::ad>::be",
		"::":                          "::",
		"pci 0000:00:1f.2":            "pci 0000:00:1f.2",
		"at 12:34:56":                 "at 12:34:56",
		"0xffff888003a2c000":          "0xffff888003a2c000",
		"6.12.117-cloud":              "6.12.117-cloud",
		"kernel/sched/core.c:5363:2":  "kernel/sched/core.c:5363:2",
		"RIP: 0010:lab_write+0x9/0x2": "RIP: 0010:lab_write+0x9/0x2",
		// Hosts and homes.
		"web1 login: jane on web1.example.com":   "(redacted) login: jane on (redacted)",
		"web10 and myweb1":                       "web10 and myweb1",
		"WEB1-x on Web1.Example.COM, wEb1":       "(redacted)-x on (redacted), (redacted)",
		"\u0130web1 \u0130 WEB1":                 "\u0130web1 \u0130 (redacted)", // a letter whose small one is longer
		"/srv/acme/vmcore: no such page":         "(redacted): no such page",
		"fs/proc/vmcore.c on localhost":          "fs/proc/vmcore.c on localhost",
		"/home/jane/linux/kernel/a.c:3:4":        "(redacted):3:4",
		"exec \"/root/.ssh/id\" by /Users/j/x y": "exec \"(redacted)\" by (redacted) y",
		"/usr/bin/home":                          "/usr/bin/home",
		"":                                       "",
		"(redacted)":                             "(redacted)",
	} {
		if got := s.Scrub(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Words of private facts are gone wherever they stand, and so is what names of files tell.
func TestPrivateWords(t *testing.T) {
	r := &Report{Title: "Linux on db7 beside web1", Private: []string{"web1", "(none)", "localhost.localdomain"}, Sections: []Section{{
		Findings: []Finding{{Text: "Panic of db7.internal", Evidence: []string{"db7: out of memory", "db70"}}},
		Gaps:     []Gap{{What: "db7's log", Why: "/home/jane/vmcore: page is not in the dump"}},
		Parts: []Part{
			{Facts: []Fact{{Name: "Host name", Value: "db7.internal", Private: true}, {Name: "Kernel's command line", Value: "root=/dev/vda1 quiet", Private: true},
				{Name: "Root", Value: "quiet"}, {Name: "n", Value: "(none)", Private: true}, {Name: "s", Value: "ab", Private: true}}},
			{Title: "Of db7", Note: "db7", Stacks: []Stack{{Title: "db7", Error: "db7", Threads: []Thread{{Name: "db7:0"}},
				Frames: []Frame{{Function: "ab::cd", Source: "/home/jane/x.c:1:2", Text: &Lines{Text: []string{"/* db7 */"}}, Locals: []Local{{Name: "a", Value: "db7"}}}}}}},
		},
	}}}
	r.Redact()
	s := r.Sections[0]
	f := s.Parts[1].Stacks[0].Frames[0]
	for got, want := range map[string]string{
		r.Title: "Linux on (redacted) beside (redacted)", s.Findings[0].Text: "Panic of (redacted)", s.Findings[0].Evidence[0]: "(redacted): out of memory", s.Findings[0].Evidence[1]: "db70",
		s.Gaps[0].What: "(redacted)'s log", s.Gaps[0].Why: "(redacted): page is not in the dump", s.Parts[1].Title: "Of (redacted)", s.Parts[1].Note: "(redacted)",
		s.Parts[1].Stacks[0].Threads[0].Name: "(redacted):0", f.Source: "(redacted):1:2", f.Text.Text[0]: "/* (redacted) */", f.Locals[0].Value: "(redacted)", f.Function: "ab::cd",
		s.Parts[0].Facts[2].Value.(string): "quiet", s.Parts[0].Facts[1].Value.(string): "(redacted)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What a picture tells in letters is scrubbed, what draws it stays.
func TestRedactPicture(t *testing.T) {
	const svg = `<svg><style>a::b{}</style><path d="M1.2.3.4"/><text x="1">%</text><title>%</title><g id="10.1.2.3"/></svg>`
	r := &Report{Sections: []Section{{Parts: []Part{{Picture: &Picture{SVG: strings.ReplaceAll(svg, "%", "7 (sshd:10.1.2.3)")}}}}}}
	r.Redact()
	if got, want := r.Sections[0].Parts[0].Picture.SVG, strings.ReplaceAll(svg, "%", "7 (sshd:(redacted))"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Names are within a line, whatever they have.
func TestNamesInLines(t *testing.T) {
	var b strings.Builder
	r := &Report{Sections: []Section{{Parts: []Part{{Stacks: []Stack{{Threads: []Thread{{ID: 7, Name: "two\nlines\t\x1b[m"}, {ID: 8, Name: "b"}}}}}}}}}
	if err := WriteText(&b, r); err != nil || !strings.Contains(b.String(), "    7 (two?lines??[m), 8 (b)\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// A section that is asked for twice is kept once.
func TestKeepOnce(t *testing.T) {
	r := &Report{Sections: []Section{{ID: "cpus"}, {ID: "io"}}}
	if err := r.Keep([]string{"io", "cpus", "io"}); err != nil || len(r.Sections) != 2 || r.Sections[0].ID != "io" {
		t.Errorf("%v, %+v", err, r.Sections)
	}
}
