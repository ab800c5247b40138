// Package dap serves a program to editors by the Debug Adapter Protocol, for looking only: threads, stacks, variables,
// expressions and memory. See https://microsoft.github.io/debug-adapter-protocol/specification.
package dap

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/go-dap"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/expression"
	"github.com/godrgn/drgn/linux/crash"
)

// A Target is what a launch or attach request names to debug; paths are those of the machine that this runs on.
type Target struct {
	Core    string   `json:"core"`    // a core dump
	PID     int      `json:"pid"`     // a process
	Kernel  bool     `json:"kernel"`  // the running kernel
	QEMU    string   `json:"qemu"`    // a guest's QMP socket
	Program string   `json:"program"` // its debug file, as editors call it
	Symbols []string `json:"symbols"` // more of them
}

// An Opener opens what a request names; the zero Target is what the command line names.
type Opener func(ctx context.Context, t Target) (*drgn.Program, error)

// maxMessage bounds a request, in bytes.
const maxMessage = 1 << 20

// Serve answers requests until there are no more or the client has left, and closes the program that it opened. Errors are
// those of reading and writing, and a *MessageError.
func Serve(ctx context.Context, r io.Reader, w io.Writer, open Opener) error {
	s := &server{ctx: ctx, w: w, open: open}
	defer s.close()
	in := bufio.NewReader(r)
	for !s.left && s.err == nil {
		content, err := readMessage(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		message, err := dap.DecodeProtocolMessage(content)
		var unknown *dap.DecodeProtocolMessageFieldError
		switch {
		case errors.As(err, &unknown): // a request that is not in the protocol, or newer
			s.answer(&dap.ErrorResponse{Response: response(unknown.Seq, unknown.FieldValue)}, fmt.Errorf("%s is not supported", unknown.FieldValue))
		case err != nil:
			return &MessageError{err.Error()}
		default:
			s.handle(message)
		}
	}
	return s.err
}

// A MessageError says that what was read is no message of the protocol.
type MessageError struct{ Problem string }

func (e *MessageError) Error() string {
	return "not a message of the Debug Adapter Protocol: " + e.Problem
}

// readMessage reads a header, of which Content-Length counts, and the content; io.EOF is the end before a header. The
// protocol's own package would allocate whatever a header says.
func readMessage(in *bufio.Reader) ([]byte, error) {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n') // as long as the buffer at most
		if err != nil {
			if errors.Is(err, io.EOF) && first && len(line) == 0 {
				return nil, io.EOF
			}
			return nil, &MessageError{"the header has no end"}
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" {
			break
		}
		if value, ok := strings.CutPrefix(text, "Content-Length:"); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || length < 0 || length > maxMessage {
				return nil, &MessageError{fmt.Sprintf("its length, %q, is not one from 0 to %d", strings.TrimSpace(value), maxMessage)}
			}
		}
	}
	if length < 0 {
		return nil, &MessageError{"the header has no Content-Length"}
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(in, content); err != nil {
		return nil, &MessageError{"it is cut"}
	}
	return content, nil
}

// A server is one client's.
type server struct {
	ctx  context.Context
	w    io.Writer
	open Opener
	prog *drgn.Program
	seq  int
	err  error // of writing
	left bool  // the client has disconnected

	threads []drgn.Thread
	numbers map[int]int           // of threads, by the number that the client has for them: the index in threads
	frames  kept[drgn.StackFrame] // by frameId
	lists   kept[list]            // by variablesReference
}

// maxKept is how many frames, and lists of variables, a client can still ask for.
const maxKept = 1 << 17

// A kept is things by the numbers, from 1 on, that a client has for them. Of too many, the older half is forgotten.
type kept[T any] struct {
	all       []T
	forgotten int
}

func (k *kept[T]) add(v T) (number int) {
	if len(k.all) == maxKept {
		k.all, k.forgotten = append([]T(nil), k.all[maxKept/2:]...), k.forgotten+maxKept/2
	}
	k.all = append(k.all, v)
	return k.forgotten + len(k.all)
}

