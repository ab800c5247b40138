package python

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/attach"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/helper/call"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/crash"
	kernellist "github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/linux/pages"
	"github.com/godrgn/drgn/linux/slab"
	"github.com/godrgn/drgn/types"
)

// A case for each row of the table of exceptions.
func TestExceptions(t *testing.T) {
	platform, err := arch.NewPlatform(arch.X86_64)
	if err != nil {
		t.Fatal(err)
	}
	syntax := func(name string) error {
		_, err := drgn.New(platform).Type(name)
		if err == nil {
			t.Fatalf("%q is a type", name)
		}
		return err
	}
	tests := []struct {
		err  error
		want int
	}{
		{&panicError{}, excGoPanic},
		{&call.PanicError{}, excGoPanic},
		{&call.OverflowError{}, excOverflowError},
		{c.ErrLiteralRange, excOverflowError},
		{c.ErrDivisionByZero, excZeroDivisionError},
		{&c.OperandError{}, excTypeError},
		{&c.ConversionError{}, excTypeError},
		{&c.FormatError{}, excTypeError},
		{c.ErrFloatSize, excNotImplementedError},
		{c.ErrNegativeShift, excValueError},
		{c.ErrNoSize, excValueError},
		{&types.BitFieldError{}, excValueError},
		{&slab.FreelistCycleError{}, excSlabFreelistCycle},
		{&slab.PartialListError{}, excSlabPartialList},
		{&slab.CorruptError{}, excSlabCorruption},
		{&kernellist.ValidationError{}, excValidation},
		{&failure.CycleError{}, excValidation},
		{&failure.CorruptError{}, excValidation},
		{&failure.DecodeError{}, excBadData},
		{&linux.InvalidVMCOREINFOError{}, excBadData},
		{&linux.VMCOREINFONumberError{TooLarge: true}, excOverflowError},
		{&linux.VMCOREINFONumberError{}, excBadData},
		{&failure.ObjectNotFoundError{}, excObjectNotFound},
		{&refusedError{}, excObjectNotFound},
		{&failure.SymbolNotFoundError{}, excLookupError},
		{&types.MemberError{}, excLookupError},
		{&pages.UnknownStateError{}, excKeyError},
		{&types.VirtualBaseError{}, excValueError},
		{&types.DepthError{}, excRecursionError},
		{&types.TooLargeError{}, excOverflowError},
		{c.ErrOffsetTooLarge, excOverflowError},
		{&types.NoMembersError{}, excTypeError},
		{&c.DesignatorError{}, excTypeError},
		{&drgn.AbsentError{}, excObjectAbsent},
		{&failure.BoundsError{}, excOutOfBounds},
		{&drgn.MissingDebugInfoError{}, excMissingDebugInfo},
		{&failure.TypeError{}, excTypeError},
		{&failure.WrongTypeError{}, excTypeError},
		{&types.SizeError{}, excTypeError},
		{&types.KindError{}, excAttributeError},
		{&failure.ValueError{}, excValueError},
		{&arch.ShortError{}, excValueError},
		{&failure.ChoiceError{}, excValueError},
		{&failure.StopError{}, excValueError},
		{&drgn.FileStatusError{}, excValueError},
		{&failure.UnsupportedError{}, excUnsupported},
		{&failure.NotImplementedError{}, excNotImplementedError},
		{&arch.UnsupportedError{}, excNotImplementedError},
		{syntax("int [99999999999999999999999]"), excValueError},
		{syntax("int ["), excSyntax},
		{&strconv.NumError{}, excValueError},
		{&failure.FormatError{}, excValueError},
		{&attach.NoVMCOREINFOError{}, excValueError},
		{&linux.WrongVMCOREINFOError{}, excValueError},
		{&crash.CPUsError{}, excValueError},
		{&crash.DivisionError{}, excZeroDivisionError},
		{&crash.ValueRangeError{}, excOverflowError},
		{context.Canceled, excRuntimeError},
		{context.DeadlineExceeded, excRuntimeError},
	}
	if len(tests) != len(exceptions) {
		t.Errorf("%d cases for %d rows", len(tests), len(exceptions))
	}
	for i, test := range tests {
		for _, err := range []error{test.err, &drgn.PathError{Path: "x", Err: test.err}} {
			if got := exceptionOf(err); int(got) != test.want {
				t.Errorf("%T: exception %d, want %d", test.err, got, test.want)
			}
			if i < len(exceptions) && !exceptions[i].fits(err) {
				t.Errorf("%T does not fit row %d", test.err, i)
			}
		}
	}
	for _, kind := range []failure.LookupError{&failure.TypeNotFoundError{}, &failure.NoSymbolAtError{}, &failure.ModuleNotFoundError{},
		&failure.NoModuleAtError{}, &failure.NoMainModuleError{}, &failure.MainModuleError{}, &failure.ThreadNotFoundError{}, &failure.RegisterNotFoundError{}} {
		if got := exceptionOf(kind); got != excLookupError {
			t.Errorf("%T: exception %d", kind, got)
		}
	}
	if got := exceptionOf(errors.New("x")); got != excException {
		t.Errorf("an unknown error: exception %d", got)
	}
}

func TestWording(t *testing.T) {
	missing := &failure.ObjectNotFoundError{Kind: "variable", Name: "jiffies", NoDebugInfo: true}
	const advice = "could not find variable 'jiffies' (no debugging information is loaded: name the file that has it with -s)"
	for _, test := range []struct {
		err  error
		want string
	}{
		{missing, advice},
		{&drgn.PathError{Path: "jiffies.x", Err: missing}, "jiffies.x: " + advice},
		{errors.Join(errors.New("first"), fmt.Errorf("second: %w", missing)), "first\nsecond: " + advice},
		{&failure.ObjectNotFoundError{Name: "x"}, "could not find 'x'"},
		{&failure.TypeNotFoundError{Name: "struct s", TypeName: "struct s *", Filename: "a.c", NoDebugInfo: true},
			"could not find 'struct s *' in 'a.c': there is no 'struct s' (no debugging information is loaded: name the file that has it with -s)"},
		{&failure.SymbolNotFoundError{Name: "f", NoDebugInfo: true},
			"could not find symbol with name 'f' (no debugging information is loaded: name the file that has it with -s)"},
		{&failure.WrongTypeError{Operation: "ContainerOf", Want: "a pointer", Type: "int"}, "container_of() argument must be a pointer, not 'int'"},
		{&failure.WrongTypeError{Operation: "CString", Want: "an array or pointer", Type: "int"}, "string() argument must be an array or pointer, not 'int'"},
		{&failure.ChoiceError{Name: "timestamps", Choices: []any{true, false, "human"}, Value: uint64(5)}, "timestamps must be True, False or 'human', not 5"},
		{&failure.ChoiceError{Name: "tags", Choices: []any{"driver", "sched", nil}, Value: "x"}, "tags must be 'driver', 'sched' or None, not 'x'"},
		{&drgn.FileStatusError{File: "debug", From: drgn.HaveFile, To: drgn.WantSupplementary},
			"cannot change debug_file_status from ModuleFileStatus.HAVE to ModuleFileStatus.WANT_SUPPLEMENTARY"},
	} {
		if got := wording(test.err); got != test.want {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}
