package machine

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/module"
)

func armCode(words ...uint32) (code []byte) {
	for _, w := range words {
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

// describe tells a row in words: the canonical frame address, and registers that are saved or moved, in their order.
func describe(row *module.UnwindRow) string { return describeOf(row, arch.AArch64) }

func describeOf(row *module.UnwindRow, a *arch.Arch) string {
	if row == nil {
		return "none"
	}
	if row.Outermost {
		return "outermost"
	}
	name := func(register int) string {
		if register == len(a.Registers) {
			return "pc"
		}
		return a.Registers[register].Names[0]
	}
	said := fmt.Sprintf("%s%+d", name(row.Base), row.Offset)
	for register := range a.PC + 1 {
		for _, r := range row.Saved {
			switch {
			case r.Register != register:
			case r.InRegister:
				said += fmt.Sprintf(" %s=%s", name(register), name(r.In))
			case r.IsValue:
				said += fmt.Sprintf(" %s:%#x", name(register), r.Value)
			default:
				said += fmt.Sprintf(" %s[%+d]", name(register), r.Offset)
			}
		}
	}
	return said
}

// Functions as gcc 14 compiles them for Debian's 6.12, and the kernel's assembly. What is wanted is what .debug_frame says of
// those that it knows; where it is late or wrong, what the instructions do.
func TestArm64Frames(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want map[int]string // by offset; of a call, one byte before where it returns to
	}{
		{"leaf", armCode(
			0xd503245f, // bti c
			0x8b020024, // add x4, x1, x2
			0xd65f03c0, // ret
		), map[int]string{0: "sp+0", 8: "sp+0"}},
		{"gic_enable_rmw_access", armCode(
			0xd503201f, // nop
			0xd503201f, // nop
			0xd503233f, // paciasp
			0xd10103ff, // sub sp, sp, #0x40
			0xa9027bfd, // stp x29, x30, [sp, #32]
			0x910083fd, // add x29, sp, #0x20
			0xf9001bf3, // str x19, [sp, #48]
			0x940baa87, // bl of_machine_compatible_match
			0x370000d3, // tbnz w19, #0, 0x38
			0xa9427bfd, // ldp x29, x30, [sp, #32]
			0xf9401bf3, // ldr x19, [sp, #48]
			0x910103ff, // add sp, sp, #0x40
			0xd50323bf, // autiasp
			0xd65f03c0, // ret
			0x941787ef, // bl __stack_chk_fail
		), map[int]string{0xc: "sp+0", 0x10: "sp+64", 0x14: "sp+64 x29[-32] x30[-24]", 0x18: "x29+32 x29[-32] x30[-24]",
			0x1f: "x29+32 x19[-16] x29[-32] x30[-24]", 0x28: "sp+64 x19[-16]", 0x2c: "sp+64", 0x34: "sp+0", 0x38: "x29+32 x19[-16] x29[-32] x30[-24]",
			0x3b: "x29+32 x19[-16] x29[-32] x30[-24]"}},
		{"callee-saved registers after a frame record", armCode(
			0xa9be7bfd, // stp x29, x30, [sp, #-32]!
			0x910003fd, // mov x29, sp
			0xb4000080, // cbz x0, 0x18
			0xa90153f3, // stp x19, x20, [sp, #16]
			0xd63f0020, // blr x1
			0xa94153f3, // ldp x19, x20, [sp, #16]
			0xa8c27bfd, // ldp x29, x30, [sp], #32
			0xd65f03c0, // ret
		), map[int]string{4: "sp+32 x29[-32] x30[-24]", 0x13: "x29+32 x19[-16] x20[-8] x29[-32] x30[-24]", 0x18: "x29+32 x29[-32] x30[-24]", 0x1c: "sp+0"}},
		{"a large frame, and one of a size that is not known", armCode(
			0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
			0x910003fd, // mov x29, sp
			0xd14007ff, // sub sp, sp, #0x1, lsl #12
			0xcb2063ff, // sub sp, sp, x0
			0xd503201f, // nop
			0x910003bf, // mov sp, x29
			0xa8c17bfd, // ldp x29, x30, [sp], #16
			0xd65f03c0, // ret
		), map[int]string{0xc: "x29+16 x29[-16] x30[-8]", 0x10: "x29+16 x29[-16] x30[-8]", 0x18: "x29+16 x29[-16] x30[-8]", 0x1c: "sp+0"}},
		{"call_on_irq_stack", armCode(
			0xd503245f, // bti c
			0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
			0x910003fd, // mov x29, sp
			0xf8716a10, // ldr x16, [x16, x17]
			0x9140121f, // add sp, x16, #0x4, lsl #12
			0xd63f0020, // blr x1
			0x910003bf, // mov sp, x29
			0xa8c17bfd, // ldp x29, x30, [sp], #16
			0xd65f03c0, // ret
		), map[int]string{4: "sp+0", 0x17: "x29+16 x29[-16] x30[-8]", 0x20: "sp+0"}},
		{"a traced function", armCode(
			0xaa1e03e9, // mov x9, x30
			0x94000400, // bl ftrace_caller
			0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
			0xd65f03c0, // ret
		), map[int]string{7: "sp+0", 8: "sp+0"}},
		{"a call that does not return, from a function that saves nothing", armCode(
			0x94000400, // bl panic
			0xd503201f, // nop
		), map[int]string{0: "sp+0", 3: "not saved", 4: "not saved"}},
		{"a jump table", armCode(
			0xa9bf7bfd, // stp x29, x30, [sp, #-16]!
			0x910003fd, // mov x29, sp
			0xd61f0020, // br x1
			0xd503201f, // nop
			0xa8c17bfd, // ldp x29, x30, [sp], #16
			0xd65f03c0, // ret
		), map[int]string{0xc: "x29+16 x29[-16] x30[-8]", 0x14: "sp+0"}},
		{"ways with different frames", armCode(
			0xb4000040, // cbz x0, 8
			0xd10043ff, // sub sp, sp, #0x10
			0xd503201f, // nop
		), map[int]string{4: "sp+0", 8: "none"}},
		{"nothing leads there", armCode(
			0xd65f03c0, // ret
			0xd503201f, // nop
		), map[int]string{4: "none"}},
		{"el0t_64_irq", armCode(
			0xa90007e0, // stp x0, x1, [sp]
			0xa9105ff6, // stp x22, x23, [sp, #256]
			0x910003e0, // mov x0, sp
		), map[int]string{0: "outermost", 4: "outermost"}},
		{"el1h_64_irq", armCode(
			0xa90007e0, // stp x0, x1, [sp]
			0xa9105ff6, // stp x22, x23, [sp, #256]
			0x910003e0, // mov x0, sp
		), map[int]string{0: "what that interrupted", 4: "what that interrupted"}},
		{"ret_to_user", armCode(
			0xa94e77fc, // ldp x28, x29, [sp, #224]
			0xd69f03e0, // eret
		), map[int]string{4: "outermost"}},
		{"ret_to_kernel", armCode(
			0xa94e77fc, // ldp x28, x29, [sp, #224]
			0xd69f03e0, // eret
		), map[int]string{4: "what that interrupted"}},
		{"vectors", make([]byte, 0x800), map[int]string{0x280: "what that interrupted", 0x480: "outermost"}},
		{"__primary_switched", make([]byte, 8), map[int]string{7: "outermost"}},
	} {
		for offset, want := range c.want {
			const start = 0xffff800080010000
			row, err := arm64Row(nil, Function{Name: c.name, Start: start, Code: c.code}, start+uint64(offset))
			if got := describe(row); err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
				t.Errorf("%s+%#x: %s, %v; want %s", c.name, offset, got, err, want)
			}
		}
	}
}

