package kmod

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
)

// TestCode holds the code of init functions against bytes that were written by hand and read again as objdump (GNU binutils 2.40) shows them.
func TestCode(t *testing.T) {
	data := 16
	for _, test := range []struct {
		name string
		ops  []Op
		want string
	}{
		{"nothing", nil, "f30f1efa 55 4889e5  b88dffffff e900000000  c9 c3"},
		{"a call", []Op{{Function: 0xffffffff81000010, Args: []Arg{{Value: 0x1122334455667788}, {InData: true, Value: 8}}, Result: 8}},
			// movabs rdi; lea rsi,[rip+0]; xor eax,eax; call; mov [rip+0],rax
			"f30f1efa 55 4889e5  488d3500000000 48bf8877665544332211 31c0 e800000000 48890500000000  b88dffffff e900000000  c9 c3"},
		{"six registers, three on the stack", []Op{{Args: []Arg{{Value: 1}, {Value: 2}, {Value: 3}, {Value: 4}, {Value: 5}, {Value: 6}, {Value: 7}, {InData: true}, {Value: 9}}, Result: -1}},
			"f30f1efa 55 4889e5  50 48b80900000000000000 50 488d0500000000 50 48b80700000000000000 50" +
				"49b90600000000000000 49b80500000000000000 48b90400000000000000 48ba0300000000000000 48be0200000000000000 48bf0100000000000000" +
				"31c0 e800000000 4881c420000000  b88dffffff e900000000  c9 c3"},
		{"one that may fail", []Op{{Result: -1, Fails: Failed}}, "f30f1efa 55 4889e5  31c0 e800000000 85c0 740a b88effffff e90a000000  b88dffffff e900000000  c9 c3"},
		{"bits", []Op{{Kind: SetBit, Address: 0x10, Number: 63}, {Kind: ClearBit, Address: 8, Number: 5}},
			"f30f1efa 55 4889e5  48bf1000000000000000 f0480fba2f3f  48bf0800000000000000 f0480fba3705  b88dffffff e900000000  c9 c3"},
	} {
		c := &code{dataSize: data}
		if err := c.init(test.ops); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if want := strings.ReplaceAll(test.want, " ", ""); hex.EncodeToString(c.text) != want {
			t.Errorf("%s:\n%x, want\n%s", test.name, c.text, want)
		}
	}
	for _, op := range []Op{
		{Args: []Arg{{InData: true, Value: 17}}, Result: -1}, {Result: 9}, {Result: 1 << 40}, {Args: make([]Arg, 71), Result: -1},
		{Kind: SetBit, Address: 1}, {Kind: ClearBit, Number: 64},
	} {
		if err := (&code{dataSize: data}).init([]Op{op}); err == nil {
			t.Errorf("%+v: no error", op)
		}
	}
}

// TestBuild reads a module as another reader of ELF files does.
func TestBuild(t *testing.T) {
	m := &Module{Name: "m1", Magic: "6.12 SMP", Size: 200, NameOffset: 24, InitOffset: 96, Versions: make([]byte, 64), Data: []byte("data....")}
	m.Ops = []Op{
		{Function: 0xffffffff81000010, Args: []Arg{{InData: true, Value: 4}}, Result: 0},
		{Function: 0xffffffff81000020, Result: -1}, {Function: 0xffffffff81000010, Result: -1},
	}
	b, err := m.Build()
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if f.Type != elf.ET_REL || f.Machine != elf.EM_X86_64 || f.Class != elf.ELFCLASS64 {
		t.Error(f.FileHeader)
	}
	content := func(name string) []byte {
		s := f.Section(name)
		if s == nil {
			t.Fatal("no section ", name)
		}
		d, err := s.Data()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if this := content(".gnu.linkonce.this_module"); len(this) != 200 || string(this[24:27]) != "m1\x00" {
		t.Errorf("%q", this)
	}
	if info := content(".modinfo"); !bytes.Contains(info, []byte("\x00name=m1\x00vermagic=6.12 SMP\x00")) {
		t.Errorf("%q", info)
	}
	if !bytes.Equal(content(".data"), m.Data) || len(content("__versions")) != 64 || f.Section(".init.text").Flags != elf.SHF_ALLOC|elf.SHF_EXECINSTR {
		t.Error("the data, the versions or the flags of the code are wrong")
	}
	symbols, err := f.Symbols()
	if err != nil || len(symbols) != 4 || symbols[1].Name != "init_module" || symbols[1].Section != 1 || symbols[0].Section != 2 {
		t.Fatal(symbols, err)
	}
	for i, address := range []uint64{0xffffffff81000010, 0xffffffff81000020} {
		if s := symbols[2+i]; s.Value != address || s.Section != elf.SHN_ABS {
			t.Errorf("%+v", s)
		}
	}
	// Relocations: the argument, the call, the result, two calls; init.
	var got []string
	relocations := content(".rela.init.text")
	for ; len(relocations) >= 24; relocations = relocations[24:] {
		info, addend := f.ByteOrder.Uint64(relocations[8:]), int64(f.ByteOrder.Uint64(relocations[16:]))
		got = append(got, elf.R_X86_64(info).String()+" "+symbols[info>>32-1].Name+" "+string(rune('0'+addend+4)))
	}
	want := "R_X86_64_PC32  4|R_X86_64_PLT32 call_ffffffff81000010 0|R_X86_64_PC32  0|R_X86_64_PLT32 call_ffffffff81000020 0|R_X86_64_PLT32 call_ffffffff81000010 0"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("%s, want %s", s, want)
	}
	if r := content(".rela.gnu.linkonce.this_module"); f.ByteOrder.Uint64(r) != 96 || f.ByteOrder.Uint64(r[8:]) != 2<<32|uint64(elf.R_X86_64_64) {
		t.Errorf("%x", r)
	}
	for _, change := range []func(m *Module){
		func(m *Module) { m.NameOffset = 198 }, func(m *Module) { m.InitOffset = 193 }, func(m *Module) { m.Size = 1 << 40 },
		func(m *Module) { m.Ops = []Op{{Result: 100}} },
	} {
		other := *m
		change(&other)
		if _, err := other.Build(); err == nil {
			t.Errorf("%+v: no error", other)
		}
	}
	if p, err := arch.NewPlatform(arch.X86_64); err != nil || !On(p) {
		t.Error("not on x86-64: ", err)
	}
	if p, err := arch.NewPlatform(arch.AArch64); err != nil || On(p) {
		t.Error("on aarch64: ", err)
	}
}
