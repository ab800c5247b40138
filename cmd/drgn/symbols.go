package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux"
)

// directories are where something is looked for, besides or instead of where it usually is.
type directories struct {
	given []string
	only  bool
}

// symbolFlags say which debugging information is loaded, and from where.
type symbolFlags struct {
	files, extra             []string
	main, none               bool
	methods                  []method
	debug, link, kernel      directories
	architecture, vmcoreinfo string
	platform                 arch.Platform
	vmcoreinfoData           []byte
}

// register adds the flags.
func (s *symbolFlags) register(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&s.files, "symbols", "s", nil, "load it from this `FILE`, or from a directory with the files of a kernel; a file that belongs to nothing that is loaded is ignored; may be repeated")
	boolean(fs, &s.main, "main-symbols", "", "load it for the main program only, and from files given with -s or --extra-symbols")
	boolean(fs, &s.none, "no-default-symbols", "", "load it only from files given with -s or --extra-symbols")
	fs.StringArrayVar(&s.extra, "extra-symbols", nil, "load it from this `FILE`, which belongs to nothing that is loaded; may be repeated")
	fs.Var(methodsFlag{s, true}, "try-symbols-by", "also look for it by these `METHODS`, separated by commas: a finder (standard, debuginfod), module-name, build-id, debug-link, procfs, embedded-vdso, reuse, supplementary, kmod=depmod, kmod=walk, kmod=depmod-or-walk or kmod=depmod-and-walk; may be repeated")
	fs.Var(methodsFlag{s, false}, "no-symbols-by", "do not look for it by these `METHODS`; kmod stands for all four of its kinds; may be repeated")
	fs.StringArrayVar(&s.debug.given, "debug-directory", nil, "look for separate debug files in this `DIR`, too; may be repeated")
	boolean(fs, &s.debug.only, "no-default-debug-directories", "", "do not look for them in /usr/lib/debug")
	fs.StringArrayVar(&s.link.given, "debug-link-directory", nil, "look for the files that debug links name in this `DIR`, too; $ORIGIN stands for the directory of the loaded file; may be repeated")
	boolean(fs, &s.link.only, "no-default-debug-link-directories", "", "do not look for them in the default directories")
	fs.StringArrayVar(&s.kernel.given, "kernel-directory", nil, "look for the kernel's image and modules in this `DIR`, too; may be repeated")
	boolean(fs, &s.kernel.only, "no-default-kernel-directories", "", "do not look for them where they are installed")
	fs.StringVar(&s.architecture, "architecture", "", "instruction set of the program (`ARCH`), if it can't be detected")
	fs.StringVar(&s.vmcoreinfo, "vmcoreinfo", "", "`FILE` with the VMCOREINFO note, used instead of the dump's own")
}

// check says what is wrong with the flags, before anything is opened.
func (s *symbolFlags) check(fs *pflag.FlagSet) error {
	if err := excluding(fs, "main-symbols", "no-default-symbols"); err != nil {
		return err
	}
	if slices.Contains(s.debug.given, "") {
		return fmt.Errorf("--debug-directory needs the name of a directory")
	}
	if fs.Changed("architecture") {
		a := arch.ByName(strings.ToUpper(s.architecture))
		if a == nil {
			var names []string
			for _, a := range arch.All {
				names = append(names, strings.ToLower(a.Name))
			}
			return invalidChoice(fs.Lookup("architecture"), names)
		}
		var err error
		if s.platform, err = arch.NewPlatform(a); err != nil {
			return fmt.Errorf("--architecture: %w", err)
		}
	}
	if fs.Changed("vmcoreinfo") {
		var err error
		if s.vmcoreinfoData, err = readVMCOREINFO(s.vmcoreinfo); err != nil {
			return fmt.Errorf("--vmcoreinfo: %w", err)
		}
		var invalid *linux.InvalidVMCOREINFOError
		if err := linux.ParseVMCOREINFO(s.vmcoreinfoData).Check(); errors.As(err, &invalid) && invalid.Key == "OSRELEASE" {
			return fmt.Errorf("--vmcoreinfo: %s is not a VMCOREINFO note: it has no OSRELEASE", s.vmcoreinfo)
		} else if err != nil {
			return fmt.Errorf("--vmcoreinfo: %s: %w", s.vmcoreinfo, err)
		}
	}
	return nil
}

