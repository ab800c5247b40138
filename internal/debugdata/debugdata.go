// Package debugdata says what one source of debugging information can be asked: the DWARF of a file, its BTF. A source
// answers what it can: all know types, variables and functions by name ([Info]); some know which functions have code at an
// address ([Code]) and from which lines it was compiled ([Lines]); some functions know the names in their scope ([Scope]).
//
// Addresses are those of the program's memory.
package debugdata

import (
	"path"
	"strings"

	"github.com/godrgn/drgn/types"
)

// Has says what a source can be asked.
type Has uint8

// What sources can be asked.
const (
	Types     Has = 1 << iota // types, variables, functions and constants by name: all sources
	Functions                 // the functions at an address: it is a [Code]
	Sources                   // the source lines of an address: it is a [Lines]
)

// An Info is what one source says of a module.
type Info interface {
	// FindType returns the first type of one of the kinds that has a name or tag and is defined in a file that
	// filename names ([PathMatches]); nil when there is none.
	FindType(kinds types.KindSet, name, filename string) (*types.Type, error)
	// Definition returns the one definition of a structure, union, class or enumerated type that has a name, with the namespaces and
	// classes around it; nil when there is none, and when there are several that differ.
	Definition(kinds types.KindSet, name string) (t *types.Type, several bool, err error)
	// FindEntity returns what of a kind has a name, in such a file; ok is false when there is none. Of several that have
	// an address it is the one whose address prefer ranks lowest: a weak function that another one replaced is in the file
	// still. prefer is asked only if there are several, and says false of an address that it does not know; else, and if
	// prefer is nil, it is the first that has an address or value.
	FindEntity(kind Kind, name, filename string, prefer func(address uint64) (rank int, ok bool)) (e Entity, ok bool, err error)
	// EachName calls f with each name that FindType or FindEntity find, and what it is the name of, until f returns false.
	// Some names come more than once. name is good until f returns.
	EachName(f func(of NameOf, name []byte) bool) error
}

// Indexed is an [Info] that finds names by an index, which takes time to make. Who asks for a name makes it; what is asked by an
// address does without.
type Indexed interface {
	// IndexNames makes the index unless it is there. report, if not nil, is called with bytes done of total, from several goroutines
	// at once.
	IndexNames(report func(done, total uint64)) error
}

// A NameOf says what a name is the name of.
type NameOf struct {
	IsType bool
	Type   types.Kind // of a type; Int stands for all that the language itself has
	Entity Kind       // of what is none
}

// A Kind is what is looked for by name.
type Kind uint8

// The kinds of entities.
const (
	Variable Kind = iota
	Function
	Constant // an enumerator
)

// An Entity is a variable, a function or a constant.
type Entity struct {
	Type  *types.Type
	Where Where

	Address    uint64   // of InMemory; of ThreadLocal: in bytes from the start of the module's block of such variables
	BitOffset  uint8    // of InMemory: in bits from Address on, less than 8
	Number     uint64   // of IsNumber: its low 64 bits
	Bytes      []byte   // of IsBytes
	Candidates []uint64 // of ByAddress: those of Copies that were loaded
	Copies     int      // of ByAddress: how many there are
	Parts      Parts    // of OptimizedOut and NotImplemented: what is known of it nevertheless; nil: nothing
}

// Parts is what is known of a variable that has no address and not all of whose value is known: the compiler kept some of its parts
// only, or it points to a variable that has no address.
type Parts interface {
	// Part returns what is known of the n bits from a bit on, as a variable of a type.
	Part(t *types.Type, at, n uint64) (Entity, error)
	// Target returns what a pointer of which these are the parts points into, and how many bytes after its start; ok is false if
	// these are the parts of something else.
	Target() (target Parts, offset int64, ok bool, err error)
}

// Where says where an entity is.
type Where uint8

// The places of entities.
const (
	InMemory Where = iota
	IsNumber       // it has no place in memory: the compiler made it a constant
	IsBytes        // as IsNumber, of a value that is not a number: its bytes as they would lie in memory
	// The source does not know; the symbol of the entity's name does. So it is for all that BTF has.
	ByName
	// A function of which the source knows only out-of-line copies, because it was also inlined: that of Candidates at
	// which a symbol has its name is the function. The others are specialized copies ("f.constprop.0", "f.part.0").
	ByAddress

	OptimizedOut   // the compiler did not keep it, or not here
	NotImplemented // its location is stated in a way that can't be evaluated
	ThreadLocal    // each thread has its own
	Declared       // it is only declared here and is defined elsewhere, or its section was not loaded
)

// Code is an [Info] that knows functions by their addresses.
type Code interface {
	// AppendFunctions appends the functions whose code contains an address: the innermost of those that were inlined first,
	// the one they all were inlined into last. None are known for code without debugging information, such as most
	// assembly.
	AppendFunctions(to []CodeFunction, pc uint64) ([]CodeFunction, error)
	// ScopeOf returns the scope of a function that AppendFunctions has appended; nil if the names in it are not known.
	ScopeOf(f CodeFunction) Scope
}

// A CodeFunction is a function, or the instance of one that was inlined, whose code contains an address.
type CodeFunction struct {
	Name   string // "": not known
	Inline bool
	Of     any // what the source knows it by
}

// Split is an [Info] that may be in several files.
type Split interface {
	// Missing returns how many files that it is in were not found or cannot be read, of which types, variables and functions are not known, and
	// the name of the first of them and why. Which ones are damaged is known once a name was looked for.
	Missing() (n int, first string)
}

