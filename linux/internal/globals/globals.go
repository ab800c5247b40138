// Package globals knows the types of well-known variables of the kernel, for kernels whose debugging information lists types
// only, as BTF does. What it says is believed once it fits what lies in memory.
package globals

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/debugdata/frombtf"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// text has a variable a line, with the types that kernels from v5.10 to v7.2 have for it, the newest first. An array whose length
// depends on the kernel's configuration or version has that of an enumerator, or [?]: what its symbol has room for. A structure without
// a tag stands there as the names of its members.
//
//go:embed variables.txt
var text string

var table = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		all[fields[0]] = fields[1:]
	}
	return all
})

// A VariableError says that a variable is not of a type that it has in other kernels. The type may be given:
// drgn.Object(prog, type, address=prog.symbol(name).address).
type VariableError struct {
	Name    string
	Types   []string // that are known of it
	Problem string   // what does not fit
}

func (e *VariableError) Error() string {
	return fmt.Sprintf("the type of variable '%s' is not known for this kernel, which has no DWARF: it is not '%s': %s. To give it one: %s",
		e.Name, strings.Join(e.Types, "' or '"), e.Problem, Advice(e.Name))
}

// Advice says how a variable of unknown type is given one.
func Advice(name string) string {
	return fmt.Sprintf("Object(prog, TYPE, address=prog.symbol('%s').address)", name)
}

// Find returns a variable whose type the table knows; ok is false if it does not know the variable, or the kernel has no symbol of
// its name. isKernel tells the kernel's addresses. A [*VariableError] says that no type fits.
func Find(p *drgn.Program, name string, isKernel func(address uint64) bool) (o drgn.Object, ok bool, err error) {
	names, ok := table()[name]
	if !ok {
		return drgn.Object{}, false, nil
	}
	symbols, err := symbolsOf(p, name)
	if len(symbols) == 0 || err != nil {
		return drgn.Object{}, false, err
	}
	var found *drgn.Symbol
	var of *types.Type
	led := false // found leads back to itself
	problem := "this kernel has no such type"
	for i := range symbols {
		s := &symbols[i]
		if m, err := p.ModuleAt(s.Address); err == nil && m.Kind() != drgn.MainModule {
			continue // a variable of a module
		}
		t, why, err := fit(p, names, s, isKernel)
		switch {
		case err != nil:
			return drgn.Object{}, false, err
		case t == nil:
			problem = cmp.Or(why, problem)
			continue
		}
		leads, err := leadsBack(p, t, s.Address)
		if err != nil {
			return drgn.Object{}, false, err
		}
		switch {
		case found == nil, leads && !led:
			found, of, led = s, t, leads
		case led && !leads: // another one
		case found.Binding == drgn.BindLocal && s.Binding != drgn.BindLocal:
			found, of = s, t
		case found.Address != s.Address && (found.Binding == drgn.BindLocal) == (s.Binding == drgn.BindLocal):
			return drgn.Object{}, false, &VariableError{name, names, fmt.Sprintf("there are symbols of this name at %#x and %#x", found.Address, s.Address)}
		}
	}
	if found == nil {
		return drgn.Object{}, false, &VariableError{name, names, problem}
	}
	return p.ObjectAt(of, found.Address), true, nil
}

// loops are members that lead from what a pointer of a type points to back to that.
var loops = map[string][]string{
	"struct kernfs_root *": {"kn", "dir", "root"}, // kernfs_create_root() in fs/kernfs/dir.c
}

// leadsBack reports whether a pointer at an address leads to what leads back to the same, as only those of its type do. It is false
// for types of which nothing like that is known, and where it can't be read.
func leadsBack(p *drgn.Program, t *types.Type, address uint64) (bool, error) {
	members, ok := loops[t.String()]
	if !ok {
		return false, nil
	}
	pointer := p.ObjectAt(t, address)
	at := pointer
	for _, name := range members {
		at = at.Member(name)
	}
	want, err := pointer.Uint()
	if err != nil || want == 0 {
		return false, faultless(err)
	}
	got, err := at.Uint()
	return err == nil && got == want, faultless(err)
}

// faultless returns err unless it says that memory can't be read, or that a member is not there.
func faultless(err error) error {
	var fault *mem.FaultError
	if errors.As(err, &fault) || drgn.IsNotFound(err) {
		return nil
	}
	return err
}

// symbolsOf returns the symbols of a name: those of the image and of files, if there are any. To ask for all would read the tables of all
// modules.
func symbolsOf(p *drgn.Program, name string) ([]drgn.Symbol, error) {
	q := drgn.SymbolQuery{Name: name, HasName: true}
	if main, err := p.MainModule(); err == nil {
		if found := main.Set().Symbols(q); len(found) > 0 {
			return found, nil
		}
	}
	return p.Symbols(q)
}

// fit returns the first of several types that can be that of a symbol; nil and why if none is.
func fit(p *drgn.Program, names []string, s *drgn.Symbol, isKernel func(uint64) bool) (t *types.Type, why string, err error) {
	if s.Size == 0 {
		return nil, fmt.Sprintf("its symbol at %#x does not say how long it is", s.Address), nil
	}
	for _, name := range names {
		if plain, ok := strings.CutPrefix(name, "const "); ok && slices.Contains(names, plain) && !readOnly(p, s.Address) {
			continue
		}
		t, err := open(p, name, s.Address, s.Size)
		if drgn.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if why = misfit(p, t, len(names) == 1, s.Address, s.Size, isKernel); why == "" {
			return t, "", nil
		}
	}
	return nil, why, nil
}

