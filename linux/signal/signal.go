// Package signal looks at signals that are pending, blocked and handled (include/linux/signal.h).
package signal

import (
	"fmt"
	"iter"
	"strings"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/flags"
	"github.com/godrgn/drgn/linux/internal/sigabi"
	"github.com/godrgn/drgn/linux/list"
	"github.com/godrgn/drgn/types"
)

// SigpendingForEach walks a queue of pending signals, each as a struct sigqueue *.
//
// pending is a struct sigpending *.
//
//drgn:helper sigpending_for_each
//drgn:eager
func SigpendingForEach(pending drgn.Object) iter.Seq2[drgn.Object, error] {
	return list.ForEachEntry("struct sigqueue", pending.Member("list").AddressOf(), "list")
}

// Names are numbers by their names, the preferred name of a number first.
//
//drgn:dict
type Names []NamedNumber

// A NamedNumber is a number and a name of it.
type NamedNumber struct {
	Name   string
	Number uint64
}

// Numbers are the names of signals by their numbers, the preferred name of each first.
//
//drgn:dict
type Numbers []NumberNames

// A NumberNames is a signal and its names.
type NumberNames struct {
	Number uint64
	Names  []string
}

// last returns the highest number of a signal.
func last(p *drgn.Program) (uint64, error) {
	t, err := p.Type("sigset_t")
	if err != nil {
		return 0, err
	}
	n, err := t.BitSize()
	if err == nil && (n < sigabi.RTMin || n > 1024) {
		err = fmt.Errorf("sets of %d signals are not understood", n)
	}
	return n, err
}

// SignalNames returns the numbers of signals by their names. SIGRTMIN and SIGRTMAX are the kernel's: a program may see others.
//
//drgn:helper signal_names -> Mapping[str, int]
func SignalNames(p *drgn.Program) (Names, error) {
	n, err := last(p)
	if err != nil {
		return nil, err
	}
	var out Names
	for _, s := range sigabi.Standard {
		out = append(out, NamedNumber(s))
	}
	out = append(out, NamedNumber{"SIGRTMIN", sigabi.RTMin})
	for _, s := range sigabi.Later(p.Platform().Arch.Name) {
		out = append(out, NamedNumber(s))
	}
	return append(out, NamedNumber{"SIGRTMAX", n}), nil
}

// SignalNumbers returns the names of signals by their numbers. SIGRTMIN and SIGRTMAX are the kernel's: a program may see
// others.
//
//drgn:helper signal_numbers -> Mapping[int, Sequence[str]]
func SignalNumbers(p *drgn.Program) (Numbers, error) {
	n, err := last(p)
	if err != nil {
		return nil, err
	}
	var out Numbers
	for _, s := range sigabi.Standard {
		if i := len(out); i > 0 && out[i-1].Number == s.Number {
			out[i-1].Names = append(out[i-1].Names, s.Name)
		} else {
			out = append(out, NumberNames{s.Number, []string{s.Name}})
		}
	}
	for i := uint64(sigabi.RTMin); i <= n; i++ {
		names := []string{realTimeName(i, n)}
		for _, s := range sigabi.Later(p.Platform().Arch.Name) {
			if s.Number == i {
				names = append(names, s.Name)
			}
		}
		out = append(out, NumberNames{i, names})
	}
	return out, nil
}

// realTimeName names a real-time signal by what it is nearer to.
func realTimeName(i, last uint64) string {
	low, high := i-sigabi.RTMin, last-i
	switch {
	case low == 0:
		return "SIGRTMIN"
	case high == 0:
		return "SIGRTMAX"
	case low <= high:
		return fmt.Sprintf("SIGRTMIN+%d", low)
	}
	return fmt.Sprintf("SIGRTMAX-%d", high)
}

