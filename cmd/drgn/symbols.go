package main

import (
	"fmt"
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
	try, dont                []string
	debug, link, kernel      directories
	architecture, vmcoreinfo string
	platform                 arch.Platform
	vmcoreinfoData           []byte
}

const symbolUsage = `Debugging information:
  -s, --symbols FILE        take it from this file, or from a directory with those of a kernel; a file that belongs to
                            nothing that is loaded is ignored. May be given more than once, as all with FILE, DIR or METHOD
      --main-symbols        load it for the main program only, and from files given with -s or --extra-symbols
      --no-default-symbols  load it from files given with -s or --extra-symbols only
      --extra-symbols FILE  take it from this file, which belongs to nothing that is loaded
      --try-symbols-by METHOD[,METHOD...], --no-symbols-by METHOD[,METHOD...]
                            look for it in these ways, too, or not: a finder (standard, debuginfod), module-name, build-id,
                            debug-link, procfs, embedded-vdso, reuse, supplementary, kmod=depmod, kmod=walk,
                            kmod=depmod-or-walk, kmod=depmod-and-walk (to leave it out, kmod)
      --debug-directory DIR, --no-default-debug-directories
                            where separate debug files are, besides or instead of /usr/lib/debug
      --debug-link-directory DIR, --no-default-debug-link-directories
                            where the files are that debug links name; $ORIGIN is where the loaded file is
      --kernel-directory DIR, --no-default-kernel-directories
                            where the kernel's image and modules are, besides or instead of where they are installed
      --architecture ARCH   instruction set of the program, where it can't be told
      --vmcoreinfo FILE     what the kernel says of itself, instead of what the dump has
`

func (s *symbolFlags) register(fs *pflag.FlagSet) {
	fs.StringArrayVarP(&s.files, "symbols", "s", nil, "")
	fs.StringArrayVar(&s.extra, "extra-symbols", nil, "")
	fs.BoolVar(&s.main, "main-symbols", false, "")
	fs.BoolVar(&s.none, "no-default-symbols", false, "")
	fs.StringArrayVar(&s.try, "try-symbols-by", nil, "")
	fs.StringArrayVar(&s.dont, "no-symbols-by", nil, "")
	fs.StringArrayVar(&s.debug.given, "debug-directory", nil, "")
	fs.BoolVar(&s.debug.only, "no-default-debug-directories", false, "")
	fs.StringArrayVar(&s.link.given, "debug-link-directory", nil, "")
	fs.BoolVar(&s.link.only, "no-default-debug-link-directories", false, "")
	fs.StringArrayVar(&s.kernel.given, "kernel-directory", nil, "")
	fs.BoolVar(&s.kernel.only, "no-default-kernel-directories", false, "")
	fs.StringVar(&s.architecture, "architecture", "", "")
	fs.StringVar(&s.vmcoreinfo, "vmcoreinfo", "", "")
}

// check says what is wrong with the flags, before anything is opened.
func (s *symbolFlags) check(fs *pflag.FlagSet) error {
	if s.main && s.none {
		return fmt.Errorf("--main-symbols and --no-default-symbols exclude each other")
	}
	if slices.Contains(s.debug.given, "") {
		return fmt.Errorf("--debug-directory needs the name of a directory")
	}
	for _, m := range methods(s.try) {
		if m == "kmod" || strings.HasPrefix(m, "kmod=") && kmodMethods[m] == drgn.KmodNone {
			return fmt.Errorf("--try-symbols-by: unknown method %q", m)
		}
	}
	for _, m := range methods(s.dont) {
		if strings.HasPrefix(m, "kmod=") {
			return fmt.Errorf("--no-symbols-by: unknown method %q", m)
		}
	}
	if fs.Changed("architecture") {
		a := arch.ByName(strings.ToUpper(s.architecture))
		if a == nil {
			var names []string
			for _, a := range arch.All {
				names = append(names, strings.ToLower(a.Name))
			}
			return fmt.Errorf("unknown architecture %q; known are %s", s.architecture, strings.Join(names, ", "))
		}
		var err error
		if s.platform, err = arch.NewPlatform(a); err != nil {
			return fmt.Errorf("--architecture: %w", err)
		}
	}
	if fs.Changed("vmcoreinfo") {
		var err error
		if s.vmcoreinfoData, err = os.ReadFile(s.vmcoreinfo); err != nil {
			return fmt.Errorf("--vmcoreinfo: %w", err)
		}
		if release, _ := linux.ParseVMCOREINFO(s.vmcoreinfoData).String("OSRELEASE"); release == "" {
			return fmt.Errorf("--vmcoreinfo: %s is no VMCOREINFO: it does not name the kernel's release (OSRELEASE)", s.vmcoreinfo)
		}
	}
	return nil
}

// methods splits lists of methods.
func methods(lists []string) (all []string) {
	for _, l := range lists {
		all = append(all, strings.Split(l, ",")...)
	}
	return all
}

var kmodMethods = map[string]drgn.KmodSearchMethod{"kmod=depmod": drgn.KmodDepmod, "kmod=walk": drgn.KmodWalk,
	"kmod=depmod-or-walk": drgn.KmodDepmodOrWalk, "kmod=depmod-and-walk": drgn.KmodDepmodAndWalk}

// options returns how the program is opened.
func (s *symbolFlags) options() attach.Options {
	return attach.Options{
		Symbols: s.files, NoDefaultSymbols: s.none, MainSymbols: s.main, ExtraSymbols: s.extra, Platform: s.platform, Prepare: s.prepare,
	}
}

// prepare says to a program how debugging information is looked for.
func (s *symbolFlags) prepare(p *drgn.Program) error {
	if s.vmcoreinfoData != nil {
		linux.SetVMCOREINFO(p, s.vmcoreinfoData)
	}
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
	unknown := func(m string) {
		p.Logger().Warn(fmt.Sprintf("no matching debugging information finders or options for '%s'", m))
	}
	for _, m := range methods(s.try) {
		switch method, isKmod := kmodMethods[m]; {
		case off[m] != nil:
			*off[m] = false
		case isKmod:
			o.Kmod = method
		case slices.Contains(enabled, m):
		case slices.Contains(registered, m):
			enabled = append(enabled, m)
		default:
			unknown(m)
		}
	}
	for _, m := range methods(s.dont) {
		switch {
		case off[m] != nil:
			*off[m] = true
		case m == "kmod":
			o.Kmod = drgn.KmodNone
		case slices.Contains(registered, m):
			enabled = slices.DeleteFunc(enabled, func(name string) bool { return name == m })
		default:
			unknown(m)
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
