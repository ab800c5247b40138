// Package licences holds the texts of the licences of what the program contains. NOTICE says which belongs to what, and where
// each text is from.
package licences

import (
	"embed"
	"strings"
)

//go:embed *.txt
var texts embed.FS

// All returns the texts in the order of their files' names, each below the name of what it belongs to.
func All() (string, error) {
	files, err := texts.ReadDir(".")
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, f := range files {
		text, err := texts.ReadFile(f.Name())
		if err != nil {
			return "", err
		}
		name := strings.TrimSuffix(f.Name(), ".txt")
		all.WriteString(name + "\n" + strings.Repeat("=", len(name)) + "\n\n")
		all.Write(text)
		all.WriteString("\n\n")
	}
	return all.String(), nil
}
