package vmcoreinfo

import (
	"cmp"
	"errors"
	"strings"
	"testing"
)

// good is an excerpt of what a kernel of x86-64 writes, in the order of kernel/vmcore_info.c and the architecture's part.
const good = `OSRELEASE=6.12.57+deb13-amd64
BUILD-ID=0102ff
PAGESIZE=4096
SYMBOL(swapper_pg_dir)=ffffffff9e40c000
NUMBER(phys_base)=-14680064
NUMBER(KERNELPACMASK)=0x7f000000
OFFSET(page.flags)=0
LENGTH(zone.free_area)=11
SIZE(list_head)=16
KERNELOFFSET=1c800000
`

func TestValues(t *testing.T) {
	v := Parse([]byte(good + "\x00SIZE(list_head)=17\n"))
	for _, c := range []struct {
		name string
		get  func() (uint64, error)
		want uint64
	}{
		{"symbol", func() (uint64, error) { return v.Symbol("swapper_pg_dir") }, 0xffffffff9e40c000},
		{"negative number", func() (uint64, error) { return v.Number("phys_base") }, ^uint64(14680064) + 1},
		{"number in hexadecimal", func() (uint64, error) { return v.Number("KERNELPACMASK") }, 0x7f000000},
		{"offset", func() (uint64, error) { return v.Offset("page.flags") }, 0},
		{"length", func() (uint64, error) { return v.Length("zone.free_area") }, 11},
		{"size, and nothing after a NUL", func() (uint64, error) { return v.Size("list_head") }, 16},
		{"offset of KASLR", func() (uint64, error) { return v.Hex("KERNELOFFSET") }, 0x1c800000},
		{"page size", v.PageSize, 4096},
	} {
		if got, err := c.get(); got != c.want || err != nil {
			t.Errorf("%s: got %#x, %v; want %#x", c.name, got, err, c.want)
		}
	}
	if _, err := v.Symbol("nothing"); err == nil || err.Error() != "VMCOREINFO has no SYMBOL(nothing)" {
		t.Errorf("a symbol that is missing: %v", err)
	}
	if id := v.BuildID(); string(id) != "\x01\x02\xff" {
		t.Errorf("build ID %x", id)
	}
	if err := errors.Join(v.Check(), v.CheckValues()); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ note, key, value string }{
		{"", "OSRELEASE", ""},
		{"OSRELEASE=6.12\n", "PAGESIZE", ""},
		{"OSRELEASE=6.12\nPAGESIZE=4095\n", "PAGESIZE", "4095"},
		{"OSRELEASE=6.12\nPAGESIZE=9223372036854775808\n", "PAGESIZE", "9223372036854775808"},
		{"OSRELEASE=6.12\nPAGESIZE=2048\n", "PAGESIZE", "2048"},
		{"OSRELEASE=6.12\nPAGESIZE=2097152\n", "PAGESIZE", "2097152"},
		{"OSRELEASE=6.12\nPAGESIZE=0\n", "PAGESIZE", "0"},
		{"OSRELEASE=6.12\nPAGESIZE=-4096\n", "PAGESIZE", "-4096"},
		{"OSRELEASE=6.12\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=0\n", "swapper_pg_dir", "0"},
		{"OSRELEASE=6.12\nPAGESIZE=4096\n", "swapper_pg_dir", ""},
		{good + "BUILD-ID=zz\n", "BUILD-ID", "zz"},
		{good + "BUILD-ID=123\n", "BUILD-ID", "123"},
	} {
		var invalid *InvalidError
		v := Parse([]byte(c.note))
		if err := cmp.Or(v.Check(), v.CheckValues()); !errors.As(err, &invalid) || invalid.Key != c.key || invalid.Value != c.value {
			t.Errorf("%q: %v", c.note, err)
		}
	}
}

// TestNumbers holds numbers against what drgn 0.3.0 says of the same notes in cores.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		value    string
		want     uint64
		ok       bool
		tooLarge bool
	}{
		{" 4096", 4096, true, false},
		{"\t4096", 4096, true, false},
		{"+4096", 4096, true, false},
		{"-4096", ^uint64(4095), true, false},
		{" -0x1000", ^uint64(4095), true, false},
		{"0x1000", 4096, true, false},
		{"0X1000", 4096, true, false},
		{"18446744073709551615", ^uint64(0), true, false},
		{"-9223372036854775808", 1 << 63, true, false},
		{"18446744073709551616", 0, false, true},
		{"-9223372036854775809", 0, false, true},
		{strings.Repeat("1", 40), 0, false, true},
		{"", 0, false, false},
		{"zz", 0, false, false},
		{"0x", 0, false, false},
		{"0x-1", 0, false, false},
		{"--1", 0, false, false},
		{"4096 ", 0, false, false},
		{"4096\r", 0, false, false},
	} {
		v := Parse([]byte("NUMBER(x)=" + c.value + "\n"))
		got, err := v.Number("x")
		var wrong *NumberError
		if got != c.want || (err == nil) != c.ok || errors.As(err, &wrong) == c.ok || err != nil && wrong.TooLarge != c.tooLarge {
			t.Errorf("%q: %#x, %v", c.value, got, err)
		}
		if (v.CheckValues() == nil) != c.ok {
			t.Errorf("%q: %v", c.value, v.CheckValues())
		}
	}
	for _, note := range []string{
		"OSRELEASE=6.12\nPAGESIZE=18446744073709551616\n", "OSRELEASE=6.12\nPAGESIZE=\n", "OSRELEASE=6.12\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=zz\n",
	} {
		var wrong *NumberError
		if err := Parse([]byte(note)).Check(); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", note, err)
		}
	}
}

// FuzzParse looks for notes that break a question, or that pass the checks and have a page size that can't be.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("OSRELEASE=x\nPAGESIZE=9223372036854775808\nSYMBOL(swapper_pg_dir)=-1\n=\n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		v := Parse(note)
		v.BuildID()
		if v.Check() == nil {
			if size, err := v.PageSize(); err != nil || size&(size-1) != 0 || size < minPageSize || size > maxPageSize {
				t.Errorf("page size %d, %v", size, err)
			}
		}
		if v.CheckValues() == nil {
			for _, key := range []string{"phys_base", ""} {
				if _, err := v.Number(key); err != nil && err.Error() != "VMCOREINFO has no NUMBER("+key+")" {
					t.Error(err)
				}
			}
		}
	})
}