func (k *kept[T]) get(number int, what string) (v T, err error) {
	i := number - 1 - k.forgotten
	switch {
	case number < 1 || i >= len(k.all):
		return v, fmt.Errorf("there is no %s %d", what, number)
	case i < 0:
		return v, fmt.Errorf("the %s %d is forgotten, so many were asked for since: ask for the stack again", what, number)
	}
	return k.all[i], nil
}

func (s *server) close() {
	if s.prog != nil {
		_ = s.prog.Close() // was only read
	}
}

// send writes a message.
func (s *server) send(m dap.Message) {
	if s.err == nil {
		s.err = dap.WriteProtocolMessage(s.w, m)
	}
}

// next returns the number of the next message.
func (s *server) next() int {
	s.seq++
	return s.seq
}

func response(request int, command string) dap.Response {
	return dap.Response{ProtocolMessage: dap.ProtocolMessage{Type: "response"}, RequestSeq: request, Command: command, Success: true}
}

// answer sends a response, or what is wrong.
func (s *server) answer(m dap.ResponseMessage, err error) {
	r := m.GetResponse()
	r.Seq = s.next()
	if err != nil {
		failed := &dap.ErrorResponse{Response: *r}
		failed.Success, failed.Message = false, err.Error()
		failed.Body.Error = &dap.ErrorMessage{Id: 1, Format: "{what}", Variables: map[string]string{"what": err.Error()}}
		s.send(failed)
		return
	}
	s.send(m)
}

// event sends an event.
func (s *server) event(m dap.EventMessage, name string) {
	e := m.GetEvent()
	e.Seq, e.Type, e.Event = s.next(), "event", name
	s.send(m)
}

var errOnlyLooked = errors.New("what is debugged is only looked at: it does not run")

// handle answers one request.
func (s *server) handle(m dap.Message) {
	request, ok := m.(dap.RequestMessage)
	if !ok {
		return // clients answer nothing that is asked here
	}
	to := response(request.GetRequest().Seq, request.GetRequest().Command)
	if _, needs := m.(interface{ GetArguments() json.RawMessage }); !needs && s.prog == nil {
		switch m.(type) {
		case *dap.InitializeRequest, *dap.DisconnectRequest, *dap.TerminateRequest, *dap.SetExceptionBreakpointsRequest, *dap.SetBreakpointsRequest:
		default:
			s.answer(&dap.ErrorResponse{Response: to}, errors.New("nothing was opened yet"))
			return
		}
	}
	switch m := m.(type) {
	case *dap.InitializeRequest:
		s.answer(&dap.InitializeResponse{Response: to, Body: dap.Capabilities{SupportsConfigurationDoneRequest: true, SupportsEvaluateForHovers: true,
			SupportsReadMemoryRequest: true, SupportsDelayedStackTraceLoading: true, SupportsModulesRequest: true, SupportsTerminateRequest: true}}, nil)
	case *dap.LaunchRequest:
		s.start(&dap.LaunchResponse{Response: to}, m.Arguments)
	case *dap.AttachRequest:
		s.start(&dap.AttachResponse{Response: to}, m.Arguments)
	case *dap.ConfigurationDoneRequest:
		s.answer(&dap.ConfigurationDoneResponse{Response: to}, nil)
		s.stopped()
	case *dap.SetBreakpointsRequest:
		body := dap.SetBreakpointsResponseBody{Breakpoints: []dap.Breakpoint{}}
		for _, b := range m.Arguments.Breakpoints {
			body.Breakpoints = append(body.Breakpoints, dap.Breakpoint{Line: b.Line, Message: errOnlyLooked.Error()})
		}
		s.answer(&dap.SetBreakpointsResponse{Response: to, Body: body}, nil)
	case *dap.SetExceptionBreakpointsRequest:
		s.answer(&dap.SetExceptionBreakpointsResponse{Response: to}, nil)
	case *dap.ThreadsRequest:
		list, err := s.listThreads()
		s.answer(&dap.ThreadsResponse{Response: to, Body: dap.ThreadsResponseBody{Threads: list}}, err)
	case *dap.StackTraceRequest:
		body, err := s.stackTrace(m.Arguments)
		s.answer(&dap.StackTraceResponse{Response: to, Body: body}, err)
	case *dap.ScopesRequest:
		scopes, err := s.scopes(m.Arguments.FrameId)
		s.answer(&dap.ScopesResponse{Response: to, Body: dap.ScopesResponseBody{Scopes: scopes}}, err)
	case *dap.VariablesRequest:
		variables, err := s.variables(m.Arguments)
		s.answer(&dap.VariablesResponse{Response: to, Body: dap.VariablesResponseBody{Variables: variables}}, err)
	case *dap.EvaluateRequest:
		body, err := s.evaluate(m.Arguments)
		s.answer(&dap.EvaluateResponse{Response: to, Body: body}, err)
	case *dap.ReadMemoryRequest:
		body, err := s.readMemory(m.Arguments)
		s.answer(&dap.ReadMemoryResponse{Response: to, Body: body}, err)
	case *dap.ModulesRequest:
		s.answer(&dap.ModulesResponse{Response: to, Body: s.modules()}, nil)
	case *dap.DisconnectRequest:
		s.left = true
		s.answer(&dap.DisconnectResponse{Response: to}, nil)
	case *dap.TerminateRequest:
		s.answer(&dap.TerminateResponse{Response: to}, nil)
		s.event(&dap.TerminatedEvent{}, "terminated")
	default:
		s.answer(&dap.ErrorResponse{Response: to}, errOnlyLooked)
	}
}

