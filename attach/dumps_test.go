package attach_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/elf/elftest"
	"github.com/godrgn/drgn/internal/kdump/kdumptest"
	"github.com/godrgn/drgn/internal/qmp/qmptest"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

// pagesOf returns the memory of the bundled core, by page frame number, and what the core says beside it.
func pagesOf(t *testing.T) (pages map[uint64][]byte, core *target.Core) {
	t.Helper()
	core, err := target.Open(filepath.Join(fixture, "vmcore"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { core.Close() }) // was only read
	s, err := core.Space()
	if err != nil {
		t.Fatal(err)
	}
	pages = map[uint64][]byte{}
	for chunk, err := range s.Chunks(true, 0, ^uint64(0)) {
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(chunk.Data); at += 4096 {
			pages[(chunk.Address+uint64(at))>>12] = append([]byte(nil), chunk.Data[at:at+4096]...)
		}
	}
	return pages, core
}

// TestSplitDump opens the bundled core's memory from two files, by the name of one and by the names of both. Where one is
// missing, what lies in it can't be read, and that is said.
func TestSplitDump(t *testing.T) {
	pages, core := pagesOf(t)
	kd := kdumptest.Dump{Is64: true, Version: 6, Machine: "x86_64", BlockSize: 4096, Split: true, VMCOREINFO: core.VMCOREINFO, Pages: pages}
	for pfn := range pages {
		kd.MaxPFN = max(kd.MaxPFN, pfn+1)
	}
	p := open(t)
	at, _ := p.Variable("init_task").Address()
	physical, err := p.Personality().(interface {
		Translate(root, address uint64) (uint64, error)
	}).Translate(0, at)
	if err != nil {
		t.Fatal(err)
	}
	f := files{t, t.TempDir()}
	write := func(name string, start, end uint64) string {
		kd.StartPFN, kd.EndPFN = start, end
		return f.write(name, kd.Bytes())
	}
	middle := physical >> 12 // the second file has init_task
	first, second := write("together/first", 0, middle), write("together/second", middle, kd.MaxPFN)
	firstApart, secondApart := write("a/first", 0, middle), write("b/second", middle, kd.MaxPFN)
	o := attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true}
	for _, paths := range [][]string{{first}, {second}, {firstApart, secondApart}, {secondApart, firstApart}} {
		o.Parts = paths[1:]
		p, warnings, err := attachTo(paths[0], o)
		if err != nil || len(warnings) > 0 {
			t.Fatal(err, warnings)
		}
		if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
			t.Errorf("%q: init_task.comm is %q, %v", paths, comm, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	o.Parts = nil
	p, warnings, err := attachTo(firstApart, o)
	if err != nil || len(warnings) == 0 {
		t.Fatal(err, warnings)
	}
	defer p.Close()
	said[*target.MissingPartError](t, warnings[0], firstApart, "missing")
	var part *target.MissingPartError
	if errors.As(warnings[0], &part); part.Range.Min != middle<<12 {
		t.Errorf("%#x to %#x are said to be missing", part.Range.Min, part.Range.Max)
	}
	_, err = p.Variable("init_task").Member("comm").CString()
	said[*mem.FaultError](t, err, "init_task.comm", "page is in a file of this split dump that is not open")
}

// A dumped is a dump to be made of the bundled core's memory.
type dumped struct {
	notes  []byte
	blocks []qmptest.Block
}

// dump returns the bundled core as an ELF core whose notes are those of a hypervisor that knows nothing of the kernel.
func dump(t *testing.T) dumped {
	m := bundledMachine(t)
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	d := dumped{notes: f.Note(nil, "CORE", target.NT_PRSTATUS, make([]byte, 336))}
	const hole = 0xa0000 // memory of a PC has one there
	for _, b := range m.blocks {
		if b.Address == 0 {
			d.blocks = append(d.blocks, qmptest.Block{Data: bytes.Clone(b.Data[:hole])})
			b.Address, b.Data = hole, b.Data[hole:]
		}
		d.blocks = append(d.blocks, qmptest.Block{Address: b.Address, Data: bytes.Clone(b.Data)})
	}
	return d
}

// bytes returns the ELF core.
func (d dumped) bytes() []byte {
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	f.Segments = []elftest.Segment{{Type: elf.PT_NOTE, Data: d.notes}}
	for _, b := range d.blocks {
		f.Segments = append(f.Segments, elftest.Segment{Type: elf.PT_LOAD, Paddr: b.Address, Data: b.Data})
	}
	return f.Bytes()
}

// replace replaces text everywhere in memory.
func (d dumped) replace(old, new string) {
	for i := range d.blocks {
		d.blocks[i].Data = bytes.ReplaceAll(d.blocks[i].Data, []byte(old), []byte(new))
	}
}

// put writes text to a page of zeros and returns its address. Pages that the bundled core has not are zeros here.
func (d dumped) put(t *testing.T, text string) (address uint64) {
	t.Helper()
	page := make([]byte, 4096)
	for _, b := range d.blocks {
		for at := len(b.Data) - 4096; at >= 0; at -= 4096 {
			if bytes.Equal(b.Data[at:at+4096], page) {
				copy(b.Data[at:], text)
				return b.Address + uint64(at)
			}
		}
	}
	t.Fatal("no page of zeros")
	return 0
}

// swapper checks that variables can be read.
func swapper(t *testing.T, p *drgn.Program) {
	t.Helper()
	if comm, err := p.Variable("init_task").Member("comm").CString(); string(comm) != "swapper/0" || err != nil {
		t.Errorf("init_task.comm is %q, %v", comm, err)
	}
}

// shifted returns VMCOREINFO as a boot of the same kernel writes it that lies elsewhere: its symbols are the same.
func shifted(info []byte) string {
	return regexp.MustCompile(`NUMBER\(phys_base\)=-?\d+`).ReplaceAllString(string(info), "NUMBER(phys_base)=8388608")
}

// TestNoVMCOREINFO opens dumps without the note, or with one that is cut or damaged: it is found in memory, whatever else looks
// like it there. Where there is none, or more than one that could be the kernel's, that is an error.
func TestNoVMCOREINFO(t *testing.T) {
	const release = "6.12.117-godrgn"
	info := bundledMachine(t).vmcoreinfo
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	for name, test := range map[string]struct {
		change   func(d *dumped)
		warnings int
		err      []string // what it says; none if the core can be opened
	}{
		"no note":  {change: func(d *dumped) {}},
		"no notes": {change: func(d *dumped) { d.notes = nil }},
		"cut": {change: func(d *dumped) {
			d.notes = f.Note(d.notes, "VMCOREINFO", 0, info)
			d.notes = d.notes[:len(d.notes)-1000]
		}, warnings: 1},
		"damaged": {change: func(d *dumped) {
			d.notes = f.Note(d.notes, "VMCOREINFO", 0, info[:bytes.Index(info, []byte("SYMBOL(swapper_pg_dir)"))])
		}, warnings: 1},
		"a damaged number": {change: func(d *dumped) {
			d.notes = f.Note(d.notes, "VMCOREINFO", 0, regexp.MustCompile(`NUMBER\(phys_base\)=`).ReplaceAll(info, []byte("${0}x")))
		}, warnings: 1},
		"a damaged build ID": {change: func(d *dumped) {
			d.notes = f.Note(d.notes, "VMCOREINFO", 0, regexp.MustCompile(`BUILD-ID=`).ReplaceAll(info, []byte("${0}x")))
		}, warnings: 1},
		"a damaged number, and none in memory": {change: func(d *dumped) {
			d.replace("OSRELEASE=", "OSRELEASE ")
			d.notes = f.Note(d.notes, "VMCOREINFO", 0, regexp.MustCompile(`NUMBER\(phys_base\)=`).ReplaceAll(info, []byte("${0}x")))
		}, err: []string{"its VMCOREINFO note is damaged (VMCOREINFO says NUMBER(phys_base)=", "none was found in memory"}},
		"erased name of the host": {change: func(d *dumped) {
			d.replace("\x00"+release+"\x00", "X"+release+"\x00")
		}},
		"stale": {change: func(d *dumped) { d.put(t, shifted(info)) }},
		"none": {change: func(d *dumped) { d.replace("OSRELEASE=", "OSRELEASE ") },
			err: []string{"it has no VMCOREINFO note", "none was found in memory", "--vmcoreinfo"}},
		"cut, and none in memory": {change: func(d *dumped) {
			d.replace("OSRELEASE=", "OSRELEASE ")
			d.notes = f.Note(d.notes, "VMCOREINFO", 0, info)
			d.notes = d.notes[:len(d.notes)-1000]
		}, err: []string{"none was found in memory", "(notes of the core are lost: "}},
		"stale only": {change: func(d *dumped) {
			d.replace("OSRELEASE=", "OSRELEASE ")
			d.put(t, shifted(info))
		}, err: []string{"it has no VMCOREINFO note", "not this kernel's: at physical address 0x", "page tables"}},
		"two": {change: func(d *dumped) {
			d.put(t, strings.Replace(string(info), "\nPAGESIZE=", "\nNUMBER(another)=1\nPAGESIZE=", 1))
		},
			err: []string{"several", "; at physical address 0x", "KERNELOFFSET="}},
	} {
		t.Run(name, func(t *testing.T) {
			d := dump(t)
			test.change(&d)
			path := files{t, t.TempDir()}.write("vmcore", d.bytes())
			p, warnings, err := attachTo(path, attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true})
			if test.err != nil {
				said[*attach.NoVMCOREINFOError](t, err, append(test.err, path)...)
				return
			}
			if err != nil || len(warnings) != test.warnings {
				t.Fatal(err, warnings)
			}
			defer p.Close()
			swapper(t, p)
			if text, err := linux.Of(p); err != nil || !bytes.Equal(text.Info().Raw(), info) {
				t.Error("another VMCOREINFO was taken", err)
			}
		})
	}
}

// TestPageSize opens the bundled core with pages of a size that x86-64 does not have: a note of the dump that says so is damaged, and
// one that is given is refused, since every address would be taken apart in the wrong way.
func TestPageSize(t *testing.T) {
	info := bundledMachine(t).vmcoreinfo
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	for _, size := range []string{"8192", "65536", "4095", "1024", "9223372036854775808", "4k"} {
		wrong := bytes.Replace(info, []byte("\nPAGESIZE=4096\n"), []byte("\nPAGESIZE="+size+"\n"), 1)
		d := dump(t)
		d.notes = f.Note(d.notes, "VMCOREINFO", 0, wrong)
		path := files{t, t.TempDir()}.write("vmcore", d.bytes())
		o := attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true}
		p, warnings, err := attachTo(path, o)
		if err != nil || len(warnings) != 1 {
			t.Fatal(size, err, warnings)
		}
		said[error](t, warnings[0], "PAGESIZE", size, "that in memory is used")
		swapper(t, p)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		o.Prepare = func(p *drgn.Program) error {
			linux.SetVMCOREINFO(p, wrong)
			return nil
		}
		_, _, err = attachTo(path, o)
		if size == "4k" {
			said[*linux.VMCOREINFONumberError](t, err, path, `PAGESIZE="4k", which is no number`)
		} else {
			said[*linux.InvalidVMCOREINFOError](t, err, path, "invalid PAGESIZE", strconv.Quote(size))
		}
		if size == "8192" {
			said[error](t, err, "it must be 4096 on X86_64")
		}
	}
}

