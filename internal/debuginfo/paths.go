// Package debuginfo says where the files that hold debugging information are: by build ID, by links in other files, by the places
// where distributions put them, and on servers.
package debuginfo

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// BuildIDPaths returns where the files of a build are kept below directories: separate debug files if debug is true, else
// those with code and data. A build ID of a single byte names no file.
func BuildIDPaths(dirs []string, id []byte, debug bool) []string {
	text := hex.EncodeToString(id)
	if len(text) < 4 {
		return nil
	}
	end := ""
	if debug {
		end = ".debug"
	}
	var paths []string
	for _, dir := range dirs {
		paths = append(paths, filepath.Join(dir, ".build-id", text[:2], text[2:]+end))
	}
	return paths
}

// DebugLinkPaths returns where the file may be that the .gnu_debuglink of a file in directory origin names: mostly a name alone,
// else a path. The file must have the checksum that the link says.
func DebugLinkPaths(linkDirs, dirs []string, origin, name string) []string {
	switch {
	case name == "":
		return nil
	case filepath.IsAbs(name):
		return []string{name}
	}
	var paths []string
	for _, link := range linkDirs {
		if link == "" {
			for _, dir := range dirs {
				paths = append(paths, filepath.Join(dir, origin, name))
			}
			continue
		}
		paths = append(paths, filepath.Join(withOrigin(link, origin), name))
	}
	return paths
}

// withOrigin puts a directory in place of $ORIGIN, where that is a whole word, and ${ORIGIN}.
func withOrigin(path, origin string) string {
	return originVariable.ReplaceAllStringFunc(path, func(variable string) string {
		rest := strings.TrimPrefix(variable, "$ORIGIN")
		if rest == variable { // ${ORIGIN}
			return origin
		}
		return origin + rest
	})
}

// A word ends before what is no letter, digit or underscore.
var originVariable = regexp.MustCompile(`\$\{ORIGIN\}|\$ORIGIN([^A-Za-z0-9_]|$)`)

// SupplementaryPaths returns where the supplementary file may be that the .gnu_debugaltlink of the file at path names: there,
// below directories where it lies in a directory .dwz, as distributions have it, and by its build ID.
func SupplementaryPaths(dirs []string, path, name string, id []byte) []string {
	var paths []string
	if name != "" {
		if filepath.IsAbs(name) {
			paths = append(paths, name)
		} else {
			paths = append(paths, filepath.Join(filepath.Dir(path), name))
		}
	}
	if i := strings.LastIndex(name, "/.dwz/"); i >= 0 {
		for _, dir := range dirs {
			paths = append(paths, filepath.Join(dir, name[i:]))
		}
	}
	return append(paths, BuildIDPaths(dirs, id, true)...)
}

// KernelPaths returns where the image of a kernel release may be. An empty kernel directory stands for where it is
// installed, absolutely and below dirs.
func KernelPaths(kernelDirs, dirs []string, release string) []string {
	var paths []string
	for _, dir := range kernelDirs {
		if dir != "" {
			paths = append(paths, filepath.Join(dir, "build/vmlinux"), filepath.Join(dir, "vmlinux"), filepath.Join(dir, "vmlinux.debug"))
			if release != "" {
				paths = append(paths, filepath.Join(dir, "vmlinux-"+release))
			}
			continue
		}
		if release == "" {
			continue
		}
		for _, root := range dirs {
			modules := filepath.Join(root, "lib/modules", release)
			paths = append(paths, filepath.Join(root, "boot/vmlinux-"+release), filepath.Join(modules, "vmlinux"), filepath.Join(modules, "vmlinux.debug"),
				filepath.Join(root, "usr/lib/modules", release, "vmlinux"))
		}
		modules := filepath.Join("/lib/modules", release)
		paths = append(paths, "/boot/vmlinux-"+release, filepath.Join(modules, "build/vmlinux"), filepath.Join(modules, "vmlinux"))
	}
	return paths
}

// Beside returns the files in a directory, which a core lies in, whose names are those of a kernel's image or of separate
// debug files.
func Beside(dir string) []string {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // the core was opened from there; without the right to list it there is nothing to find
	}
	var first, rest []string
	for _, e := range entries {
		name := plainName(e.Name())
		switch path := filepath.Join(dir, e.Name()); {
		case e.IsDir():
		case name == "vmlinux" || strings.HasPrefix(name, "vmlinux-") || strings.HasPrefix(name, "vmlinux."):
			first = append(first, path)
		case strings.HasSuffix(name, ".debug") && !strings.Contains(name, ".ko."):
			rest = append(rest, path)
		}
	}
	return append(first, rest...)
}

// plainName returns a file's name without the ending of a compressed one.
func plainName(name string) string {
	for _, end := range []string{".zst", ".xz", ".gz"} {
		if n, ok := strings.CutSuffix(name, end); ok {
			return n
		}
	}
	return name
}

// ModuleName returns the name of the module in a file: "snd_pcm" for "snd-pcm.ko.debug.xz".
func ModuleName(file string) (string, bool) {
	name := plainName(file)
	name = strings.TrimSuffix(name, ".debug")
	name, ok := strings.CutSuffix(name, ".ko")
	return strings.ReplaceAll(name, "-", "_"), ok
}