// DecodeSigset returns the names of the signals in a set: "{SIGINT,SIGTERM}".
//
// sigset is a sigset_t, a pointer to one, or an integer with a bit for each signal, the lowest for signal 1.
//
//drgn:helper decode_sigset(prog, sigset: Union[Object, IntegerLike])
func DecodeSigset(p *drgn.Program, sigset any) (string, error) {
	numbers, err := SignalNumbers(p)
	if err != nil {
		return "", err
	}
	words, bits, err := setWords(sigset)
	if err != nil {
		return "", err
	}
	var names []string
	for _, s := range numbers {
		if i := (s.Number - 1) / bits; i < uint64(len(words)) && words[i]>>((s.Number-1)%bits)&1 != 0 {
			names = append(names, s.Names[0])
		}
	}
	return "{" + strings.Join(names, ",") + "}", nil
}

// setWords returns the words of a set of signals, the lowest signals first, and how many bits a word has.
func setWords(sigset any) (words []uint64, bits uint64, err error) {
	switch set := sigset.(type) {
	case uint64:
		return []uint64{set}, 64, nil
	case drgn.Object:
		if err := set.Err(); err != nil {
			return nil, 0, err
		}
		if set.Type().UnderlyingKind() == types.Int {
			v, err := set.BigInt()
			switch {
			case err != nil:
				return nil, 0, err
			case v.Sign() < 0:
				return nil, 0, &drgn.ValueError{Problem: "a set of signals cannot be negative"}
			case !v.IsUint64():
				return nil, 0, &drgn.ValueError{Problem: "a set of signals has 64 bits"}
			}
			return []uint64{v.Uint64()}, 64, nil
		}
		sig := set.Member("sig")
		if err := sig.Err(); err != nil {
			return nil, 0, err
		}
		if bits, err = sig.Index(0).Type().BitSize(); err != nil {
			return nil, 0, err
		}
		err = sig.Decode(&words)
		return words, bits, err
	}
	return nil, 0, &drgn.TypeError{Problem: fmt.Sprintf("sigset must be a sigset_t or an integer, not %T", sigset)}
}

// SigsetToHex returns a set of signals as /proc/PID/status shows it, the highest signal first: "0000000000004002".
//
// sigset is a sigset_t or a pointer to one.
//
//drgn:helper sigset_to_hex
func SigsetToHex(sigset drgn.Object) (string, error) {
	words, bits, err := setWords(sigset)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := len(words) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "%0*x", bits/4, words[i])
	}
	return b.String(), nil
}

func actionFlags(p *drgn.Program) []flags.Flag {
	if !p.Platform().Known() {
		return sigabi.ActionFlags("")
	}
	return sigabi.ActionFlags(p.Platform().Arch.Name)
}

// ActionFlags returns the flags of the actions of signals (sigaction(2)) by their names.
//
//drgn:helper sigaction_flags -> Mapping[str, int]
func ActionFlags(p *drgn.Program) Names {
	var out Names
	for _, f := range actionFlags(p) {
		out = append(out, NamedNumber{f.Name, f.Mask})
	}
	return out
}

// DecodeActionFlagsValue returns the names of the flags in the sa_flags of an action: "SA_RESTORER|SA_RESTART"; "0" for none.
//
//drgn:helper decode_sigaction_flags_value
func DecodeActionFlagsValue(p *drgn.Program, value uint64) string {
	var preferred []flags.Flag
	for _, f := range actionFlags(p) {
		if n := len(preferred); n == 0 || preferred[n-1].Mask != f.Mask {
			preferred = append(preferred, f)
		}
	}
	return flags.Decode(value, preferred)
}

// DecodeActionFlags returns the names of the flags of an action: "SA_RESTORER|SA_RESTART"; "0" for none.
//
// sigaction is a struct sigaction.
//
//drgn:helper decode_sigaction_flags
func DecodeActionFlags(sigaction drgn.Object) (string, error) {
	value, err := sigaction.Member("sa_flags").Uint()
	if err != nil {
		return "", err
	}
	return DecodeActionFlagsValue(sigaction.Prog(), value), nil
}
