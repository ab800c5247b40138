// Package zoo has a helper of every form.
//
// It says "hello" and \.
package zoo

import (
	"context"
	"iter"

	"example.org/drgn"
	"example.org/drgn/linux/other"
	"example.org/drgn/types"
)

// A State is an integer with a name.
type State uint8

// Usage says how much is used.
type Usage struct {
	// Pages counts pages.
	Pages  uint64
	State  State
	Slab   drgn.Object // where it is
	hidden int
	Extra  string   `py:"extra_text"`
	Not    chan int `py:"-"`
}

// A Pair is walked.
type Pair struct {
	Index uint64
	Value drgn.Object
}

// Options are what may be left out.
type Options struct {
	Deep  bool
	Name  string
	Limit int32
}

// Info is told from a plain tuple.
//
//drgn:namedtuple AnimalInfo
type Info struct {
	Legs int
	Next *Usage
}

// Cage is a class of its own.
//
//drgn:class AnimalCage
type Cage struct {
	Wide  bool // wider than high
	Lodge *Usage
}

// FindCage returns where an animal lives.
//
//drgn:helper find_cage
func FindCage(o drgn.Object) (*Cage, error) { return nil, nil }

// NoArgs does something, as does [FindPair].
//
//drgn:helper no_args
func NoArgs() {}

// Failing may fail with a *other.CycleError.
//
//drgn:helper failing
func Failing(o drgn.Object) error { return nil }

// FindPair returns a pair of numbers; p is looked at.
//
//drgn:helper find_pair(id)
func FindPair(p *drgn.Program, id State) (uint32, int64, error) { return 0, 0, nil }

// Lookup returns what is at a path.
//
//drgn:helper lookup(root, path: Path, name: Union[str, bytes], *, kind='void', size=4096, follow=True) -> Optional[bytes]
func Lookup[T drgn.TypeLike](root drgn.Scope, path string, name []byte, kind T, size uint64, follow bool) ([]byte, error) {
	return nil, nil
}

// Typed returns the type of a member.
//
//drgn:helper typed(type, member)
func Typed[T drgn.TypeLike](typ T, member string) (*types.Type, error) { return nil, nil }

// Pairs walks pairs.
//
//drgn:helper pairs
func Pairs(o drgn.Object) iter.Seq2[Pair, error] { return nil }

// Early walks pairs, of which it looks for the first when it is called.
//
//drgn:helper early
//drgn:eager
func Early(o drgn.Object) iter.Seq2[Pair, error] { return nil }

// Numbers walks numbers, which can't fail.
//
//drgn:helper numbers
//drgn:slow
func Numbers(o drgn.Object, first int) iter.Seq[State] { return nil }

// Infos walks named tuples of a module.
//
//drgn:helper infos
func Infos(p *drgn.Program) iter.Seq2[Info, error] { return nil }

// UsageOf returns how much is used; nil for nothing.
//
//drgn:helper usage_of
func UsageOf(o drgn.Object) (*Usage, error) { return nil, nil }

// Scan works long.
//
//drgn:helper scan
func Scan(ctx context.Context, p *drgn.Program, what []byte, opts Options) ([]other.Shared, error) {
	return nil, nil
}

// Tables returns compound values.
//
//drgn:helper tables
func Tables(o drgn.Object) (map[string][]uint64, [3]float64, []string, [][]byte, error) {
	return nil, [3]float64{}, nil, nil, nil
}

// Maybe returns an object if there is one.
//
//drgn:helper maybe(o, limit) -> Optional[Object]
func Maybe(o drgn.Object, limit *uint64) (drgn.Object, bool) { return drgn.Object{}, false }

// FromAny takes anything, and a thread.
//
//drgn:helper from_any(value=True, *, thread: Union[Object, IntegerLike]=None)
func FromAny(value any, thread any) (any, drgn.Symbol) { return nil, drgn.Symbol{} }
