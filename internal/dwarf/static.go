package dwarf

import (
	"strings"

	"github.com/godrgn/drgn/types"
)

// appendStatic appends the static member that a DIE of a class declares (DWARF 5, section 5.7.7), by the name of the variable that it is.
func (d DIE) appendStatic(all []types.Static) ([]types.Static, error) {
	name, err := d.Name()
	if err != nil || name == "" {
		return all, err
	}
	variable, err := d.qualify(name)
	if err != nil || strings.Contains(variable, anonymousNamespace) { // each unit may have another one
		return all, err
	}
	return append(all, types.Static{Name: name, Variable: variable}), nil
}

// staticConstant returns the static member of a class, by its qualified name, of which only the class says the value: there is no variable of it.
func (f *File) staticConstant(name, filename string) (e Entity, ok bool, err error) {
	scopes, last := splitName(name)
	if len(scopes) == 0 {
		return e, false, nil
	}
	const kinds = 1<<ixStruct | 1<<ixClass | 1<<ixUnion
	class := strings.Join(scopes, "::")
	if there, err := f.ready(kinds, class); err != nil || !there {
		return e, false, err
	}
	for x := range f.find(kinds, class, filename) {
		d, err := f.DIE(x.die)
		if err != nil {
			return e, false, err
		}
		for c, err := range d.Children() {
			if err != nil {
				return e, false, err
			}
			if c.Tag != TagMember && c.Tag != TagVariable || !c.Has(AttrConstValue) {
				continue
			}
			if own, err := c.Name(); err != nil {
				return e, false, err
			} else if own != last {
				continue
			}
			e = Entity{Kind: EntityVariable, DIE: c}
			err = f.fill(&e)
			return e, err == nil, err
		}
	}
	return e, false, nil
}

// FindStatic returns the variable or function of a name that is defined at the top level of the unit that the function is from, and not known outside
// of it: another unit may have one of the same name, even in the same file when both were made from the same source. A variable that was
// optimized out is found, too, and absent. In a program that was optimized as a whole the definitions may be in other units.
func (fn *Function) FindStatic(name string) (Entity, bool, error) {
	own := fn.DIE.Unit
	home, err := fn.DIE.home()
	if err != nil {
		return Entity{}, false, err
	}
	e, ok, err := own.findStatic(name, home)
	if err != nil || home == own || ok && !e.Absent() {
		return e, ok, err
	}
	const kinds = 1<<ixVariable | 1<<ixFunction
	f := own.File
	if there, err := f.ready(kinds, name); err != nil {
		return Entity{}, false, err
	} else if there {
		for x := range f.find(kinds, name, "") {
			d, err := f.DIE(x.die)
			if err != nil {
				return Entity{}, false, err
			}
			if e, is, err := d.staticOf(home); err != nil || is && !e.Absent() {
				return e, is, err
			}
		}
	}
	return home.findStatic(name, home)
}

// Home returns what the unit says of itself that the function is from.
func (fn *Function) Home() (*UnitInfo, error) {
	home, err := fn.DIE.home()
	if err != nil {
		return nil, err
	}
	return home.Info()
}

// staticOf returns what a DIE of a variable or function describes; ok is false if it comes from another unit than home or is known outside of it.
func (d DIE) staticOf(home *Unit) (e Entity, ok bool, err error) {
	if external, err := d.Inherited(AttrExternal); err != nil || external.u != 0 {
		return e, false, err
	}
	if from, err := d.home(); err != nil || from != home {
		return e, false, err
	}
	if e, err = d.Unit.File.EntityOf(d); err != nil {
		return e, false, err
	}
	if d.Tag == TagSubprogram && !e.HasAddress { // an instance of what was also inlined
		if e.Address, e.HasAddress, err = d.entryPC(); err != nil {
			return e, false, err
		}
	}
	return e, true, nil
}

// home returns the unit that a DIE comes from: that of the source which it was compiled from, where the compiler optimized the whole program.
func (d DIE) home() (*Unit, error) {
	for at, n := d, 0; n < maxOrigins; n++ {
		to, ok, err := at.Ref(AttrAbstractOrigin)
		if err != nil {
			return nil, err
		}
		if ok {
			at = to
			continue
		}
		if at.Unit == d.Unit {
			break
		}
		info, err := at.Unit.Info()
		if err != nil || info.Tag != TagCompileUnit { // dwz moves what several units share
			return d.Unit, err
		}
		return at.Unit, nil
	}
	return d.Unit, nil
}

// findStatic is [Function.FindStatic] in one unit, of what comes from home.
func (u *Unit) findStatic(name string, home *Unit) (found Entity, ok bool, err error) {
	if scopes, _ := splitName(name); len(scopes) > 0 {
		return Entity{}, false, nil // names at the top level are not qualified
	}
	root, err := u.Root()
	if err != nil {
		return Entity{}, false, err
	}
	for d, err := range root.Children() {
		if err != nil {
			return Entity{}, false, err
		}
		switch d.Tag {
		case TagVariable, TagSubprogram:
			known := d.Has(AttrLowPC) || d.Has(AttrRanges) || d.Has(AttrLocation) || d.Has(AttrConstValue)
			if !known && (ok || d.Tag == TagSubprogram || d.Has(AttrDeclaration)) {
				continue
			}
			text, err := d.FullName()
			if err != nil {
				return Entity{}, false, err
			}
			if text != name {
				continue
			}
			e, is, err := d.staticOf(home)
			if err != nil {
				return Entity{}, false, err
			}
			if !is {
				continue
			}
			if !e.Absent() {
				return e, true, nil
			}
			if !known {
				found, ok = e, true
			}
		}
	}
	return found, ok, nil
}
