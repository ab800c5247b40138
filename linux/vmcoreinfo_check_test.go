package linux

import (
	"strings"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
)

// A malformed number is an error that names its line, and not taken for one that is not there: a kernel with a malformed
// KERNELOFFSET would be taken for one that was not moved.
func TestMalformedVMCOREINFO(t *testing.T) {
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		t.Fatal(err)
	}
	for line, problem := range map[string]string{
		"KERNELOFFSET=1e000000":            "",
		"KERNELOFFSET=1e00000g":            `VMCOREINFO says KERNELOFFSET="1e00000g", which is no number`,
		"KERNELOFFSET=":                    `VMCOREINFO says KERNELOFFSET="", which is no number`,
		"SYMBOL(vmemmap)=x":                `VMCOREINFO says SYMBOL(vmemmap)="x", which is no number`,
		"NUMBER(sme_mask)=--1":             `VMCOREINFO says NUMBER(sme_mask)="--1", which is no number`,
		"NUMBER(phys_base)=-14680064":      "",
		"NUMBER(KERNELPACMASK)=0x7f000000": "",
		"LENGTH(free_list)=5x":             `VMCOREINFO says LENGTH(free_list)="5x", which is no number`,
		"CONFIG_X=y":                       "",
	} {
		_, err := Setup(drgn.New(platform), Memory{Platform: platform, VMCOREINFO: []byte("OSRELEASE=6.12\n" + line + "\n"), Custom: true})
		switch {
		case problem == "" && err != nil:
			t.Errorf("%s: %v", line, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
			t.Errorf("%s: got %v, want %s", line, err, problem)
		}
	}
}
