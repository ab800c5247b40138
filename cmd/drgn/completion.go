package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/linux/crash"
)

// shells are what --completion prints: functions that ask this program for the words that may stand where the cursor is. Where
// it has none, and beside those that it has for what is no flag, files are offered.
var shells = map[string]string{
	"bash": `_drgn() {
	local cur="${COMP_WORDS[COMP_CWORD]}" IFS=$'\n'
	COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "$cur"))
	[[ $cur == -* ]] || COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _drgn drgn
`,
	"zsh": `#compdef drgn
_drgn() {
	local -a found
	found=(${(f)"$("${words[1]}" --complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	(( $#found )) && compadd -- $found
	[[ ${words[CURRENT]} == -* ]] || _files
}
compdef _drgn drgn
`,
	"fish": `function __drgn_complete
	set -l words (commandline -opc) (commandline -ct)
	$words[1] --complete $words[2..-1] 2>/dev/null
end
complete -c drgn -a '(__drgn_complete)'
`,
}

// completion returns the script that makes a shell complete the command line.
func completion(shell string) (string, error) {
	if script, ok := shells[shell]; ok {
		return script, nil
	}
	return "", fmt.Errorf("unknown shell %q; known are bash, fish and zsh", shell)
}

// complete returns the words that may stand in place of the last of args: flags, what flags take, commands, their options. It
// returns none where a file is wanted.
func complete(args []string, fs *pflag.FlagSet) (found []string) {
	if len(args) == 0 {
		args = []string{""}
	}
	word := args[len(args)-1]
	var command *crash.Command
	var tool *tool
	for i := 0; i < len(args)-1; {
		n := ourFlag(args[i:], fs)
		if n > 0 && i+n == len(args) { // the word is the flag's value
			return beginning(valuesOf(args[i], fs), word)
		}
		if n == 0 {
			if command != nil || tool != nil {
				n = 1
			} else if tool = toolNamed(args[i]); tool != nil {
				if n = 1; tool.flags != nil {
					fs.AddFlagSet(tool.flags)
				}
			} else if c, ok := crash.Lookup(args[i]); ok {
				command, n = c, 1
			} else {
				return nil // a script's arguments
			}
		}
		i += n
	}
	switch {
	case strings.HasPrefix(word, "-"):
		fs.VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				found = append(found, "--"+f.Name)
			}
		})
		if command != nil {
			for _, a := range command.Arguments {
				found = append(found, a.Names...)
			}
		}
	case tool != nil:
	case command == nil || command.Name == "help":
		for _, t := range tools() {
			if command == nil {
				found = append(found, t.name)
			}
		}
		for _, c := range crash.Commands() {
			found = append(found, c.Name)
		}
	}
	return beginning(found, word)
}

// valuesOf returns what a flag may be given, if that is one of some words.
func valuesOf(flag string, fs *pflag.FlagSet) []string {
	f := fs.Lookup(strings.TrimLeft(flag, "-"))
	if f == nil {
		return nil
	}
	switch f.Name {
	case "log-level":
		return []string{"debug", "info", "warning", "error", "critical", "none"}
	case "architecture":
		var names []string
		for _, a := range arch.All {
			names = append(names, strings.ToLower(a.Name))
		}
		return names
	case "completion":
		return []string{"bash", "fish", "zsh"}
	}
	return nil
}

// beginning returns the words that begin with a prefix, sorted.
func beginning(words []string, prefix string) []string {
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, prefix) })
	slices.Sort(words)
	return slices.Compact(words)
}
