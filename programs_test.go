package drgn_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/types"
)

// openProgram makes a program of an executable file as it would lie in memory when it begins to run.
func openProgram(t testing.TB, path string) *drgn.Program {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	p := drgn.New(arch.PlatformOf(f.Machine, f.Data[4], f.Data[5]))
	for i := range f.Segments {
		s := &f.Segments[i]
		if s.Type != elf.PT_LOAD {
			continue
		}
		data, err := f.SegmentData(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Memory().Add(mem.BytesSegment(s.Vaddr, append(bytes.Clone(data), make([]byte, s.Memsz-s.Filesz)...), false)); err != nil {
			t.Fatal(err)
		}
	}
	m, _, err := p.AddModule(drgn.ModuleSpec{Kind: drgn.MainModule, Name: path})
	if err != nil {
		t.Fatal(err)
	}
	p.SetCacheDir("-")
	if err := m.TryFile(path); err != nil {
		t.Fatal(err)
	}
	if m.DebugFile().Status == drgn.WantSupplementary {
		if err := m.TryFile(path + ".shared"); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// What godrgn says of the variables of compiled programs is what gdb says of them: see testdata/programs/dump.py.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/programs/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file, ".txt")
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p := openProgram(t, name)
			for line := range strings.Lines(string(text)) {
				said := parseSaid(t, strings.TrimSuffix(line, "\n"))
				if strings.HasPrefix(said.path, "variable<") {
					continue // debugging information has only the name of the template
				}
				root, way, err := said.find(p)
				if err != nil {
					t.Errorf("%s: %v", said.path, err)
					continue
				}
				if err := said.check(root, walkPath(root, way)); err != nil {
					t.Errorf("%s: %v", said.path, err)
				}
				if said.what == "absent" || said.what == "unknown" || strings.HasPrefix(way, ".items") {
					continue // the value of a structure ends before its flexible array
				}
				// The same of the variable's value, which has no address.
				root = root.Read()
				if err := said.checkValue(walkPath(root, way)); err != nil {
					t.Errorf("value of %s: %v", said.path, err)
				}
			}
		})
	}
}

// plain prints the value alone.
var plain = c.Format{Columns: -1, IntegerBase: 10}

// A said line is what gdb says of a variable or a part of one.
type said struct {
	what, path, typ  string
	size             uint64
	offset, bitField uint64 // in bits
	value            string
}

