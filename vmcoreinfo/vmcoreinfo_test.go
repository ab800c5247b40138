package vmcoreinfo

import (
	"errors"
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
	if err := errors.Join(v.Check(), v.CheckNumbers()); err != nil {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ note, key, value string }{
		{"", "OSRELEASE", ""},
		{"OSRELEASE=6.12\n", "PAGESIZE", ""},
		{"OSRELEASE=6.12\nPAGESIZE=4095\n", "PAGESIZE", "4095"},
		{"OSRELEASE=6.12\nPAGESIZE=18446744073709551616\n", "PAGESIZE", "18446744073709551616"},
		{"OSRELEASE=6.12\nPAGESIZE=9223372036854775808\n", "PAGESIZE", "9223372036854775808"},
		{"OSRELEASE=6.12\nPAGESIZE=2048\n", "PAGESIZE", "2048"},
		{"OSRELEASE=6.12\nPAGESIZE=2097152\n", "PAGESIZE", "2097152"},
		{"OSRELEASE=6.12\nPAGESIZE=0\n", "PAGESIZE", "0"},
		{"OSRELEASE=6.12\nPAGESIZE=-4096\n", "PAGESIZE", "-4096"},
		{"OSRELEASE=6.12\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=0\n", "swapper_pg_dir", "0"},
	} {
		var invalid *InvalidError
		if err := Parse([]byte(c.note)).Check(); !errors.As(err, &invalid) || invalid.Key != c.key || invalid.Value != c.value {
			t.Errorf("%q: %v", c.note, err)
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
		if v.CheckNumbers() == nil {
			for _, key := range []string{"phys_base", ""} {
				if _, err := v.Number(key); err != nil && err.Error() != "VMCOREINFO has no NUMBER("+key+")" {
					t.Error(err)
				}
			}
		}
	})
}
