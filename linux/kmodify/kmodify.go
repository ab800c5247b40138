// Package kmodify changes the running kernel: it writes memory and calls functions. It does so through a module that it makes,
// loads, and that the kernel lets go again at once.
//
// The kernel must be the one that this program runs on, an x86-64 one that loads modules without a signature, and the caller must be
// allowed to load modules. A wrong call can crash the machine.
package kmodify

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sort"
	"sync/atomic"
	"unsafe"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/internal/kmod"
	"github.com/godrgn/drgn/mem"
	"golang.org/x/sys/unix"
)

// An Arg is an argument of a function of the kernel.
type Arg struct {
	Value  uint64
	InData bool // the argument is the address of the byte at offset Value of the data
}

// A Call is a call of a function of the kernel.
type Call struct {
	Function uint64 // its address
	Args     []Arg  // integers and pointers
	Result   int    // where in the data the 8 bytes that are returned go; -1: nowhere
}

const maxData = 1 << 24 // bytes of data of one module

var modules atomic.Uint64 // that were made by this process

// Available returns why the kernel of a program can't be changed: a *drgn.ValueError unless it is the one that this process runs
// on, a *drgn.UnsupportedError on machines other than x86-64.
func Available(p *drgn.Program) error {
	if p.Flags()&(drgn.IsLinuxKernel|drgn.IsLive|drgn.IsLocal) != drgn.IsLinuxKernel|drgn.IsLive|drgn.IsLocal {
		return &drgn.ValueError{Problem: "kmodify is only available for the running kernel"}
	}
	if !kmod.On(p.Platform()) {
		return &drgn.UnsupportedError{Problem: "kmodify is only available on x86-64"}
	}
	return nil
}

// WriteMemory writes to the kernel's memory. It is not atomic. Where the kernel can't write is a *mem.FaultError.
func WriteMemory(p *drgn.Program, address uint64, value []byte) error {
	if err := Available(p); err != nil || len(value) == 0 {
		return err
	}
	op, err := write(p, address, len(value))
	if err != nil {
		return err
	}
	_, err = run(p, []kmod.Op{op}, value, false)
	if errors.Is(err, errFailed) {
		return &mem.FaultError{Message: "could not write to memory", Address: address}
	}
	return err
}

// write returns the call of the kernel that copies the first bytes of the data to an address.
func write(p *drgn.Program, address uint64, size int) (op kmod.Op, err error) {
	f, err := function(p, "copy_to_kernel_nofault", "probe_kernel_write") // before 5.8: fe557319aa06
	return kmod.Op{Function: f, Args: []kmod.Arg{{Value: address}, {InData: true}, {Value: uint64(size)}}, Result: -1, Fails: kmod.Failed}, err
}

// WriteBit sets or clears bit n of the unsigned long at an address, atomically. An address that can't be read is a *mem.FaultError;
// one that can't be written to crashes the kernel.
func WriteBit(p *drgn.Program, address, n uint64, set bool) error {
	if err := Available(p); err != nil {
		return err
	}
	address += n / 64 * 8
	n = n%64 + address%8*8
	address = address&^7 + n/64*8
	read, err := function(p, "copy_from_kernel_nofault", "probe_kernel_read") // before 5.8: fe557319aa06
	if err != nil {
		return err
	}
	kind := kmod.ClearBit
	if set {
		kind = kmod.SetBit
	}
	_, err = run(p, []kmod.Op{
		{Function: read, Args: []kmod.Arg{{InData: true}, {Value: address}, {Value: 8}}, Result: -1, Fails: kmod.Failed},
		{Kind: kind, Address: address, Number: uint8(n % 64)},
	}, make([]byte, 8), false)
	if errors.Is(err, errFailed) {
		return &mem.FaultError{Message: "could not read memory", Address: address}
	}
	return err
}

// function returns the address of the kernel's function of the first name that there is.
func function(p *drgn.Program, names ...string) (uint64, error) {
	var first error
	for _, name := range names {
		s, err := p.Symbol(name)
		if err == nil {
			return s.Address, nil
		}
		if first == nil {
			first = err
		}
	}
	return 0, first
}

var errFailed = errors.New("the kernel's function failed")

// Run calls functions in order, in process context, and returns the data as they have left it.
func Run(p *drgn.Program, calls []Call, data []byte) ([]byte, error) {
	ops := make([]kmod.Op, len(calls))
	for i, c := range calls {
		ops[i] = kmod.Op{Function: c.Function, Result: c.Result}
		for _, a := range c.Args {
			ops[i].Args = append(ops[i].Args, kmod.Arg(a))
		}
	}
	return run(p, ops, data, true)
}