// TestEncryptedFromOutside opens a dump of memory as a hypervisor sees that of a guest which the processor encrypts: random bytes, and
// zeros where the guest never wrote. That of a kernel without VMCOREINFO is not taken for such.
func TestEncryptedFromOutside(t *testing.T) {
	d := dump(t)
	random := rand.NewChaCha8([32]byte{})
	for _, b := range d.blocks {
		for at := 0; at+4096 <= len(b.Data); at += 4096 {
			if page := b.Data[at : at+4096]; !bytes.Equal(page, make([]byte, 4096)) {
				if _, err := random.Read(page); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	f := files{t, t.TempDir()}
	_, _, err := attachTo(f.write("vmcore", d.bytes()), attach.Options{})
	said[*attach.NoVMCOREINFOError](t, err, "it has no VMCOREINFO note", "looks encrypted", "SEV", "TDX", "kdump")
	d = dump(t)
	d.replace("OSRELEASE=", "OSRELEASE ")
	_, _, err = attachTo(f.write("plain", d.bytes()), attach.Options{})
	if said[*attach.NoVMCOREINFOError](t, err, "none was found in memory"); err == nil || strings.Contains(err.Error(), "encrypted") {
		t.Error(err)
	}
}

// TestSearchIsCancelled cancels the search for VMCOREINFO when it tells how far it is: the program stays empty.
func TestSearchIsCancelled(t *testing.T) {
	path := files{t, t.TempDir()}.write("vmcore", dump(t).bytes())
	ctx, cancel := context.WithCancel(t.Context())
	o := attach.Options{Context: ctx, Progress: func(what string, _, _ uint64) {
		if what != "searching memory for VMCOREINFO" {
			t.Error(what)
		}
		cancel()
	}}
	p := drgn.New(arch.Platform{})
	if err := attach.SetCore(p, path, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	empty(t, p)
}

// TestWrongVMCOREINFO opens the bundled core with a VMCOREINFO that is not its kernel's: rather than wrong values that is an error.
func TestWrongVMCOREINFO(t *testing.T) {
	core := read(t, "vmcore")
	info := bundledMachine(t).vmcoreinfo
	f := files{t, t.TempDir()}
	lies := bytes.Replace(core, []byte("NUMBER(phys_base)=-43"), []byte("NUMBER(phys_base)=-44"), 1)
	given := func(p *drgn.Program) error {
		linux.SetVMCOREINFO(p, []byte(shifted(info)))
		return nil
	}
	for name, test := range map[string]struct {
		core []byte
		o    attach.Options
	}{"given": {core: core, o: attach.Options{Prepare: given}}, "note": {core: lies}} {
		_, _, err := attachTo(f.write("vmcore", test.core), test.o)
		var wrong *linux.WrongVMCOREINFOError
		if !errors.As(err, &wrong) || wrong.Release != "6.12.117-godrgn" || wrong.Address == 0 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		said[*linux.WrongVMCOREINFOError](t, err, f.dir, "not that of the kernel in this memory", "page tables")
	}
}

// TestImages opens the bundled core's memory from two files without headers. Only the architecture must be told.
func TestImages(t *testing.T) {
	d := dump(t)
	f := files{t, t.TempDir()}
	var paths []string
	for i, b := range d.blocks {
		paths = append(paths, fmt.Sprintf("%s@%#x", f.write(fmt.Sprintf("ram@%d.bin", i), b.Data), b.Address))
	}
	if len(paths) < 2 {
		t.Fatal("memory has no hole")
	}
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		t.Fatal(err)
	}
	o := attach.Options{Platform: platform, Parts: paths[:len(paths)-1], Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true}
	p, warnings, err := attachTo(paths[len(paths)-1], o)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	defer p.Close()
	swapper(t, p)
	core := f.write("core", d.bytes())
	_, _, err = attachTo(paths[0], attach.Options{Parts: paths[1:]})
	said[*drgn.ValueError](t, err, "does not say of which machine it is", "--architecture")
	for what, given := range map[string][]string{
		"without an address":                      {core + "@0x1000"},
		"no such file":                            {filepath.Join(f.dir, "none") + "@4096"},
		"is empty":                                {f.write("empty", nil) + "@0"},
		"more than there are addresses":           {f.write("small", make([]byte, 4096)) + "@0xfffffffffffff001"},
		"overlap: " + f.dir:                       {paths[1], paths[0], f.write("small", make([]byte, 4096)) + "@0x3000"},
		"they can't be opened together":           {paths[0], core},
		"not a file of a split dump, whose files": {core, paths[0]},
		"none@0x: no such file":                   {filepath.Join(f.dir, "none@0x")},
		"is not a regular file":                   {f.dir + "@0x1000"},
	} {
		o.Parts = given[1:]
		_, _, err := attachTo(given[0], o)
		said[error](t, err, what)
	}
	// A file that is really called so is what it is.
	o.Parts = nil
	if p, _, err := attachTo(f.write("core@0x1000", d.bytes()), o); err != nil {
		t.Error(err)
	} else {
		defer p.Close()
		swapper(t, p)
	}
}

// page returns the page at a physical address, nil where there is no memory.
func (d dumped) page(address uint64) []byte {
	for _, b := range d.blocks {
		if at := address - b.Address; at < uint64(len(b.Data)) {
			return b.Data[at : at+4096]
		}
	}
	return nil
}

// encrypt sets a bit in all entries of the page table at a physical address and of those below it, as a kernel does whose memory
// the processor encrypts (AMD APM volume 2, section 7.10).
func (d dumped) encrypt(table uint64, level int, bit uint64, done map[uint64]bool) {
	const present, large, addresses = 1, 1 << 7, 0x000ffffffffff000
	page := d.page(table)
	if page == nil || done[table] {
		return
	}
	done[table] = true
	for at := 0; at < len(page); at += 8 {
		entry := binary.LittleEndian.Uint64(page[at:])
		if entry&present == 0 {
			continue
		}
		binary.LittleEndian.PutUint64(page[at:], entry|bit)
		if level > 1 && (level > 3 || entry&large == 0) {
			d.encrypt(entry&addresses, level-1, bit, done)
		}
	}
}

// TestEncrypted opens the bundled core as that of a kernel whose page tables have the bit of encrypted memory set, which VMCOREINFO
// says, and does not open it where that is not said.
func TestEncrypted(t *testing.T) {
	const bit = 1 << 51
	d := dump(t)
	info := bundledMachine(t).vmcoreinfo
	parsed := linux.ParseVMCOREINFO(info)
	top, err := parsed.Symbol("swapper_pg_dir")
	if err != nil {
		t.Fatal(err)
	}
	base, err := parsed.Number("phys_base")
	if err != nil {
		t.Fatal(err)
	}
	done := map[uint64]bool{}
	d.encrypt(top-0xffffffff80000000+base, 4, bit, done)
	if len(done) < 4 {
		t.Fatal("no page tables found")
	}
	told := regexp.MustCompile(`NUMBER\(sme_mask\)=\d+\n`).ReplaceAll(info, nil)
	f := &elftest.File{Is64: true, Type: elf.ET_CORE, Machine: 62}
	o := attach.Options{Symbols: []string{filepath.Join(fixture, "vmlinux.zst")}, NoDefaultSymbols: true}
	write := func(info []byte) string {
		d.notes = f.Note(nil, "VMCOREINFO", 0, info)
		return files{t, t.TempDir()}.write("vmcore", d.bytes())
	}
	p, warnings, err := attachTo(write(fmt.Appendf(told, "NUMBER(sme_mask)=%d\n", uint64(bit))), o)
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	defer p.Close()
	swapper(t, p)
	if names(t, p) != names(t, open(t)) {
		t.Error("other tasks")
	}
	_, _, err = attachTo(write(told), o)
	said[*linux.WrongVMCOREINFOError](t, err, "lie or lead to where there is no memory")
	_, _, err = attachTo(write(fmt.Appendf(told, "NUMBER(sme_mask)=%d\n", uint64(1<<47))), o)
	said[*linux.WrongVMCOREINFOError](t, err, "encrypted (sme_mask 0x800000000000)", "not made in the machine itself")
}