// start opens what a launch or attach request names.
func (s *server) start(to dap.ResponseMessage, arguments json.RawMessage) {
	var t Target
	err := json.Unmarshal(arguments, &t)
	if err == nil && s.prog != nil {
		err = errors.New("a program is open already")
	}
	if err == nil {
		s.prog, err = s.open(s.ctx, t)
	}
	s.answer(to, err)
	if err == nil {
		s.event(&dap.InitializedEvent{}, "initialized")
	}
}

// stopped says which thread is looked at first: the one that crashed, or else the first.
func (s *server) stopped() {
	body := dap.StoppedEventBody{Reason: "pause", Description: "looked at", AllThreadsStopped: true}
	if list, err := s.listThreads(); err == nil && len(list) > 0 {
		body.ThreadId = list[0].Id
	}
	if t, err := s.prog.CrashedThread(); err == nil {
		body.Reason, body.Description = "exception", "crashed"
		for id, i := range s.numbers {
			if s.same(&s.threads[i], t) {
				body.ThreadId = id
			}
		}
	}
	s.event(&dap.StoppedEvent{Body: body}, "stopped")
}

// same reports whether two threads are one.
func (s *server) same(a, b *drgn.Thread) bool {
	x, errX := a.Object.Uint()
	y, errY := b.Object.Uint()
	return a.TID == b.TID && (errX != nil && errY != nil || x == y)
}

// idleNumbers is where the numbers begin of threads that share an ID with another: the idle tasks.
const idleNumbers = 1 << 30

func (s *server) listThreads() ([]dap.Thread, error) {
	if s.threads == nil {
		s.numbers = map[int]int{}
		for t, err := range s.prog.Threads() {
			if err != nil {
				return nil, err
			}
			id := int(t.TID)
			if _, taken := s.numbers[id]; taken || id <= 0 {
				id = idleNumbers + len(s.threads)
			}
			s.numbers[id] = len(s.threads)
			s.threads = append(s.threads, *t)
		}
	}
	list := make([]dap.Thread, len(s.threads))
	for id, i := range s.numbers {
		t := &s.threads[i]
		name := t.Name
		if comm, err := t.Object.Member("comm").CString(); err == nil {
			name = string(comm)
		}
		list[i] = dap.Thread{Id: id, Name: strings.TrimSpace(fmt.Sprintf("%d %s", t.TID, name))}
	}
	return list, nil
}

