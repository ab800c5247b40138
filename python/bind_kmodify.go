package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/godrgn/drgn/linux/kmodify"
)

// What drgn.helpers.experimental.kmodify is made of.
func init() {
	register("_drgn",
		Func{Sig: "_kmodify_available(prog: prog)", Doc: "Raise ValueError or UnsupportedOperation unless the program's kernel can be changed.", Do: func(c Call) error {
			if err := kmodify.Available(c.Prog(0)); err != nil {
				return err
			}
			return c.None()
		}},
		Func{Sig: "_write_memory(prog: prog, address: literal, value: bytes)", Doc: "Write to the running kernel's memory.", Do: func(c Call) error {
			p, address, value := c.Prog(0), c.Uint(1), c.Bytes(2)
			if err := c.Long(func(context.Context) error { return kmodify.WriteMemory(p, address, value) }); err != nil {
				return err
			}
			return c.None()
		}},
		Func{Sig: "_write_bit(prog: prog, address: index, number: index, value: bool)", Doc: "Set or clear a bit of the running kernel's memory.", Do: func(c Call) error {
			p, address, number, value := c.Prog(0), c.Uint(1), c.Uint(2), c.Bool(3)
			if err := c.Long(func(context.Context) error { return kmodify.WriteBit(p, address, number, value) }); err != nil {
				return err
			}
			return c.None()
		}},
		Func{Sig: "_call_functions(prog: prog, calls: bytes, data: bytes)", Doc: "Call functions of the running kernel, and return the data as they left it.", Do: func(c Call) error {
			ops, err := kernelCalls(c.Bytes(1))
			if err != nil {
				return err
			}
			p, data := c.Prog(0), c.Bytes(2)
			if err := c.Long(func(context.Context) (err error) {
				data, err = kmodify.Run(p, ops, data)
				return err
			}); err != nil {
				return err
			}
			return c.Data(data)
		}})
}

// kernelCalls reads calls, each as numbers of 8 bytes: the function, where the result goes, the number of arguments, and of each
// whether it is an offset in the data, and the value.
func kernelCalls(b []byte) (ops []kmodify.Call, err error) {
	next := func() (v uint64) {
		if len(b) < 8 {
			err = errors.New("calls are cut off")
			return 0
		}
		v, b = binary.LittleEndian.Uint64(b), b[8:]
		return v
	}
	for len(b) > 0 && err == nil {
		op := kmodify.Call{Function: next(), Result: int(next())}
		for n := next(); n > 0 && err == nil; n-- {
			op.Args = append(op.Args, kmodify.Arg{InData: next() != 0, Value: next()})
		}
		ops = append(ops, op)
	}
	return ops, err
}
