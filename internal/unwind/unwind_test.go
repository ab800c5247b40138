package unwind

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/cfi"
	"github.com/godrgn/drgn/mem"
)

// words is memory of words.
type words map[uint64]uint64

func (w words) Uint(address uint64, size int) (uint64, error) {
	v, ok := w[address]
	if !ok {
		return 0, &mem.FaultError{Message: "no memory here", Address: address}
	}
	return v, nil
}

// rows maps ranges of 0x100 program counters to rows.
type rows map[uint64]*cfi.Row

func (r rows) FindRow(pc uint64) (*cfi.Row, error) { return r[pc&^0xff], nil }

func platform(t testing.TB, a *arch.Arch) arch.Platform {
	t.Helper()
	p, err := arch.NewPlatform(a)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// x86Row is the row of a function whose frame has the given size, the return address included.
func x86Row(size int64, rules ...cfi.RegisterRule) *cfi.Row {
	r := &cfi.Row{
		CFA:           cfi.Rule{Kind: cfi.RegisterPlus, Register: uint8(arch.X86_64.SP), Offset: size},
		ReturnAddress: arch.X86_64.PC,
		Rules:         append(rules, cfi.RegisterRule{Register: uint8(arch.X86_64.PC), Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: -8}}),
	}
	r.Default(arch.X86_64, 1<<arch.X86_64.PC)
	return r
}

func start(a *arch.Arch, values map[string]uint64) *arch.Registers {
	var r arch.Registers
	for name, v := range values {
		n, ok := a.Register(name)
		if !ok {
			n = a.PC
		}
		r.Set(n, v)
	}
	return &r
}

func pcs(t Trace) []uint64 {
	var all []uint64
	for _, f := range t.Frames {
		all = append(all, f.PC)
	}
	return all
}

// signalled is the row of code that a handler returns to: what was interrupted has its address at the stack pointer, and its
// stack pointer after that.
var signalled = &cfi.Row{CFA: cfi.Rule{Kind: cfi.RegisterPlus, Register: uint8(arch.X86_64.SP)}, ReturnAddress: arch.X86_64.PC, Signal: true,
	Rules: []cfi.RegisterRule{
		{Register: uint8(arch.X86_64.PC), Rule: cfi.Rule{Kind: cfi.CFAPlusAt}},
		{Register: uint8(arch.X86_64.SP), Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: 8}},
	}}

