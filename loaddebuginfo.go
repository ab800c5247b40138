package drgn

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/godrgn/drgn/internal/elf"
)

// LoadDebugInfo says what [Program.LoadDebugInfo] loads.
type LoadDebugInfo struct {
	// Paths are files that are tried first. Those that do not belong to a loaded module are passed over, with a warning.
	Paths []string
	// Default loads the debugging information of all loaded modules, as finders find it.
	Default bool
	// Main loads that of the main module.
	Main bool
}

// A provided file is one that the user named.
type provided struct {
	path string
	file *elf.File
	id   []byte
	used bool
}

// LoadDebugInfo finds out what the program has loaded and gives modules their debugging information: from the files that
// are named, then from those that finders find. A *MissingDebugInfoError says that some was not found; the rest is loaded.
func (p *Program) LoadDebugInfo(load LoadDebugInfo) error {
	log := p.log()
	var files []*provided
	for _, path := range load.Paths {
		f, err := p.openFile(path, nil)
		if err != nil {
			log.Warn(fmt.Sprintf("%s: %v; ignoring", path, reason(err)))
			continue
		}
		id := f.BuildID()
		log.Debug(fmt.Sprintf("provided file %s build ID %s", path, idText(id)))
		files = append(files, &provided{path: path, file: f, id: id})
	}
	byID := map[string][]*provided{}
	for _, f := range files {
		byID[hex.EncodeToString(f.id)] = append(byID[hex.EncodeToString(f.id)], f)
	}
	for m, err := range p.LoadedModules() {
		if err != nil {
			return err
		}
		if id := m.BuildID(); id != nil {
			for _, f := range byID[hex.EncodeToString(id)] {
				if f.used || !bytes.Equal(f.id, id) || !m.WantsDebugFile() && !m.WantsLoadedFile() {
					continue
				}
				var err error
				if f.used, err = m.useFile(fileToTry{path: f.path, elf: f.file}); err != nil {
					return err
				}
			}
		}
	}
	for _, f := range files {
		if !f.used {
			log.Warn(fmt.Sprintf("provided file %s did not match any loaded modules; ignoring", f.path))
			_ = f.file.Close() // nothing was written
		}
	}
	return nil
}

// reason leaves the path out of an error about a file.
func reason(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}