// run makes a module with data that does operations in order, and loads it. With back, it returns the data as the operations have left it.
func run(p *drgn.Program, ops []kmod.Op, data []byte, back bool) ([]byte, error) {
	if err := Available(p); err != nil {
		return nil, err
	}
	if len(data) > maxData {
		return nil, &drgn.ValueError{Problem: fmt.Sprintf("kmodify takes at most %d bytes of data, not %d", maxData, len(data))}
	}
	m, err := describe(p)
	if err != nil {
		return nil, err
	}
	m.Ops, m.Data = ops, data
	var out []byte
	if back && len(data) > 0 {
		// The kernel copies without waiting for pages: they must be there.
		if out, err = unix.Mmap(-1, 0, len(data), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE|unix.MAP_LOCKED); err != nil {
			return nil, err
		}
		defer func() { _ = unix.Munmap(out) }() // nothing is lost if it stays
		f, err := function(p, "copy_to_user_nofault", "probe_user_write")
		if err != nil {
			return nil, err
		}
		to := uint64(uintptr(unsafe.Pointer(&out[0])))
		m.Ops = append(append([]kmod.Op(nil), ops...), kmod.Op{Function: f, Args: []kmod.Arg{{Value: to}, {InData: true}, {Value: uint64(len(data))}}, Result: -1, Fails: kmod.NoCopy})
	}
	image, err := m.Build()
	if err != nil {
		return nil, err
	}
	switch err := unix.InitModule(image, ""); err {
	case unix.Errno(kmod.Done):
		return append([]byte(nil), out...), nil
	case unix.Errno(kmod.Failed):
		return nil, errFailed
	case unix.Errno(kmod.NoCopy):
		return nil, errors.New("the kernel could not copy out what its functions returned")
	case nil:
		return nil, fmt.Errorf("module %s was loaded and stays", m.Name) // its init function never returns 0
	default:
		return nil, os.NewSyscallError("init_module", err)
	}
}

// describe returns what the kernel wants a module to be.
func describe(p *drgn.Program) (*kmod.Module, error) {
	t, err := p.Type("struct module")
	if err != nil {
		return nil, err
	}
	m := &kmod.Module{Name: fmt.Sprintf("drgn_kmodify_%d_%d", os.Getpid(), modules.Add(1))}
	if m.Size, err = t.Size(); err != nil {
		return nil, err
	}
	if m.NameOffset, err = drgn.OffsetOf(t, "name"); err != nil {
		return nil, err
	}
	if m.InitOffset, err = drgn.OffsetOf(t, "init"); err != nil {
		return nil, err
	}
	magic, err := p.Variable("vermagic").CString()
	if err != nil {
		return nil, err
	}
	m.Magic = string(magic)
	m.Versions, err = versions(p)
	return m, err
}

// versions returns section __versions, with that of struct module alone, of a kernel that compares versions of symbols; else nil.
func versions(p *drgn.Program) ([]byte, error) {
	crcs, err := p.Symbol("__start___kcrctab")
	if drgn.IsNotFound(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	stop, err := p.Symbol("__stop___kcrctab")
	if err != nil || stop.Address <= crcs.Address {
		return nil, err
	}
	const name = "module_layout"
	i, err := exported(p, name)
	if err != nil {
		return nil, err
	}
	crc, err := p.ReadUint(crcs.Address+4*i, 4, false)
	if err != nil {
		return nil, err
	}
	entry := make([]byte, 64) // struct modversion_info
	binary.LittleEndian.PutUint64(entry, crc)
	copy(entry[8:], name)
	return entry, nil
}

// exported returns which of the kernel's exported symbols, which are in the order of their names, a name is.
func exported(p *drgn.Program, name string) (uint64, error) {
	start, err := p.Symbol("__start___ksymtab")
	if err != nil {
		return 0, err
	}
	stop, err := p.Symbol("__stop___ksymtab")
	if err != nil {
		return 0, err
	}
	t, err := p.Type("struct kernel_symbol")
	if err != nil {
		return 0, err
	}
	size, err := t.Size()
	if err != nil || size == 0 {
		return 0, err
	}
	nameAt := func(i int) ([]byte, error) {
		o := p.ObjectAt(t, start.Address+uint64(i)*size)
		field := o.Member("name_offset") // relative to itself: 7290d58095712
		if field.Err() != nil {
			return o.Member("name").CString()
		}
		at, _ := field.Address()
		offset, err := field.Int()
		if err != nil {
			return nil, err
		}
		return p.Memory().CString(at+uint64(offset), 512, false)
	}
	n := int((stop.Address - start.Address) / size)
	var wrong error
	i := sort.Search(n, func(i int) bool {
		have, err := nameAt(i)
		if err != nil {
			wrong = err
		}
		return bytes.Compare(have, []byte(name)) >= 0
	})
	if wrong == nil && i < n {
		have, err := nameAt(i)
		if err == nil && string(have) == name {
			return uint64(i), nil
		}
		wrong = err
	}
	if wrong == nil {
		wrong = fmt.Errorf("kernel does not export %s", name)
	}
	return 0, wrong
}
