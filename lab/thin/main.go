// The thin program writes a small copy of a kernel's core dump: an ELF file of those pages that are read while it walks over the
// kernel as the tests of the bundled cores do. Its arguments are the dump and the file to write.
//
//	go run ./lab cores -series 6.12-arm64 -memory 384 -threads 24
//	go run ./lab/thin CORES/vmcore.elf vmcore && xz -9e vmcore
//
// Of a process's core it keeps what is read for the stacks of its threads and for the variables that the other arguments name, in all
// frames; the files of its modules are those of their names in a directory.
//
//	go run ./lab/thin -files DIRECTORY core small own shared
package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/cpumask"
	"github.com/godrgn/drgn/linux/fs"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/module"
	"github.com/godrgn/drgn/linux/percpu"
	"github.com/godrgn/drgn/linux/pid"
	"github.com/godrgn/drgn/linux/printk"
	"github.com/godrgn/drgn/linux/sched"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/target"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "thin:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("thin", flag.ContinueOnError)
	files := flags.String("files", "", "of a process, the `directory` of the files of its modules")
	kthreads := flags.Uint64("kthreads", 1, "of the kernel's own threads, read the stack of every `n`th only")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if args = flags.Args(); len(args) < 2 || *kthreads == 0 {
		return errors.New("name the dump and the file to write")
	}
	core, err := target.Open(args[0])
	if err != nil {
		return err
	}
	defer core.Close() // was only read
	r := &recorder{space: mem.NewSpace(), physical: true, pages: map[uint64]bool{}}
	defer r.space.Close()
	if !core.Kernel {
		r.physical = false
		if err := r.space.Add(core.Virtual...); err != nil {
			return err
		}
		if err := readProcess(r, core, *files, args[2:]); err != nil {
			return err
		}
		return r.write(args[1], core)
	}
	if err := r.space.Add(core.Physical...); err != nil {
		return err
	}
	m := linux.Memory{Platform: core.Platform, VMCOREINFO: core.VMCOREINFO, Path: args[0],
		Notes: linux.Notes{Hypervisor: slices.ContainsFunc(core.Notes, func(n target.Note) bool { return n.Name == "QEMU" }), Order: core.ByteOrder()}}
	if m.VMCOREINFO == nil {
		if m.VMCOREINFO, err = r.findVMCOREINFO(); err != nil {
			return err
		}
	}
	for _, s := range core.Physical {
		m.Physical = append(m.Physical, mem.Segment{Min: s.Min, Max: s.Max, Physical: true, Read: r.read})
	}
	for desc := range core.Descs("CORE", target.NT_PRSTATUS) {
		m.PrStatus = append(m.PrStatus, desc)
	}
	p := drgn.New(arch.Platform{})
	defer p.Close() // was only read
	p.SetCacheDir("-")
	if _, err := linux.Setup(p, m); err != nil {
		return err
	}
	if err := p.LoadDebugInfo(context.Background(), drgn.LoadDebugInfo{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := walk(p, *kthreads); err != nil {
		return err
	}
	return r.write(args[1], core)
}

// closely is the greatest PID of tasks of which more is read than their name and state; so is of every 50th.
const closely = 400

// walk reads what the tests of the bundled cores do; of the kernel's own threads, closely only those whose PID kthreads divides.
func walk(p *drgn.Program, kthreads uint64) error {
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	for task, err := range pid.ForEachTask(p, true) {
		if err != nil {
			return err
		}
		number, err := task.Member("pid").Uint()
		note(err)
		_, err = sched.TaskStateChar(task)
		note(err)
		own, err := task.Member("mm").IsNull()
		note(err)
		if number > closely && number%50 != 0 || own && number%kthreads != 0 {
			continue
		}
		if trace, err := p.StackTraceOf(task); err == nil {
			_ = trace.String()
		}
		proxy := task.Member("nsproxy").Read()
		_, err = proxy.IsNull()
		note(err)
		for vma, err := range mm.ForEachVMA(task.Member("mm").Read()) {
			if err != nil { // a thread of the kernel has none
				break
			}
			_, err := vma.Member("vm_start").Uint()
			note(err)
		}
		for file, err := range fs.ForEachFile(task) {
			if err != nil {
				break
			}
			path := file.File.Member("f_path").AddressOf()
			_, err := fs.DPath(path, nil)
			note(err)
		}
	}
	_, err := printk.Dmesg(p, true)
	note(err)
	for mod, err := range module.ForEach(p) {
		if err != nil {
			return err
		}
		_, err := mod.Member("name").CString()
		note(err)
	}
	for mount, err := range fs.ForEachMount(p, fs.MountFilter{}) {
		if err != nil {
			return err
		}
		_, err := fs.MountPoint(mount)
		note(err)
	}
	for cpu, err := range cpumask.ForEachPossibleCPU(p) {
		if err != nil {
			return err
		}
		_, err := percpu.PerCPU(p.Variable("runqueues"), cpu).Format(c.DefaultFormat)
		note(err)
	}
	for cache, err := range slab.ForEachCache(p) {
		if err != nil {
			return err
		}
		_, err := cache.Member("name").CString()
		note(err)
	}
	for area, err := range mm.ForEachVmapArea(p) {
		if err != nil {
			return err
		}
		_, err := area.Member("va_start").Uint()
		note(err)
	}
	first, err := p.Variable("init_task").AddressOf().Uint()
	note(err)
	physical, err := mm.VirtToPhys(p, first).Uint()
	note(err)
	alias, err := mm.PhysToVirt(p, physical).Uint()
	note(err)
	_, err = p.Read(alias, 8, false)
	note(err)
	_, err = p.AllSymbols()
	note(err)
	return errors.Join(errs...)
}

// A recorder takes down which pages are read.
type recorder struct {
	space    *mem.Space
	physical bool
	mu       sync.Mutex
	pages    map[uint64]bool // by number
}

// findVMCOREINFO returns the kernel's description of itself, which lies in memory only, and takes it down.
func (r *recorder) findVMCOREINFO() ([]byte, error) {
	found, err := target.FindVMCOREINFO(context.Background(), r.space, nil)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d texts in memory may be VMCOREINFO", len(found))
	}
	return found[0].Text, r.read(make([]byte, len(found[0].Text)), found[0].Address, 0, true)
}

