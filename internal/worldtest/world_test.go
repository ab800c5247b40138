package worldtest_test

import (
	"testing"

	"github.com/godrgn/drgn/internal/worldtest"
)

// What C says of the declarations: sizes and offsets are those of the System V ABIs' LP64 and ILP32.
func TestDeclare(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare(`
			enum color { RED, GREEN = 5, BLUE };
			union both { u8 bytes[8]; u64 whole; };
			struct s {
				char c;
				struct list_head list;
				union { int a; unsigned long b; };
				struct { u32 low : 5, high : 27; } packed;
				enum color color;
				const struct later *later, **more[2][3];
				union both both;
				u16 tail[];
			};
			struct later { struct s s; };`)
		word := w.Word()
		for designator, want := range map[string]uint64{
			"list": word, "list.prev": 2 * word, "a": 3 * word, "b": 3 * word, "packed": 4 * word, "color": 4*word + 4,
			"later": 4*word + 8, "more": 5*word + 8, "more[1][2]": 10*word + 8, "both": 11*word + 8 + (11*word+8)%8,
		} {
			if got := w.OffsetOf("struct s", designator); got != want {
				t.Errorf("offset of %s is %d, want %d", designator, got, want)
			}
		}
		if got, want := w.SizeOf("struct s"), 11*word+8+(11*word+8)%8+8; got != want {
			t.Errorf("size is %d, want %d", got, want)
		}
		worldtest.CheckPtr(t, "BLUE", w.Program.Constant("BLUE"), 6)

		v := w.Alloc("struct s").Set("packed.low", 21).Set("packed.high", 0x5abcdef).Set("color", 5).Set("b", 0x12345678)
		worldtest.CheckPtr(t, "low", v.Object().Member("packed").Member("low"), 21)
		worldtest.CheckPtr(t, "high", v.Object().Member("packed").Member("high"), 0x5abcdef)
		worldtest.CheckPtr(t, "b", v.Ptr().Member("b"), 0x12345678)
		if got := v.Object().Member("color").String(); got != "(enum color)GREEN" {
			t.Errorf("color is %s", got)
		}
		other := w.Alloc("struct later").Set("s.both.whole", 0x0102030405060708)
		v.Set("later", other.At)
		want := uint64(8)
		if w.Big() {
			want = 1
		}
		worldtest.CheckPtr(t, "first byte", v.Ptr().Member("later").Member("s").Member("both").Member("bytes").Index(0), want)
		if _, err := w.ReadUint(worldtest.Dangling, 1, false); err == nil {
			t.Error("there is memory at the dangling address")
		}
	})
}