// readOnly reports whether an address lies in the kernel's constants.
func readOnly(p *drgn.Program, address uint64) bool {
	start, err := p.Symbol("__start_rodata")
	if err != nil {
		return false
	}
	end, err := p.Symbol("__end_rodata")
	return err == nil && start.Address <= address && address < end.Address
}

// named matches a length that is an enumerator.
var named = regexp.MustCompile(`\[[A-Z_]+\]`)

// open returns a type in which the length of an array may be open: as many elements as size has room for, which padding may make
// some more than there are; of constants, those up to the last that is not zero.
func open(p *drgn.Program, name string, address, size uint64) (*types.Type, error) {
	if members, ok := strings.CutPrefix(name, "struct {"); ok {
		return unnamed(p, strings.Split(strings.TrimSuffix(members, "}"), ","))
	}
	if length := named.FindString(name); length != "" {
		n, err := p.Constant(length[1 : len(length)-1]).Uint()
		if err != nil {
			return nil, err
		}
		name = strings.Replace(name, length, fmt.Sprintf("[%d]", n), 1)
	}
	before, after, ok := strings.Cut(name, "[?]")
	if !ok {
		return p.Type(name)
	}
	one, err := p.Type(before + "[1]" + after)
	if err != nil {
		return nil, err
	}
	unit, err := one.Size()
	if err != nil || unit == 0 {
		return nil, err
	}
	n := size / unit
	if after == "" && strings.HasPrefix(name, "const ") && !strings.ContainsAny(before, "*[") {
		if n, err = filled(p, address, unit, n); err != nil {
			return nil, err
		}
		if one.Elem().Primitive() == types.CChar {
			n++ // the end of the string
		}
	}
	return p.Type(fmt.Sprintf("%s[%d]%s", before, max(n, 1), after))
}

// unnamed returns the only structure without a tag that has some members. It is not found where there is none, or more than one.
func unnamed(p *drgn.Program, members []string) (*types.Type, error) {
	main, err := p.MainModule()
	if err != nil {
		return nil, err
	}
	info, err := main.Info()
	if err != nil {
		return nil, err
	}
	if source, ok := info.(*frombtf.Source); ok {
		found, err := source.Unnamed(members...)
		if err != nil {
			return nil, err
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return nil, drgn.ErrNotFound
}

// filled returns how many of n elements of a size are there of a constant array: zeros at its end are padding. What is a string ends
// with the first zero.
func filled(p *drgn.Program, address, unit, n uint64) (uint64, error) {
	if n > maxConstant/unit {
		n = maxConstant / unit
	}
	data, err := p.Read(address, n*unit, false)
	if err != nil {
		return 0, err
	}
	if unit == 1 {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return uint64(i), nil
		}
		return n, nil
	}
	return (uint64(len(bytes.TrimRight(data, "\x00"))) + unit - 1) / unit, nil
}

// maxConstant bounds the size of a constant array in bytes.
const maxConstant = 1 << 16

// maxPadding bounds what may lie between a variable and the next one, which starts where its alignment has it: on a page, or where
// a kernel stack may.
const maxPadding = 16384

// maxPerCPU bounds what may be a pointer to per-CPU memory, which is an offset.
const maxPerCPU = 1 << 32

// misfit says why a type can't be that of the size bytes at an address; "" if it can. Size is that up to the next symbol, which kernels
// since v7.0 don't have of all data: an only type, on which all kernels agree, may leave some over.
func misfit(p *drgn.Program, t *types.Type, only bool, address, size uint64, isKernel func(uint64) bool) string {
	n, err := t.Size()
	if err != nil {
		return err.Error()
	}
	switch end := address + size; {
	case n > size:
		return fmt.Sprintf("it has %d bytes, '%s' takes %d", size, t, n)
	case n < size && !only && !flexible(t) && size-n >= min(end&-end, maxPadding):
		return fmt.Sprintf("it has %d bytes, of which '%s' takes only %d", size, t, n)
	}
	if !isKernel(address) {
		return "" // an offset in per-CPU memory
	}
	switch t.UnderlyingKind() {
	case types.Pointer:
		v, err := p.Memory().Uint(address, int(n), !p.Platform().IsLittleEndian(), false)
		if err == nil && v >= maxPerCPU && !isKernel(v) {
			return fmt.Sprintf("its value, %#x, is not a pointer of the kernel's", v)
		}
	case types.Struct:
		if t.WithoutTypedefs().Tag() == "list_head" {
			return notList(p, address, n/2, isKernel)
		}
	}
	return ""
}

// notList says why there is no list_head at an address: the one after it must lead back. What is not in a dump can't be held
// against it.
func notList(p *drgn.Program, address, word uint64, isKernel func(uint64) bool) string {
	next, err := p.Memory().Uint(address, int(word), !p.Platform().IsLittleEndian(), false)
	if err != nil || next == 0 {
		return "" // it was not made yet
	}
	if !isKernel(next) {
		return fmt.Sprintf("it is not a list: %#x is not a pointer of the kernel's", next)
	}
	back, err := p.Memory().Uint(next+word, int(word), !p.Platform().IsLittleEndian(), false)
	if err == nil && back != address {
		return fmt.Sprintf("it is not a list: the entry after it at %#x leads back to %#x", next, back)
	}
	return ""
}

// flexible reports whether objects of a type may be longer than the type: it ends in an array of unknown length, or of one element
// or none.
func flexible(t *types.Type) bool {
	for range 8 {
		t = t.WithoutTypedefs()
		if t.Kind() == types.Array {
			n, known := t.Length()
			return !known || n <= 1
		}
		members, err := t.Members()
		if err != nil || len(members) == 0 {
			return false
		}
		last, err := members[len(members)-1].Slot()
		if err != nil {
			return false
		}
		t = last.Type
	}
	return false
}
