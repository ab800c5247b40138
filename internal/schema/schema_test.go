// Package schema holds the helpers' idea of the kernel against the types of kernels as they are: what their BTF says. It
// has tests only.
//
// Each helper is run, for each kernel, on objects of the kernel's own types in memory that is made up: numbers, null
// pointers and pointers to more of it. What a helper looks for in vain, a member or a type, is a difference between the
// code and the kernel. Fallbacks for other versions are thereby taken in the direction that the kernel has them. Those
// differences that are known are in missing.txt, with reasons.
package schema

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/helper/registry"
	"github.com/godrgn/drgn/internal/coretest"
	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// kernels are those of testdata/btf.
var kernels = []string{"5.10", "6.1", "6.12", "7.2", "7.3"}

// seeds are how many memories each helper is run in; those that look at much of memory are run in fewer.
const seeds, slowSeeds = 24, 2

// lines reads a file of lines with fields that tabs separate, without those that are empty or comments.
func lines(t testing.TB, name string) (all [][]string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if line := s.Text(); line != "" && line[0] != '#' {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// A kernel is a program with the types of a kernel.
type kernel struct {
	*drgn.Program
	types debugdata.Info
	seed  uint64
}

// heap is where the made-up memory has its pointers point to: within the direct map.
const heap = 0xffff888000000000

// mix scatters the bits of a number (splitmix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// word is what lies at an address that 8 divides.
func (k *kernel) word(at uint64) uint64 {
	h := mix(at ^ mix(k.seed))
	switch h % 8 {
	case 0, 1:
		return 0
	case 2:
		return h >> 32 & 3
	}
	return heap | h>>32&0x3ffff<<6
}

func (k *kernel) read(buf []byte, address, _ uint64, _ bool) error {
	var b [8]byte
	for len(buf) > 0 {
		binary.LittleEndian.PutUint64(b[:], k.word(address&^7))
		n := copy(buf, b[address&7:])
		buf, address = buf[n:], address+uint64(n)
	}
	return nil
}

func newKernel(t testing.TB, variables map[string]string, seed uint64, data []byte) *kernel {
	t.Helper()
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		t.Fatal(err)
	}
	k := &kernel{Program: drgn.New(platform), seed: seed}
	k.types = newBTF(t, data, k.Types())
	if err := k.Memory().Add(mem.Segment{Min: 4096, Max: ^uint64(0), Read: k.read}); err != nil {
		t.Fatal(err)
	}
	if err := k.Setup(drgn.Setup{Platform: platform, Personality: personality{}}); err != nil {
		t.Fatal(err)
	}
	if err := k.RegisterTypeFinder("btf", func(_ *drgn.Program, kinds types.KindSet, name, _ string) (*types.Type, error) {
		return k.types.FindType(kinds, name, "")
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	if err := k.RegisterObjectFinder("btf", func(_ *drgn.Program, name string, flags drgn.FindObjectFlags, _ string) (drgn.Object, error) {
		return k.object(name, flags, variables)
	}, drgn.EnableFirst); err != nil {
		t.Fatal(err)
	}
	return k
}

// layout is where the made-up kernel has its memory.
var layout = map[string]uint64{"PAGE_SHIFT": 12, "PAGE_SIZE": 4096, "PAGE_OFFSET": heap, "THREAD_SIZE": 16384,
	"vmemmap": heap + 1<<40, "high_memory": heap + 1<<36, "max_pfn": 64, "nr_cpu_ids": 2, "nr_node_ids": 1, "nr_irqs": 64,
	"__highest_present_section_nr": 4, "nr_swapfiles": 2, "hugetlb_max_hstate": 1}

// object gives a constant, which BTF has if it is an enumerator, or a variable: BTF has per-CPU ones; the types of others
// are in variables.txt.
func (k *kernel) object(name string, flags drgn.FindObjectFlags, variables map[string]string) (drgn.Object, error) {
	if value, ok := layout[name]; ok {
		typ, err := k.Type("unsigned long")
		if err != nil {
			return drgn.Object{}, err
		}
		return k.ScalarValue(typ, value), nil
	}
	if flags&drgn.FindConstant != 0 {
		if e, ok, err := k.types.FindEntity(debugdata.Constant, name, "", nil); ok || err != nil {
			return k.ScalarValue(e.Type, e.Number), err
		}
	}
	if flags&drgn.FindVariable == 0 {
		return drgn.Object{}, drgn.ErrNotFound
	}
	at := heap | mix(uint64(len(name))^uint64(name[0])<<8^uint64(name[len(name)-1])<<16)>>32&0x3ffff<<6
	if e, ok, err := k.types.FindEntity(debugdata.Variable, name, "", nil); ok || err != nil {
		return k.ObjectAt(e.Type, at), err
	}
	typeName, ok := variables[name]
	if !ok {
		return drgn.Object{}, drgn.ErrNotFound
	}
	typ, err := k.Type(typeName)
	if err != nil {
		return drgn.Object{}, drgn.ErrNotFound // a variable of 6.12 that this kernel has in another form
	}
	return k.ObjectAt(typ, at), nil
}

// A personality is that of a kernel whose page tables map what is in the direct map.
type personality struct{ drgn.Personality }

func (personality) Translate(_, address uint64) (uint64, error) { return address &^ heap, nil }

func (personality) ImageToPhysical(uint64) (uint64, bool) { return 0, false }

func (personality) CrashedThread(*drgn.Program) (*drgn.Thread, error) {
	return nil, &drgn.ThreadNotFoundError{Role: "crashed"}
}

// described finds what a helper's documentation says of a parameter: "task is a struct task_struct *".
var described = regexp.MustCompile(`(?m)\b(\w+) is an? (?:type )?((?:struct|union|enum) \w+|unsigned long|void|\w+_t|gate_desc)( \*)?`)

// undescribed are the types of parameters whose helpers say them elsewhere than in their own documentation, or in other
// words, by the names of parameter, or of helper and parameter.
var undescribed = map[string]string{
	"head": "struct list_head *", "list_next_entry.pos": "struct list_head *", "list_prev_entry.pos": "struct list_head *",
	"llist_next_entry.pos": "struct llist_node *", "pos": "struct cgroup_subsys_state *", "entry": "void *",
	"radix_tree_for_each.root": "struct xarray *", "print_mounts.ns": "struct mnt_namespace *", "idr": "struct idr *",
	"parent": "struct cgroup_subsys_state *", "root": "struct cgroup_subsys_state *", "dev": "struct net_device *", "d_path.arg1": "struct path *",
	"ptr": "int *", "var": "struct rq", "kn": "struct kernfs_node *", "op": "enum req_op",
}

// argument returns an object for a parameter of a helper.
func (k *kernel) argument(f *call.Func, name string) (drgn.Object, error) {
	typeName := ""
	for _, m := range described.FindAllStringSubmatch(f.Doc, -1) {
		if m[1] == name || m[1] == strings.TrimSuffix(name, "_") {
			typeName = m[2] + m[3]
			break
		}
	}
	if typeName == "" {
		typeName = undescribed[f.Name+"."+name]
	}
	if typeName == "" {
		typeName = undescribed[name]
	}
	if typeName == "" {
		return drgn.Object{}, fmt.Errorf("the documentation of %s does not say what %q is", f.Name, name)
	}
	typ, err := k.Type(typeName)
	if err != nil {
		return drgn.Object{}, nil // the kernel has no such thing
	}
	at := heap | mix(k.seed+uint64(len(f.Name)))>>32&0x3ffff<<6
	switch typ.UnderlyingKind() {
	case types.Pointer, types.Int, types.Enum:
		return k.ScalarValue(typ, at), nil
	}
	return k.ObjectAt(typ, at), nil
}

// run runs a helper, and returns the first error of it or of its first elements; ok is false if this kernel has no
// arguments for it.
func (k *kernel) run(f *call.Func) (err error, ok bool, problem error) {
	var c call.Call
	for i, q := range f.Params {
		switch {
		case q.Default != "" && q.Default != "~":
		case q.Kind == call.KindProgram, q.Kind == call.KindScope && k.seed%2 == 0:
			c.SetProgram(i, k.Program)
		case q.Kind == call.KindObject, q.Kind == call.KindThread, q.Kind == call.KindScope:
			o, err := k.argument(f, q.Name)
			if err != nil {
				return nil, false, err
			}
			if o.Prog() == nil {
				return nil, false, nil
			}
			c.SetObject(i, o)
		case q.Kind == call.KindType:
			c.SetText(i, "struct list_head")
		case q.Kind == call.KindUint, q.Kind == call.KindWord, q.Kind == call.KindLiteral, q.Kind == call.KindInt:
			c.SetUint(i, []uint64{0, 1, heap + 64, 2}[k.seed%4])
		case q.Kind == call.KindBool:
			c.SetUint(i, k.seed&1)
		default:
			c.SetText(i, "next")
		}
	}
	if err := f.Do(&c); err != nil {
		return err, true, nil
	}
	v := c.Result()
	if v.Tag() != call.TagIter {
		return nil, true, nil
	}
	it := v.Iter()
	defer it.Close()
	_, err = it.Fill(make([]call.Value, 50))
	return err, true, nil
}

// vain returns what an error says was looked for in vain, or "".
func vain(err error) string {
	var member *types.MemberError
	var object *drgn.ObjectNotFoundError
	var typ *drgn.TypeNotFoundError
	switch {
	case errors.As(err, &member):
		return strings.TrimSuffix(member.Type.String(), " *") + "." + member.Name
	case errors.As(err, &typ):
		return typ.Name
	case errors.As(err, &object) && object.Kind == "constant":
		return object.Name
	}
	return ""
}

func TestSchema(t *testing.T) {
	variables := map[string]string{}
	for _, fields := range lines(t, "variables.txt") {
		variables[fields[0]] = fields[1]
	}
	known := map[string]bool{} // by "kernel thing": was it missed?
	for _, fields := range lines(t, "missing.txt") {
		if len(fields) != 3 {
			t.Errorf("missing.txt: %q: want kernel, what is missing, reason", fields)
			continue
		}
		known[fields[0]+" "+fields[1]] = false
	}
	for _, version := range kernels {
		got := map[string]map[string]bool{}
		ran, problems := map[string]bool{}, map[string]bool{}
		data := coretest.KernelBTF(t, version)
		for seed := range uint64(seeds) {
			k := newKernel(t, variables, seed, data)
			for _, m := range registry.Modules {
				for i := range m.Funcs {
					f := &m.Funcs[i]
					// A table of symbols is as large as memory says.
					if (f.Slow || f.Name == "module_kallsyms") && seed >= slowSeeds {
						continue
					}
					err, ok, problem := k.run(f)
					if problem != nil {
						problems[problem.Error()] = true
					}
					if ok {
						ran[f.Name] = true
					}
					if what := vain(err); what != "" {
						if got[what] == nil {
							got[what] = map[string]bool{}
						}
						got[what][f.Name] = true
					}
				}
			}
		}
		if len(ran) < 400 {
			t.Errorf("%s: only %d helpers ran", version, len(ran))
		}
		for what := range problems {
			t.Error(what)
		}
		for _, what := range slices.Sorted(maps.Keys(got)) {
			key := version + " " + what
			if _, ok := known[key]; !ok {
				t.Errorf("%s has no %s, which is looked for by %s", version, what, strings.Join(slices.Sorted(maps.Keys(got[what])), ", "))
			}
			known[key] = true
		}
	}
	for key, missed := range known {
		if !missed {
			t.Errorf("missing.txt lists %s, which nobody misses any more: remove it", key)
		}
	}
}
