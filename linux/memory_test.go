package linux_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/linux/hugetlb"
	"github.com/godrgn/drgn/linux/kallsyms"
	"github.com/godrgn/drgn/linux/mm"
	"github.com/godrgn/drgn/linux/mmzone"
)

// constant makes a constant of type unsigned long.
func (w *world) constant(name string, value uint64) {
	w.objects[name] = w.ScalarValue(w.typ("unsigned long"), value)
}

// vmcoreinfo makes what a kernel tells of itself.
func (w *world) vmcoreinfo(lines ...string) {
	text := strings.Join(lines, "\n") + "\n"
	w.text(w.variable("VMCOREINFO", fmt.Sprintf("char [%d]", len(text)+1)), text)
}

// pages makes the layout of a kernel with pages of 4 KiB that are described in 64 bytes.
func (w *world) pages() {
	w.structure("struct page", "unsigned long [8]: words")
	w.constant("PAGE_SHIFT", 12)
	w.constant("PAGE_OFFSET", 0xffff888000000000)
	w.constant("high_memory", 0xffff888100000000)
	w.constant("vmemmap", 0xffffea0000000000)
}

// sectioned makes a kernel with four roots of sections of 128 MiB.
func sectioned(t *testing.T) *world {
	w := newWorld(t)
	w.pages()
	w.structure("struct mem_section", "unsigned long: section_mem_map", "unsigned long: usage")
	w.vmcoreinfo("OSRELEASE=5.10.0", "LENGTH(mem_section)=4", "NUMBER(SECTION_SIZE_BITS)=27")
	return w
}

func TestSectionRoots(t *testing.T) {
	w := sectioned(t)
	roots, root := w.alloc("unsigned long [4]"), w.alloc("struct mem_section [256]")
	w.put(w.variable("mem_section", "struct mem_section **"), roots)
	w.put(roots+8, root)
	const coded = 0xffffea0000000000
	present := map[uint64]uint64{256: root, 258: root + 32}
	for _, at := range present {
		w.put(at, coded|0xf)
	}
	check := func() {
		t.Helper()
		found := all(t, mmzone.ForEachPresent(w.Program))
		if len(found) != 2 || found[0].Number != 256 || found[1].Number != 258 {
			t.Errorf("sections %v", found)
		}
	}
	check()
	w.put(w.variable("__highest_present_section_nr", "unsigned long"), 1<<63)
	check()
	for nr := range uint64(2000) {
		want := uint64(0)
		if nr/256 == 1 {
			want = root + 16*(nr-256)
		}
		if got, err := mmzone.Section(w.Program, nr).Uint(); err != nil || got != want {
			t.Fatalf("section %d: %#x, %v; want %#x", nr, got, err, want)
		}
		if got, err := mmzone.IsPresentNumber(w.Program, nr); err != nil || got != (present[nr] != 0) {
			t.Fatalf("section %d is present: %v, %v", nr, got, err)
		}
	}
	s := w.pointer("struct mem_section", root)
	if got, err := mmzone.DecodeMemMap(s, 256).Uint(); err != nil || got != coded+64*(256<<15) {
		t.Errorf("first page %#x, %v", got, err)
	}
	w.put(root, coded|0x13)
	if got, err := mmzone.DecodeFlags(s); err != nil || got != "SECTION_MARKED_PRESENT|SECTION_HAS_MEM_MAP|SECTION_TAINT_ZONE_DEVICE" {
		t.Errorf("flags %q, %v", got, err)
	}
}

// TestStaticSections looks at sections in an array (without CONFIG_SPARSEMEM_EXTREME).
func TestStaticSections(t *testing.T) {
	w := sectioned(t)
	sections := w.variable("mem_section", "struct mem_section [4][1]")
	w.put(sections+32, 0xffffea0000000003)
	found := all(t, mmzone.ForEachPresent(w.Program))
	if len(found) != 1 || found[0].Number != 2 {
		t.Errorf("sections %v", found)
	}
	for nr, want := range []uint64{sections, sections + 16, sections + 32, sections + 48, 0} {
		if got, err := mmzone.Section(w.Program, uint64(nr)).Uint(); err != nil || got != want {
			t.Errorf("section %d: %#x, %v; want %#x", nr, got, err, want)
		}
	}
}

func TestNoSections(t *testing.T) {
	w := newWorld(t)
	w.pages()
	w.vmcoreinfo("OSRELEASE=6.12.0")
	if err := mmzone.Section(w.Program, 0).Err(); err == nil || !strings.Contains(err.Error(), "SECTION_SIZE_BITS") {
		t.Errorf("section of a kernel without: %v", err)
	}
}

