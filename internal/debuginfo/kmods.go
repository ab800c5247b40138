package debuginfo

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// Kmods finds the files of a kernel's modules. Each directory is looked through at most once, when the first module is
// asked for that needs it. A Kmods is for one goroutine at a time.
type Kmods struct {
	// KernelDirs hold the modules of the kernel; an empty one stands for where those of Release are installed, absolutely
	// and below Dirs.
	KernelDirs []string
	Dirs       []string
	Release    string
	Beside     string // a directory whose own files are looked at too, or ""
	// Depmod uses depmod's index; Walk looks at all files, with Or only where there is no index.
	Depmod, Walk, Or bool
	Log              func(text string) // is told what is searched, with no lock held; may be nil

	searched bool // for an index
	index    *depmodIndex
	walked   map[string][]string // nil before the walk
}

// maxWalked bounds how many files one walk takes in: a kernel has some 10,000 modules.
const maxWalked = 1 << 20

func (k *Kmods) log(format string, args ...any) {
	if k.Log != nil {
		k.Log(fmt.Sprintf(format, args...))
	}
}

// Find calls try with the files that may be the module's, the likeliest first, until it returns false.
func (k *Kmods) Find(name string, try func(path string) bool) {
	if k.Depmod && !k.tryDepmod(name, try) {
		return
	}
	if k.Walk && (!k.Or || k.index == nil) || k.Beside != "" {
		if k.walked == nil {
			k.walk()
		}
		for _, path := range k.walked[name] {
			if !try(path) {
				return
			}
		}
	}
}

// installed returns where the modules of the release are installed.
func (k *Kmods) installed() string { return filepath.Join("/lib/modules", k.Release) }

func (k *Kmods) tryDepmod(name string, try func(path string) bool) (more bool) {
	if !k.searched {
		k.searched = true
		k.findDepmod()
	}
	if k.index == nil {
		return true
	}
	rel, err := k.index.path(name)
	if err != nil {
		k.log("%v", err)
		return true
	}
	if rel == "" {
		return true
	}
	for _, path := range k.candidates(rel) {
		for _, end := range []string{"", ".debug"} {
			if !try(path + end) {
				return false
			}
		}
	}
	return true
}

// findDepmod opens the first index that there is.
func (k *Kmods) findDepmod() {
	for _, dir := range k.KernelDirs {
		if dir == "" {
			if k.Release == "" {
				continue
			}
			dir = k.installed()
		}
		x, err := openDepmod(dir)
		if err != nil {
			k.log("%v", err)
			continue
		}
		k.log("found depmod index in %s", dir)
		k.index = x
		return
	}
	k.log("couldn't find depmod index")
}

// candidates returns where the module at a path of depmod's may be, uncompressed and with debugging information first.
func (k *Kmods) candidates(rel string) []string {
	if filepath.IsAbs(rel) {
		return []string{rel}
	}
	plain := plainName(rel)
	var paths []string
	add := func(dir string) {
		if plain != rel {
			paths = append(paths, filepath.Join(dir, plain))
		}
		paths = append(paths, filepath.Join(dir, rel))
	}
	for _, dir := range k.KernelDirs {
		if dir != "" {
			add(dir)
			continue
		}
		for _, root := range k.Dirs {
			add(filepath.Join(root, "lib/modules", k.Release))
			add(filepath.Join(root, "usr/lib/modules", k.Release))
		}
		add(k.installed())
	}
	return paths
}

// Places returns the directories in which modules are looked for.
func (k *Kmods) Places() []string {
	dirs := k.directories()
	if k.Beside != "" {
		dirs = slices.Insert(dirs, 0, k.Beside)
	}
	return dirs
}

// directories returns those of KernelDirs, or what stands for them.
func (k *Kmods) directories() (dirs []string) {
	for _, dir := range k.KernelDirs {
		if dir != "" {
			dirs = append(dirs, dir)
		} else if k.Release != "" {
			for _, root := range k.Dirs {
				dirs = append(dirs, filepath.Join(root, "lib/modules", k.Release), filepath.Join(root, "usr/lib/modules", k.Release))
			}
			dirs = append(dirs, k.installed())
		}
	}
	return dirs
}

// walk looks at all files.
func (k *Kmods) walk() {
	k.walked = map[string][]string{}
	n := 0
	if k.Beside != "" {
		k.walkDir(k.Beside, true, &n)
	}
	if !k.Walk || k.Or && k.index != nil {
		return
	}
	for _, dir := range k.directories() {
		k.walkDir(dir, false, &n)
	}
}

func (k *Kmods) walkDir(dir string, flat bool, n *int) {
	if to, err := filepath.EvalSymlinks(dir); err == nil {
		dir = to // a walk does not follow a link, not even where it starts
	}
	if !flat {
		k.log("searching for kernel modules in %s", dir)
	}
	// Directories that can't be read have nothing for us; which files were found says it all.
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if !flat {
				k.log("%v", err)
			}
			return fs.SkipDir
		}
		if e.IsDir() {
			if flat && path != dir {
				return fs.SkipDir
			}
			return nil
		}
		if *n++; *n > maxWalked {
			return fs.SkipAll
		}
		if name, ok := ModuleName(e.Name()); ok {
			k.walked[name] = append(k.walked[name], path)
		}
		return nil
	})
}
