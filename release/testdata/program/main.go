// A made-up program for the tests of releases: it answers what a release asks of drgn.
package main

import (
	"os"
	"strings"
)

func main() { os.Stdout.WriteString("asked for [" + strings.Join(os.Args[1:], " ") + "]\n") }
