package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn/target"
)

// A tool is what the program does beside Python and the commands of crash: drgn [flags] NAME [flags] [arguments].
type tool struct {
	name      string
	summary   string         // a sentence without its full stop
	flags     *pflag.FlagSet // its own; nil: none
	arguments string         // what they are; "": it takes none
	files     bool           // they are files that it opens itself, cores among them
	// run gets all flags, and the command line without the tool's name.
	run func(f *flags, fs *pflag.FlagSet, args []string, stdout, stderr io.Writer) int
}

// tools returns the tools. What their flags are set to is in them.
func tools() []*tool {
	return []*tool{crashTool(), dapTool(), diffTool(), kernelTool(), mcpTool(), reportTool(), stacksTool(), webTool()}
}

// toolNamed returns the tool of a name, or nil.
func toolNamed(name string) *tool {
	for _, t := range tools() {
		if t.name == name {
			return t
		}
	}
	return nil
}

// splitTool takes the name of a tool out of the command line, if it stands where a script would and there is no script of the name, and
// adds the tool's flags to fs.
func splitTool(args []string, fs *pflag.FlagSet) (rest []string, t *tool) {
	for i := 0; i < len(args); {
		n := ourFlag(args[i:], fs)
		if n == 0 {
			if t = toolNamed(args[i]); t == nil || isScript(args[i]) && target.KindOf(args[i]) != target.ImageFile {
				return args, nil
			}
			if t.flags != nil {
				fs.AddFlagSet(t.flags)
			}
			fs.SetInterspersed(true)
			return append(append([]string(nil), args[:i]...), args[i+1:]...), t
		}
		i += n
	}
	return args, nil
}

// usage returns the text of the tool's --help.
func (t *tool) usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n\n%s.\n", t.form(), t.summary)
	if t.flags != nil {
		b.WriteString("\n" + t.flags.FlagUsagesWrapped(usageWidth))
	}
	b.WriteString("\nWhat is debugged is named by the flags that drgn --help lists.\n")
	return b.String()
}

// form returns how the tool is called.
func (t *tool) form() string {
	form := "drgn [flags] " + t.name
	if t.flags != nil {
		form += " [flags]"
	}
	return strings.TrimSuffix(form+" "+t.arguments, " ")
}
