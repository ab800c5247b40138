package failure

import (
	"errors"
	"fmt"
	"testing"
)

func TestTexts(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&ObjectNotFoundError{Kind: "variable", Name: "x", Filename: "a.c"}, "could not find variable 'x' in 'a.c'"},
		{&ObjectNotFoundError{Name: "x", NoDebugInfo: true}, "could not find 'x' (no debugging information is loaded)"},
		{&TypeNotFoundError{Name: "struct s", TypeName: "struct s"}, "could not find 'struct s'"},
		{&TypeNotFoundError{Name: "struct s", TypeName: "struct s *", Filename: "a.c", NoDebugInfo: true},
			"could not find 'struct s *' in 'a.c': there is no 'struct s' (no debugging information is loaded)"},
		{&SymbolNotFoundError{Name: "f"}, "could not find symbol with name 'f'"},
		{&NoSymbolAtError{0x10}, "could not find symbol containing 0x10"},
		{&ModuleNotFoundError{Name: "xfs"}, "module not found: none is named 'xfs'"},
		{&ModuleNotFoundError{Kind: "extra", Name: ""}, "module not found: there is no such extra module: ''"},
		{&NoModuleAtError{0}, "module not found: none contains 0x0"},
		{&NoMainModuleError{}, "module not found: the program has no main module"},
		{&MainModuleError{Name: "a", Wanted: "b"}, "main module already exists with different name"},
		{&ThreadNotFoundError{ID: 7}, "thread with ID 7 not found"},
		{&ThreadNotFoundError{Role: "crashed"}, "crashed thread not found"},
		{&ThreadNotFoundError{Role: "crashed", Reason: "panic_cpu is not set"}, "panic_cpu is not set"},
		{&RegisterNotFoundError{"rip"}, "register value is not known: 'rip'"},
	} {
		if test.err.Error() != test.want {
			t.Errorf("got %q, want %q", test.err, test.want)
		}
		if !IsNotFound(fmt.Errorf("x: %w", test.err)) {
			t.Errorf("%T is not a lookup error", test.err)
		}
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{&WrongTypeError{Operation: "ContainerOf", Want: "a pointer", Type: "int"}, "ContainerOf needs a pointer, not 'int'"},
		{&ChoiceError{Name: "tags", Choices: []any{"driver", "sched", nil}, Value: "x"}, `tags must be "driver", "sched" or nil, not "x"`},
		{&ChoiceError{Name: "timestamps", Choices: []any{true, false, "human"}, Value: 5}, `timestamps must be true, false or "human", not 5`},
		{&ValueError{Problem: "x"}, "x"},
	} {
		if test.err.Error() != test.want {
			t.Errorf("got %q, want %q", test.err, test.want)
		}
		if IsNotFound(test.err) {
			t.Errorf("%T is a lookup error", test.err)
		}
	}
	if !IsNotFound(ErrNotFound) || !IsNotFound(errors.Join(errors.New("x"), ErrNotFound)) || IsNotFound(nil) {
		t.Error("IsNotFound of ErrNotFound")
	}
}

// An error names its file once.
func TestDecodeErrorBeside(t *testing.T) {
	e := &DecodeError{File: "a.dwo", Section: ".debug_info.dwo", Off: 3, Problem: "bad"}
	for file, want := range map[string]string{"a.dwo": ".debug_info.dwo+0x3: bad", "a": "a.dwo: .debug_info.dwo+0x3: bad"} {
		if got := e.Beside(file).Error(); got != want {
			t.Errorf("beside %s: %s, want %s", file, got, want)
		}
	}
}
