package fromdwarf_test

import (
	"os"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/debugdata"
	"github.com/godrgn/drgn/internal/debugdata/fromdwarf"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/internal/placed"
	"github.com/godrgn/drgn/types"
)

// What a damaged file is asked by an address is found to be unreadable when it is asked, and the error names the file, as that of names does.
func TestUnreadable(t *testing.T) {
	image, err := os.ReadFile("../../../testdata/process/arrays.gcc-O0")
	if err != nil {
		t.Fatal(err)
	}
	good, err := elf.Parse("good", image)
	if err != nil {
		t.Fatal(err)
	}
	info := good.Section(".debug_info")
	for i := info.Offset + info.Size/2; i < info.Offset+info.Size; i++ {
		image[i] = 0xff
	}
	bad, err := elf.Parse("damaged", image)
	if err != nil {
		t.Fatal(err)
	}
	source, err := fromdwarf.Open(fromdwarf.Config{File: placed.At(bad, 0, nil), Set: types.NewSet()})
	if err != nil {
		t.Fatal(err)
	}
	const want = "cannot read debugging information of damaged: .debug_info+0x"
	text := good.Section(".text")
	_, byAddress := source.(debugdata.Code).AppendFunctions(nil, text.Addr+text.Size/2)
	for what, err := range map[string]error{"by address": byAddress, "by name": source.(debugdata.Indexed).IndexNames(nil)} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s…", what, err, want)
		}
	}
}
