package drgn

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/debuginfo"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/mem"
)

// A WantedFile says which supplementary file a module's debug file needs.
type WantedFile struct {
	Path     string // of the debug file that needs it
	Name     string // path of the supplementary file as the debug file has it: absolute, or relative to the debug file's
	Checksum []byte // its build ID
}

// WantedSupplementaryFile returns which supplementary file is wanted; a *ValueError says that none is.
func (m *Module) WantedSupplementaryFile() (WantedFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.debug.status != WantSupplementary {
		return WantedFile{}, &ValueError{Problem: "module does not want supplementary debug file"}
	}
	return m.sup.wanted, nil
}

// SetLoadedFileStatus says whether the module's loaded file is to be looked for; a *ValueError names a change that is none.
func (m *Module) SetLoadedFileStatus(s FileStatus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loaded.set(m, s)
}

// SetDebugFileStatus says whether the module's debug file is to be looked for; a *ValueError names a change that is none.
func (m *Module) SetDebugFileStatus(s FileStatus) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.debug.set(m, s); err != nil {
		return err
	}
	if s != WantSupplementary {
		m.sup = supplement{}
	}
	return nil
}

func (f *moduleFile) set(m *Module, s FileStatus) error {
	what := "debug"
	if f == &m.loaded {
		what = "loaded"
	}
	if s != f.status && (s == HaveFile || s == WantSupplementary || s > WantSupplementary || f.status == HaveFile) {
		return &ValueError{Problem: fmt.Sprintf("cannot change %s_file_status from ModuleFileStatus.%s to ModuleFileStatus.%s", what, f.status, s)}
	}
	f.status = s
	return nil
}

// isLoadable says whether a file has the code and data of what it is for: a separate debug file has only their headers.
func isLoadable(f *elf.File) bool {
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Flags&elf.SHF_ALLOC != 0 && s.Type == elf.SHT_PROGBITS && s.HasData() {
			return true
		}
	}
	if len(f.Sections) > 1 {
		return false
	}
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_LOAD && s.Filesz > 0 {
			return true
		}
	}
	return false
}

// TryFile uses a file for the module if it fits: it has the module's build ID, if the module has one, and is one that the
// module wants. A file with code and data becomes the loaded file; one with debugging information the debug file, unless
// that needs a supplementary file, which is then wanted; and the file that is wanted so becomes the supplementary file. A
// file that does not fit, or can't be read, is passed over: what was wrong with it is logged.
func (m *Module) TryFile(path string) error { return m.tryFile(fileToTry{path: path}) }

// TryOpenFile is TryFile of an open file, which is closed. Force takes a file of another build too. A nil file is the one
// at path.
func (m *Module) TryOpenFile(path string, file *os.File, force bool) error {
	return m.tryFile(fileToTry{path: path, file: file, force: force})
}

// A fileToTry is a file that may be a module's.
type fileToTry struct {
	path  string
	name  string   // what the file is called; "" is path without links
	file  *os.File // open, or nil
	elf   *elf.File
	force bool
	quiet bool    // it is a guess that it is there
	crc   *uint32 // that the file must have, or nil
}

func (m *Module) tryFile(t fileToTry) error {
	log := m.prog.log()
	if t.elf == nil {
		if !t.quiet {
			log.Debug(fmt.Sprintf("%s (%s): trying provided file as %s", m.name, m.describeBuildID(), m.wantedText()))
		}
		name := t.name
		if name == "" {
			name = t.path
		}
		f, err := m.prog.openFile(t.path, name, t.file)
		if err != nil {
			log.Debug(fmt.Sprintf("%s: %v", t.path, reason(err)))
			return nil
		}
		t.elf = f
		log.Debug(fmt.Sprintf("%s: trying %s", m.name, t.path))
	}
	used, err := m.useFile(t)
	if !used {
		_ = t.elf.Close() // nothing was written
	}
	return err
}

// openFile opens an ELF file that may be compressed as a whole. Its name is then the path without links.
func (p *Program) openFile(path, name string, file *os.File) (*elf.File, error) {
	canonical := name
	if file != nil {
		if to, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", file.Fd())); err == nil && filepath.IsAbs(to) {
			canonical = to
		}
	} else if name == path {
		if to, err := filepath.EvalSymlinks(path); err == nil {
			canonical = to
		}
	}
	if abs, err := filepath.Abs(canonical); err == nil {
		canonical = abs
	}
	return debuginfo.OpenFile(path, canonical, file, debuginfo.OpenOptions{CacheDir: p.cacheDir(), Progress: p.progress("reading debugging information")})
}

