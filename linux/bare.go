package linux

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	modules "github.com/godrgn/drgn/module"
)

// A NoDebugFileError says what a kernel answers from that has no debug file.
type NoDebugFileError struct {
	Release string
	Types   string // what types are from, or "none" and why
	Symbols string // what symbols are from
	Stacks  string // what stacks are unwound by
	Advice  string // what to do to have the rest
	Missing *drgn.MissingDebugInfoError
}

func (e *NoDebugFileError) Error() string {
	text := fmt.Sprintf("no debug file of kernel %s: types: %s; symbols: %s; stacks: %s; no source lines, no locals: %s",
		e.Release, e.Types, e.Symbols, e.Stacks, e.Advice)
	for _, n := range e.Missing.Notes {
		text += "\n  " + n
	}
	return text
}

// Unwrap returns what says which modules lack debugging information.
func (e *NoDebugFileError) Unwrap() error { return e.Missing }

// Without says what the kernel answers from if it has no debug file, given which are missing; ok is false if it has one, or if its
// memory does not help.
func (k *Kernel) Without(missing *drgn.MissingDebugInfoError) (e *NoDebugFileError, ok bool) {
	main, err := k.prog.MainModule()
	if err != nil || main.Files() != nil {
		return nil, false
	}
	if _, err := k.own(); err != nil {
		return nil, false
	}
	e = &NoDebugFileError{Release: k.Release(), Types: main.Fallback(), Symbols: "kallsyms", Stacks: "ORC", Missing: missing}
	if e.Types == "" {
		e.Types = "none, as the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)"
	}
	if _, ok, err := k.ImageTable(); err != nil {
		e.Stacks = "none: " + err.Error()
	} else if !ok {
		e.Stacks = k.withoutTables()
	}
	if _, err := main.Info(); err != nil {
		e.Types = "none: " + err.Error()
	}
	e.Advice = k.Advice() + " for them"
	return e, true
}

// Advice says how to come by the debug file of the kernel: "install linux-image-…-dbg, or -s FILE".
func (k *Kernel) Advice() string { return advice(k.Release(), k.banner()) + "-s FILE" }

// OwnSymbols says how many symbols the kernel's memory has of a module without a file that has some.
func (k *Kernel) OwnSymbols(m *drgn.Module) string {
	if m.Kind() == drgn.MainModule {
		own, err := k.own()
		if err != nil {
			return "none: " + err.Error()
		}
		return fmt.Sprintf("%d of kallsyms in the kernel's memory", own.Len())
	}
	l, err := k.loaded()
	if err == nil && l != nil {
		if at, e := drgn.ModuleObject(m).Uint(); e == nil {
			for _, loaded := range l.all {
				if loaded.address == at {
					var index *modules.SymbolIndex
					if index, err = loaded.symbols(); err == nil {
						return fmt.Sprintf("%d of kallsyms in the kernel's memory", index.Len())
					}
				}
			}
		}
	}
	if err != nil {
		return "none: " + err.Error()
	}
	return "none"
}

// OwnStacks says by what in the kernel's memory the code of a module is unwound; "" if it has no code there.
func (k *Kernel) OwnStacks(m *drgn.Module) string {
	table, ok, err := k.ImageTable()
	if m.Kind() != drgn.MainModule && ok {
		ranges, _ := m.Ranges()
		for i := 0; i < len(ranges) && err == nil && table.Count != 0; i++ {
			if table, ok, err = k.TableAt(ranges[i].Min); ok {
				break
			}
		}
	}
	switch {
	case err != nil:
		return "none: " + err.Error()
	case ok && table.Count != 0:
		return fmt.Sprintf("ORC in the kernel's memory (%d entries)", table.Count)
	case ok:
		return ""
	}
	return k.withoutTables()
}

// withoutTables says by what code is unwound where the kernel has no tables of it.
func (k *Kernel) withoutTables() string {
	if k.machine.Rows.All != nil {
		return "the code's own instructions"
	}
	return "frame pointers"
}

// banner returns the kernel's banner, "Linux version …", or "" if it can't be read.
func (k *Kernel) banner() string {
	s, err := k.imageSymbol("linux_banner")
	if err != nil {
		return ""
	}
	text, err := k.prog.Memory().CString(s.Address, 1<<10, false)
	if err != nil {
		return ""
	}
	return string(text)
}

// advice says what has the debug file of a distribution's kernel, and ", or " if it is known.
func advice(release, banner string) string {
	for _, d := range []struct {
		mark, advice string
	}{
		{"Ubuntu", "install linux-image-" + release + "-dbgsym, or "},
		{"debian", "install linux-image-" + release + "-dbg, or "},
		{".fc", "install kernel-debuginfo of " + release + ", or "},
		{".el", "install kernel-debuginfo of " + release + ", or "},
		{"SUSE", "install kernel-default-debuginfo of " + release + ", or "},
	} {
		if strings.Contains(banner, d.mark) || d.mark[0] == '.' && strings.Contains(release, d.mark) {
			return d.advice
		}
	}
	return ""
}
