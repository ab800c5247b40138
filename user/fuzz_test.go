package user

import (
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// made is a process of which tests say what there is.
type made struct {
	vector map[uint64]uint64
	maps   []target.Mapping
}

var errNone = errors.New("there are none")

func (made) threads(*drgn.Program) drgn.ThreadSeq                   { return func(func(*drgn.Thread, error) bool) {} }
func (made) findThread(*drgn.Program, uint64) (*drgn.Thread, error) { return nil, errNone }
func (made) mainThread(*drgn.Program) (*drgn.Thread, error)         { return nil, errNone }
func (made) crashedThread(*drgn.Program) (*drgn.Thread, error)      { return nil, errNone }
func (made) stopped(*drgn.Program, uint64, []mem.Range) (drgn.Stopped, error) {
	return drgn.Stopped{}, errNone
}
func (made) executable(uint64) bool { return false }
func (made) pacMask() uint64        { return 0 }

func (m made) auxv(arch.Platform) (map[uint64]uint64, error)    { return m.vector, nil }
func (m made) mappings(arch.Platform) ([]target.Mapping, error) { return m.maps, nil }
func (made) paths(m target.Mapping) []string                    { return []string{m.Path} }

// memory is what a made process has at base: the main program's image, lists of the dynamic linker, libraries.
type memory struct {
	base     uint64
	platform arch.Platform
	data     []byte
}

func newMemory(platform arch.Platform) *memory {
	return &memory{base: 0x10000, platform: platform, data: make([]byte, 0x10000)}
}

func (m *memory) put(at, v uint64) {
	b := m.data[at-m.base:]
	switch {
	case m.platform.Is64Bit():
		m.platform.ByteOrder().PutUint64(b, v)
	default:
		m.platform.ByteOrder().PutUint32(b, uint32(v))
	}
}

func (m *memory) words(at uint64, vs ...uint64) {
	for i, v := range vs {
		m.put(at+uint64(i*m.platform.AddressSize()), v)
	}
}

// image writes an ELF header and its program headers for something that is linked to lie at 0, and returns where the
// program headers are.
func (m *memory) image(at uint64, segments ...elf.Segment) (phdr uint64) {
	b := m.data[at-m.base:]
	order := m.platform.ByteOrder().(interface {
		binary.ByteOrder
		binary.AppendByteOrder
	})
	word := func(b []byte, v uint64) []byte {
		if m.platform.Is64Bit() {
			return order.AppendUint64(b, v)
		}
		return order.AppendUint32(b, uint32(v))
	}
	ident := []byte{0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	ehsize, phentsize := uint64(52), uint64(32)
	if m.platform.Is64Bit() {
		ident[4], ehsize, phentsize = 2, 64, 56
	}
	if !m.platform.IsLittleEndian() {
		ident[5] = 2
	}
	out := append([]byte{}, ident...)
	out = order.AppendUint16(out, elf.ET_DYN)
	out = order.AppendUint16(out, 62)
	out = order.AppendUint32(out, 1)
	out = word(word(word(out, 0), ehsize), 0)
	out = order.AppendUint32(out, 0)
	for _, v := range []uint64{ehsize, phentsize, uint64(len(segments)), 0, 0, 0} {
		out = order.AppendUint16(out, uint16(v))
	}
	for _, s := range segments {
		out = order.AppendUint32(out, s.Type)
		if m.platform.Is64Bit() {
			out = order.AppendUint32(out, s.Flags)
		}
		for _, v := range []uint64{s.Offset, s.Vaddr, s.Paddr, s.Filesz, s.Memsz} {
			out = word(out, v)
		}
		if !m.platform.Is64Bit() {
			out = order.AppendUint32(out, s.Flags)
		}
		out = word(out, s.Align)
	}
	copy(b, out)
	return at + ehsize
}

// linked makes a program at 0x10000 with a list of three libraries, the second at 0x14000 with headers.
func linked(platform arch.Platform) (*memory, made) {
	m := newMemory(platform)
	load := elf.Segment{Type: elf.PT_LOAD, Filesz: 0x3000, Memsz: 0x3000}
	phdr := m.image(0x10000, load, elf.Segment{Type: elf.PT_DYNAMIC, Vaddr: 0x1000, Filesz: 0x100, Memsz: 0x100})
	m.words(0x11000, 1, 1, dtDebug, 0x12000, 0, 0)
	w := uint64(platform.AddressSize())
	m.put(0x12000+w, 0x12100)
	m.words(0x12100, 0x10000, 0x12f00, 0x11000, 0x12200) // the program itself
	m.words(0x12200, 0x14000, 0x12e00, 0x15000, 0x12300)
	m.words(0x12300, 0x18000, 0x12e20, 0x19000, 0x12400)
	m.words(0x12400, 0x777000, 0x12e40, 0x777123, 0)
	copy(m.data[0x2e00:], "/lib/one.so")
	copy(m.data[0x2e20:], "/lib/two.so")
	copy(m.data[0x2e40:], "/lib/three.so")
	m.image(0x14000, load, elf.Segment{Type: elf.PT_DYNAMIC, Vaddr: 0x1000}, elf.Segment{Type: elf.PT_NOTE, Vaddr: 0x200, Filesz: 20, Align: 4})
	order := platform.ByteOrder()
	for i, v := range []uint32{4, 4, 3} {
		order.PutUint32(m.data[0x4200+4*i:], v)
	}
	copy(m.data[0x420c:], "GNU\x00\xaa\xbb\xcc\xdd")
	return m, made{vector: map[uint64]uint64{target.AT_PHDR: phdr, target.AT_PHENT: uint64(32 + 24*b2i(platform.Is64Bit())), target.AT_PHNUM: 2, target.AT_PAGESZ: 4096},
		maps: []target.Mapping{{Start: 0x10000, End: 0x13000, Path: "/bin/program"}, {Start: 0x14000, End: 0x16000, Path: "/lib/one.so"},
			{Start: 0x15000, End: 0x16000, Path: "/lib/one.so"}}}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *memory) program(t testing.TB, s source) *drgn.Program {
	t.Helper()
	p := drgn.New(m.platform)
	if err := p.Memory().Add(mem.BytesSegment(m.base, m.data, false)); err != nil {
		t.Fatal(err)
	}
	if err := p.Setup(drgn.Setup{Platform: m.platform, Personality: newProcess(s, p)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func names(seq iter.Seq2[drgn.LoadedModule, error]) (ns []string, err error) {
	for m, e := range seq {
		if e != nil {
			return ns, e
		}
		ns = append(ns, m.Name())
	}
	return ns, nil
}

func machines(t testing.TB) []arch.Platform {
	var ps []arch.Platform
	for _, flags := range []arch.Flags{0, arch.Is64Bit, arch.IsLittleEndian, arch.Is64Bit | arch.IsLittleEndian} {
		ps = append(ps, arch.Platform{Arch: arch.X86_64, Flags: flags})
	}
	return ps
}

func TestLinkMap(t *testing.T) {
	for _, platform := range machines(t) {
		m, s := linked(platform)
		p := m.program(t, s)
		got, err := names(p.LoadedModules())
		if err != nil || !slices.Equal(got, []string{"/bin/program", "/lib/one.so", "/lib/two.so", "/lib/three.so"}) {
			t.Errorf("%v: %q %v", platform, got, err)
		}
		one, err := p.FindModule(drgn.SharedLibraryModule, "/lib/one.so", 0x15000)
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := one.Ranges(); !ok || r[0] != (mem.Range{Min: 0x14000, Max: 0x16fff}) || string(one.BuildID()) != "\xaa\xbb\xcc\xdd" {
			t.Errorf("%#x %v %x", r, ok, one.BuildID())
		}
		if three, err := p.FindModule(drgn.SharedLibraryModule, "/lib/three.so", 0x777123); err != nil {
			t.Error(err)
		} else if r, ok := three.Ranges(); ok || three.BuildID() != nil {
			t.Errorf("%#x", r)
		}
		if bias, err := p.Personality().(drgn.ModuleLoader).MainBias(s.vector[target.AT_PHDR] - 0x10000); err != nil || bias != 0x10000 {
			t.Errorf("%#x %v", bias, err)
		}
	}
}

// TestHostileLists has what must end, quickly, with what could be found.
func TestHostileLists(t *testing.T) {
	platform := arch.Platform{Arch: arch.X86_64, Flags: arch.Is64Bit | arch.IsLittleEndian}
	for what, spoil := range map[string]func(m *memory, s *made){
		"a circle":               func(m *memory, s *made) { m.put(0x12200+24, 0x12200) },
		"a circle of all":        func(m *memory, s *made) { m.put(0x12400+24, 0x12100) },
		"a list without memory":  func(m *memory, s *made) { m.put(0x12200+24, 0xdead0000) },
		"a name without memory":  func(m *memory, s *made) { m.put(0x12200+8, 0xdead0000) },
		"a name without an end":  func(m *memory, s *made) { m.put(0x12200+8, 0x1fff0); copy(m.data[0xfff0:], strings.Repeat("x", 16)) },
		"namespaces in a circle": func(m *memory, s *made) { m.put(0x12000, 2); m.put(0x12000+40, 0x12000) },
		"no r_debug":             func(m *memory, s *made) { m.put(0x11018, 0xdead0000) },
		"no DT_DEBUG":            func(m *memory, s *made) { m.put(0x11010, 5) },
		"2^16 headers":           func(m *memory, s *made) { s.vector[target.AT_PHNUM] = 1 << 16 },
		"2^63 headers":           func(m *memory, s *made) { s.vector[target.AT_PHNUM] = 1 << 63 },
		"headers of no size":     func(m *memory, s *made) { s.vector[target.AT_PHENT] = 0 },
		"headers at the end":     func(m *memory, s *made) { s.vector[target.AT_PHDR] = ^uint64(0) },
		"a large dynamic":        func(m *memory, s *made) { m.put(0x10040+56+40, ^uint64(0)); m.put(0x10040+56+16, 0xf000) },
		"a large segment":        func(m *memory, s *made) { m.put(0x10040+40, ^uint64(0)) },
		"a page of no size":      func(m *memory, s *made) { s.vector[target.AT_PAGESZ] = 3 },
		"a vDSO without memory":  func(m *memory, s *made) { s.vector[target.AT_SYSINFO_EHDR] = 1 << 63 },
		"a vDSO that is none":    func(m *memory, s *made) { s.vector[target.AT_SYSINFO_EHDR] = 0x11000 },
		"nothing":                func(m *memory, s *made) { s.vector, s.maps = nil, nil },
	} {
		m, s := linked(platform)
		spoil(m, &s)
		p := m.program(t, s)
		got, err := names(p.LoadedModules())
		if err != nil || len(got) > 5 {
			t.Errorf("%s: %q %v", what, got, err)
		}
	}
}

func FuzzLoadedModules(f *testing.F) {
	for i, platform := range machines(f) {
		m, s := linked(platform)
		f.Add(m.data, uint8(i), s.vector[target.AT_PHDR], uint64(2), uint64(0x14000))
	}
	f.Fuzz(func(t *testing.T, data []byte, machine uint8, phdr, phnum, vdso uint64) {
		m, s := linked(machines(t)[machine%4])
		if len(data) == 0 {
			return
		}
		m.data = data
		s.vector[target.AT_PHDR], s.vector[target.AT_PHNUM], s.vector[target.AT_SYSINFO_EHDR] = phdr, phnum, vdso
		p := m.program(t, s)
		got, err := names(p.LoadedModules())
		if err != nil || len(got) > maxLinks+2 {
			t.Fatal(len(got), err)
		}
		u := p.Personality().(*Process)
		for m := range p.Modules() {
			if r, ok := m.Ranges(); ok && (len(r) != 1 || r[0].Min > r[0].Max) {
				t.Fatal(r)
			}
			if b, err := u.Image(m); err == nil && len(b) > maxImage {
				t.Fatal(len(b))
			}
		}
	})
}
