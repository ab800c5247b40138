package machine

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/mem"
)

// x86CrashKexec is __crash_kexec of Debian's kernels, as gcc compiled it: of 6.12.117+deb13-cloud-amd64, whose thread that has panicked is
// at 0x120, and of 7.2.13+deb14-cloud-amd64, which saves rbx where it needs it and not at its start.
var x86CrashKexec = map[string]string{
	"6.12": "f30f1efae8279cecff5331c0ba010000004881ecb0000000654c8b0425280000004c898424a80000004531c0f00fb11598425a02755148833d7a425a" +
		"0200743d4889feb9150000004889e74c89c0f348ab4889e34885f67452b9150000004889e7f348a5e877e8ffff4889dfe8dfddebff488b3d40425a02" +
		"e883aaecffc70545425a0200000000488b8424a800000065482b0425280000000f858f0000004881c4b00000005be9459db00048895c242848894c24" +
		"584889542460488974246848897c247048896c242048894424504889a424980000004c894424484c894c24404c895424384c895c24304c896424184c" +
		"896c24104c897424084c893c248cd066898424a00000008cc866898424880000009c8f842490000000488d05000000004889842480000000e937ffff" +
		"ffe81ea2af00",
	"7.2": "f30f1efae847bee6ff4881ecb8000000ba0100000065488b05dbc48e0248898424a800000031c0f00fb115b5a89a020f85e500000048833d93a89a02" +
		"000f84cd00000048899c24b00000004889f931c04889e789c283c02048c704170000000048c74417080000000048c74417100000000048c744171800" +
		"0000003da000000072d148c70407000000004885c90f84a900000031d289d083c2204c8b14014c8b4c01084c8b440110488b7401184c8914074c894c" +
		"07084c89440710488974071881faa000000072cd488b041148890417e81bdbffff4889e7e823bde5ff8b058da79a0285c07415bb10270000bf588941" +
		"00e82a16d6004883eb0175f0488b3dcda79a02e8e8cee6ff488b9c24b0000000c705caa79a0200000000488b8424a800000065482b05cec38e020f85" +
		"8e0000004881c4b8000000e9e43ed80048895c242848894c24584889542460488974246848897c247048896c242048894424504889a424980000004c" +
		"894424484c894c24404c895424384c895c24304c896424184c896c24104c897424084c893c248cd066898424a00000008cc866898424880000009c8f" +
		"842490000000488d05000000004889842480000000e912ffffff48899c24b0000000e8c502d700",
}

