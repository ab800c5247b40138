package drgn

import "log/slog"

// Logger returns where the program logs what it does to find out what is loaded; it is never nil.
func (p *Program) Logger() *slog.Logger { return p.log() }

// A MappedFile is a file that a module was mapped from.
type MappedFile struct {
	Path string // that opens it
	Name string // what it was called when it was mapped
}

// A FileMapper is a [Personality] that knows from which files its modules were mapped: that of a process.
type FileMapper interface {
	// MappedFiles returns ways to the file that a module was mapped from, the surest first. What is found there may be
	// another file by now: one with another build ID is.
	MappedFiles(m *Module) []MappedFile
	// Image returns the file of a module whose file is nowhere but in the program's memory: the vDSO. It is nil for others.
	Image(m *Module) ([]byte, error)
}
