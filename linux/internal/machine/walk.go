package machine

import (
	"encoding/binary"
	"slices"
)

// A flow says where an instruction leads.
type flow uint8

const (
	flowOn     flow = iota
	flowCall        // to the next one, if what it calls returns
	flowBranch      // to the next one or to a target
	flowJump        // to a target
	flowAway        // to the caller, or where it can't be told
	flowTable       // through a register: perhaps to somewhere in the function
)

// A codeWalk follows a function of little-endian instructions of four bytes from its start to one of them: along all ways that lead
// there, for what the function has done to its frame by then.
type codeWalk[F comparable] struct {
	code   []byte
	offset int    // of the instruction
	seen   []bool // for each instruction, whether it has been followed

	step  func(frame *F, instruction uint32, at int)       // what an instruction at an offset does
	flow  func(instruction uint32) (to flow, target int64) // where it leads; target is in bytes from it
	merge func(frame *F, other F) (ok bool)                // makes a frame one that holds where the other does, too

	// next are places to go on from; later are those after calls, some of which don't return: they come last.
	next, later []codePlace[F]
	tables      []F // with which the function jumps to where can't be told

	frame            F
	found, ambiguous bool
}

// A codePlace is an instruction to go on from, with the frame that the function has there.
type codePlace[F any] struct {
	at    int
	frame F
}

// frameAt returns the frame that the function has before the instruction, if it begins with one; ok is false if it is not seen to get
// there, or gets there with different frames.
func (w *codeWalk[F]) frameAt(first F) (_ F, ok bool) {
	w.seen = make([]bool, len(w.code)/4)
	w.next = []codePlace[F]{{0, first}}
	w.run()
	if !w.found && len(w.tables) > 0 && !slices.ContainsFunc(w.tables, func(f F) bool { return f != w.tables[0] }) {
		// What nothing else leads to is where the jumps do.
		for at := 4; at+4 <= len(w.code); at += 4 {
			to, _ := w.flow(binary.LittleEndian.Uint32(w.code[at-4:]))
			if !w.seen[at/4] && to != flowOn && to != flowBranch && to != flowCall {
				w.next = append(w.next, codePlace[F]{at, w.tables[0]})
				w.run()
			}
		}
	}
	return w.frame, w.found && !w.ambiguous
}

// run follows all that is to be followed. Each instruction is once.
func (w *codeWalk[F]) run() {
	for {
		switch {
		case len(w.next) > 0:
			p := w.next[len(w.next)-1]
			w.next = w.next[:len(w.next)-1]
			w.follow(p.at, p.frame)
		case len(w.later) > 0:
			p := w.later[0]
			w.later = w.later[1:]
			if !w.seen[p.at/4] {
				w.follow(p.at, p.frame)
			}
		default:
			return
		}
	}
}

// follow follows the function from a place on until it leads away or to what was followed before.
func (w *codeWalk[F]) follow(at int, f F) {
	for ; at+4 <= len(w.code); at += 4 {
		if at == w.offset {
			w.ambiguous = w.ambiguous || w.found && !w.merge(&w.frame, f)
			if !w.found {
				w.frame, w.found = f, true
			}
		}
		if w.seen[at/4] {
			return
		}
		w.seen[at/4] = true
		word := binary.LittleEndian.Uint32(w.code[at:]) // instructions are, whatever the byte order of data
		w.step(&f, word, at)
		to, target := w.flow(word)
		if to == flowBranch || to == flowJump {
			if t := int64(at) + target; t >= 0 && t+4 <= int64(len(w.code)) {
				w.next = append(w.next, codePlace[F]{int(t), f})
			}
		}
		switch to {
		case flowOn, flowBranch:
			continue
		case flowCall:
			if at+8 <= len(w.code) {
				w.later = append(w.later, codePlace[F]{at + 4, f})
			}
		case flowTable:
			w.tables = append(w.tables, f)
		case flowJump, flowAway:
		}
		return
	}
}
