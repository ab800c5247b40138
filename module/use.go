package module

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// use gives the module a file, if it fits: a decision on what is known of both, and what follows from it.
func (m *Module) use(c *Candidate) (used bool, err error) {
	ch := &choice{file: c.ELF, force: c.Force, loadable: IsLoadable(c.ELF), id: c.ELF.BuildID(), kind: m.kind}
	has := m.set.config.Has(c.ELF)
	if !isProgram(c.ELF) {
		has = 0
	}
	// What has types only, BTF, is the debug file if somebody says so: that of a loadable file is what finders come by on
	// their way to the one that has all.
	if ch.debug = has&debugdata.Functions != 0 || has != 0 && !c.Quiet; ch.debug {
		if ch.supID, err = ch.readAltLink(); err != nil {
			m.set.Log().Debug(fmt.Sprintf("%s: %v; ignoring its debugging information", c.ELF.Name, err))
			ch.debug = false // what it refers to can't be found
		}
	}
	if c.CRC != nil {
		// A debug link means the file with its checksum, whatever build ID that has.
		ch.otherSum = crc32.ChecksumIEEE(c.ELF.Data) != *c.CRC
		if !ch.otherSum {
			m.set.Log().Debug(fmt.Sprintf("%s: %s CRC matches", m.name, c.ELF.Name))
			ch.force = true
		}
	}
	m.mu.Lock()
	ch.buildID, ch.loadedStatus, ch.debugStatus = m.buildID, m.loaded.status, m.debug.status
	ch.wantedSup, ch.pending = m.sup.wanted.Checksum, m.sup.pending
	closed := m.set.closed.Load()
	m.mu.Unlock()
	if closed {
		return false, failure.ErrClosed
	}
	if c.NoID && ch.id == nil {
		ch.id = ch.buildID
	}
	if ch.kind == Main && !ch.force && (ch.buildID == nil || ch.sameBuild()) {
		ch.elsewhere = m.readBuildID(ch)
	}
	return m.apply(ch)
}

// readBuildID looks for the build ID in memory where a file says that the notes are, and makes it that of a main module that
// does not say it. It reports whether memory has something else there: the file is of another build, or lies elsewhere than the
// loader says.
func (m *Module) readBuildID(c *choice) (elsewhere bool) {
	notes, l := c.file.Section(".notes"), m.set.Loader()
	if notes == nil || l == nil || c.id == nil {
		return false
	}
	id, ok := l.NotesID(notes.Addr, notes.Size)
	if !ok || id == nil || c.buildID != nil {
		return ok && !bytes.Equal(id, c.buildID)
	}
	m.SetBuildID(id)
	c.buildID = id
	m.set.Log().Debug(fmt.Sprintf("%s: build ID %x is in memory", m.name, id))
	return false
}

// readAltLink finds out which supplementary file the file needs: its build ID is nil if it needs none.
func (c *choice) readAltLink() (id []byte, err error) {
	c.supName, id, err = c.file.DebugAltLink()
	if err == nil && c.file.Section(".gnu_debugaltlink") != nil && len(id) == 0 {
		err = errors.New(".gnu_debugaltlink without a build ID")
	}
	return id, err
}

// useGuarded is use; a file that can't be read is an error.
func (m *Module) useGuarded(c *Candidate) (used bool, err error) {
	return mem.Guarded(func() (bool, error) { return m.use(c) })
}

// A choice is all that the use of a file depends on.
type choice struct {
	// Of the file:
	file     *elf.File
	id       []byte // its build ID
	loadable bool   // it has code and data
	debug    bool   // it has debugging information that is wanted
	supName  string // of the supplementary file that it needs
	supID    []byte // the build ID of that; nil: it needs none
	otherSum bool   // it has another checksum than a debug link says
	force    bool   // its build ID does not matter

	// Of the module:
	kind                      Kind
	buildID                   []byte // nil: not known
	elsewhere                 bool   // it is not known or the file's, and memory has not got it where the file says
	loadedStatus, debugStatus FileStatus
	wantedSup                 []byte    // build ID of the supplementary file that is waited for
	pending                   *elf.File // what waits for it
}

func (c *choice) sameBuild() bool   { return bytes.Equal(c.id, c.buildID) }
func (c *choice) wantsLoaded() bool { return c.loadedStatus == WantFile }
func (c *choice) wantsDebug() bool {
	return c.debugStatus == WantFile || c.debugStatus == WantSupplementary
}
func (c *choice) asLoaded() bool { return c.loadable && c.wantsLoaded() }
func (c *choice) asDebug() bool  { return c.debug && c.wantsDebug() }

// A verdict says what becomes of a file.
type verdict uint8