func x86Code(t testing.TB, text string) []byte {
	code, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// What is wanted of __crash_kexec is what .debug_frame of the kernels says; where that has what is saved though the register has not changed
// yet, or that it has not been saved though it was stored again, what the instructions do. Of other code it is what they do.
func TestX86Frames(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       map[int]string // by offset; of a call, that of its last byte
	}{
		{"__crash_kexec of 6.12", x86CrashKexec["6.12"], map[int]string{
			0: "rsp+8 rip[-8]", 0xa: "rsp+16 rip[-8]", 0x17: "rsp+16 rip[-8]", 0x18: "rsp+192 rip[-8]", 0x68: "rsp+192 rbx[-16] rip[-8]",
			0x70: "rsp+192 rbx[-16] rip[-8]", 0x7d: "rsp+192 rbx[-16] rip[-8]", 0xa5: "rsp+16 rbx[-16] rip[-8]", 0xa6: "rsp+8 rip[-8]",
			0x112: "rsp+200 rbx[-16] rip[-8]", 0x120: "rsp+192 rbx[-16] rip[-8]", 0x131: "rsp+192 rbx[-16] rip[-8]",
		}},
		{"__crash_kexec of 7.2", x86CrashKexec["7.2"], map[int]string{
			9: "rsp+8 rip[-8]", 0x10: "rsp+192 rip[-8]", 0xd4: "rsp+192 rip[-8]", 0xdc: "rsp+192 rip[-8]", 0x137: "rsp+8 rip[-8] lost 0x8",
			0x1b1: "rsp+192 rip[-8]", 0xf5: "rsp+192 rip[-8] lost 0x8", 0x1ca: "rsp+192 rip[-8] lost 0x8",
		}},
		// push %rbp; mov %rsp,%rbp; and $-16,%rsp; push %rbx; xor %ebx,%ebx; nop; lea -8(%rbp),%rsp; leave; ret
		{"a frame pointer", "55 4889e5 4883e4f0 53 31db 90 488d65f8 c9 c3", map[int]string{
			1: "rsp+16 rip[-8]", 4: "rsp+16 rbp[-16] rip[-8]", 8: "rbp+16 rbp[-16] rip[-8]", 11: "rbp+16 rbp[-16] rip[-8] lost 0x8",
			16: "rsp+24 rbp[-16] rip[-8] lost 0x8", 17: "rsp+8 rip[-8] lost 0x8",
		}},
		// test %edi,%edi; je 1f; push %r12; xor %r12d,%r12d; call; pop %r12; 1: ret
		{"what is saved on one way only", "85ff 740c 4154 4531e4 e800100000 415c c3", map[int]string{
			6: "rsp+16 rip[-8]", 9: "rsp+16 r12[-16] rip[-8]", 14: "rsp+16 r12[-16] rip[-8]", 16: "rsp+8 rip[-8]",
		}},
		// push %rbx; mov %rdi,%rbx; call panic; 1: pop %rax; ud2, of which no way but the call leads to 1
		{"after a call", "53 4889fb e800100000 58 0f0b", map[int]string{8: "rsp+16 rbx[-16] rip[-8]", 9: "rsp+16 rbx[-16] rip[-8]", 11: "rsp+8 rbx[-16] rip[-8]"}},
		{"two stack pointers", "740150 90 c3", map[int]string{2: "rsp+8 rip[-8]", 3: "none"}}, // je 1f; push %rax; 1: nop
		{"a jump by a table", "ff24c500000000 90", map[int]string{0: "none", 7: "none"}},      // jmp *0(,%rax,8)
		{"a call to have an address", "e800000000 58 c3", map[int]string{5: "none"}},          // call 1f; 1: pop %rax
		{"what is no instruction", "06 90", map[int]string{1: "none"}},
		{"half a word", "6650 90", map[int]string{2: "none"}},                              // push %ax
		{"the second byte of rbx", "b701 90", map[int]string{2: "rsp+8 rip[-8] lost 0x8"}}, // mov $1,%bh
		{"cpuid", "0fa2 90", map[int]string{2: "rsp+8 rip[-8] lost 0x8"}},
		{"a stack pointer that is loaded", "488b27 90", map[int]string{3: "none"}}, // mov (%rdi),%rsp
		{"a long number", "48b80102030405060708 90", map[int]string{10: "rsp+8 rip[-8]"}},
		{"code that ends in an instruction", "53 48b801", map[int]string{1: "none", 3: "none"}},
	} {
		code := x86Code(t, c.code)
		for offset, want := range c.want {
			row := x86Untold(Function{Start: 1 << 32, Code: code, Gap: mem.Range{Min: 1 << 31, Max: 1 << 33}}, 1<<32+uint64(offset))
			got := describeOf(row, arch.X86_64)
			if row != nil && row.Lost != 0 {
				got += " lost " + hexText(row.Lost)
			}
			if got != want {
				t.Errorf("%s at %#x: %s, want %s", c.name, offset, got, want)
			}
		}
	}
}

func hexText(v uint64) string {
	return "0x" + strings.TrimLeft(hex.EncodeToString([]byte{byte(v >> 8), byte(v)}), "0")
}

// A function that the tables know a part of, as the kernel's entry, and a part of a function are not followed: nothing says what lies on the
// stack where they begin.
func TestX86FramesThatTablesKnow(t *testing.T) {
	code := x86Code(t, "9090")
	for _, fn := range []Function{
		{Name: "f", Gap: mem.Range{Min: 0x1001, Max: 0x2000}}, {Name: "f", Gap: mem.Range{Min: 0xf00, Max: 0x1000}}, {Name: "f"},
		{Name: "f.cold", Gap: mem.Range{Max: 0x2000}},
	} {
		fn.Start, fn.Code = 0x1000, code
		if row := x86Untold(fn, 0x1000); row != nil {
			t.Errorf("%s, %#x: %s", fn.Name, fn.Gap, describeOf(row, arch.X86_64))
		}
	}
}

// Whatever code is, it is followed in time and memory that its size bounds.
func FuzzX86Row(f *testing.F) {
	for _, text := range x86CrashKexec {
		f.Add(x86Code(f, text), 0x80)
	}
	f.Add(x86Code(f, "740150ebfc4881e4"), 3)
	f.Fuzz(func(t *testing.T, code []byte, offset int) {
		if offset < 0 || offset >= len(code) || len(code) > 1<<16 {
			return
		}
		x86Untold(Function{Code: code, Gap: mem.Range{Max: 1 << 20}}, uint64(offset))
	})
}
