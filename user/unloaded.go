package user

import "github.com/godrgn/drgn"

// Unloaded implements [module.Unloader]: it tells the libraries that were no more in the dynamic linker's list when that was walked last.
func (u *Process) Unloaded(m *drgn.Module, _ string, _ uint64) bool {
	_, gone := u.gone.Load(m)
	return gone
}

// MayUnload implements [module.Unloader]. That a library is gone is found out only by a walk, which has names looked for anew.
func (u *Process) MayUnload(uint64) bool { return false }

// libraries returns those that were found so far.
func (u *Process) libraries() map[*drgn.Module]bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	libraries := map[*drgn.Module]bool{}
	for m := range u.modules {
		if m.Kind() == drgn.SharedLibraryModule {
			libraries[m] = true
		}
	}
	return libraries
}

// unload takes a library to be no more in memory.
func (u *Process) unload(m *drgn.Module) {
	u.mu.Lock()
	delete(u.modules, m)
	u.mu.Unlock()
	u.gone.Store(m, true)
	m.Set().Forget(m)
}

// add adds a module that was found: another one than before if another build of a library lies at the place of the first.
func (u *Process) add(p *drgn.Program, m found) (module *drgn.Module, isNew bool, err error) {
	module, isNew, err = p.AddModule(m.spec)
	if err != nil {
		return nil, false, err
	}
	u.mu.Lock()
	was, ok := u.modules[module]
	u.mu.Unlock()
	if ok && module.Kind() == drgn.SharedLibraryModule && was.image != nil && m.image != nil && string(was.spec.BuildID) != string(m.spec.BuildID) {
		u.unload(module)
		if module, isNew, err = p.AddModule(m.spec); err != nil {
			return nil, false, err
		}
	}
	u.mu.Lock()
	u.modules[module] = m
	u.mu.Unlock()
	return module, isNew, nil
}