func (s *server) stackTrace(a dap.StackTraceArguments) (body dap.StackTraceResponseBody, err error) {
	if _, err := s.listThreads(); err != nil {
		return body, err
	}
	i, ok := s.numbers[a.ThreadId]
	if !ok {
		return body, fmt.Errorf("there is no thread %d", a.ThreadId)
	}
	trace, err := s.threads[i].StackTrace()
	if err != nil {
		return body, err
	}
	body.TotalFrames = trace.Len()
	end := trace.Len()
	if a.Levels > 0 {
		end = min(end, a.StartFrame+a.Levels)
	}
	body.StackFrames = []dap.StackFrame{}
	for i := max(a.StartFrame, 0); i < end; i++ {
		f := trace.Frame(i)
		shown := dap.StackFrame{Id: s.frames.add(f), Name: f.Name(), InstructionPointerReference: fmt.Sprintf("%#x", f.PC())}
		if at, err := f.Source(); err == nil {
			shown.Line, shown.Column, shown.Source = max(at.Line, 0), at.Column, source(at.Filename)
		}
		if f.IsInline() {
			shown.Name += " (inlined)"
		}
		if f.IsTailCall() {
			shown.Name += " (tail call)"
		}
		body.StackFrames = append(body.StackFrames, shown)
	}
	return body, nil
}

// source says where a file is; one that is not here can't be shown.
func source(name string) *dap.Source {
	s := &dap.Source{Name: filepath.Base(name), Path: name}
	if _, err := os.Stat(name); err != nil || !filepath.IsAbs(name) {
		s.PresentationHint, s.Origin = "deemphasize", "not on this machine: "+name
	}
	return s
}

// maxRead bounds how much memory is read at once, in bytes.
const maxRead = 1 << 20

func (s *server) readMemory(a dap.ReadMemoryArguments) (body dap.ReadMemoryResponseBody, err error) {
	address, err := strconv.ParseUint(a.MemoryReference, 0, 64)
	if err != nil {
		return body, fmt.Errorf("%q is no address", a.MemoryReference)
	}
	address += uint64(a.Offset)
	body.Address = fmt.Sprintf("%#x", address)
	buf := make([]byte, min(max(a.Count, 0), maxRead))
	n := len(buf)
	for n > 0 && s.prog.Memory().Read(buf[:n], address, false) != nil { // up to the first page that is not there
		n = max(0, (n-1)/512*512)
	}
	body.Data, body.UnreadableBytes = base64.StdEncoding.EncodeToString(buf[:n]), max(a.Count, 0)-n
	return body, nil
}

func (s *server) modules() dap.ModulesResponseBody {
	body := dap.ModulesResponseBody{Modules: []dap.Module{}}
	for m := range s.prog.Modules() {
		shown := dap.Module{Id: len(body.Modules), Name: m.Name(), SymbolStatus: "none"}
		if m.HasTypes() {
			shown.SymbolStatus = "loaded"
		}
		body.Modules = append(body.Modules, shown)
	}
	body.TotalModules = len(body.Modules)
	return body
}

// evaluate answers an expression, or at the debug console a command that begins with %.
func (s *server) evaluate(a dap.EvaluateArguments) (body dap.EvaluateResponseBody, err error) {
	if line, ok := strings.CutPrefix(strings.TrimSpace(a.Expression), "%"); ok {
		words, _, err := crash.Words(line, false)
		if err != nil || len(words) == 0 {
			return body, errors.Join(errors.New("the name of a command is expected"), err)
		}
		var out strings.Builder
		_, _, err = crash.Of(s.prog).Run(s.ctx, words[0], words[1:], &out, &out)
		body.Result = out.String()
		return body, err
	}
	var frame *drgn.StackFrame
	if a.FrameId != 0 {
		f, err := s.frames.get(a.FrameId, "stack frame")
		if err != nil {
			return body, err
		}
		frame = &f
	}
	o := expression.Evaluate(s.prog, a.Expression, frame)
	if err := o.Err(); err != nil {
		return body, expression.Explain(s.prog, err, frame)
	}
	v := s.variable("", a.Expression, o)
	body.Result, body.Type, body.VariablesReference, body.NamedVariables, body.IndexedVariables, body.MemoryReference =
		v.Value, v.Type, v.VariablesReference, v.NamedVariables, v.IndexedVariables, v.MemoryReference
	return body, nil
}