func TestEnds(t *testing.T) {
	const sp = 0x7000
	outermost := x86Row(16)
	outermost.Outermost = true
	isText := func(pc uint64) bool { return pc >= 0x1000 && pc < 0x2000 }
	var fault *mem.FaultError
	var loop *LoopError
	var unknown *cfi.UnknownRegisterError
	var noRow *NoRowError
	for _, test := range []struct {
		name  string
		rows  rows
		mem   words
		opts  Options
		start map[string]uint64
		want  []uint64
		err   any
	}{
		{name: "nothing known", want: []uint64{0x1010}, err: &noRow},
		{name: "return address 0", rows: rows{0x1000: x86Row(16)}, mem: words{sp + 8: 0}, want: []uint64{0x1010}},
		{name: "outermost", rows: rows{0x1000: x86Row(16), 0x1100: outermost}, mem: words{sp + 8: 0x1120},
			want: []uint64{0x1010, 0x1120}},
		{name: "call at the end of a function", rows: rows{0x1000: x86Row(16), 0x1100: outermost}, mem: words{sp + 8: 0x1200},
			want: []uint64{0x1010, 0x1200}},
		{name: "fault", rows: rows{0x1000: x86Row(16), 0x1100: x86Row(16)}, mem: words{sp + 8: 0x1120},
			want: []uint64{0x1010, 0x1120}, err: &fault},
		{name: "loop", rows: rows{0x1000: x86Row(0)}, mem: words{sp - 8: 0x1010}, want: []uint64{0x1010}, err: &loop},
		{name: "too many", rows: rows{0x1000: x86Row(8)}, mem: words{sp: 0x1010, sp + 8: 0x1010, sp + 16: 0x1010},
			opts: Options{MaxFrames: 2}, want: []uint64{0x1010, 0x1010}, err: &loop},
		{name: "no stack pointer", rows: rows{0x1000: x86Row(8)}, start: map[string]uint64{"rip": 0x1010},
			want: []uint64{0x1010}, err: &unknown},
		{name: "no program counter", start: map[string]uint64{"rsp": sp}, err: &ErrNoPC},
		{name: "call of null", rows: rows{0x1000: outermost}, mem: words{sp: 0x1050},
			start: map[string]uint64{"rip": 0, "rsp": sp, "cs": 0x10}, want: []uint64{0, 0x1050}},
		{name: "user mode", opts: Options{IsText: isText}, mem: words{sp: 0x1050},
			start: map[string]uint64{"rip": 0x460a63, "rsp": sp, "cs": 0x33}, want: []uint64{0x460a63}},
		{name: "call of null in a process", rows: rows{0x1000: outermost}, opts: Options{Process: true}, mem: words{sp: 0x1050},
			start: map[string]uint64{"rip": 0, "rsp": sp, "cs": 0x33}, want: []uint64{0, 0x1050}},
		{name: "call of null below a signal", rows: rows{0x1000: signalled, 0x1100: outermost}, opts: Options{Process: true, IsText: isText},
			mem: words{sp: 0, sp + 8: sp + 0x40, sp + 0x40: 0x1150}, want: []uint64{0x1010, 0, 0x1150}},
		{name: "wild call", rows: rows{0x1000: outermost}, mem: words{sp: 0x1050}, opts: Options{IsText: isText},
			start: map[string]uint64{"rip": 0xbad, "rsp": sp, "cs": 0x10}, want: []uint64{0xbad, 0x1050}},
		{name: "wild jump", mem: words{sp: 0x5000}, opts: Options{IsText: isText},
			start: map[string]uint64{"rip": 0xbad, "rsp": sp, "cs": 0x10}, want: []uint64{0xbad}, err: &noRow},
		{name: "wild call, no stack", opts: Options{IsText: isText},
			start: map[string]uint64{"rip": 0xbad, "rsp": sp, "cs": 0x10}, want: []uint64{0xbad}, err: &fault},
		{name: "frame pointers", opts: Options{IsText: isText, FramePointers: true},
			mem:   words{sp + 0x20: sp + 0x40, sp + 0x28: 0x1150, sp + 0x40: 0, sp + 0x48: 0x1250},
			start: map[string]uint64{"rip": 0x1010, "rsp": sp, "rbp": sp + 0x20}, want: []uint64{0x1010, 0x1150, 0x1250}},
		{name: "frame pointers go back", opts: Options{IsText: isText, FramePointers: true},
			mem:   words{sp + 0x20: sp + 0x40, sp + 0x28: 0x1150, sp + 0x40: 0x10, sp + 0x48: 0x1250},
			start: map[string]uint64{"rip": 0x1010, "rsp": sp, "rbp": sp + 0x20}, want: []uint64{0x1010, 0x1150, 0x1250}, err: &noRow},
		{name: "no frame pointer", opts: Options{IsText: isText, FramePointers: true},
			start: map[string]uint64{"rip": 0x1010, "rsp": sp, "rbp": 0}, want: []uint64{0x1010}, err: &noRow},
		{name: "memory knows", opts: Options{IsText: isText, Memory: rows{0x1000: x86Row(16), 0x1100: outermost}}, mem: words{sp + 8: 0x1120},
			want: []uint64{0x1010, 0x1120}},
		{name: "frame pointer off the stack", opts: Options{FramePointers: true},
			start: map[string]uint64{"rip": 0x1010, "rsp": sp, "rbp": sp - 0x20}, want: []uint64{0x1010}, err: &noRow},
		{name: "frame pointer to no code", opts: Options{IsText: isText, FramePointers: true}, mem: words{sp: 0, sp + 8: 0x5000},
			start: map[string]uint64{"rip": 0x1010, "rsp": sp, "rbp": sp}, want: []uint64{0x1010}, err: &noRow},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.start == nil {
				test.start = map[string]uint64{"rip": 0x1010, "rsp": sp}
			}
			if test.rows == nil {
				test.rows = rows{}
			}
			u := New(platform(t, arch.X86_64), test.rows, test.opts)
			trace := u.Unwind(test.mem, start(arch.X86_64, test.start), true, nil)
			if got := pcs(trace); !slices.Equal(got, test.want) {
				t.Errorf("got %#x, want %#x", got, test.want)
			}
			switch {
			case test.err == nil && trace.Err != nil:
				t.Errorf("error: %v", trace.Err)
			case test.err == &ErrNoPC && !errors.Is(trace.Err, ErrNoPC):
				t.Errorf("error: %v", trace.Err)
			case test.err != nil && test.err != &ErrNoPC && !errors.As(trace.Err, test.err):
				t.Errorf("error: %v", trace.Err)
			}
		})
	}
}

