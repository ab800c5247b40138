package drgn

import (
	"fmt"
	"iter"
)

// An Identity says what lies at an address.
type Identity struct {
	Kind   string // "function symbol", "slab object", "task stack", …
	Name   string // what it is: "schedule+0x2d", "1 (init) +0x3e28"
	Object Object // what describes it, such as the task; failed if nothing does
}

// String returns "function symbol: schedule+0x2d".
func (i Identity) String() string { return i.Kind + ": " + i.Name }

// Identify walks what lies at an address, the most telling first. Nothing is known of most numbers. An error is the
// last pair.
func (p *Program) Identify(address uint64) iter.Seq2[Identity, error] {
	return func(yield func(Identity, error) bool) {
		k, ok := p.Personality().(Identifier)
		if p.modules.At(address) != nil {
			if s, err := p.SymbolAt(address); err == nil {
				kind := "symbol"
				switch s.Kind {
				case SymbolFunc, SymbolIFunc:
					kind = "function symbol"
				case SymbolObject:
					kind = "object symbol"
				}
				var i Identity
				var more, past bool
				if ok {
					i, more, past = k.IdentifySymbol(p, s, address)
				}
				if more && !yield(i, nil) || !past && !yield(Identity{Kind: kind, Name: fmt.Sprintf("%s+%#x", s.Name, address-s.Address)}, nil) {
					return
				}
			}
		}
		if ok {
			for i, err := range k.Identify(p, address) {
				if !yield(i, err) || err != nil {
					return
				}
			}
		}
		if err := p.unlessClosed(nil); err != nil {
			yield(Identity{}, err)
		}
	}
}
