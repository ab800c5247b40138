package dwarf

import (
	"os"
	"testing"
)

// FuzzScopes looks for functions, source positions and variables in malformed debug information.
func FuzzScopes(f *testing.F) {
	for _, name := range []string{"v2", "v4", "v5", "v5-64bit", "i386"} {
		image, err := os.ReadFile("testdata/scopes/" + name)
		if err != nil {
			f.Fatal(err)
		}
		cfg := loadELF(f, image)
		s := &cfg.Sections
		for _, pc := range []uint64{0x401058, 0x8049078} {
			f.Add(s.Info, s.Abbrev, s.Line, append(s.Ranges, s.RngLists...), append(s.Loc, s.LocLists...), pc, cfg.AddrSize == 8)
		}
	}
	f.Fuzz(func(t *testing.T, info, abbrev, lines, ranges, loc []byte, pc uint64, wide bool) {
		cfg := Config{AddrSize: 4, Sections: Sections{Info: info, Abbrev: abbrev, Line: lines, Ranges: ranges, RngLists: ranges,
			Loc: loc, LocLists: loc, Str: []byte("name\x00"), LineStr: []byte("file\x00"), Addr: ranges}}
		if wide {
			cfg.AddrSize = 8
		}
		file, err := Open(cfg)
		if err != nil {
			return
		}
		for _, pc := range []uint64{pc, 0x401058, 0x4011c0} {
			at, err := file.Sources(pc)
			if err != nil && at != nil {
				t.Errorf("%v and %v", at, err)
			}
			fns, err := file.Functions(pc)
			if err != nil && fns != nil {
				t.Errorf("%v and %v", fns, err)
			}
			for i := range fns {
				fn := &fns[i]
				fn.LinkageName()
				if jumps, err := fns[0].Outer.Jumps(fn.DIE); err != nil && jumps != nil {
					t.Errorf("%v and %v", jumps, err)
				}
				fn.Outer.tailCallsItself()
				if l, ok, err := fn.Find("in no scope"); err != nil && ok {
					t.Errorf("%v and %v", l, err)
				}
				file.CallSiteAt(pc, true)
				around, err := fn.Around()
				for j := range around {
					if err == nil {
						_, _, err = around[j].Find("in no scope")
					}
				}
				locals, err := fn.Locals()
				if err != nil {
					continue
				}
				for _, l := range locals {
					at, err := l.DIE.Locate(pc, fn, known{})
					if err == nil && (at.Absence == Present) != (len(at.Pieces) > 0) {
						t.Errorf("%s: %+v", l.Name, at)
					}
					if err == nil {
						at.Bytes(64)
					}
					l.DIE.Locate(pc, nil, nil)
				}
			}
		}
	})
}
