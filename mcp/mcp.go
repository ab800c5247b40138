// Package mcp serves a program to assistants by the Model Context Protocol, for looking only: the report on a kernel, stacks, types, expressions,
// symbols, memory, machine code and the commands of crash, each as a tool. See https://modelcontextprotocol.io/specification.
package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/safe"
	"github.com/godrgn/drgn/look"
	"github.com/godrgn/drgn/report"
)

// Options say what is served, and as whom.
type Options struct {
	// Version is this program's, which clients show.
	Version string
	// Redact leaves out what may tell of people, places and their data: the report is redacted, stacks have no variables, and the
	// tools that read memory are not offered. Answers and errors are scrubbed as the report is.
	Redact bool
}

// maxAnswer bounds an answer, in bytes: what reads it has little room.
const maxAnswer = 64 << 10

const instructions = `This looks at one program, with the debugger drgn: a kernel's core dump, a running kernel, a process or its core. Nothing can be changed.
Begin with "report" for a kernel, or "stacks" for a process. Then ask for what the report points to: "stack" of a thread with its variables,
"evaluate" for C expressions such as init_task.comm or ((struct task_struct *)0xffff888003a2c000)->mm, "type" for what a structure has,
"identify" for what lies at an address, "command" for the commands of crash (ps, bt, files, kmem, mount, log and others).
What can't be read is said to be missing, with the reason: don't guess it.`

const redacted = `
What may tell of people, places and their data is left out: host names, addresses of networks, the end of the log, command lines, paths, and the values of variables.`

// Serve answers one client until it leaves or ctx ends. Errors are those of reading and writing, and ctx's.
func Serve(ctx context.Context, p *drgn.Program, in io.ReadCloser, out io.WriteCloser, o Options) error {
	return newServer(p, o).Run(ctx, &mcp.IOTransport{Reader: in, Writer: out})
}

func newServer(p *drgn.Program, o Options) *mcp.Server {
	text := instructions
	if o.Redact {
		text += redacted
	}
	served := mcp.NewServer(&mcp.Implementation{Name: "drgn", Title: "drgn, the kernel debugger", Version: o.Version}, &mcp.ServerOptions{
		Instructions: text, Capabilities: &mcp.ServerCapabilities{}})
	served.AddReceivingMiddleware(bounded)
	l := &look.Look{Prog: p, Redact: o.Redact}
	offer(served, l, "report", "Say what happened to a kernel: why it came down, the crashed task's stack, what the CPUs did, what is out of the ordinary, by section.", l.Report)
	offer(served, l, "stacks", "Show the stacks of all threads, each once with the threads that have it, those that hang first.", l.Stacks)
	offer(served, l, "stack", "Show the stack of one thread, with inlined functions, source positions and the variables of each frame.", l.Stack)
	offer(served, l, "type", "Show how a type is defined: members, their types and offsets, its size.", l.Type)
	offer(served, l, "symbol", "Find a symbol by its name, or the one that an address lies in, with where its source is.", l.Symbol)
	offer(served, l, "disassemble", "Show the machine code of a function, with what it calls.", l.Disassemble)
	if !o.Redact {
		offer(served, l, "evaluate", "Evaluate a C expression of names, members, indices, *, & and casts, and print the object.", l.Evaluate)
		offer(served, l, "identify", "Say what lies at an address: a symbol, a slab object, a task's stack, a page and the like.", l.Identify)
		offer(served, l, "search", "Search memory for a number, text or bytes, and say where they are.", l.Search)
		offer(served, l, "command", "Run a command of crash on a kernel, such as \"ps -u\", \"bt 1\", \"kmem -i\", \"files 1\"; \"help\" lists them, \"help NAME\" explains one.", l.Command)
	}
	return served
}

// An answer is text that is being written; what is beyond its bound is counted only.
type answer struct {
	strings.Builder
	left int // bytes that had no room
}

// Write appends what there is room for. It never fails.
func (a *answer) Write(b []byte) (int, error) {
	room := max(maxAnswer-a.Len(), 0)
	if len(b) > room {
		a.left += len(b) - room
		a.Builder.Write(b[:room])
		return len(b), nil
	}
	return a.Builder.Write(b)
}

// text is what is sent, after scrub has taken out what is private; it has maxAnswer bytes at most, and a note where there was more.
func (a *answer) text(scrub func(string) string) string {
	text, left := a.String(), a.left
	if left > 0 {
		whole := strings.LastIndexAny(text, " \n") + 1 // the last word would not be known for private
		text, left = text[:whole], left+len(text)-whole
	}
	text = report.Printable(strings.ToValidUTF8(scrub(text), "\uFFFD"))
	if more := len(text) - maxAnswer; more > 0 {
		text, left = strings.ToValidUTF8(text[:maxAnswer], ""), left+more
	}
	if left > 0 {
		text += fmt.Sprintf("\n(%d bytes more are left out: ask for less at once)", left)
	}
	return text
}

// Bounds of what is asked, and of what is said to be wrong with it, in bytes: names that are near a long one take long to find, and errors say
// what was asked for.
const (
	maxAsked = 4096
	maxError = 1024
	maxName  = 128
)

// bounded refuses calls of tools that ask too much, before anything repeats them.
func bounded(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
		if call, ok := r.GetParams().(*mcp.CallToolParamsRaw); ok && call != nil {
			if len(call.Name) > maxName || len(call.Arguments) > maxAsked {
				var refused mcp.CallToolResult
				refused.SetError(fmt.Errorf("a tool's name may have %d bytes, and what it is asked %d", maxName, maxAsked))
				return &refused, nil
			}
		}
		return next(ctx, method, r)
	}
}

// told returns an error's text as it is sent: of a long one the middle is left out.
func told(text string) string {
	text = report.Printable(strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= maxError {
		return text
	}
	first, last := text[:maxError/4], text[len(text)-maxError/2:]
	return fmt.Sprintf("%s… (%d bytes are left out) …%s", strings.ToValidUTF8(first, ""), len(text)-len(first)-len(last), strings.ToValidUTF8(last, ""))
}

// offer adds a tool to a server. Its errors are told to the client, as those of a tool; a bug, too.
func offer[In any](served *mcp.Server, l *look.Look, name, description string, run func(ctx context.Context, in In, out io.Writer) error) {
	closed := false
	tool := &mcp.Tool{Name: name, Description: description, Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: &closed}}
	mcp.AddTool(served, tool, func(ctx context.Context, _ *mcp.CallToolRequest, in In) (*mcp.CallToolResult, any, error) {
		var out answer
		err := safe.Call(func() error { return run(ctx, in, &out) })
		if err != nil && out.Len() == 0 {
			return nil, nil, errors.New(told(l.Scrub(err.Error())))
		}
		text := out.text(l.Scrub)
		if err != nil {
			text += fmt.Sprintf("\nIt ends here: %s\n", told(l.Scrub(err.Error())))
		}
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}, IsError: err != nil}, nil, nil
	})
}
