// Package crash has the commands of crash, the older debugger of kernels, on top of the helpers: ps, bt, struct and their
// like, with the layout and the options that its users know. It needs neither Python nor cgo.
//
// A [Session] is a program and what commands remember of each other: the task that is looked at, the base of numbers.
// [Session.Run] runs one command with its arguments and writes what it finds. With the option --drgn a command writes the
// Python code that would find the same.
//
// # Adding a command
//
// A command is one value of type [Command] in the file of its family, put into the table in table.go:
//
//	var tasksCommand = Command{
//		Name:        "tasks",                  // as it is typed
//		Description: "say what tasks there are", // one line
//		Arguments: []Argument{
//			{Names: []string{"-k"}, Help: "only kernel threads"},                        // a switch
//			{Names: []string{"-C"}, Meta: "CPU", Value: One, Help: "only of this CPU"},  // an option with a value
//			{Meta: "pid|task", Value: Any, Help: "only these"},                          // what stands without an option
//			drgnArgument,
//		},
//		Run: func(c *Call) error {
//			if c.Has("--drgn") {
//				return c.code(func(b *builder) { … }) // must run: the test executes it
//			}
//			for task, err := range pid.ForEachTask(c.Prog, true) {
//				if err := c.next(err); err != nil { // the walk's error, or that the user stopped it
//					return err
//				}
//				c.printf("…\n", …) // or rows of a grid, whose columns are as wide as what is in them
//			}
//			return nil
//		},
//	}
//
// Usage, help, checks of arguments, the shell's "drgn tasks" and Python's "%crash tasks" come from that declaration. What can't
// be had is said to be missing: an error is returned, or, where a part of many is missing, [Call.warn] says so and the rest
// goes on. Walks are those of the helper packages, which are bounded; a count that the user or memory gives must be bounded here.
// Then add the command's lines to cmd/drgn/testdata/commands.txt, whose test runs them on the bundled core.
package crash
