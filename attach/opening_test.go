package attach_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/mem"
)

// empty fails the test for a program that has more than a new one has.
func empty(t *testing.T, p *drgn.Program) {
	t.Helper()
	for _, physical := range []bool{false, true} {
		for r := range p.Memory().Ranges(physical, 0, ^uint64(0)) {
			t.Errorf("it has memory at %#x (physical: %v)", r.Min, physical)
		}
	}
	if p.Personality() != nil || p.Flags() != 0 || p.CoreDumpPath() != "" || p.Platform().Known() {
		t.Errorf("it is %v, flags %v, of %q, for %s", p.Personality(), p.Flags(), p.CoreDumpPath(), p.Platform())
	}
	if names := p.RegisteredFinders(drgn.ObjectFinders); !slices.Equal(names, drgn.New(arch.Platform{}).RegisteredFinders(drgn.ObjectFinders)) {
		t.Errorf("it has the object finders %v", names)
	}
}

// kernelNames returns the kernel that a program is, and where its name and version lie in memory.
func kernelNames(t *testing.T, p *drgn.Program) (*linux.Kernel, uint64) {
	t.Helper()
	k, err := linux.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	names, err := k.Info().Symbol("init_uts_ns")
	if err != nil {
		t.Fatal(err)
	}
	return k, names
}

// readable reads the kernel's version out of a program that was opened.
func readable(t *testing.T, p *drgn.Program) {
	t.Helper()
	k, names := kernelNames(t, p)
	if b, err := p.Read(names, 512, false); err != nil || !bytes.Contains(b, []byte(k.Release())) {
		t.Errorf("%q does not hold %s; %v", b, k.Release(), err)
	}
}

// TestOpeningFails opens a core whose page tables can't be found: the program is as empty as before, and can be opened as
// something else.
func TestOpeningFails(t *testing.T) {
	vmcore := read(t, "vmcore")
	damaged := bytes.ReplaceAll(vmcore, []byte("SYMBOL(swapper_pg_dir)=ffffffff"), []byte("SYMBOL(swapper_pg_dir)=00000000"))
	if bytes.Equal(damaged, vmcore) {
		t.Fatal("the fixture does not say where its page tables lie")
	}
	p := drgn.New(arch.Platform{})
	err := attach.SetCore(p, files{t, t.TempDir()}.write("vmcore", damaged))
	if err == nil || !strings.Contains(err.Error(), "its page tables lie or lead to where there is no memory") {
		t.Fatal(err)
	}
	empty(t, p)
	if err := p.RegisterObjectFinder("linux", func(*drgn.Program, string, drgn.FindObjectFlags, string) (drgn.Object, error) {
		return drgn.Object{}, drgn.ErrNotFound
	}, drgn.Disabled); err != nil {
		t.Fatal(err)
	}
	var value *drgn.ValueError
	if err := attach.SetCore(p, filepath.Join(fixture, "vmcore")); !errors.As(err, &value) || p.Personality() != nil {
		t.Errorf("%v; want that there is a finder of that name", err)
	}

	p = drgn.New(arch.Platform{})
	if err := p.Setup(drgn.Setup{
		Platform: arch.Host(), Flags: drgn.IsLive, CoreDumpPath: "core", ObjectsName: "mine",
		Objects: func(*drgn.Program, string, drgn.FindObjectFlags, string) (drgn.Object, error) {
			return drgn.Object{}, drgn.ErrNotFound
		},
		Memory: []mem.Segment{mem.BytesSegment(0, []byte("x"), false), {Min: 2, Max: 1}},
	}); err == nil {
		t.Error("a segment that ends before it starts is no error")
	}
	empty(t, p)
	if err := attach.SetCore(p, filepath.Join(fixture, "vmcore")); err != nil {
		t.Fatal(err)
	}
	readable(t, p)
}

// TestOpeningTwice opens a program from several goroutines: one wins, the others get the error.
func TestOpeningTwice(t *testing.T) {
	const openers = 4
	for range 10 {
		p := drgn.New(arch.Platform{})
		var wg sync.WaitGroup
		errs := make([]error, openers)
		for i := range errs {
			wg.Go(func() { errs[i] = attach.SetCore(p, filepath.Join(fixture, "vmcore")) })
		}
		wg.Wait()
		opened := 0
		for _, err := range errs {
			var value *drgn.ValueError
			switch {
			case err == nil:
				opened++
			case !errors.As(err, &value) || !strings.Contains(err.Error(), "program memory was already initialized"):
				t.Error(err)
			}
		}
		if opened != 1 {
			t.Errorf("%d have opened it", opened)
		}
		readable(t, p)
	}
}
