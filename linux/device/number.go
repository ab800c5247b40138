package device

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/walk"
)

// A CharNumbers is a range of numbers that a driver of character devices has registered.
//
//drgn:tuple
type CharNumbers struct {
	First uint64 // dev_t
	Count uint64 // of minor numbers, from First's on
	Name  []byte
	Cdev  drgn.Object // struct cdev *; may be a null pointer
}

// ForEachRegisteredCharNumbers walks the ranges of numbers that drivers of character devices have registered.
//
//drgn:helper for_each_registered_chrdev
func ForEachRegisteredCharNumbers(p *drgn.Program) iter.Seq2[CharNumbers, error] {
	return func(yield func(CharNumbers, error) bool) {
		for head, err := range buckets(p, "chrdevs") {
			if err != nil {
				yield(CharNumbers{}, err)
				return
			}
			for cd, err := range walk.Nodes("list of character devices", head, "next") {
				var n CharNumbers
				if err == nil {
					n, err = charNumbers(cd)
				}
				if !yield(n, err) || err != nil {
					return
				}
			}
		}
	}
}

// charNumbers reads a struct char_device_struct *.
func charNumbers(cd drgn.Object) (CharNumbers, error) {
	var x struct {
		Major uint64      `drgn:"major"`
		Minor uint64      `drgn:"baseminor"`
		Count uint64      `drgn:"minorct"`
		Name  string      `drgn:"name"`
		Cdev  drgn.Object `drgn:"cdev"`
	}
	if err := cd.Decode(&x); err != nil {
		return CharNumbers{}, err
	}
	n := CharNumbers{Make(x.Major, x.Minor), x.Count, []byte(x.Name), x.Cdev}
	n.Cdev = n.Cdev.Read()
	if none, err := n.Cdev.IsNull(); err != nil || !none {
		return n, err
	}
	// Only register_chrdev() leaves its device here; those of all others are in the map that is asked when one is opened.
	var err error
	n.Cdev, err = findCdev(cd.Prog(), n.First)
	return n, err
}

// findCdev returns the character device of a number, as a struct cdev *; a null pointer if there is none.
func findCdev(p *drgn.Program, dev uint64) (drgn.Object, error) {
	none := drgn.Null(p, "struct cdev")
	exact, ok := p.Function("exact_lock").Address()
	if !ok {
		return none, none.Err()
	}
	probes := p.Variable("cdev_map").Member("probes")
	n, err := probes.Len()
	if err != nil || n == 0 {
		return none, err
	}
	for probe, err := range walk.Nodes("list of numbers of devices", probes.Index(int64(Major(dev)%n)), "next") {
		var x struct {
			First uint64      `drgn:"dev"`
			Range uint64      `drgn:"range"`
			Lock  uint64      `drgn:"lock"`
			Data  drgn.Object `drgn:"data"`
		}
		if err == nil {
			err = probe.Decode(&x)
		}
		if err != nil {
			return none, err
		}
		if dev-x.First < x.Range && x.Lock == exact { // the smallest range comes first
			return x.Data.Cast(none.Type()), nil
		}
	}
	return none, none.Err()
}

// A BlockMajor is a major number that a driver of block devices has registered.
//
//drgn:tuple
type BlockMajor struct {
	Major uint64
	Name  []byte
	Entry drgn.Object // struct blk_major_name *
}

// ForEachRegisteredBlockMajor walks the major numbers that drivers of block devices have registered.
//
//drgn:helper for_each_registered_blkdev
func ForEachRegisteredBlockMajor(p *drgn.Program) iter.Seq2[BlockMajor, error] {
	return func(yield func(BlockMajor, error) bool) {
		for head, err := range buckets(p, "major_names") {
			if err != nil {
				yield(BlockMajor{}, err)
				return
			}
			for entry, err := range walk.Nodes("list of block devices", head, "next") {
				b := BlockMajor{Entry: entry}
				if err == nil {
					b.Major, err = entry.Member("major").Uint()
				}
				if err == nil {
					b.Name, err = entry.Member("name").CString()
				}
				if !yield(b, err) || err != nil {
					return
				}
			}
		}
	}
}