// Titles is a [Code] that knows functions by longer names.
type Titles interface {
	// Title returns the name of a function that AppendFunctions has appended with the namespaces and classes around it; it is the
	// function's Name in languages that have none.
	Title(f CodeFunction) (string, error)
}

// An Argument is something that a function was called with.
type Argument struct {
	Register  uint64 // that had it, by its DWARF number
	Pointed   bool   // it is what the register pointed to
	Parameter any    // what the source of the function calls it, where it is in no register
}

// Calls is an [Info] that knows what functions are called with.
type Calls interface {
	// Argument returns what a function is called with at a call, as the frame of the function that calls tells; ok is false if that is not
	// known, or another function than callee is called there.
	Argument(site CallSite, callee Callee, a Argument, frame Frame) (value uint64, ok bool, err error)
	// Called returns which function a call is of; ok is false if that is not known.
	Called(site CallSite, frame Frame) (c Called, ok bool, err error)
	// TailCalls returns the tail calls, the last first, by which the function that is entered at an address has come to enter another one; those are left out, or
	// all, that are not certain.
	TailCalls(from uint64, to CodeFunction) ([]CallSite, error)
}

// A Called is a function that is called: by where it is entered or, if it is not of the same file, by the name that linkers know.
type Called struct {
	Entry uint64
	Name  string // "": Entry is known
}

// A CallSite is where a function calls another one.
type CallSite struct {
	// PC is the address that the call returns to or, with AtJump, that of the jump which a tail call is. Of a tail call that is not AtJump it is the address after the
	// jump.
	PC     uint64
	AtJump bool
}

// A Callee is a function that was called.
type Callee struct {
	Entry uint64 // where it is entered
	// Is reports whether the function that a name stands for is that: all modules see one that is external, of others there may
	// be several of a name.
	Is func(name string, external bool) bool
}

// Lines is an [Info] that knows source lines.
type Lines interface {
	// SourcesAt returns where in the source code an address is: a position for each of AppendFunctions in the same order,
	// which for all but the innermost is where the function before it was called; code of no known function has at most
	// one. The zero Source is not known.
	SourcesAt(pc uint64) ([]Source, error)
}

// A Source is a position in the source code.
type Source struct {
	File   string // as the compiler was given it; "": not known
	Line   int64  // 0: not known; what belongs to no line has one below 0 by some compilers, as of Go
	Column uint64 // 0: not known, or the whole line
}

// A Scope is the scope of a function at an address.
type Scope interface {
	// Names returns the names of the parameters, variables, enumerators and nested functions in the scope: those of the
	// function itself first, those of the innermost block last. A name may be there several times; the last counts.
	Names() ([]string, error)
	// Contains reports whether a name is in the scope.
	Contains(name string) (bool, error)
	// Find returns what a name means in the scope; ok is false when it is not there. pc is the address that the function
	// was found for, frame its frame.
	Find(name string, pc uint64, frame Frame) (e Entity, ok bool, err error)
	// Around returns the scopes around the function in which its language looks for names, innermost first.
	Around() ([]Outer, error)
	// FindStatic returns the variable or function of a name that only the code of the same compilation unit can see: other
	// units may have others of the same name, even of the same file. ok is false when there is none.
	FindStatic(name string) (e Entity, ok bool, err error)
	// Filename returns the path of the source file that the function is compiled from, or "".
	Filename() string
}

// An Outer is a scope around a function: a class, a base of one, a namespace, or a function that it is nested in.
type Outer struct {
	Name string // of a class or namespace, qualified: variables and functions are found by it; "" if they are not
	// Find returns an enumerator of a name or, in a function, a variable. One on the stack is NotImplemented: it is in another frame. pc is
	// the address that the nested function was found for, frame its frame.
	Find func(name string, pc uint64, frame Frame) (e Entity, ok bool, err error)
}

// A Frame is what the place of a variable may depend on in a stack frame.
type Frame interface {
	// Register returns the value that a register, by its DWARF number, had in the frame, and whether it is known.
	Register(number uint64) (uint64, bool)
	// CFA returns the canonical frame address, and whether it is known.
	CFA() (uint64, bool)
	// EntryValue returns what an argument was when the frame's function, which is entered at an address, was called; ok is false where that
	// is not known.
	EntryValue(entry uint64, a Argument) (value uint64, ok bool, err error)
	// Wide returns what a register that may be wider than 64 bits holds, by its DWARF number, as a store to memory has it; nil if it is
	// not known.
	Wide(number uint64) []byte
	// LongDouble returns how many bits the significand of the machine's long double has; 0 where that isn't known.
	LongDouble() int
	// Read fills buf with the program's memory at address.
	Read(buf []byte, address uint64) error
}

// PathMatches reports whether a path ends in the components of needle: "list.h" and "linux/list.h" match
// "include/linux/list.h", "st.h" does not. A needle that begins with a slash must be all of the path; an empty one matches
// any. Both are cleaned first: "a/../b.h" is "b.h".
func PathMatches(haystack, needle string) bool {
	if needle == "" || path.Clean(needle) == "." {
		return true
	}
	if haystack == "" {
		return false
	}
	h, n := path.Clean(haystack), path.Clean(needle)
	if h == n {
		return true
	}
	rest, ok := strings.CutSuffix(h, n)
	return ok && !path.IsAbs(n) && strings.HasSuffix(rest, "/")
}
