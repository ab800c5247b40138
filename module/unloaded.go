package module

// An Unloader is a [Loader] whose modules may leave memory while the program runs.
type Unloader interface {
	// Unloaded reports whether a module has nothing at an address of its any more, because it was unloaded or has freed that part. name is
	// what is looked for, or "".
	Unloaded(m *Module, name string, address uint64) bool
	// MayUnload reports whether an address may be that of a module which may be unloaded.
	MayUnload(address uint64) bool
}

// Unloaded reports whether the module has nothing at an address any more, at which name was found; name may be empty.
func (m *Module) Unloaded(name string, address uint64) bool {
	if m.kind != Relocatable && m.kind != SharedLibrary {
		return false
	}
	u, ok := m.set.Loader().(Unloader)
	return ok && u.Unloaded(m, name, address)
}

// IsUnloaded reports whether the module was in memory and is no more: what its files say of addresses is void.
func (m *Module) IsUnloaded() bool { return m.Unloaded("", m.id) }

// Stays reports whether what lies at an address will lie there as long as the program runs: it is not part of a module that may be
// unloaded.
func (s *Set) Stays(address uint64) bool {
	u, ok := s.Loader().(Unloader)
	return !ok || !u.MayUnload(address)
}

// Forget makes room for another module of the same kind, name and ID: the one that had them was unloaded, and names
// are looked for anew.
func (s *Set) Forget(m *Module) {
	defer s.changed()
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := (key{m.kind, m.name, m.id}); s.known[k] == m {
		delete(s.known, k)
	}
}

// LoadedAgain says that a module that was not in memory for a time is there again: names that were not found meanwhile are looked for anew.
func (s *Set) LoadedAgain() { s.changed() }