// ftrace_caller keeps two frame records: that of the traced function's caller, and its own.
func TestArm64Traced(t *testing.T) {
	code := armCode(
		0xd503245f, // bti c
		0xd10303ff, // sub sp, sp, #0xc0
		0xa90b27fd, // stp x29, x9, [sp, #176]
		0x9102c3fd, // add x29, sp, #0xb0
		0xa90a7bfd, // stp x29, x30, [sp, #160]
		0x910283fd, // add x29, sp, #0xa0
		0xd63f0080, // blr x4
	)
	for offset, want := range map[int]string{0: "sp+0 x30=x9 pc=x30", 8: "sp+192 x30=x9 pc=x30", 0x1b: "x29+32 x29[-16] x30[-8] pc[-24]"} {
		row, err := arm64Row(nil, Function{Name: "ftrace_caller", Code: code}, uint64(offset))
		if got := describe(row); err != nil || got != want {
			t.Errorf("at %#x: %s, %v; want %s", offset, got, err, want)
		}
	}
}

// Whatever code is, it is followed in time and memory that its size bounds.
func FuzzArm64Row(f *testing.F) {
	f.Add(armCode(0xa9bf7bfd, 0x910003fd, 0x14000000, 0x17ffffff, 0xd61f0020, 0x54000000), 8)
	f.Add(armCode(0xaa1e03e9, 0x94000400, 0xd10043ff, 0x36000000), 3)
	f.Fuzz(func(t *testing.T, code []byte, offset int) {
		if offset < 0 || offset >= len(code) || len(code) > 1<<16 {
			return
		}
		for _, name := range []string{"", "ftrace_caller", "vectors", "ret_to_user"} {
			if row, err := arm64Row(nil, Function{Name: name, Code: code}, uint64(offset)); row != nil && err != nil {
				t.Errorf("%s: both a row and %v", name, err)
			}
		}
	})
}

// What exception vectors lead to, by the names of v5.14 and later, and of those before; functions of C have names that are much alike.
func TestArm64Entry(t *testing.T) {
	for name, level := range map[string]string{
		"el1h_64_irq": "1", "el0t_32_sync": "0", "el0_sync": "0", "el0_irq_naked": "0", "el0_error_compat": "0", "el1_fiq_invalid": "1", "el1_irq": "1",
		"el0_svc": "", "el1_abort": "", "el0_sync_handler": "", "el0_svc_common.constprop.0": "", "el1_dbg": "",
	} {
		got := ""
		if m := arm64Entry.FindStringSubmatch(name); m != nil {
			got = m[1]
		}
		if got != level {
			t.Errorf("%s: level %q, want %q", name, got, level)
		}
	}
}
