package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"fmt"
	"math/big"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/mem"
)

// searchMethods are the searches of memory. Each returns drgn.MemorySearchIterator, which asks _search for what it is to
// give once its range is known.
func searchMethods() []Func {
	start := func(c Call, args ...any) error {
		class, err := drgnAttr("MemorySearchIterator")
		if err != nil {
			return err
		}
		return c.Value(callValue{class, append(tuple{c.selfProg()}, args...)})
	}
	methods := []Func{
		{Sig: "search_memory(value: any, *, alignment: index = 1)", Doc: "Search memory for bytes, a str, an integer (a word) or an Object's bytes.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			p, align := c.selfProg(), c.UintOr(1, 1)
			switch v := v.(type) {
			case []byte:
				return start(c, 0, v, align)
			case string:
				return start(c, 0, []byte(v), align)
			case drgn.Object:
				b, err := v.Bytes()
				if err != nil {
					return err
				}
				if !c.Has(1) {
					if align, err = p.Alignment(v.Type()); err != nil {
						return err
					}
				}
				return start(c, 0, b, align)
			}
			n, ok := addressValue(v)
			if !ok {
				return typeError("search_memory() argument 'value' must be bytes, str, int or Object")
			}
			size, err := p.AddressSize()
			if err != nil {
				return err
			}
			b := make([]byte, size)
			putBits(b, 0, size*8, new(big.Int).SetUint64(n), !p.Platform().IsLittleEndian())
			return start(c, 0, b, size)
		}},
	}
	for _, w := range []struct {
		name string
		size int
	}{{"u16", 2}, {"u32", 4}, {"u64", 8}, {"word", 0}} {
		methods = append(methods, Func{Sig: "search_memory_" + w.name + "(*values, ignore_mask: index = 0)",
			Doc: "Search memory for aligned integers, each a value or a pair of the least and the greatest; gives pairs of address and value.", Do: func(c Call) error {
				size := w.size
				if size == 0 {
					n, err := c.selfProg().AddressSize()
					if err != nil {
						return err
					}
					size = int(n)
				}
				v, err := c.Any(0)
				if err != nil {
					return err
				}
				return start(c, size, v, c.UintOr(1, 0))
			}})
	}
	return methods
}

func init() {
	register("_drgn", Func{Sig: "_search(prog: prog, kind: int, value: any, number: index, min: index? = None, max: index? = None, physical: bool = False)", Do: search})
}

// search starts a search: kind is 0 for bytes, else the size of integers.
func search(c Call) error {
	p, kind := c.Prog(0), int(c.Int(1))
	v, err := c.Any(2)
	if err != nil {
		return err
	}
	area := drgn.SearchArea{Physical: c.Bool(6)}
	if c.Has(4) || c.Has(5) {
		area.Ranges = []mem.Range{{Min: c.UintOr(4, 0), Max: c.UintOr(5, ^uint64(0))}}
	}
	ctx := context.Background() // the walk ends when its iterator is closed
	if kind == 0 {
		return Values(c, p.SearchMemory(ctx, v.([]byte), c.Uint(3), area), func(at uint64) any { return at })
	}
	var values []drgn.ValueRange
	for _, x := range v.(tuple) {
		if pair, ok := x.(tuple); ok && len(pair) == 2 {
			low, ok1 := addressValue(pair[0])
			high, ok2 := addressValue(pair[1])
			if !ok1 || !ok2 {
				return typeError("values must be integers or pairs of integers")
			}
			values = append(values, drgn.ValueRange{Min: low, Max: high})
			continue
		}
		if o, ok := x.(drgn.Object); ok {
			n, err := o.Uint()
			if err != nil {
				return err
			}
			values = append(values, drgn.ValueRange{Min: n, Max: n})
			continue
		}
		n, ok := addressValue(x)
		if !ok {
			return typeError(fmt.Sprintf("values must be integers or pairs of integers, not %T", x))
		}
		values = append(values, drgn.ValueRange{Min: n, Max: n})
	}
	return Values(c, p.SearchMemoryUint(ctx, kind, values, c.Uint(3), area), func(m drgn.UintMatch) any { return tuple{m.Address, m.Value} })
}

// addressValue returns a number as the low 64 bits of its two's complement.
func addressValue(v any) (uint64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int64:
		return uint64(v), true
	case *big.Int:
		return uint64(low(v)), true
	}
	return 0, false
}