// maxVMCOREINFO is how many bytes a file with a VMCOREINFO may have. The kernel's has a page.
const maxVMCOREINFO = 1 << 20

// readVMCOREINFO reads such a file, which may be a pipe.
func readVMCOREINFO(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxVMCOREINFO+1))
	if err == nil && len(b) > maxVMCOREINFO {
		err = fmt.Errorf("%s is not a VMCOREINFO note: it has more than %d bytes", path, maxVMCOREINFO)
	}
	return b, err
}

// A method is one by which debugging information is looked for, or is not.
type method struct {
	name string
	try  bool
}

// methodsFlag is --try-symbols-by or --no-symbols-by: the later one counts.
type methodsFlag struct {
	s   *symbolFlags
	try bool
}

func (m methodsFlag) String() string { return "" }
func (m methodsFlag) Type() string   { return "strings" }

// Set adds the methods of a list.
func (m methodsFlag) Set(list string) error {
	for name := range strings.SplitSeq(list, ",") {
		if m.try && (name == "kmod" || strings.HasPrefix(name, "kmod=") && kmodMethods[name] == drgn.KmodNone) || !m.try && strings.HasPrefix(name, "kmod=") {
			return fmt.Errorf("invalid option: '%s'", name)
		}
		m.s.methods = append(m.s.methods, method{name, m.try})
	}
	return nil
}

var kmodMethods = map[string]drgn.KmodSearchMethod{"kmod=depmod": drgn.KmodDepmod, "kmod=walk": drgn.KmodWalk,
	"kmod=depmod-or-walk": drgn.KmodDepmodOrWalk, "kmod=depmod-and-walk": drgn.KmodDepmodAndWalk}

// options returns how the program is opened.
func (s *symbolFlags) options() attach.Options {
	return attach.Options{
		Symbols: s.files, NoDefaultSymbols: s.none, MainSymbols: s.main, ExtraSymbols: s.extra, Platform: s.platform,
		Prepare: func(p *drgn.Program) error {
			if s.vmcoreinfoData != nil {
				linux.SetVMCOREINFO(p, s.vmcoreinfoData)
			}
			return nil
		},
		Opened: s.configure,
	}
}

// configure says to a program how debugging information is looked for. Plugins may have added finders and directories by then.
func (s *symbolFlags) configure(p *drgn.Program) error {
	o := p.DebugInfoOptions()
	first := func(d directories, usual *[]string) {
		if d.only {
			*usual = nil
		}
		*usual = append(slices.Clone(d.given), *usual...)
	}
	first(s.debug, &o.Directories)
	first(s.link, &o.DebugLinkDirectories)
	first(s.kernel, &o.KernelDirectories)
	off := map[string]*bool{"module-name": &o.NoModuleName, "build-id": &o.NoBuildID, "debug-link": &o.NoDebugLink, "procfs": &o.NoProcfs,
		"embedded-vdso": &o.NoEmbeddedVdso, "reuse": &o.NoReuse, "supplementary": &o.NoSupplementary}
	enabled := p.EnabledFinders(drgn.DebugInfoFinders)
	registered := p.RegisteredFinders(drgn.DebugInfoFinders)
	unknown := map[string]bool{}
	for _, m := range s.methods {
		switch kmod, isKmod := kmodMethods[m.name]; {
		case off[m.name] != nil:
			*off[m.name] = !m.try
		case m.name == "kmod":
			o.Kmod = drgn.KmodNone
		case isKmod:
			o.Kmod = kmod
		case m.try && slices.Contains(enabled, m.name):
		case m.try && slices.Contains(registered, m.name):
			enabled = append(enabled, m.name)
		case slices.Contains(registered, m.name):
			enabled = slices.DeleteFunc(enabled, func(name string) bool { return name == m.name })
		case !unknown[m.name]:
			unknown[m.name] = true
			p.Logger().Warn(fmt.Sprintf("no matching debugging information finders or options for '%s'", m.name))
		}
	}
	p.SetDebugInfoOptions(o)
	return p.EnableFinders(drgn.DebugInfoFinders, enabled)
}

// progressTo returns what shows on a terminal what takes longer than a moment.
func progressTo(w *os.File) func(what string, done, total uint64) {
	if st, err := w.Stat(); err != nil || st.Mode()&os.ModeCharDevice == 0 || filepath.Base(os.Getenv("TERM")) == "dumb" {
		return nil
	}
	return newProgress(w).report
}
