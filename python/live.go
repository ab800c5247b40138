package python

/*
#include "bind.h"
*/
import "C"

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// tellLive tells C how to read an object by itself, a scalar in the memory of what runs that was just read, and was zero or not.
// A crossing to Go costs about as much as such a read does.
func tellLive(self *C.PyObject, o drgn.Object, isZero bool) {
	s := (*C.Obj)(unsafe.Pointer(self))
	if s.kind != C.K_REF || s.bits|s.bitoff != 0 || !call.Live(o.Prog()) {
		return
	}
	refs := typeRefs(uint32(s._type))
	if refs.scalar == 0 {
		refs.scalar = scalarKind(o.Type())
	}
	if refs.scalar&C.SCALAR_SIZE == 0 {
		return
	}
	b := programOf(s.prog)
	memory := o.Prog().Memory()
	epoch := memory.Epoch().Load() // before it is looked at
	live, around := memory.Live(uint64(s.a))
	if live.File == nil || live.File == b.unopened {
		return
	}
	if C.sh_live_open(s.prog, C.uint64_t(epoch)) == 0 {
		fd, err := openLive(live.File)
		if err != nil {
			b.unopened = live.File // Go reads it by what is open
			return
		}
		b.live = live.File
		C.sh_live_file(s.prog, C.uint64_t(epoch), C.int(fd))
	}
	if b.live != live.File {
		return
	}
	zeros := C.int(1)
	if live.Zeros != nil {
		zeros = 0
	}
	C.sh_live_range(s.prog, C.uint64_t(around.Min), C.uint64_t(around.Max), C.uint64_t(live.Delta), zeros)
	if isZero && live.Zeros != nil && live.Zeros(uint64(s.a)) {
		C.sh_live_page(s.prog, s.a)
	}
}

// openLive returns a descriptor of a file for C, which closes it.
func openLive(file *mem.LiveFile) (fd int, err error) {
	f, err := file.Open()
	if err != nil {
		return -1, err
	}
	defer f.Close()
	return unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
}

// liveReads returns how many numbers C has read by itself.
func liveReads() int64 { return int64(C.live_reads) }

// scalarKind returns what C must know of a type to read values of it: SCALAR_NOT if it is none that C can read.
func scalarKind(t *types.Type) C.uint8_t {
	t = t.WithoutTypedefs()
	size := t.OwnSize()
	if size != 1 && size != 2 && size != 4 && size != 8 || t.ValueBits() != size*8 || t.BigEndian() != hostIsBigEndian {
		return C.SCALAR_NOT
	}
	kind := C.uint8_t(size)
	switch t.Kind() {
	case types.Int, types.Enum:
		if t.IsSigned() {
			kind |= C.SCALAR_SIGNED
		}
	case types.Pointer:
		kind |= C.SCALAR_POINTER
	case types.Bool:
		kind |= C.SCALAR_BOOL
	default:
		return C.SCALAR_NOT
	}
	return kind
}

// hostIsBigEndian says which byte order this machine has.
var hostIsBigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1
