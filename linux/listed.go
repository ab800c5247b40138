package linux

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/elf"
)

// A listedModule is a module of the kernel that drgn runs on as /proc/modules and /sys/module tell of it, which need no types. They
// say where each section begins, but not where the memory of the module ends: the size that is listed is the sum of several areas
// since v6.4, commit ac3b43283923, and was that of two before.
type listedModule struct {
	name    string
	address uint64 // of its code
	buildID []byte // nil if it has none
	unloads bool   // the kernel can unload modules (CONFIG_MODULE_UNLOAD)
}

// maxListed bounds what is read of one file below /proc and /sys, in bytes: a line of /proc/modules has some hundred.
const maxListed = 1 << 20

// readListed reads a file below /proc or /sys, whose sizes stat does not tell.
func readListed(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // was only read
	data, err := io.ReadAll(io.LimitReader(f, maxListed+1))
	if err == nil && len(data) > maxListed {
		err = fmt.Errorf("%s has more than %d bytes", path, maxListed)
	}
	return data, err
}

// addListed adds the modules that the running kernel lists, until yield is false.
func (k *Kernel) addListed(yield func(drgn.LoadedModule, error) bool) {
	if k.proc == "" {
		return // it is not the kernel that drgn runs on
	}
	lines, err := k.modulesLines()
	if err != nil {
		k.prog.Logger().Debug(fmt.Sprintf("the kernel's modules are not listed: %v", err))
		return
	}
	for _, line := range lines {
		l, err := k.listed(line)
		if err != nil {
			k.prog.Logger().Debug(fmt.Sprintf("a module is left out: %v", err))
			continue
		}
		spec := drgn.ModuleSpec{Kind: drgn.RelocatableModule, Name: l.name, ID: l.address, BuildID: l.buildID,
			Sections: func() (map[string]uint64, error) { return k.listedSections(l) }}
		m, isNew, err := k.prog.AddModule(spec)
		if err == nil && !isNew && m.IsUnloaded() {
			m.Set().Forget(m)
			m, isNew, err = k.prog.AddModule(spec)
		}
		if err != nil {
			yield(drgn.LoadedModule{}, err)
			return
		}
		if isNew {
			k.found.Store(m, l)
		}
		if !yield(drgn.LoadedModule{Module: m, New: isNew}, nil) {
			return
		}
	}
}

// modulesLines returns the lines of /proc/modules, which the kernel writes in the order of its list (m_show() in
// kernel/module/procfs.c).
func (k *Kernel) modulesLines() ([]string, error) {
	data, err := readListed(filepath.Join(k.proc, "modules"))
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), nil
}

// A modulesLine is what counts of a line of /proc/modules.
type modulesLine struct {
	name     string
	address  uint64
	unloads  bool
	isLoaded bool
}

// parseModulesLine parses "xfs 2000000 1 crc32c,zlib, Live 0xffffffffc0000000 (OE)".
func parseModulesLine(line string) (l modulesLine, err error) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return l, fmt.Errorf("the line %q does not tell where a module lies", line)
	}
	l = modulesLine{name: fields[0], unloads: fields[2] != "-", isLoaded: fields[4] == "Live" || fields[4] == "Loading"}
	if l.name == "." || l.name == ".." || strings.ContainsRune(l.name, '/') {
		return l, fmt.Errorf("no module has the name %q", l.name)
	}
	l.address, err = strconv.ParseUint(fields[5], 0, 64)
	return l, err
}

// listed returns the module of a line of /proc/modules.
func (k *Kernel) listed(line string) (*listedModule, error) {
	of, err := parseModulesLine(line)
	switch {
	case err != nil:
		return nil, err
	case !of.isLoaded:
		return nil, fmt.Errorf("%s is being unloaded", of.name)
	case !k.machine.IsKernelAddress(of.address):
		return nil, fmt.Errorf("%s is not said to lie anywhere (as kernel.kptr_restrict has it, or it has no code)", of.name)
	}
	l := &listedModule{name: of.name, address: of.address, unloads: of.unloads}
	notes, err := filepath.Glob(filepath.Join(k.sys, "module", of.name, "notes", "*"))
	if err != nil {
		return nil, err
	}
	for _, path := range notes {
		data, err := readListed(path)
		if err != nil {
			return nil, err
		}
		id, err := elf.BuildIDIn(elf.Notes(path, data, !k.prog.Platform().IsLittleEndian(), 4))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if id != nil {
			l.buildID = id
			break
		}
	}
	return l, nil
}

// wasListed returns what the kernel listed of a module; ok is false for one that was found, or has been since, in its memory.
func (k *Kernel) wasListed(m *drgn.Module) (l *listedModule, ok bool) {
	v, _ := k.found.Load(m)
	l, ok = v.(*listedModule)
	return l, ok
}

// isListed reports whether the kernel lists a module as it was when it was found.
func (k *Kernel) isListed(was *listedModule) (bool, error) {
	lines, err := k.modulesLines()
	if err != nil {
		return false, err
	}
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, " "); name == was.name {
			now, err := k.listed(line)
			return err == nil && now.address == was.address && bytes.Equal(now.buildID, was.buildID), nil
		}
	}
	return false, nil
}

// listedSections returns where the sections of a module lie; not where its per-CPU variables do, which is nowhere listed.
func (k *Kernel) listedSections(l *listedModule) (map[string]uint64, error) {
	if at, err := k.moduleAt(l.address); err == nil && at != nil { // its type is known by now
		return sectionAddresses(at.mod, l.name, at.regions)
	}
	dir := filepath.Join(k.sys, "module", l.name, "sections")
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sections := map[string]uint64{}
	for _, f := range files {
		if isFreed(f.Name()) || !l.unloads && strings.HasPrefix(f.Name(), ".exit") {
			continue
		}
		data, err := readListed(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		address, err := strconv.ParseUint(strings.TrimSpace(string(data)), 0, 64)
		if err != nil || !k.machine.IsKernelAddress(address) {
			return nil, fmt.Errorf("%s does not say where the section lies: %q", filepath.Join(dir, f.Name()), data)
		}
		sections[f.Name()] = address
	}
	if is, err := k.isListed(l); err != nil || !is {
		return nil, errors.Join(err, &drgn.ValueError{Problem: "module " + l.name + " was unloaded"})
	}
	return sections, nil
}

// isFreed reports whether a section is one that the kernel needs only while it loads a module (module_init_section() and
// layout_symtab() in kernel/module): it keeps the address, at which another module may lie by now.
func isFreed(section string) bool {
	return strings.Contains(section, ".init") || section == ".symtab" || section == ".strtab"
}
