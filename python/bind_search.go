package python

/*
#include "bind.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"regexp"
	"regexp/syntax"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/internal/bits"
	"github.com/godrgn/drgn/internal/perlre"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/search"
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
		{Sig: "search_memory(value: any, *, alignment: bits? = None)", Doc: "Search memory for bytes, a str, an integer (a word) or an Object's bytes.", Do: func(c Call) error {
			v, err := c.Any(0)
			if err != nil {
				return err
			}
			p, align := c.selfProg(), c.UintOr(1, 1)
			if c.Has(1) && !isText(v) {
				return typeError("alignment is only allowed with bytes or str value")
			}
			if b, ok := v.([]byte); ok && len(b) == 0 || v == "" {
				return valueError("needle cannot be empty")
			}
			if align == 0 || align&(align-1) != 0 {
				return valueError("alignment must be power of 2")
			}
			_, isNumber := addressValue(v)
			if _, isObject := v.(drgn.Object); !isNumber && !isObject && !isText(v) {
				return typeError("value must be bytes, str, int, or drgn.Object, not " + className(c.py(0)))
			}
			size, err := p.AddressSize()
			if err != nil && isNumber {
				return valueError("program word size is not known")
			}
			if err != nil {
				return err
			}
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
				if len(b) == 0 {
					return valueError("can't search for object with size 0")
				}
				if align, err = p.Alignment(v.Type()); err != nil {
					return err
				}
				return start(c, 0, b, align)
			}
			n, err := searched(v, int(size))
			if err != nil {
				return err
			}
			b := make([]byte, size)
			bits.Insert(b, 0, size*8, !p.Platform().IsLittleEndian(), n)
			return start(c, 0, b, size)
		}},
	}
	for _, w := range []struct {
		name string
		size int
		mask string
	}{{"u16", 2, "index"}, {"u32", 4, "bits"}, {"u64", 8, "bits"}, {"word", 0, "bits"}} {
		methods = append(methods, Func{Sig: "search_memory_" + w.name + "(*values, ignore_mask: " + w.mask + " = 0)",
			Doc: "Search memory for aligned integers, each a value or a pair of the least and the greatest; gives pairs of address and value.", Do: func(c Call) error {
				size, known := w.size, c.selfProg().Platform().Known()
				if size == 0 && !known {
					return valueError("program word size is not known")
				}
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
				if err := integers(c.py(0)); err != nil {
					return err
				}
				if _, err := valueRanges(v, size); err != nil {
					return err
				}
				if mask := c.UintOr(1, 0); size < 8 && mask>>(8*size) != 0 {
					return tooLarge(size)
				}
				if !known {
					return valueError("program byte order is not known")
				}
				return start(c, size, v, c.UintOr(1, 0))
			}})
	}
	methods = append(methods, Func{Sig: "search_memory_regex(pattern: any)", Doc: "Search memory for a regular expression, Perl's without look-around and back-references: of bytes, or of characters in UTF-8. ^ and $ are the ends of what is searched.", Do: func(c Call) error {
		v, err := c.Any(0)
		if err != nil {
			return err
		}
		if _, _, err := pattern(v); err != nil {
			return err
		}
		if _, err := c.selfProg().AddressSize(); err != nil {
			return err
		}
		return start(c, -1, v, 0)
	}})
	return methods
}

// isText reports whether a value is bytes or a str.
func isText(v any) bool {
	switch v.(type) {
	case []byte, string:
		return true
	}
	return false
}

func init() {
	register("_drgn", Func{Sig: "_search(prog: prog, kind: int, value: any, number: index, min: index? = None, max: index? = None, physical: bool = False)", Do: searchMemory})
}

// searchMemory starts a search: kind is 0 for bytes, else the size of integers.
func searchMemory(c Call) error {
	p, kind := c.Prog(0), int(c.Int(1))
	v, err := c.Any(2)
	if err != nil {
		return err
	}
	area := search.Area{Physical: c.Bool(6)}
	if c.Has(4) || c.Has(5) {
		area.Ranges = []mem.Range{{Min: c.UintOr(4, 0), Max: c.UintOr(5, ^uint64(0))}}
	}
	if kind == 0 {
		pattern, alignment := v.([]byte), c.Uint(3)
		return found(c, func(ctx context.Context) iter.Seq2[uint64, error] {
			return search.Bytes(ctx, p, pattern, alignment, area)
		},
			func(at uint64) any { return at })
	}
	if kind < 0 {
		re, isBytes, err := pattern(v)
		if err != nil {
			return err
		}
		if isBytes {
			return found(c, func(ctx context.Context) iter.Seq2[search.RegexpMatch, error] {
				return search.BytesRegexp(ctx, p, re, area)
			},
				func(m search.RegexpMatch) any { return tuple{m.Address, m.Data} })
		}
		return found(c, func(ctx context.Context) iter.Seq2[search.RegexpMatch, error] {
			return search.Regexp(ctx, p, re, area)
		},
			func(m search.RegexpMatch) any { return tuple{m.Address, string(m.Data)} })
	}
	values, err := valueRanges(v, kind)
	if err != nil {
		return err
	}
	if len(values) == 0 { // only ranges without values
		return iterateList(c, nil)
	}
	ignore := c.Uint(3)
	return found(c, func(ctx context.Context) iter.Seq2[search.UintMatch, error] {
		return search.Uint(ctx, p, kind, values, ignore, area)
	},
		func(m search.UintMatch) any { return tuple{m.Address, m.Value} })
}

// found returns an iterator over what a search finds. Closing it ends the search, wherever that is.
func found[T any](c Call, look func(ctx context.Context) iter.Seq2[T, error], conv func(T) any) error {
	it := call.FromContext(look, func(v T) call.Value { return call.Anything(conv(v)) })
	return c.pyObject(newIterator(helperIterator(it), c.keep()))
}

// pattern returns an argument that is a regular expression.
func pattern(v any) (re *regexp.Regexp, isBytes bool, err error) {
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case []byte:
		text, isBytes = search.Latin1(v), true
	default:
		return nil, false, typeError("pattern must be bytes or str")
	}
	if text, err = perlre.ToGo(text, isBytes); err != nil {
		return nil, false, valueError(err.Error())
	}
	re, err = regexp.Compile(text)
	var bad *syntax.Error
	switch {
	case errors.As(err, &bad) && bad.Code == syntax.ErrInvalidPerlOp:
		return nil, false, &pyErr{excUnsupported, "regular expressions cannot have " + bad.Expr}
	case err != nil:
		return nil, false, valueError(err.Error())
	}
	return re, isBytes, nil
}

func tooLarge(size int) error {
	return &pyErr{excOverflowError, fmt.Sprintf("Python int too large to convert to C uint%d_t", 8*size)}
}

// searched returns an integer of a size in bytes that is searched for.
func searched(x any, size int) (uint64, error) {
	n, ok, err := integer(x)
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return 0, typeError("values must be int or (int, int)")
	case n.Sign() < 0 && size < 4:
		return 0, &pyErr{excOverflowError, "can't convert negative value to unsigned int"}
	case n.Sign() < 0:
		return 0, valueError("Cannot convert negative int")
	case n.BitLen() > 8*size:
		return 0, tooLarge(size)
	}
	return n.Uint64(), nil
}

// integers checks that the elements of a tuple, or those of the pairs in it, are integers.
func integers(values *C.PyObject) error {
	for i := range int(C.sh_tuple_size(values)) {
		x := C.sh_tuple_item(values, C.int(i))
		if n := C.sh_tuple_size(x); n == 2 {
			if err := integers(x); err != nil {
				return err
			}
		} else if n < 0 && C.sh_is_index(x) == 0 {
			return typeError("'" + className(x) + "' object cannot be interpreted as an integer")
		}
	}
	return nil
}

// valueRanges returns arguments that are integers of a size in bytes, or pairs of the least and the greatest; pairs that hold
// nothing are left out.
func valueRanges(v any, size int) ([]search.ValueRange, error) {
	args, _ := v.(tuple)
	if len(args) == 0 {
		return nil, valueError("at least one value or range is required")
	}
	var values []search.ValueRange
	for _, x := range args {
		low, high := x, x
		if pair, ok := x.(tuple); ok {
			if len(pair) != 2 {
				return nil, typeError("values must be int or (int, int)")
			}
			low, high = pair[0], pair[1]
		}
		min, err := searched(low, size)
		if err != nil {
			return nil, err
		}
		max, err := searched(high, size)
		if err != nil {
			return nil, err
		}
		if min <= max {
			values = append(values, search.ValueRange{Min: min, Max: max})
		}
	}
	return values, nil
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