func parseSaid(t *testing.T, line string) said {
	t.Helper()
	f := strings.Split(line, "\t")
	if len(f) != 7 {
		t.Fatalf("line %q", line)
	}
	s := said{what: f[0], path: f[1], typ: f[2], value: f[6]}
	for i, to := range map[int]*uint64{3: &s.size, 4: &s.offset, 5: &s.bitField} {
		var err error
		if *to, err = strconv.ParseUint(f[i], 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// find returns the variable and the way to the part of it.
func (s said) find(p *drgn.Program) (root drgn.Object, way string, err error) {
	name := s.path
	if i := strings.IndexAny(name, ".["); i >= 0 {
		name, way = name[:i], name[i:]
	}
	root = p.Variable(name)
	return root, way, root.Err()
}

// walkPath goes from a variable to a part of it: ".member[2].other".
func walkPath(o drgn.Object, way string) drgn.Object {
	for _, part := range strings.FieldsFunc(strings.ReplaceAll(way, "[", ".["), func(r rune) bool { return r == '.' || r == ']' }) {
		if index, ok := strings.CutPrefix(part, "["); ok {
			i, err := strconv.ParseInt(index, 10, 64)
			if err != nil {
				return drgn.Failed(err)
			}
			o = o.Index(i)
		} else {
			o = o.Member(part)
		}
	}
	return o
}

// check holds an object in memory against what was said.
func (s said) check(root, o drgn.Object) error {
	if err := o.Err(); err != nil {
		return err
	}
	if _, absent := o.Absent(); absent != (s.what == "absent") {
		return fmt.Errorf("absent: %t", absent)
	}
	if got, want := typeName(o.Type()), gdbName(s.typ); got != want {
		return fmt.Errorf("type %q, want %q", got, want)
	}
	if s.what == "absent" || s.what == "unknown" {
		return nil
	}
	if size, err := o.Type().Size(); err != nil && s.value != "unknown" || size != s.size {
		return fmt.Errorf("size %d, %v; want %d", size, err, s.size)
	}
	start, ok1 := root.Address()
	at, ok2 := o.Address()
	if ok1 && ok2 {
		if offset := (at-start)*8 + uint64(o.BitOffset()); offset != s.offset {
			return fmt.Errorf("offset %d, want %d", offset, s.offset)
		}
	} else if !root.IsValue() {
		return fmt.Errorf("address %t, that of the variable %t", ok2, ok1)
	}
	if o.BitFieldSize() != s.bitField {
		return fmt.Errorf("bit-field of %d, want %d", o.BitFieldSize(), s.bitField)
	}
	return s.checkValue(o)
}

// checkValue holds what an object contains against what was said.
func (s said) checkValue(o drgn.Object) error {
	if err := o.Err(); err != nil {
		return err
	}
	kind := o.Type().UnderlyingKind()
	var got string
	switch s.what {
	case "struct", "union":
		if !kind.IsCompound() || (kind == types.Union) != (s.what == "union") {
			return fmt.Errorf("%s, want a %s", kind, s.what)
		}
		return nil
	case "array":
		if kind != types.Array {
			return fmt.Errorf("%s, want an array", kind)
		}
		n, known := o.Type().Underlying().Length()
		if got = strconv.FormatUint(n, 10); !known {
			got = "unknown"
		}
	case "text":
		b, err := o.CString()
		if err != nil {
			return err
		}
		got = hex.EncodeToString(b)
	case "int", "bool":
		if (kind == types.Bool) != (s.what == "bool") {
			return fmt.Errorf("%s, want %s", kind, s.what)
		}
		n, err := o.BigInt()
		if err != nil {
			return err
		}
		got = n.String()
		printed, err := o.Format(plain)
		if err != nil || printed != got {
			return fmt.Errorf("printed as %s, %v; want %s", printed, err, got)
		}
		if s.size <= 8 {
			if err := sameInteger(o, n); err != nil {
				return err
			}
		}
	case "enum":
		n, err := o.BigInt()
		if err != nil {
			return err
		}
		got = n.String()
		enumerators, err := o.Type().Underlying().Enumerators()
		if err != nil {
			return err
		}
		for _, e := range enumerators {
			if e.Value == new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64() {
				got += " " + e.Name
				break
			}
		}
		// Some say it by its name, some by its number and type.
		printed, err := o.Format(plain)
		number, name, named := strings.Cut(got, " ")
		if err != nil || named && printed != name || !named && printed != number {
			return fmt.Errorf("printed as %s, %v; want %s", printed, err, got)
		}
	case "float":
		if kind != types.Float {
			return fmt.Errorf("%s, want a float", kind)
		}
		return s.checkFloat(o)
	case "decimal":
		if kind != types.Float {
			return fmt.Errorf("%s, want a float", kind)
		}
		want := types.DecimalFloat64(s.value)
		if x, err := o.Float(); err != nil || x != want && !(math.IsNaN(x) && math.IsNaN(want)) {
			return fmt.Errorf("%v, %v, want %v", x, err, want)
		}
		var err error
		if got, err = o.Format(plain); err != nil {
			return err
		}
	case "pointer":
		n, err := o.Uint()
		if err != nil {
			return err
		}
		got = strconv.FormatUint(n, 10)
		if sym, err := o.Prog().SymbolAt(n); err == nil {
			got += " " + sym.Name
			if n > sym.Address {
				got += fmt.Sprintf("+%d", n-sym.Address)
			}
		}
	default:
		return fmt.Errorf("%s is nothing that is known", s.what)
	}
	if got != s.value {
		return fmt.Errorf("%s, want %s", got, s.value)
	}
	return nil
}

// sameInteger checks that an integer is the same however it is asked for.
func sameInteger(o drgn.Object, n *big.Int) error {
	signed, err := o.Int()
	if err != nil {
		return err
	}
	unsigned, err := o.Uint()
	if err != nil {
		return err
	}
	if unsigned != uint64(signed) || unsigned != new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64() {
		return fmt.Errorf("%d and %d, want %d", signed, unsigned, n)
	}
	if truth, err := o.Bool(); err != nil || truth != (n.Sign() != 0) {
		return fmt.Errorf("truth of %d is %t, %v", n, truth, err)
	}
	return nil
}

func (s said) checkFloat(o drgn.Object) error {
	want, err := strconv.ParseFloat(s.value, 64)
	if s.value == "nan" {
		want, err = math.NaN(), nil
	}
	if err != nil {
		return err
	}
	got, err := o.Float()
	if size := s.size; size != 4 && size != 8 { // a long double is not read, but its bytes are
		if b, bytesErr := o.Bytes(); errors.Is(err, c.ErrFloatSize) && bytesErr == nil && uint64(len(b)) == size {
			return nil
		}
	}
	if err != nil {
		return err
	}
	printed, err := o.Format(plain)
	if err != nil {
		return err
	}
	if again, err := strconv.ParseFloat(printed, int(s.size*8)); err != nil || again != want && !math.IsNaN(want) {
		return fmt.Errorf("printed as %s, %v; want %v", printed, err, want)
	}
	if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
		return fmt.Errorf("%x, want %x", got, want)
	}
	return nil
}

// typeName returns a type's name as far as gdb would agree: without namespaces, which only gdb writes.
func typeName(t *types.Type) string {
	name := strings.ReplaceAll(t.String(), "long int", "long") // in the names of templates, as the compiler wrote them
	return gdbScope.ReplaceAllString(name, "")
}

var (
	gdbArray = regexp.MustCompile(`(\w)\[`)
	gdbScope = regexp.MustCompile(`(\(anonymous namespace\)|[A-Za-z_]\w*)::`)
)

// gdbName returns how godrgn writes a type that gdb calls so.
func gdbName(name string) string {
	name = gdbArray.ReplaceAllString(gdbScope.ReplaceAllString(name, ""), "$1 [")
	return strings.NewReplacer("{...}", "<anonymous>", "(char)", "", "unsigned int __int128", "unsigned __int128", "unsigned int _BitInt", "unsigned _BitInt").Replace(name)
}

// Names are taken to be in the language of main.
func TestProgramNames(t *testing.T) {
	for _, file := range []string{"cpp.gcc-O0-5", "cpp.clang-O2-5", "cpp.s390x-O2-4", "cpp.gcc-m32-O0-4"} {
		p := openProgram(t, "testdata/programs/"+file)
		if lang := p.Language(); lang != c.CPP {
			t.Errorf("%s: language %s", file, lang.Name())
		}
		for name, want := range map[string]string{
			"outer::point": "point 8", "struct outer::point": "point 8", "::there": "", "::outer::inner::point (*)[2]": "point (*)[2]",
			"shape": "shape", "class shape": "shape", "struct shape": "shape", "union shape": "", "point": "", "shape::corner[3]": "corner [3] 12",
			"mode": "mode 1", "enum shape::kind": "kind 4", "array<int, 3>": "array<int, 3> 12", "array<int,3>": "array<int, 3> 12",
			"pair<outer::point, array<bool, 2>>": "pair<outer::point, array<bool, 2> > 12", "pair<outer::point, array<bool,2> > *": "pair<outer::point, array<bool, 2> > *",
			"std::nullptr_t": "nullptr_t", "const square *": "const square *", "char8_t": "char8_t 1", "outer::nothing": "", "nothing::point": "",
		} {
			typ, err := p.Type(name)
			if want == "" {
				wantType[drgn.LookupError](t, err)
				continue
			}
			if err != nil {
				t.Errorf("%s: %s: %v", file, name, err)
				continue
			}
			got := typ.String()
			if n, err := typ.Size(); err == nil && strings.Contains(want, got+" ") {
				got += fmt.Sprintf(" %d", n)
			}
			if got != want {
				t.Errorf("%s: %s is %s, want %s", file, name, got, want)
			}
		}
		for name, want := range map[string]string{
			"variable": "(int)28", "outer::depth": "(int)1", "::outer::inner::depth": "(int)4", "shape::count": "(int)12", "::constant": "(const int)40",
			"outer::v1::versioned": "(int)8", "FIRST": "(plain)FIRST", "mode::on": "(mode)on", "shape::ROUND": "(kind)ROUND", "ROUND": "", "outer::nothing": "", "nothing::depth": "",
		} {
			o := p.Object(name)
			if want == "" {
				wantType[drgn.LookupError](t, o.Err())
			} else if got := o.String(); got != want {
				t.Errorf("%s: %s is %s, want %s", file, name, got, want)
			}
		}
	}
	for _, file := range []string{"c.gcc-O0-5", "c.clang-m32-O0-4", "c.ppc-O2-4"} {
		p := openProgram(t, "testdata/programs/"+file)
		if lang := p.Language(); lang != c.C {
			t.Errorf("%s: language %s", file, lang.Name())
		}
		for name, want := range map[string]string{"BLUE": "(enum color)BLUE", "ALONE": "(enum <anonymous>)ALONE", "HUGE_ONE": "(enum big)HUGE_ONE", "folded": "(const int)28"} {
			if got := p.Object(name).String(); got != want {
				t.Errorf("%s: %s is %s, want %s", file, name, got, want)
			}
		}
	}
	if lang := drgn.New(arch.Platform{}).Language(); lang != c.C {
		t.Errorf("language of nothing: %s", lang.Name())
	}
}

// A function begins where nm says and pointers to it lead, also where a compiler says that its code begins behind the instructions that
// -fpatchable-function-entry makes, as GCC does on RISC-V.
func TestPatchableFunctions(t *testing.T) {
	for file, want := range map[string]map[string]uint64{
		"patch.gcc-O2-5":     {"traced": 0x400150, "plain": 0x400160, "start": 0x400170},
		"patch.riscv64-O2-5": {"traced": 0x1017c, "plain": 0x10188, "start": 0x1018c},
	} {
		p := openProgram(t, "testdata/programs/"+file)
		for name, address := range want {
			if at, ok := p.Function(name).Address(); !ok || at != address {
				t.Errorf("%s: %s is at %#x (%v), want %#x", file, name, at, ok, address)
			}
		}
		if at, err := p.Variable("pointer").Uint(); err != nil || at != want["traced"] {
			t.Errorf("%s: the pointer leads to %#x (%v), want %#x", file, at, err, want["traced"])
		}
	}
}

// Of several definitions of a name the one that the linker took is meant, which nm tells; and in a frame a static one is
// that of the frame's own compilation unit. Units 1 and 2 of the programs were made from one source.
func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		program        string
		hook, limit    uint64
		one, two       uint64
		calls1, calls2 uint64
		s1, s2         uint64
	}{
		{"units.gcc-O0-5", 0x400197, 0x401204, 0x400150, 0x4001a5, 0x4011f8, 0x401208, 0x4011fc, 0x401210},
		{"units.gcc-m32-O0-4", 0x8048124, 0x8049180, 0x80480e0, 0x804812e, 0x8049174, 0x8049184, 0x8049178, 0x8049188},
	} {
		p := openProgram(t, "testdata/programs/"+tt.program)
		m, err := p.MainModule()
		if err == nil {
			err = m.SetRanges([]mem.Range{{Min: tt.one, Max: tt.s2}})
		}
		if err != nil {
			t.Fatal(err)
		}
		check := func(what string, o drgn.Object, address uint64, typ string) {
			t.Helper()
			if at, ok := o.Address(); !ok || at != address || o.Type().String() != typ {
				t.Errorf("%s: %s is at %#x (%v); want %s at %#x", tt.program, what, at, o.Type(), typ, address)
			}
		}
		check("hook", p.Object("hook"), tt.hook, "int (int x)")
		check("hook of the file", p.FindObject("hook", drgn.FindFunction, "units.c"), tt.hook, "int (int x)")
		check("limit", p.Object("limit"), tt.limit, "int")
		wantInt(t, p.Object("limit"), 2)
		for unit, f := range map[int]struct {
			pc, calls, s uint64
			kind         string
			value        int64
		}{1: {tt.one, tt.calls1, tt.s1, "char", 10}, 2: {tt.two, tt.calls2, tt.s2, "long", 20}} {
			trace, err := p.StackTraceFromPCs([]uint64{1, f.pc + 1})
			if err != nil || trace.Len() != 2 {
				t.Fatal(trace, err)
			}
			frame := trace.Frame(1)
			what := fmt.Sprintf("in unit %d: ", unit)
			check(what+"calls", frame.Object("calls"), f.calls, "int")
			wantInt(t, frame.Object("calls"), f.value)
			check(what+"s", frame.Object("s"), f.s, "struct st")
			if got := frame.Object("s").Member("v").Type().String(); got != f.kind {
				t.Errorf("%s: %ss.v is of type %s, want %s", tt.program, what, got, f.kind)
			}
			wantInt(t, frame.Object("s").Member("v"), int64(unit))
			check(what+"hook", frame.Object("hook"), tt.hook, "int (int x)")
			check(what+"limit", frame.Object("limit"), tt.limit, "int")
			check(what+"only_one", frame.Object("only_one"), mustAddress(t, p.Object("only_one")), "int")
			if err := frame.Object("nosuch").Err(); !drgn.IsNotFound(err) {
				t.Errorf("%s: %snosuch: %v", tt.program, what, err)
			}
		}
	}
}

func mustAddress(t *testing.T, o drgn.Object) uint64 {
	t.Helper()
	at, ok := o.Address()
	if !ok {
		t.Fatal(o.Err())
	}
	return at
}
