package kmod

import "github.com/godrgn/drgn/arch"

// On reports whether modules of this package are for a platform.
func On(p arch.Platform) bool { return p.Arch == arch.X86_64 }
