package user_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestMadeCode has a stack with a frame of code that was made at run time, which no module has: it keeps a frame pointer.
func TestMadeCode(t *testing.T) {
	p := openCore(t, "jit")
	load(t, p)
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := thread.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	made := stack.Frame(1).Name()
	if got, want := names(stack), "crash "+made+" made _start"; got != want || made[:2] != "0x" {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestLinker has a program that was given to the dynamic linker by its name: ld.so ./dynamic.
func TestLinker(t *testing.T) {
	p := openCore(t, "linker")
	var modules []string
	for m, err := range p.LoadedModules() {
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(m.Name())
		modules = append(modules, m.Kind().String()+" "+name)
		if name == "dynamic" || name == "libsmall.so" {
			if err := m.TryFile(filepath.Join(data, name)); err != nil {
				t.Error(err)
			}
		}
	}
	if got, want := strings.Join(modules, ", "), "main ld-linux-x86-64.so.2, vdso linux-vdso.so.1, shared library dynamic, shared library libsmall.so"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	thread, err := p.CrashedThread()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := thread.StackTrace()
	if err != nil {
		t.Fatal(err)
	}
	if got := names(stack); got != "callback library_call main _start" {
		t.Error(got)
	}
}