const (
	supplements    verdict = iota // it is the supplementary file that is waited for
	otherBuild                    // it is passed over: it is of another build
	otherChecksum                 // … it is not the one that a debug link means
	unlinked                      // … it is relocatable, and the module is not
	loadedUnwanted                // … it has code and data, but the loaded file is not wanted
	debugUnwanted                 // … it has debugging information, but the debug file is not wanted
	useless                       // … it has neither
	waits                         // it becomes the debug file once there is its supplementary file, and perhaps the loaded file now
	fits                          // it becomes the loaded file, the debug file or both
)

// verdicts is the decision table: the first whose condition holds is the verdict. The text is logged; %[1]s is the module,
// %[2]s the file.
var verdicts = []struct {
	verdict verdict
	text    string
	holds   func(c *choice) bool
}{
	{supplements, "%[1]s: %[2]s build ID matches gnu_debugaltlink", func(c *choice) bool {
		// A file that is forced, has the module's own build ID and needs no supplementary file itself takes the place of
		// the one that waits.
		instead := c.force && c.debug && c.supID == nil && c.sameBuild()
		return c.debugStatus == WantSupplementary && bytes.Equal(c.id, c.wantedSup) && c.debug && !instead
	}},
	{otherBuild, "%[1]s: %[2]s build ID does not match", func(c *choice) bool {
		return !c.force && (c.elsewhere || c.buildID != nil && !c.sameBuild())
	}},
	{otherChecksum, "%[1]s: %[2]s CRC does not match", func(c *choice) bool { return c.otherSum }},
	{unlinked, "%[1]s: %[2]s is a relocatable file", func(c *choice) bool {
		return c.file.Type == elf.ET_REL && c.kind != Relocatable && c.kind != Extra
	}},
	{waits, "", func(c *choice) bool { return c.asDebug() && c.supID != nil }},
	{fits, "", func(c *choice) bool { return c.asLoaded() || c.asDebug() }},
	{loadedUnwanted, "%[2]s is loadable, but don't want loaded file; ignoring", func(c *choice) bool { return c.loadable && !c.wantsLoaded() }},
	{debugUnwanted, "%[2]s has debug info, but don't want debug file; ignoring", func(c *choice) bool { return c.debug }},
	{useless, "%[2]s has no debug info; ignoring", func(*choice) bool { return true }},
}

// decide returns what becomes of a file, and the text to log of it.
func decide(c *choice) (verdict, string) {
	for _, v := range verdicts {
		if v.holds(c) {
			return v.verdict, v.text
		}
	}
	panic("the last verdict always holds")
}

// apply does what was decided.
func (m *Module) apply(c *choice) (used bool, err error) {
	log, f := m.set.Log(), c.file
	verdict, text := decide(c)
	if verdict != supplements && c.buildID != nil {
		switch {
		case c.sameBuild():
			log.Debug(fmt.Sprintf("%s: %s build ID matches", m.name, f.Name))
		case c.force:
			log.Debug(fmt.Sprintf("%s: %s build ID does not match; forcing", m.name, f.Name))
		}
	}
	if text != "" {
		log.Debug(fmt.Sprintf(text, m.name, f.Name))
	}
	var loaded, debug *elf.File
	if c.asLoaded() {
		loaded = f
	}
	switch verdict {
	case supplements:
		return m.attach(nil, c.pending, f)
	case waits:
		m.await(f, c.supName, c.supID)
		m.Tried(f.Name, "needs the supplementary file "+c.supName, true)
		log.Debug(fmt.Sprintf("%s has gnu_debugaltlink %s build ID %s", f.Name, c.supName, IDText(c.supID)))
		if loaded != nil {
			_, err = m.attach(loaded, nil, nil)
		}
		return true, err
	case fits:
		if c.asDebug() {
			debug = f
		}
		return m.attach(loaded, debug, nil)
	}
	m.refuse(c, verdict, text)
	return false, nil
}

// refuse remembers a file that is passed over.
func (m *Module) refuse(c *choice, v verdict, text string) {
	types := v == useless && m.set.config.Has(c.file) != 0 // but they are not all that is looked for
	m.mu.Lock()
	switch {
	case v == otherBuild && m.trials.refused == "":
		m.trials.refused = c.file.Name + ": " + wrongBuild(c)
	case types && m.trials.types == "":
		m.trials.types = c.file.Name
	}
	m.mu.Unlock()
	switch result := resultOf(text); {
	case v == otherBuild:
		m.Tried(c.file.Name, wrongBuild(c), false)
	case types:
		m.Tried(c.file.Name, "has BTF, no DWARF", false)
	default:
		m.Tried(c.file.Name, result, false)
	}
}

// await makes a debug file wait for its supplementary file.
func (m *Module) await(f *elf.File, name string, id []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.set.closed.Load() && (m.debug.status == WantFile || m.debug.status == WantSupplementary) {
		m.debug.status, m.sup.pending = WantSupplementary, f
		m.sup.wanted = WantedFile{Path: f.Name, Name: name, Checksum: bytes.Clone(id)}
	}
}

