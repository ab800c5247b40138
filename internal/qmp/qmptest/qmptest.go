// Package qmptest is a QEMU for tests: it answers what package qmp asks.
package qmptest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// A Block is guest memory at a physical address.
type Block struct {
	Address uint64
	Data    []byte
	Host    uint64 // where the process at the other end has it; 0: the monitor does not say
}

// A Server is a QEMU whose guest does not run.
type Server struct {
	Arch    string // "x86_64" when empty
	Blocks  []Block
	Dump    []byte // what dump-guest-memory writes; nil: there is no such command
	Running bool

	// Answer, when it is not nil, may answer a command or a line of the monitor itself, with the whole message; "" leaves
	// it to the server, "close" ends the connection.
	Answer func(command, line string) string

	mu sync.Mutex // while it answers
}

// Change changes the server while it serves.
func (s *Server) Change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Listen has the server serve a socket ("unix" or "tcp") until the listener is closed.
func (s *Server) Listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.Serve(conn)
		}
	}()
	return l, nil
}

// Serve speaks with one client until it leaves.
func (s *Server) Serve(conn net.Conn) {
	defer conn.Close()
	in := &reader{conn: conn}
	lines := bufio.NewReader(in)
	fmt.Fprint(conn, `{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 9}, "package": ""}, "capabilities": ["oob"]}}`+"\r\n")
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var request struct {
			Execute   string
			Arguments map[string]any
			ID        uint64
		}
		if json.Unmarshal(line, &request) != nil {
			return
		}
		monitor, _ := request.Arguments["command-line"].(string)
		answer := ""
		s.Change(func() {
			if s.Answer != nil {
				answer = s.Answer(request.Execute, monitor)
			}
		})
		if answer == "close" {
			return
		} else if answer != "" {
			fmt.Fprint(conn, answer+"\r\n")
			continue
		}
		// Whatever else the machine does is told in between.
		fmt.Fprint(conn, `{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "NIC_RX_FILTER_CHANGED", "data": {"return": 1}}`+"\r\n")
		var result any
		var failure string
		s.Change(func() { result, failure = s.do(request.Execute, monitor, request.Arguments, in) })
		message := map[string]any{"id": request.ID, "return": result}
		if failure != "" {
			message = map[string]any{"id": request.ID, "error": map[string]string{"class": "GenericError", "desc": failure}}
		}
		b, err := json.Marshal(message)
		if err != nil {
			return
		}
		if _, err := conn.Write(append(b, "\r\n"...)); err != nil {
			return
		}
	}
}

// do executes a command.
func (s *Server) do(command, line string, arguments map[string]any, in *reader) (result any, failure string) {
	none := map[string]any{}
	switch command {
	case "qmp_capabilities":
		return none, ""
	case "query-target":
		if s.Arch == "" {
			return map[string]string{"arch": "x86_64"}, ""
		}
		return map[string]string{"arch": s.Arch}, ""
	case "query-status":
		return map[string]any{"running": s.Running, "status": "paused"}, ""
	case "getfd":
		if in.file == nil {
			return nil, "No file descriptor supplied via SCM_RIGHTS"
		}
		return none, ""
	case "dump-guest-memory":
		if s.Dump == nil {
			return nil, "dumping is not supported"
		}
		file := in.file
		in.file = nil
		if file == nil || arguments["protocol"] != "fd:drgn-dump" {
			return nil, "no file"
		}
		defer file.Close()
		if _, err := file.Write(s.Dump); err != nil {
			return nil, err.Error()
		}
		return none, ""
	case "human-monitor-command":
		return s.monitor(line), ""
	}
	return nil, "The command " + command + " has not been found"
}

// monitor executes a line of the human monitor.
func (s *Server) monitor(line string) string {
	var b strings.Builder
	var address uint64
	var size int
	if line == "info mtree -f" {
		b.WriteString("FlatView #0\n AS \"I/O\", root: io\n Root memory region: io\n  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\n\n" +
			"FlatView #1\n AS \"memory\", root: system\n AS \"cpu-memory-0\", root: system\n Root memory region: system\n")
		for i, block := range s.Blocks {
			fmt.Fprintf(&b, "  %016x-%016x (prio 0, ram): pc.ram @%016x KVM\n", block.Address, block.Address+uint64(len(block.Data))-1, i<<32)
		}
		b.WriteString("  00000000fee00000-00000000feefffff (prio 4096, i/o): kvm-apic-msi\n\n")
		return b.String()
	}
	if n, err := fmt.Sscanf(line, "gpa2hva 0x%x", &address); n == 1 && err == nil {
		block, off := s.find(address)
		if block == nil || block.Host == 0 {
			return fmt.Sprintf("Memory at address 0x%x is not RAM\r\n", address)
		}
		return fmt.Sprintf("Host virtual address for 0x%x (pc.ram) is 0x%x\r\n", address, block.Host+off)
	}
	if n, err := fmt.Sscanf(line, "xp /%dbx 0x%x", &size, &address); n == 2 && err == nil {
		for i := range size {
			if i%8 == 0 {
				fmt.Fprintf(&b, "%016x:", address+uint64(i))
			}
			block, off := s.find(address + uint64(i))
			if block == nil {
				b.WriteString(" Cannot access memory\r\n")
				break
			}
			fmt.Fprintf(&b, " 0x%02x", block.Data[off])
			if i%8 == 7 || i == size-1 {
				b.WriteString("\r\n")
			}
		}
		return b.String()
	}
	return "unknown command: '" + line + "'\r\n"
}

func (s *Server) find(address uint64) (*Block, uint64) {
	for i := range s.Blocks {
		if off := address - s.Blocks[i].Address; off < uint64(len(s.Blocks[i].Data)) {
			return &s.Blocks[i], off
		}
	}
	return nil, 0
}

// A reader reads from a connection, and takes the files that come with what it reads.
type reader struct {
	conn net.Conn
	file *os.File
}

// Read reads as io.Reader says.
func (r *reader) Read(b []byte) (int, error) {
	socket, ok := r.conn.(*net.UnixConn)
	if !ok {
		return r.conn.Read(b)
	}
	control := make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := socket.ReadMsgUnix(b, control)
	if messages, bad := unix.ParseSocketControlMessage(control[:m]); bad == nil && len(messages) == 1 {
		if fds, bad := unix.ParseUnixRights(&messages[0]); bad == nil && len(fds) == 1 {
			r.file = os.NewFile(uintptr(fds[0]), "passed")
		}
	}
	return n, err
}