func TestHugePageSizes(t *testing.T) {
	w := newWorld(t)
	w.pages()
	w.structure("struct hstate", "unsigned int: order", "unsigned long: nr_huge_pages", "unsigned long: free_huge_pages")
	sizes, states := w.variable("hugetlb_max_hstate", "int"), w.variable("hstates", "struct hstate [2]")
	w.set("int", sizes, "", 2)
	for i, s := range []struct{ order, pages, free uint64 }{{18, 1, 0}, {9, 10, 3}} {
		at := states + 24*uint64(i)
		w.set("struct hstate", at, "order", s.order)
		w.set("struct hstate", at, "nr_huge_pages", s.pages)
		w.set("struct hstate", at, "free_huge_pages", s.free)
	}
	var got []uint64
	for _, s := range all(t, hugetlb.ForEachState(w.Program)) {
		got = append(got, must[uint64](t)(hugetlb.PageSize(s).Uint()))
	}
	if !slices.Equal(got, []uint64{1 << 30, 2 << 20}) {
		t.Errorf("sizes %v", got)
	}
	want := mm.PageUsage{Pages: 1<<18 + 10<<9, FreePages: 3 << 9}
	if got, err := hugetlb.TotalUsage(w.Program); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if got, err := hugetlb.TotalPages(w.Program); err != nil || got != want.Pages {
		t.Errorf("%d pages, %v", got, err)
	}
	w.set("int", sizes, "", 3)
	if got, err := hugetlb.TotalUsage(w.Program); err == nil {
		t.Errorf("%+v of a corrupt kernel", got)
	}
}

func TestCorruptKallsyms(t *testing.T) {
	// A table of one symbol, "Tx", each of whose bytes stands for itself.
	tables := func(t *testing.T) (w *world, count, names, relative uint64) {
		w = newWorld(t)
		count, names, relative = w.alloc("int"), w.alloc("char [4096]"), w.alloc("unsigned long")
		table, index, offsets := w.alloc("char [512]"), w.alloc("unsigned short [256]"), w.alloc("int [4]")
		for i := range uint64(256) {
			w.set("char", table+2*i, "", i)
			w.set("unsigned short", index+2*i, "", 2*i)
		}
		w.set("int", count, "", 1)
		w.text(names, "\x02Tx")
		w.put(relative, 0xffffffff81000000)
		w.set("int", offsets, "", 0x10)
		w.vmcoreinfo(fmt.Sprintf("SYMBOL(kallsyms_num_syms)=%x", count), fmt.Sprintf("SYMBOL(kallsyms_names)=%x", names),
			fmt.Sprintf("SYMBOL(kallsyms_token_table)=%x", table), fmt.Sprintf("SYMBOL(kallsyms_token_index)=%x", index),
			fmt.Sprintf("SYMBOL(kallsyms_offsets)=%x", offsets), fmt.Sprintf("SYMBOL(kallsyms_relative_base)=%x", relative), "SYMBOL(_stext)=ffffffff81000000")
		return w, count, names, relative
	}
	t.Run("good", func(t *testing.T) {
		w, _, _, _ := tables(t)
		want := []drgn.Symbol{{Name: "x", Address: 0xffffffff81000010, Binding: drgn.BindGlobal, Kind: drgn.SymbolFunc}}
		if got, err := kallsyms.Vmlinux(w.Program); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	})
	t.Run("relative to their place", func(t *testing.T) { // as in v7.2
		w, _, _, _ := tables(t)
		p := w.Program
		var offsets uint64
		info, err := p.Object("VMCOREINFO").Bytes()
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(info)) {
			if _, err := fmt.Sscanf(line, "SYMBOL(kallsyms_offsets)=%x", &offsets); err == nil || !strings.Contains(line, "relative_base") {
				lines = append(lines, strings.TrimSuffix(line, "\n"))
			}
		}
		w.vmcoreinfo(lines...)
		w.set("int", offsets, "", 0xffffffff81000010-offsets)
		got, err := kallsyms.Vmlinux(p)
		if err != nil || len(got) != 1 || got[0].Address != offsets+uint64(int64(int32(0xffffffff81000010-offsets))) {
			t.Errorf("%+v, %v", got, err)
		}
	})
	for what, spoil := range map[string]func(w *world, count, names, relative uint64){
		"many symbols":  func(w *world, count, _, _ uint64) { w.set("int", count, "", 1<<30) },
		"no names":      func(w *world, _, names, _ uint64) { w.set("int", names, "", 0) },
		"another place": func(w *world, _, names, _ uint64) { w.text(names, "\x07T_stext") },
		"no tables":     func(w *world, _, _, _ uint64) { w.vmcoreinfo("OSRELEASE=5.10.0") },
		"no numbers":    func(w *world, _, _, _ uint64) { w.vmcoreinfo("SYMBOL(kallsyms_num_syms)=here") },
		"no memory":     func(w *world, _, _, _ uint64) { w.vmcoreinfo("SYMBOL(kallsyms_num_syms)=8") },
	} {
		t.Run(what, func(t *testing.T) {
			w, count, names, relative := tables(t)
			spoil(w, count, names, relative)
			if got, err := kallsyms.Vmlinux(w.Program); err == nil {
				t.Errorf("%+v", got)
			} else {
				t.Log(err)
			}
		})
	}
}
