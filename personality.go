package drgn

import (
	"context"
	"iter"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/lang/c"
	"github.com/godrgn/drgn/mem"
	"github.com/godrgn/drgn/module"
)

// A Personality is what is known of a program by what it is, beyond its debugging information: a kernel, a process. It may
// implement more: [ModuleLoader], [Stacks], [SourceLanguage], [Identifier], and what packages above ask for, such as the
// Translator of package linux/mm.
type Personality interface {
	// Threads walks the program's threads.
	Threads(p *Program) ThreadSeq
	// FindThread returns the thread of an ID, or a *ThreadNotFoundError.
	FindThread(p *Program, tid uint64) (*Thread, error)
	// MainThread returns the first thread of a process.
	MainThread(p *Program) (*Thread, error)
	// LoadedModules walks the modules that the program has loaded, adding those that are not known yet.
	LoadedModules(p *Program) LoadedModuleSeq
	// CrashedThread returns the thread that caused a core dump.
	CrashedThread(p *Program) (*Thread, error)
	// Stopped returns where a thread's stack trace starts. A task that runs now on a live kernel gives an *UnsupportedError; a thread that has no
	// stack any more a *NoStackError, beside the registers if they can still be read.
	Stopped(p *Program, t *Thread) (Stopped, error)
}

// Stopped is where a thread does not run.
type Stopped struct {
	Registers   *arch.Registers // nil: not known
	Interrupted bool            // between two instructions, not inside a call
	Stack       *mem.Copy       // of a thread that may run on; nil: memory has it
	Wide        arch.Wide       // registers of vectors and floating-point numbers, as far as they are known
	Left        *Left           // the stack that the thread has left for another one, if it is on that now; nil: it has but one
}

// Left is a stack that a thread may have left for one that a runtime of its language works on.
type Left struct {
	Stack       mem.Range       // where it lies
	Registers   *arch.Registers // as the thread has left it
	Interrupted bool
	Err         error // why they are not known; else nil
}

// A ModuleLoader is a [Personality] that knows how the program's modules were put into memory.
type ModuleLoader = module.Loader

// A MappedFile is a file that a module was mapped from.
type MappedFile = module.MappedFile

// Stacks is a [Personality] that knows more of stacks than the registers they start with.
type Stacks interface {
	// ThreadOf returns the thread that an object describes, such as a struct task_struct * of a kernel, or nil.
	ThreadOf(o Object) *Thread
	// InUserMode reports whether threads are in user mode. Stacks of others end at the first frame in user mode.
	InUserMode() bool
	// PACMask returns the bits of return addresses that a pointer authentication code takes; 0 if there is none.
	PACMask() uint64
}

// ExecutableMemory is a [Personality] that knows where code that is of no module may lie, such as that of a compiler which made it
// at run time.
type ExecutableMemory interface {
	Executable(address uint64) bool
}

// ThreadLocals is a [Personality] whose threads have variables of their own.
type ThreadLocals interface {
	// ThreadLocal returns where a thread has what lies at an offset in bytes in a module's block of such variables. registers are
	// those of the thread.
	ThreadLocal(p *Program, registers *arch.Registers, m *Module, offset uint64) (uint64, error)
}

// Stopper is a [Personality] whose threads can be stopped: see [Program.Stop].
type Stopper interface {
	Stop(ctx context.Context) (release func(), err error)
}

// SourceLanguage is a [Personality] that knows the language that the program's names are in.
type SourceLanguage interface{ Language() *c.Language }

// An Identifier is a [Personality] that knows what lies at addresses beyond symbols.
type Identifier interface {
	// Identify walks what lies at an address, the most telling first.
	Identify(p *Program, address uint64) iter.Seq2[Identity, error]
	// IdentifySymbol says more of an address in a symbol than the symbol does, if there is more to say; past: what it names is there no more.
	IdentifySymbol(p *Program, s Symbol, address uint64) (i Identity, more, past bool)
}

// KernelCode is a [Personality] that knows of a kernel's code, be there files of it or not.
type KernelCode interface {
	module.Code
	// CodeSymbol returns the symbol that the kernel keeps of code; ok is false if it keeps none.
	CodeSymbol(address uint64) (s Symbol, ok bool, err error)
	// KeptSymbols adds to what was found of a query those symbols that the kernel keeps of its modules and no file has.
	KeptSymbols(q SymbolQuery, found []Symbol) ([]Symbol, error)
	// Returns returns what finds real return addresses where tracers have put those of trampolines, ra, which lie at an
	// address. It is called for each frame, the innermost first; hooked is false for others than trampolines, and an error
	// says why the real one is not known. thread may be nil.
	Returns(thread *Thread) func(ra, at uint64) (real uint64, hooked bool, err error)
}
