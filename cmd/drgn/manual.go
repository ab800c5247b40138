package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/linux/crash"
)

// manual returns the manual page, in the language of man(7).
func manual(groups []group) string {
	var b strings.Builder
	line := func(format string, a ...any) { fmt.Fprintf(&b, format+"\n", a...) }
	line(`.TH DRGN 1 "" "godrgn %s" "User Commands"`, version)
	line(".SH NAME\ndrgn \\- programmable debugger for the Linux kernel and processes")
	line(".SH SYNOPSIS\n.nf")
	for _, form := range forms {
		line(`\fBdrgn\fR %s`, roff(form))
	}
	line(".fi\n.SH DESCRIPTION")
	line("%s\n.PP", roff("drgn opens a core dump, the running kernel or a process and gives a Python prompt, or runs a script, to walk its types, variables, data structures and stacks. Without -c, -p or --qemu it is the running kernel that is opened. Nothing is ever written to what is debugged."))
	line("%s", roff("A core dump may stand in place of a script, also after its debug file: drgn vmlinux vmcore."))
	line(".SH OPTIONS")
	for _, g := range groups {
		line(".SS %s", roff(g.heading))
		options(g.flags, line)
	}
	line(".SH COMMANDS")
	line("%s", roff("Commands that users of crash know, run on what is debugged without Python. drgn help COMMAND says more of one; at the prompt it is %crash COMMAND."))
	for _, c := range crash.Commands() {
		line(".TP\n\\fB%s\\fR\n%s", roff(c.Name), roff(sentence(c.Description)))
	}
	line(".SH TOOLS")
	for _, t := range tools() {
		line(".TP\n\\fB%s\\fR\n%s", roff(t.name), roff(sentence(t.summary)))
		if t.flags != nil {
			line(".RS")
			options(t.flags, line)
			line(".RE")
		}
	}
	line(".SH EXIT STATUS")
	for _, s := range [][2]string{{"0", "what was asked for was done"}, {"1", "nothing could be opened, code or a script raised an exception, or a command found nothing of what it was asked"},
		{"2", "the command line is wrong"}, {"130", "Ctrl-C ended a script, by the signal SIGINT: shells say 130"}} {
		line(".TP\n\\fB%s\\fR\n%s", s[0], roff(sentence(s[1])))
	}
	line(".SH ENVIRONMENT")
	for _, s := range [][2]string{{"DEBUGINFOD_URLS", "servers of debug files, separated by blanks; see debuginfod(8)"}, {"PAGER", "shows at the prompt what is longer than the screen; less if it is not set"},
		{"VISUAL, EDITOR", "what the prompt's %edit runs"}, {"PYTHONPATH, VIRTUAL_ENV", "where scripts may import from, besides"}, {"PYTHONSTARTUP", "a file that is run before the first prompt"},
		{"DRGN_PLUGINS, DRGN_DISABLE_PLUGINS", "plugins, separated by commas: NAME or NAME=PATH"}, {"NO_COLOR, FORCE_COLOR", "no colours, or colours in spite of no terminal"}} {
		line(".TP\n\\fB%s\\fR\n%s", roff(s[0]), roff(sentence(s[1])))
	}
	line(".SH FILES")
	for _, s := range [][2]string{{"~/.config/godrgn/rc.py", "run before the first prompt"}, {"~/.local/state/godrgn/history", "what was typed at the prompt"},
		{"~/.cache/godrgn", "indexes of debugging information and decompressed debug files; may be deleted at any time"}} {
		line(".TP\n\\fI%s\\fR\n%s", roff(s[0]), roff(sentence(s[1])))
	}
	line(".SH SEE ALSO\n.BR crash (8),\n.BR gdb (1),\n.BR makedumpfile (8),\n.BR debuginfod (8)")
	return b.String()
}

// options writes the flags of a set.
func options(flags *pflag.FlagSet, line func(format string, a ...any)) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		name := `\fB\-\-` + roff(f.Name) + `\fR`
		if f.Shorthand != "" {
			name = `\fB\-` + f.Shorthand + `\fR, ` + name
		}
		if value != "" {
			name += ` \fI` + roff(value) + `\fR`
		}
		line(".TP\n%s\n%s", name, roff(sentence(text)))
	})
}

// sentence gives a flag's text a capital letter and a full stop.
func sentence(text string) string {
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// roff quotes what means something to roff.
func roff(text string) string {
	text = strings.ReplaceAll(text, `\`, `\e`)
	text = strings.ReplaceAll(text, "-", `\-`)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}
