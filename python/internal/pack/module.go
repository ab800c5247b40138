//go:build tools

package main

// go.mod pins the module whose files are packed; nothing of it is compiled into anything.
import _ "github.com/kluctl/go-embed-python/python"
