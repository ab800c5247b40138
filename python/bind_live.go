package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"math"
	"math/big"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux"
)

func init() {
	register("_drgn", Func{Sig: "program_from_kernel()", Doc: "Open the running kernel, which takes root.", Do: func(c Call) error {
		var p *drgn.Program
		if err := c.Long(func(context.Context) (err error) {
			p, err = attach.Kernel()
			return err
		}); err != nil {
			return err
		}
		return newTargeted(c, p)
	}})
}

// liveMethods make a program that of a kernel that runs, or whose memory comes from elsewhere.
func liveMethods() []Func {
	return []Func{
		{Sig: "set_kernel()", Doc: "Make this the running kernel, which takes root. It loads no debugging information.", Do: func(c Call) error {
			p := c.selfProg()
			return targeted(c, c.Whole(func(context.Context) error { return attach.SetKernel(p) }))
		}},
		{Sig: "set_qemu_qmp(address: any)", Do: setQEMU, Doc: "Make this a guest of QEMU, over the QEMU Machine Protocol: at 'host:port', a Unix socket's path, or an open " +
			"file descriptor. Over a Unix socket, memory is read from QEMU's process where that is allowed, and a Linux kernel is recognized with -device vmcoreinfo; " +
			"otherwise give Program() its vmcoreinfo. It loads no debugging information."},
		{Sig: "set_linux_kernel_custom(vmcoreinfo: text, is_live: bool)", Doc: "Make this a Linux kernel whose physical memory add_memory_segment() gives; vmcoreinfo " +
			"counts unless Program() was given some. It loads no debugging information.", Do: func(c Call) error {
			p, info := c.selfProg(), c.Bytes(0)
			if err := p.CheckUnopened(); err != nil {
				return err
			}
			if !p.Platform().Known() {
				return valueError("platform must be set before calling set_linux_kernel_custom()")
			}
			if linux.GivenVMCOREINFO(p) == nil {
				if err := linux.CheckVMCOREINFO(linux.ParseVMCOREINFO(info), p.Platform().Arch); err != nil {
					return err
				}
			}
			return targeted(c, attach.SetCustomKernel(p, info, c.Bool(1)))
		}},
	}
}

// setQEMU takes the address of a socket, or an open one.
func setQEMU(c Call) error {
	p := c.selfProg()
	v, err := c.Any(0)
	if err != nil {
		return err
	}
	var address string
	fd := int64(-1)
	switch v := v.(type) {
	case string:
		address = v
	case bool:
		if fd = 0; v {
			fd = 1
		}
	case int64:
		fd = v
		if fd < 0 {
			return valueError("fd is negative")
		}
	case *big.Int:
		if fd = math.MaxInt64; v.Sign() < 0 {
			return valueError("fd is negative")
		}
	default:
		return typeError("address must be str or int, not " + className(c.py(0)))
	}
	if fd > math.MaxInt32 {
		return &pyErr{excOverflowError, "fd is greater than maximum"}
	}
	return targeted(c, c.Long(func(ctx context.Context) error {
		o := attach.Options{Context: ctx}
		if fd >= 0 {
			return attach.SetQEMUFile(p, int(fd), o)
		}
		return attach.SetQEMU(p, address, o)
	}))
}

// className returns the name of an object's class, as messages of exceptions have it.
func className(o *C.PyObject) string { return C.GoString(C.type_name(o)) }