// TestLoopOfMany has two functions that return into each other.
func TestLoopOfMany(t *testing.T) {
	a, b := x86Row(16), x86Row(-16)
	u := New(platform(t, arch.X86_64), rows{0x1000: a, 0x1100: b}, Options{})
	m := words{0x7008: 0x1120, 0x6ff8: 0x1010}
	trace := u.Unwind(m, start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": 0x7000}), true, nil)
	var loop *LoopError
	if !errors.As(trace.Err, &loop) || len(trace.Frames) > 8 {
		t.Errorf("%d frames, %v", len(trace.Frames), trace.Err)
	}
}

// TestSavedRegisters follows a register that is saved, kept, lost, or saved where nothing can be read.
func TestSavedRegisters(t *testing.T) {
	rbx, _ := arch.X86_64.Register("rbx")
	rax, _ := arch.X86_64.Register("rax")
	r12, _ := arch.X86_64.Register("r12")
	rule := func(n int, r cfi.Rule) cfi.RegisterRule { return cfi.RegisterRule{Register: uint8(n), Rule: r} }
	f := rows{
		0x1000: x86Row(24, rule(rbx, cfi.Rule{Kind: cfi.CFAPlusAt, Offset: -16}),
			rule(r12, cfi.Rule{Kind: cfi.RegisterPlus, Register: uint8(rbx), Offset: 1})),
		0x1100: x86Row(8),
		0x1200: x86Row(8, rule(rbx, cfi.Rule{Kind: cfi.ExpressionAt, Expr: []byte{0x09, 0x80}})),
	}
	// x86Row takes rbx as kept by default; a rule takes its place.
	for _, pc := range []uint64{0x1000, 0x1200} {
		f[pc].Same &^= 1<<rbx | 1<<r12
	}
	m := words{0x7008: 42, 0x7010: 0x1110, 0x7018: 0x1210, 0x7020: 0x1310}
	u := New(platform(t, arch.X86_64), f, Options{})
	trace := u.Unwind(m, start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": 0x7000, "rbx": 1, "rax": 2, "r12": 3}), true, nil)
	var noRow *NoRowError
	if !errors.As(trace.Err, &noRow) || noRow.PC != 0x1310 || !slices.Equal(pcs(trace), []uint64{0x1010, 0x1110, 0x1210, 0x1310}) {
		t.Fatalf("%#x, %v", pcs(trace), trace.Err)
	}
	for i, want := range [][3]any{{uint64(1), uint64(2), uint64(3)}, {uint64(42), nil, uint64(2)}, {uint64(42), nil, uint64(2)},
		{nil, nil, nil}} {
		for j, n := range []int{rbx, rax, r12} {
			v, ok := trace.Frames[i].Register(n)
			if ok != (want[j] != nil) || ok && v != want[j] {
				t.Errorf("frame %d: %s = %d, %t; want %v", i, arch.X86_64.Registers[n].Names[0], v, ok, want[j])
			}
		}
	}
	if f := &trace.Frames[0]; !f.Interrupted || f.LookupPC() != 0x1010 || !f.HasCFA || f.CFA != 0x7018 {
		t.Errorf("first frame: %+v", f)
	}
	if f := &trace.Frames[1]; f.Interrupted || f.LookupPC() != 0x110f {
		t.Errorf("second frame: %+v", f)
	}
}

// TestAArch64 unwinds a leaf, which keeps its return address in lr, then a function which saved a signed one, then by
// frame pointer, which loses sp.
func TestAArch64(t *testing.T) {
	a := arch.AArch64
	lr, _ := a.Register("lr")
	fp, _ := a.Register("fp")
	row := func(size int64) *cfi.Row {
		r := &cfi.Row{CFA: cfi.Rule{Kind: cfi.RegisterPlus, Register: uint8(a.SP), Offset: size}, ReturnAddress: lr}
		ruled := uint64(0)
		if size > 0 {
			ruled = 1<<lr | 1<<fp
			r.Rules = append(r.Rules, cfi.RegisterRule{Register: uint8(fp), Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: -size}},
				cfi.RegisterRule{Register: uint8(lr), Rule: cfi.Rule{Kind: cfi.CFAPlusAt, Offset: 8 - size}})
		}
		r.Default(a, ruled)
		return r
	}
	const text, stack = 0xffff800010000000, 0xffff800020000000
	u := New(platform(t, a), rows{text: row(0), text + 0x100: row(32), text + 0x300: row(16)},
		Options{PACMask: 0x7f << 48, FramePointers: true, IsText: func(pc uint64) bool { return pc-text < 0x1000 }})
	m := words{
		stack: stack + 0x20, stack + 8: (text + 0x210) &^ (0x55 << 48), // signed
		stack + 0x20: stack + 0x40, stack + 0x28: (text + 0x310) &^ (0x55 << 48), // signed, too; found by frame pointer
		stack + 0x40: 0, stack + 0x48: 0,
	}
	regs := start(a, map[string]uint64{"pc": text + 0x10, "sp": stack, "lr": text + 0x110, "fp": stack})
	trace := u.Unwind(m, regs, true, nil)
	if want := []uint64{text + 0x10, text + 0x110, text + 0x210, text + 0x310}; !slices.Equal(pcs(trace), want) || trace.Err != nil {
		t.Errorf("%#x, %v", pcs(trace), trace.Err)
	}
	if _, ok := trace.Frames[3].Register(a.SP); ok {
		t.Error("sp is known after a step by frame pointer")
	}
	// Where what is no code was called, lr has the return address; it has none where that was jumped to: then there is the frame pointer.
	for lr, want := range map[uint64][]uint64{text + 0x110: {0xbad, text + 0x110, text + 0x210, text + 0x310}, stack: {0xbad, text + 0x210, text + 0x310}} {
		regs := start(a, map[string]uint64{"pc": 0xbad, "sp": stack, "lr": lr, "fp": stack, "pstate": 0x5})
		trace := u.Unwind(m, regs, true, nil)
		if !slices.Equal(pcs(trace), want) || trace.Err != nil {
			t.Errorf("lr %#x: %#x, %v; want %#x", lr, pcs(trace), trace.Err, want)
		}
	}
}

// failing is a finder that fails.
type failing struct{ err error }

func (f failing) FindRow(uint64) (*cfi.Row, error) { return nil, f.err }

func TestChain(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	row := x86Row(8)
	if r, err := (Chain{failing{first}, rows{0x1000: row}}).FindRow(0x1000); r != row || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := (Chain{failing{first}, rows{}, failing{second}}).FindRow(0x1000); r != nil || !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("%v, %v", r, err)
	}
	if r, err := (Chain{}).FindRow(0x1000); r != nil || err != nil {
		t.Errorf("%v, %v", r, err)
	}
	u := New(platform(t, arch.X86_64), failing{first}, Options{})
	if trace := u.Unwind(words{}, start(arch.X86_64, map[string]uint64{"rip": 0x1000}), true, nil); len(trace.Frames) != 1 || !errors.Is(trace.Err, first) {
		t.Errorf("%+v", trace)
	}
}