// pageSize is that of the parts in which memory is kept.
const pageSize = 4096

func (r *recorder) read(buf []byte, address, _ uint64, _ bool) error {
	r.mu.Lock()
	for page := address / pageSize; page <= (address+uint64(len(buf))-1)/pageSize; page++ {
		r.pages[page] = true
	}
	r.mu.Unlock()
	return r.space.Read(buf, address, r.physical)
}

// write writes the pages that have been read, and the notes of the dump.
func (r *recorder) write(to string, core *target.Core) error {
	var notes bytes.Buffer
	order, data := binary.ByteOrder(binary.LittleEndian), elf.ELFDATA2LSB
	if core.Big {
		order, data = binary.BigEndian, elf.ELFDATA2MSB
	}
	for _, n := range core.Notes {
		name := append([]byte(n.Name), 0)
		for _, v := range []any{uint32(len(name)), uint32(len(n.Desc)), n.Type, padded(name), padded(n.Desc)} {
			if err := binary.Write(&notes, order, v); err != nil {
				return err
			}
		}
	}
	pages := slices.Sorted(maps.Keys(r.pages))
	var memory bytes.Buffer
	programs := []elf.Prog64{{Type: uint32(elf.PT_NOTE), Filesz: uint64(notes.Len()), Memsz: uint64(notes.Len())}}
	for i, page := range pages {
		if i == 0 || page != pages[i-1]+1 {
			programs = append(programs, elf.Prog64{Type: uint32(elf.PT_LOAD), Off: uint64(memory.Len()), Paddr: page * pageSize, Vaddr: page * pageSize})
		}
		last := &programs[len(programs)-1]
		last.Filesz, last.Memsz = last.Filesz+pageSize, last.Memsz+pageSize
		b := make([]byte, pageSize)
		if err := r.space.Read(b, page*pageSize, r.physical); err != nil {
			return err
		}
		memory.Write(b)
	}
	if len(programs) >= 0xffff {
		return fmt.Errorf("%d runs of pages are too many for the header", len(programs))
	}
	headerSize, programSize, class := uint64(64), uint64(56), elf.ELFCLASS64
	if !core.Is64 {
		headerSize, programSize, class = 52, 32, elf.ELFCLASS32
	}
	start := headerSize + programSize*uint64(len(programs))
	programs[0].Off = start
	for i := range programs[1:] {
		programs[1+i].Off += start + uint64(notes.Len())
	}
	header := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(class), byte(data), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_CORE), Machine: core.Platform.Arch.Machines[0], Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Ehsize: uint16(headerSize), Phentsize: uint16(programSize), Phnum: uint16(len(programs)),
	}
	headers := []any{header, programs}
	if !core.Is64 {
		headers = narrow(header, programs)
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	defer file.Close()
	for _, v := range append(headers, notes.Bytes(), memory.Bytes()) {
		if err := binary.Write(file, order, v); err != nil {
			return err
		}
	}
	fmt.Printf("%d pages in %d runs, %d bytes\n", len(pages), len(programs)-1, memory.Len())
	return file.Close()
}

// padded returns bytes with zeros up to a word of 4 bytes.
func padded(b []byte) []byte { return append(slices.Clone(b), make([]byte, -len(b)&3)...) }