// IDText returns a build ID in words.
func IDText(id []byte) string {
	if len(id) == 0 {
		return "<missing>"
	}
	return hex.EncodeToString(id)
}

// attach makes files the module's; those that are nil stay as they are.
func (m *Module) attach(loaded, debug, sup *elf.File) (bool, error) {
	f := loaded
	if f == nil {
		f = debug
	}
	bias, err := m.biasOf(f)
	if errors.Is(err, errNoPlace) {
		m.set.Log().Debug(fmt.Sprintf("%s: %v; ignoring", f.Name, err))
		return false, nil // it is another file
	}
	if err != nil {
		return false, err
	}
	if f.Type == elf.ET_REL {
		if err := m.readSections(); m.isGone(err) {
			m.set.Log().Debug(fmt.Sprintf("%s: %s was unloaded: %v; ignoring", f.Name, m.name, err))
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
	m.set.config.Platform(f.Platform())
	return m.attachAt(loaded, debug, sup, bias)
}

// attachAt is attach with a load bias. The files are read before they become the module's; when another file has become
// that meanwhile, it begins again.
func (m *Module) attachAt(loaded, debug, sup *elf.File, bias uint64) (bool, error) {
	for {
		m.mu.Lock()
		oldLoaded, oldDebug, sections := m.loaded, m.debug, maps.Clone(m.sections)
		m.mu.Unlock()
		if oldLoaded.status != WantFile {
			loaded = nil
		}
		if oldDebug.status != WantFile && oldDebug.status != WantSupplementary {
			debug = nil
		}
		if loaded == nil && debug == nil {
			return false, nil // another was faster
		}
		newLoaded, newDebug := oldLoaded, oldDebug
		if loaded != nil {
			newLoaded = fileState{HaveFile, loaded, loaded.Name, bias}
		}
		if debug != nil {
			newDebug = fileState{HaveFile, debug, debug.Name, bias}
		}
		files, err := m.filesOf(&newLoaded, &newDebug, sup, sections)
		if err != nil {
			return false, err
		}
		first := loaded
		if first == nil {
			first = debug
		}
		fileID := bytes.Clone(first.BuildID()) // no file is read while m.mu is held
		m.mu.Lock()
		if m.set.closed.Load() {
			m.mu.Unlock()
			return false, failure.ErrClosed
		}
		if m.loaded != oldLoaded || m.debug != oldDebug || !maps.Equal(m.sections, sections) {
			m.mu.Unlock()
			continue
		}
		m.loaded, m.debug = newLoaded, newDebug
		if debug != nil {
			m.sup = supplement{file: sup}
			if sup != nil {
				m.sup.path = sup.Name
			}
		}
		id := m.takeBuildID(fileID)
		m.trials.refused = ""
		m.files.Store(files)
		m.mu.Unlock()
		located := m.locate(files.Debug)
		m.set.changed()
		m.Tried(first.Name, "used as "+roleOf(loaded, debug), true)
		m.set.Log().Info(fmt.Sprintf("%s: using %s", m.name, describeFiles(loaded, debug, sup)))
		if located != "" {
			m.set.Log().Debug(located)
		}
		if id != nil {
			m.set.Log().Debug(fmt.Sprintf("%s: set build ID %x from file", m.name, id))
		}
		return true, nil
	}
}

// takeBuildID gives a module without a build ID that of its first file, and returns it; m.mu is held.
func (m *Module) takeBuildID(id []byte) []byte {
	if m.buildID != nil || id == nil {
		return nil
	}
	m.buildID = id
	return id
}

// describeFiles says what files are to a module.
func describeFiles(loaded, debug, sup *elf.File) string {
	text := roleOf(loaded, debug) + " "
	switch {
	case debug == nil:
		return text + loaded.Name
	case sup != nil:
		return text + debug.Name + " with supplementary file " + sup.Name
	}
	return text + debug.Name
}

// roleOf says what a file is to a module that becomes its loaded file, its debug file or both.
func roleOf(loaded, debug *elf.File) string {
	switch {
	case loaded != nil && loaded == debug:
		return "loadable file with debug info"
	case debug != nil:
		return "debug info file"
	}
	return "loadable file"
}

// ReusableFile returns the file that the module has, if it also is one that the module wants; else nil.
func (m *Module) ReusableFile() *elf.File {
	m.mu.Lock()
	f, wantsLoaded, wantsDebug := m.loaded.file, m.loaded.status == WantFile, m.debug.status == WantFile
	if f == nil {
		f = m.debug.file
	}
	if f == nil {
		f = m.sup.pending
	}
	m.mu.Unlock()
	if f != nil && (wantsDebug && m.set.config.Has(f)&debugdata.Functions != 0 || wantsLoaded && IsLoadable(f)) {
		return f
	}
	return nil
}

// LoadedELF returns the module's loaded file, or nil.
func (m *Module) LoadedELF() *elf.File {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loaded.file
}