// useFile gives the module a file. What is found of it is looked at before m.mu is taken.
func (m *Module) useFile(t fileToTry) (used bool, err error) {
	f, log := t.elf, m.prog.log()
	id, loadable, dwarf := f.BuildID(), isLoadable(f), fromdwarf.In(f) != 0
	altName, altID := "", []byte(nil)
	if dwarf {
		if altName, altID, err = f.DebugAltLink(); err != nil {
			return false, err
		}
	}
	m.mu.Lock()
	wantedSup := m.debug.status == WantSupplementary && bytes.Equal(id, m.sup.wanted.Checksum)
	mine := t.force || m.buildID == nil || bytes.Equal(id, m.buildID)
	if wantedSup && !(t.force && dwarf && altName == "" && mine && bytes.Equal(id, m.buildID)) {
		pending := m.sup.pending
		m.mu.Unlock()
		log.Debug(fmt.Sprintf("%s: %s build ID matches gnu_debugaltlink", m.name, f.Name))
		return m.attach(nil, pending, f)
	}
	wantLoaded, wantDebug := m.loaded.status == WantFile, m.debug.status == WantFile || m.debug.status == WantSupplementary
	have := m.buildID
	m.mu.Unlock()
	switch {
	case t.force && have != nil && !bytes.Equal(id, have):
		log.Debug(fmt.Sprintf("%s: %s build ID does not match; forcing", m.name, f.Name))
	case mine && have != nil:
		log.Debug(fmt.Sprintf("%s: %s build ID matches", m.name, f.Name))
	}
	switch {
	case !mine:
		log.Debug(fmt.Sprintf("%s: %s build ID does not match", m.name, f.Name))
		m.mu.Lock()
		if m.refused == "" {
			m.refused = fmt.Sprintf("%s: has build ID %s; %s is wanted", f.Name, idText(id), idText(have))
		}
		m.mu.Unlock()
		return false, nil
	case t.crc != nil && !crcMatches(f, *t.crc):
		log.Debug(fmt.Sprintf("%s: %s CRC does not match", m.name, f.Name))
		return false, nil
	case f.Type == elf.ET_REL && m.kind != RelocatableModule && m.kind != ExtraModule:
		log.Debug(fmt.Sprintf("%s: %s is a relocatable file", m.name, f.Name))
		return false, nil
	}
	var loaded, debug *elf.File
	if wantLoaded && loadable {
		loaded = f
	}
	if wantDebug && dwarf {
		debug = f
	}
	if loaded == nil && debug == nil {
		switch {
		case loadable && !wantLoaded:
			log.Debug(fmt.Sprintf("%s is loadable, but don't want loaded file; ignoring", f.Name))
		case dwarf:
			log.Debug(fmt.Sprintf("%s has debug info, but don't want debug file; ignoring", f.Name))
		default:
			log.Debug(fmt.Sprintf("%s has no debug info; ignoring", f.Name))
		}
		return false, nil
	}
	if debug != nil && altName != "" {
		m.mu.Lock()
		if m.debug.status == WantFile || m.debug.status == WantSupplementary {
			m.debug.status, m.sup.pending = WantSupplementary, f
			m.sup.wanted = WantedFile{Path: f.Name, Name: altName, Checksum: bytes.Clone(altID)}
		}
		m.mu.Unlock()
		log.Debug(fmt.Sprintf("%s has gnu_debugaltlink %s build ID %s", f.Name, altName, idText(altID)))
		if loaded == nil {
			return true, nil
		}
		debug = nil
	}
	used, err = m.attach(loaded, debug, nil)
	return used || altName != "" && dwarf && wantDebug, err
}

func idText(id []byte) string {
	if len(id) == 0 {
		return "<missing>"
	}
	return hex.EncodeToString(id)
}

// attach makes files the module's; those that are nil stay as they are.
func (m *Module) attach(loaded, debug, sup *elf.File) (bool, error) {
	p := m.prog
	any := loaded
	if any == nil {
		any = debug
	}
	p.setPlatform(any.Platform())
	bias, err := m.biasOf(any)
	if err != nil {
		return false, err
	}
	if any.Type == elf.ET_REL {
		if err := m.readSections(); err != nil {
			return false, err
		}
	}
	return m.attachAt(loaded, debug, sup, bias)
}

func (m *Module) attachAt(loaded, debug, sup *elf.File, bias uint64) (bool, error) {
	p, any := m.prog, loaded
	if any == nil {
		any = debug
	}
	m.mu.Lock()
	if loaded != nil && m.loaded.status != WantFile {
		loaded = nil
	}
	if debug != nil && m.debug.status != WantFile && m.debug.status != WantSupplementary {
		debug = nil
	}
	if loaded == nil && debug == nil { // another was faster
		m.mu.Unlock()
		return false, nil
	}
	newLoaded, newDebug := m.loaded, m.debug
	if loaded != nil {
		newLoaded = moduleFile{HaveFile, loaded, bias}
	}
	if debug != nil {
		newDebug = moduleFile{HaveFile, debug, bias}
	}
	view, err := m.view(&newLoaded, &newDebug, sup)
	if err != nil {
		m.mu.Unlock()
		return false, err
	}
	m.loaded, m.debug = newLoaded, newDebug
	if debug != nil {
		m.sup = supplement{file: sup}
	}
	setID := m.buildID == nil && any.BuildID() != nil
	if setID {
		m.buildID = bytes.Clone(any.BuildID())
	}
	m.refused = ""
	m.files.Store(view)
	m.mu.Unlock()
	m.locate(view.File)
	p.generation.Add(1)
	p.log().Info(fmt.Sprintf("%s: using %s", m.name, describeFiles(loaded, debug, sup)))
	if setID {
		p.log().Debug(fmt.Sprintf("%s: set build ID %x from file", m.name, any.BuildID()))
	}
	return true, nil
}

