package disasm_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/arch/disasm"
)

func platform(a *arch.Arch) arch.Platform { return arch.Platform{Arch: a, Flags: a.DefaultFlags} }

// The code is that of Linux 6.12; the texts are objdump's in an older syntax.
func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		arch *arch.Arch
		code string
		want []string
	}{
		"x86-64": {arch.X86_64, "f30f1efa" + "0f1f440000" + "c7042500000000" + "01000000" + "488b4308" + "65488b0c25406c0300" + "e800000000" + "0f0b" + "c3",
			[]string{"endbr64", "nopl (%rax,%rax)", "movl $0x1,0x0", "mov 0x8(%rbx),%rax", "mov %gs:0x36c40,%rcx", "callq 0x1026", "ud2", "retq"}},
		"aarch64": {arch.AArch64, "fd7bbea9" + "1f2003d5" + "c0035fd6", []string{"stp x29, x30, [sp,#-32]!", "nop", "ret"}},
		"riscv64": {arch.RISCV64, "1141" + "13000000" + "8280", nil},
		"s390x":   {arch.S390X, "07fe" + "c00400000000", nil},
		"ppc64":   {arch.PPC64, "2000804e", []string{"blr"}},
		"arm":     {arch.ARM, "1eff2fe1", []string{"bx lr"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, err := hex.DecodeString(c.code)
			if err != nil {
				t.Fatal(err)
			}
			all, err := disasm.Decode(platform(c.arch), code, 0x1000, 100)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			var bytes string
			for _, i := range all {
				texts = append(texts, i.Text)
				if strings.HasPrefix(i.Text, "call") && i.Target != 0x1026 {
					t.Errorf("%s to %#x", i.Text, i.Target)
				}
				if bytes += i.Hex(); !i.Known {
					t.Errorf("%s at %#x is not known", i.Hex(), i.Address)
				}
			}
			if bytes != c.code || c.want != nil && !slices.Equal(texts, c.want) {
				t.Errorf("%s: %q", bytes, texts)
			}
		})
	}
	if _, err := disasm.Decode(platform(arch.Unknown), []byte{0}, 0, 1); !errors.Is(err, disasm.ErrUnsupported) {
		t.Error(err)
	}
}

func TestOperand(t *testing.T) {
	code, _ := hex.DecodeString("488b44cb08" + "488b05f0ffffff" + "65488b0425d0220300" + "488d4308")
	all, err := disasm.Decode(platform(arch.X86_64), code, 0x1000, 100)
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	registers := map[string]uint64{"rbx": 0x100, "rcx": 3, "rip": 0x100c}
	register := func(name string) (uint64, bool) {
		v, ok := registers[name]
		return v, ok
	}
	for i, want := range []uint64{0x120, 0xffc, 0, 0} {
		o := all[i].Memory
		if i == 3 { // lea reads nothing
			if len(o) != 0 {
				t.Error(o)
			}
			continue
		}
		if at, ok := o[0].Address(register); len(o) != 1 || ok && at != want || ok != (i < 2) || o[0].Size != 8 {
			t.Errorf("%+v: %#x, %v", o, at, ok)
		}
	}
	if all[0].Memory[0].Text != "0x8(%rbx,%rcx,8)" {
		t.Error(all[0].Memory[0].Text)
	}
	delete(registers, "rcx")
	if _, ok := all[0].Memory[0].Address(register); ok {
		t.Error("an address without its index")
	}
}

// Whatever bytes there are, they come out in their order, one after the other, at most max of them.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x0f\x1f\x44\x00\x00\xc3\x90\x62\xf1\x7c\x48\x28\xc1"), byte(0))
	f.Add([]byte(strings.Repeat("\xff", 40)), byte(1))
	f.Fuzz(func(t *testing.T, code []byte, which byte) {
		a := arch.All[int(which)%len(arch.All)]
		all, err := disasm.Decode(platform(a), code, 0xffffffff81000000, 50)
		if err != nil {
			if !errors.Is(err, disasm.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		at, rest := uint64(0xffffffff81000000), code
		for _, i := range all {
			if i.Address != at || len(i.Bytes) == 0 || !strings.HasPrefix(string(rest), string(i.Bytes)) || i.Text == "" {
				t.Fatalf("%+v", i)
			}
			at, rest = at+uint64(len(i.Bytes)), rest[len(i.Bytes):]
		}
		if len(all) > 50 {
			t.Fatal(len(all))
		}
	})
}
