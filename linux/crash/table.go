package crash

import (
	"slices"
	"strings"
	"sync"
)

// table is all commands. It is a function because some of them look others up.
func table() []*Command {
	return []*Command{
		&bpfCommand, &devCommand, &filesCommand, &ipcsCommand, &irqCommand, &kmemCommand, &listCommand, &mountCommand, &netCommand, &runqCommand,
		&searchCommand, &sigCommand, &swapCommand, &timerCommand, &treeCommand, &vmCommand, &waitqCommand, &whatisCommand,
		&asciiCommand, &btCommand, &btopCommand, &evalCommand, &foreachCommand, &helpCommand, &logCommand, &modCommand, &pCommand, &psCommand,
		&ptobCommand, &ptovCommand, &rdCommand, &setCommand, &starCommand, &structCommand, &symCommand, &sysCommand, &taskCommand, &unionCommand, &vtopCommand,
	}
}

var commands = sync.OnceValue(func() []*Command {
	all := table()
	slices.SortFunc(all, func(a, b *Command) int { return strings.Compare(a.Name, b.Name) })
	return all
})