// view makes what can be asked of files; m.mu is held.
func (m *Module) view(loaded, debug *moduleFile, sup *elf.File) (*debugFile, error) {
	old := m.files.Load()
	d := &debugFile{}
	if loaded.file != nil {
		d.loaded = placed.At(loaded.file, loaded.bias, m.sections)
	}
	if debug.file == nil {
		d.File, d.loaded = d.loaded, nil
	} else {
		if debug.file == loaded.file {
			d.File, d.loaded = d.loaded, nil
		} else {
			d.File = placed.At(debug.file, debug.bias, m.sections)
		}
		if old != nil && old.has != 0 {
			d.has, d.opening = old.has, old.opening // its types are in use
		} else {
			d.has, d.opening = fromdwarf.In(debug.file), m.opener(d.File, sup)
		}
	}
	var err error
	d.symbols, err = readSymbols(d.File, d.loaded)
	return d, err
}

// biasOf returns what is added to the addresses of a file to get those in memory.
func (m *Module) biasOf(f *elf.File) (uint64, error) {
	switch m.kind {
	case MainModule:
		if l := m.prog.loader(); l != nil {
			return l.MainBias(programHeaders(f))
		}
	case SharedLibraryModule, VdsoModule:
		for i := range f.Segments {
			if s := &f.Segments[i]; s.Type == elf.PT_DYNAMIC {
				return m.id - s.Vaddr, nil
			}
		}
		return 0, &ValueError{Problem: fmt.Sprintf("%s has no dynamic segment, by which it could be placed in memory", f.Name)}
	case ExtraModule:
		if r, _ := m.Ranges(); len(r) == 1 {
			if span, ok := addressRange(f); ok {
				return r[0].Min - span.Min, nil
			}
		}
	}
	return 0, nil
}

// programHeaders returns the address that a file gives its program headers.
func programHeaders(f *elf.File) uint64 {
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_PHDR {
			return s.Vaddr
		}
	}
	phoff := uint64(64)
	if !f.Is64 {
		phoff = 52
	}
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_LOAD && s.Offset <= phoff && phoff-s.Offset < s.Filesz {
			return s.Vaddr + phoff - s.Offset
		}
	}
	return phoff
}

// addressRange returns where a linked file's segments lie, or its sections where it has no segments. What lies at 0 in an
// executable has addresses of its own: x86-64's per-CPU section.
func addressRange(f *elf.File) (mem.Range, bool) {
	if f.Type == elf.ET_REL {
		return mem.Range{}, false
	}
	r := mem.Range{Min: ^uint64(0)}
	add := func(addr, size uint64) {
		if size == 0 || addr == 0 && f.Type == elf.ET_EXEC || size > -addr-1 && addr != 0 {
			return
		}
		r.Min, r.Max = min(r.Min, addr), max(r.Max, addr+size-1)
	}
	for i := range f.Segments {
		if s := &f.Segments[i]; s.Type == elf.PT_LOAD {
			add(s.Vaddr, s.Memsz)
		}
	}
	if r.Min > r.Max {
		for i := range f.Sections {
			if s := &f.Sections[i]; s.Flags&elf.SHF_ALLOC != 0 && s.Addr != 0 {
				add(s.Addr, s.Size)
			}
		}
	}
	return r, r.Min <= r.Max
}

// locate gives a module whose place in memory is not known that of its file.
func (m *Module) locate(d *placed.File) {
	if m.kind == ExtraModule || m.kind == RelocatableModule {
		return
	}
	if m.kind == MainModule && m.prog.loader() == nil {
		return
	}
	if _, ok := m.Ranges(); ok {
		return
	}
	if r, ok := addressRange(d.ELF); ok {
		r.Min, r.Max = r.Min+d.Bias, r.Max+d.Bias
		if m.SetRanges([]mem.Range{r}) != nil {
			return // one range overlaps none
		}
		m.prog.log().Debug(fmt.Sprintf("%s: set address range %#x-%#x from file", m.name, r.Min, r.Max+1))
	}
}

// describeFiles says what files are to a module.
func describeFiles(loaded, debug, sup *elf.File) string {
	switch {
	case loaded != nil && loaded == debug:
		return "loadable file with debug info " + loaded.Name
	case sup != nil:
		return "debug info file " + debug.Name + " with supplementary file " + sup.Name
	case debug != nil:
		return "debug info file " + debug.Name
	}
	return "loadable file " + loaded.Name
}
