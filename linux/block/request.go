package block

import (
	"fmt"
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/sbitmap"
	"github.com/godrgn/drgn/linux/xarray"
)

const request = "struct request"

// opMask is REQ_OP_MASK: the bits of cmd_flags that are the operation.
const opMask = 0xff

// Operation returns what a request asks for, as an enum req_op (enum req_opf before v6.0).
//
// rq is a struct request *.
//
//drgn:helper req_op(rq)
func Operation(rq drgn.Object) drgn.Object {
	flags, err := rq.Member("cmd_flags").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	typ := "enum req_op"
	if _, err := rq.Prog().Type(typ); drgn.IsNotFound(err) {
		typ = "enum req_opf"
	}
	return value(rq, typ, flags&opMask, nil)
}

// OpIsWrite reports whether an operation writes: whether data goes to the device, or is discarded there.
//
// op is an enum req_op.
//
//drgn:helper op_is_write
func OpIsWrite(op drgn.Object) (bool, error) {
	v, err := op.Uint()
	return v&1 != 0, err
}

// DataDirection returns 1 for a request that writes, else 0.
//
// rq is a struct request *.
//
//drgn:helper rq_data_dir(rq)
func DataDirection(rq drgn.Object) (uint64, error) {
	flags, err := rq.Member("cmd_flags").Uint()
	return flags & 1, err
}

// Position returns the current sector of a request, as a sector_t.
//
// rq is a struct request *.
//
//drgn:helper blk_rq_pos(rq)
func Position(rq drgn.Object) drgn.Object { return rq.Member("__sector") }

// Remaining returns how many bytes of a request are left to do, as an unsigned int.
//
// rq is a struct request *.
//
//drgn:helper blk_rq_bytes(rq)
func Remaining(rq drgn.Object) drgn.Object { return rq.Member("__data_len") }

// shift returns the pointer that lies n structures of a request from one, as typ.
func shift(o drgn.Object, n int, typ string) drgn.Object {
	at, err := o.Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	t, err := o.Prog().Type(request)
	if err != nil {
		return drgn.Failed(err)
	}
	size, err := t.Size()
	if err != nil {
		return drgn.Failed(err)
	}
	return drgn.PointerValue(o, typ, at+uint64(n)*size)
}

// ToPDU returns what a driver keeps with a request, as a void *.
//
// rq is a struct request *.
//
//drgn:helper blk_mq_rq_to_pdu(rq)
func ToPDU(rq drgn.Object) drgn.Object { return shift(rq, 1, "void") }

// FromPDU returns the request that a driver keeps something with, as a struct request *.
//
// pdu is a void *.
//
//drgn:helper blk_mq_rq_from_pdu(pdu)
func FromPDU(pdu drgn.Object) drgn.Object { return shift(pdu, -1, request) }

// maxQueues bounds how many hardware queues a device has.
const maxQueues = 1 << 16

// HardwareQueues walks the hardware queues of a device, each as a struct blk_mq_hw_ctx *.
//
// q is a struct request_queue *.
func HardwareQueues(q drgn.Object) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		fail := func(err error) { yield(drgn.Object{}, err) }
		if q.HasMember("hctx_table") { // since v5.18, commit 4e5cc99e1e48
			t, err := q.Prog().Type("struct blk_mq_hw_ctx *")
			if err != nil {
				fail(err)
				return
			}
			for e, err := range xarray.ForEach(q.Member("hctx_table").AddressOf(), false) {
				if !yield(e.Value.Cast(t), err) || err != nil {
					return
				}
			}
			return
		}
		n, err := q.Member("nr_hw_queues").Uint()
		if err == nil && n > maxQueues {
			err = fmt.Errorf("block device has %d hardware queues, which is not understood", n)
		}
		if err != nil {
			fail(err)
			return
		}
		for i := range n {
			hctx := q.Member("queue_hw_ctx").Index(int64(i)).Read()
			if err := hctx.Err(); !yield(hctx, err) || err != nil {
				return
			}
		}
	}
}

// BusyRequests walks the requests to a device that are under way, each as a struct request *.
//
// q is a struct request_queue *. tags says which: 'driver' those that the driver has, 'sched' those that the I/O scheduler
// has; the default is 'driver' for a device without an I/O scheduler, else 'sched': all that were submitted.
//
//drgn:helper request_queue_busy_iter(q, tags: Optional[Literal['driver', 'sched']] = None)
func BusyRequests(q drgn.Object, tags *string) iter.Seq2[drgn.Object, error] {
	return func(yield func(drgn.Object, error) bool) {
		sched, err := wantsSched(q, tags)
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		at, err := q.Uint()
		if err != nil {
			yield(drgn.Object{}, err)
			return
		}
		for hctx, err := range HardwareQueues(q) {
			if err != nil {
				yield(drgn.Object{}, err)
				return
			}
			if !busyIn(hctx, at, sched, yield) {
				return
			}
		}
	}
}

func wantsSched(q drgn.Object, tags *string) (bool, error) {
	if tags == nil {
		none, err := q.Member("elevator").IsNull()
		return !none, err
	}
	switch *tags {
	case "driver":
		return false, nil
	case "sched":
		return true, nil
	}
	return false, &drgn.ChoiceError{Name: "tags", Choices: []any{"driver", "sched", nil}, Value: *tags}
}

// busyIn yields the requests to the queue at address q that have a tag of a hardware queue; it reports whether to go on.
func busyIn(hctx drgn.Object, q uint64, sched bool, yield func(drgn.Object, error) bool) bool {
	fail := func(err error) bool {
		yield(drgn.Object{}, err)
		return false
	}
	tags, requests := hctx.Member("tags").Read(), "rqs"
	if sched { // a request has its scheduler's tag for life
		tags, requests = hctx.Member("sched_tags").Read(), "static_rqs"
	}
	if none, err := tags.IsNull(); err != nil {
		return fail(err)
	} else if none {
		return true
	}
	own, err := hctx.Uint()
	if err != nil {
		return fail(err)
	}
	reserved, err := tags.Member("nr_reserved_tags").Uint()
	if err != nil {
		return fail(err)
	}
	total, err := tags.Member("nr_tags").Uint()
	if err != nil {
		return fail(err)
	}
	for _, set := range []struct {
		bits  string
		first uint64
	}{{"breserved_tags", 0}, {"bitmap_tags", reserved}} {
		if set.bits == "breserved_tags" && reserved == 0 {
			continue
		}
		// Pointers from v5.10 to v5.15, where devices with shared tags have one bitmap.
		for bit, err := range sbitmap.ForEachSet(tags.Member(set.bits).Member("sb").AddressOf()) {
			if err != nil {
				return fail(err)
			}
			if set.first+bit >= total {
				return fail(fmt.Errorf("tag %d of a hardware queue is beyond its %d tags", set.first+bit, total))
			}
			rq := tags.Member(requests).Index(int64(set.first + bit)).Read()
			mine, err := belongs(rq, q, own)
			if err != nil {
				return fail(err)
			}
			if mine && !yield(rq, nil) {
				return false
			}
		}
	}
	return true
}

// belongs reports whether a request, if it is one, is to a queue and through a hardware queue of it: tags may be shared.
func belongs(rq drgn.Object, q, hctx uint64) (bool, error) {
	if none, err := rq.IsNull(); err != nil || none {
		return false, err // the tag is taken, the request not yet made
	}
	to, err := rq.Member("q").Uint()
	if err != nil || to != q {
		return false, err
	}
	through, err := rq.Member("mq_hctx").Uint()
	return through == hctx, err
}
