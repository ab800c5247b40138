package python

import (
	"fmt"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/linux"
	"github.com/godrgn/drgn/linux/crash"
)

// wording returns the text of an error for users of Python. What is said otherwise than in Go may be anywhere in the chain
// of what an error wraps: the words around it stay.
func wording(err error) string {
	if text, ok := ownWords(err); ok {
		return text
	}
	var wrapped []error
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		wrapped = []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		wrapped = e.Unwrap()
	}
	text := err.Error()
	for _, w := range wrapped {
		if w == nil {
			continue
		}
		if inGo, inPython := w.Error(), wording(w); inGo != inPython {
			text = strings.Replace(text, inGo, inPython, 1)
		}
	}
	return text
}

// ownWords returns the text of an error that has another one in Python than in Go.
func ownWords(err error) (text string, ok bool) {
	switch e := err.(type) {
	case *failure.WrongTypeError:
		return operations[e.Operation] + "() argument must be " + e.Want + ", not '" + e.Type + "'", true
	case *failure.ChoiceError:
		return e.Text(pyRepr), true
	case *failure.ObjectNotFoundError:
		return withAdvice(err), e.NoDebugInfo
	case *failure.TypeNotFoundError:
		return withAdvice(err), e.NoDebugInfo
	case *failure.SymbolNotFoundError:
		return withAdvice(err), e.NoDebugInfo
	case *crash.ValueRangeError:
		return fmt.Sprintf("Python int too large to convert to C uint%d_t", e.Bits), true
	case *arch.UnsupportedError:
		of := "core dump"
		if e.What == "struct pt_regs" {
			of = "pt_regs"
		}
		return of + " stack unwinding is not supported for " + strings.ToLower(e.Arch.String()) + " architecture", true
	case *linux.InvalidVMCOREINFOError:
		return invalidVMCOREINFO(e), true
	case *linux.VMCOREINFONumberError:
		problem := "invalid"
		if e.TooLarge {
			problem = "too large"
		}
		return fmt.Sprintf("number in VMCOREINFO is %s: %s=%s", problem, e.Key, pyQuote(e.Value)), true
	case *drgn.FileStatusError:
		return "cannot change " + e.File + "_file_status from " + moduleFileStatus(e.From) + " to " + moduleFileStatus(e.To), true
	case *drgn.MissingDebugInfoError:
		notes := ""
		for _, n := range e.Notes {
			notes += "\n  " + n
		}
		return strings.TrimSuffix(e.Error(), notes) + "; name the files that have them, or their directory, with -s or load_debug_info()" + notes, true
	}
	return "", false
}

// invalidVMCOREINFO says what VMCOREINFO lacks that every kernel's has, in the words that scripts look for.
func invalidVMCOREINFO(e *linux.InvalidVMCOREINFOError) string {
	text := "VMCOREINFO does not contain valid " + e.Key
	if e.Key == "BUILD-ID" {
		text = "couldn't parse BUILD-ID in VMCOREINFO"
	}
	if e.Value != "" {
		text += ": " + pyQuote(e.Value)
		if e.Want != "" {
			text += " is not " + e.Want
		}
	}
	return text
}

// moduleFileStatus returns the member of ModuleFileStatus that a status is.
func moduleFileStatus(s drgn.FileStatus) string {
	members := [...]string{drgn.WantFile: "WANT", drgn.HaveFile: "HAVE", drgn.DontWantFile: "DONT_WANT", drgn.DontNeedFile: "DONT_NEED",
		drgn.WantSupplementary: "WANT_SUPPLEMENTARY"}
	if int(s) >= len(members) {
		return s.String()
	}
	return "ModuleFileStatus." + members[s]
}

// operations are Python's names of what a WrongTypeError names.
var operations = map[string]string{"ContainerOf": "container_of", "CString": "string"}

// withAdvice adds to an error that ends in "(no debugging information is loaded)" what to do about it.
func withAdvice(err error) string {
	return strings.TrimSuffix(err.Error(), ")") + ": name the file that has it with -s)"
}
