package crash

import (
	"slices"
	"strings"
	"sync"
)

// table is all commands. It is a function because some of them look others up.
func table() []*Command {
	return []*Command{
		&asciiCommand, &btCommand, &btopCommand, &evalCommand, &foreachCommand, &helpCommand, &logCommand, &modCommand, &pCommand, &psCommand,
		&ptobCommand, &ptovCommand, &rdCommand, &setCommand, &starCommand, &structCommand, &symCommand, &sysCommand, &taskCommand, &unionCommand, &vtopCommand,
	}
}

var commands = sync.OnceValue(func() []*Command {
	all := table()
	slices.SortFunc(all, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	return all
})
