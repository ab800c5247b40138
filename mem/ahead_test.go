package mem

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// torn is memory of which some blocks turn out to be damaged when they are unpacked.
type torn struct {
	shouted
	damaged map[int]bool
}

func (v torn) View(address uint64) ([]byte, error) {
	if v.damaged[int(address/block)] {
		return nil, &FaultError{Message: "damaged", Address: address}
	}
	return v.shouted.View(address)
}

func (v torn) Unpack(buf []byte, address uint64) error {
	for i := range v.damaged {
		if at := uint64(i) * block; v.damaged[i] && at < address+uint64(len(buf)) && at+block > address {
			return &FaultError{Message: "damaged", Address: max(at, address)}
		}
	}
	return v.shouted.Unpack(buf, address)
}

// Chunks of packed memory are all that can be read between two addresses, once and in order, whatever is missing or damaged
// among it, and nothing is left running when the iteration ends early.
func TestChunksAhead(t *testing.T) {
	text := strings.Repeat(verse, 8) // 320 blocks, 10 turns
	upper := strings.ToUpper(text)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		v := torn{shouted{text, map[int]bool{}, map[int]bool{}, new(int)}, map[int]bool{}}
		for i := range len(text) / block {
			switch random.IntN(1 + round) { // ever fewer
			case 0:
				v.missing[i] = true
			case 1:
				v.damaged[i] = true
			}
		}
		s := NewSpace()
		add(t, s, Segment{Max: uint64(len(text)) - 1, View: v, Physical: true})
		add(t, s, BytesSegment(5*block+10, []byte("0123456789"), true)) // between two pieces of the same memory
		lo := random.Uint64N(uint64(len(text)))
		hi := lo + random.Uint64N(uint64(len(text))-lo)
		var want strings.Builder
		for at := lo; at <= hi; at++ {
			switch i := int(at / block); {
			case at >= 5*block+10 && at < 5*block+20:
				want.WriteByte("0123456789"[at-5*block-10])
			case !v.missing[i] && !v.damaged[i]:
				want.WriteByte(upper[at])
			}
		}
		var got strings.Builder
		next, stopAt := lo, -1
		if round%4 == 3 {
			stopAt = random.IntN(20)
		}
		for c, err := range s.Chunks(true, lo, hi) {
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Data) == 0 {
				continue
			}
			if c.Address < next {
				t.Fatalf("round %d: %#x after %#x", round, c.Address, next)
			}
			next = c.Address + uint64(len(c.Data))
			got.Write(c.Data)
			if stopAt--; stopAt == 0 {
				break
			}
		}
		if whole := want.String(); got.String() != whole && (round%4 != 3 || !strings.HasPrefix(whole, got.String())) {
			t.Fatalf("round %d: %d bytes from %#x to %#x, want %d", round, got.Len(), lo, hi, len(whole))
		}
	}
}