// TestCache checks that rows are kept, and shared by goroutines.
func TestCache(t *testing.T) {
	f := rows{0x1000: x86Row(16)}
	u := New(platform(t, arch.X86_64), f, Options{})
	regs := start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": 0x7000})
	m := words{0x7008: 0x5000}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				if n := len(u.Unwind(m, regs, true, nil).Frames); n != 2 {
					t.Errorf("%d frames", n)
				}
			}
		})
	}
	wg.Wait()
	delete(f, 0x1000)
	if n := len(u.Unwind(m, regs, true, nil).Frames); n != 2 {
		t.Errorf("from the cache: %d frames", n)
	}
	u = New(platform(t, arch.X86_64), f, Options{})
	if n := len(u.Unwind(m, regs, true, nil).Frames); n != 1 {
		t.Errorf("of a new unwinder: %d frames", n)
	}
	if trace := New(arch.Platform{}, f, Options{}).Unwind(m, regs, true, nil); !errors.Is(trace.Err, ErrNoPC) {
		t.Errorf("no platform: %v", trace.Err)
	}
}

// stack is memory that begins at 0x7000.
type stack []byte

func (s stack) Uint(address uint64, size int) (uint64, error) {
	if off := address - 0x7000; off < uint64(len(s)) && uint64(len(s))-off >= 8 {
		return binary.LittleEndian.Uint64(s[off:]), nil
	}
	return 0, &mem.FaultError{Message: "no memory here", Address: address}
}

// FuzzUnwind unwinds through arbitrary call frame information, registers and memory: it must end.
func FuzzUnwind(f *testing.F) {
	f.Add([]byte{20, 0, 0, 0, 255, 255, 255, 255, 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1, 0, 0, 0, 0, 0, 0,
		20, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0},
		slices.Repeat([]byte{0x10, 0x10, 0, 0, 0, 0, 0, 0}, 20), uint64(0x1010), true, uint16(62))
	f.Fuzz(func(t *testing.T, frames, memory []byte, pc uint64, fps bool, machine uint16) {
		p := arch.PlatformOf(machine, 2, 1)
		table, err := cfi.New(cfi.Section{Platform: p, Name: "fuzz", Data: frames})
		if err != nil {
			return
		}
		var regs arch.Registers
		for i := range p.Arch.Slots() {
			regs.Set(i, 0x7000+uint64(i))
		}
		regs.Set(p.Arch.PC, pc)
		trace := New(p, table, Options{FramePointers: fps, MaxFrames: 1000}).Unwind(stack(memory), &regs, fps, nil)
		for i := range trace.Frames {
			f := &trace.Frames[i]
			r := f.Registers()
			if r.Known() != f.Known() {
				t.Fatal("registers differ")
			}
		}
	})
}

// TestReturnsOfTracers has return addresses that a tracer has replaced by 0x2000: at the places of a call, of a chain of
// frame pointers, and of a return that an interrupt came right after.
func TestReturnsOfTracers(t *testing.T) {
	const sp = 0x7000
	f := rows{0x1000: x86Row(16), 0x1100: signalled, 0x1200: x86Row(8), 0x1300: &cfi.Row{Outermost: true, ReturnAddress: -1}}
	kept := map[uint64]uint64{sp + 8: 0x1110, 0x7f00 - 8: 0x1210, 0x7f00: 0x1310}
	returns := func(ra, at uint64) (uint64, bool, error) {
		real, ok := kept[at]
		switch {
		case ra != 0x2000:
			return ra, false, nil
		case !ok:
			return 0, true, fmt.Errorf("nothing is kept for %#x", at)
		}
		return real, true, nil
	}
	m := words{sp + 8: 0x2000, sp + 16: 0x2000, sp + 24: 0x7f00, 0x7f00: 0x2000}
	u := New(platform(t, arch.X86_64), f, Options{})
	trace := u.Unwind(m, start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": sp}), true, returns)
	if trace.Err != nil || !slices.Equal(pcs(trace), []uint64{0x1010, 0x1110, 0x1210, 0x1310}) {
		t.Fatalf("%#x, %v", pcs(trace), trace.Err)
	}
	if !trace.Frames[2].Interrupted || trace.Frames[2].Trampoline || trace.Frames[3].Trampoline {
		t.Errorf("%+v", trace.Frames)
	}
	// What isn't kept is shown: the trampoline, by its own address, as nothing called from there.
	delete(kept, 0x7f00)
	trace = u.Unwind(m, start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": sp}), true, returns)
	if trace.Err == nil || !slices.Equal(pcs(trace), []uint64{0x1010, 0x1110, 0x1210, 0x2000}) || !trace.Frames[3].Trampoline ||
		trace.Frames[3].LookupPC() != 0x2000 {
		t.Errorf("%#x, %v", pcs(trace), trace.Err)
	}
	isText := func(pc uint64) bool { return pc < 0x6000 }
	u = New(platform(t, arch.X86_64), rows{0x1300: f[0x1300]}, Options{FramePointers: true, IsText: isText})
	m = words{sp + 0x20: sp + 0x40, sp + 0x28: 0x2000}
	kept[sp+0x28] = 0x1310
	trace = u.Unwind(m, start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": sp, "rbp": sp + 0x20}), true, returns)
	if trace.Err != nil || !slices.Equal(pcs(trace), []uint64{0x1010, 0x1310}) {
		t.Errorf("frame pointers: %#x, %v", pcs(trace), trace.Err)
	}
}

// TestSignalTrampoline looks up the trampoline that a process's signal handler returns to at its own address: the kernel put
// that on the stack, nothing called from before it.
func TestSignalTrampoline(t *testing.T) {
	const sp = 0x7000
	trampoline := x86Row(16)
	trampoline.Signal = true
	f := rows{0x1000: x86Row(8), 0x1100: trampoline, 0x1200: &cfi.Row{Outermost: true, ReturnAddress: -1}}
	m := words{sp: 0x1101, sp + 16: 0x1250}
	for _, process := range []bool{true, false} {
		u := New(platform(t, arch.X86_64), f, Options{Process: process})
		trace := u.Unwind(m, start(arch.X86_64, map[string]uint64{"rip": 0x1010, "rsp": sp}), true, nil)
		if trace.Err != nil || !slices.Equal(pcs(trace), []uint64{0x1010, 0x1101, 0x1250}) {
			t.Fatalf("%#x, %v", pcs(trace), trace.Err)
		}
		if f := &trace.Frames[1]; f.Trampoline != process || f.LookupPC() == 0x1101 != process {
			t.Errorf("process %t: trampoline %t, looked up at %#x", process, f.Trampoline, f.LookupPC())
		}
		if !trace.Frames[2].Interrupted {
			t.Error("who was interrupted called")
		}
	}
}
