// Package qmp speaks the QEMU Machine Protocol, and reads the memory of QEMU's guests.
package qmp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/lock"
)

const (
	// greetingLimit is how long QEMU may take to greet. It serves one client of a socket at a time: the next one waits.
	greetingLimit = 5 * time.Second
	// answerLimit is how long it may take to answer a command.
	answerLimit = 30 * time.Second
	// maxMessage bounds the size of a message: the largest are the texts of human-monitor-command.
	maxMessage = 16 << 20
)

// A Client is a connection to QEMU. It serves any number of goroutines, one command after the other.
type Client struct {
	address string

	mu      lock.Mutex // from the command to its answer
	conn    net.Conn
	in      *bufio.Reader
	id      uint64
	failure error // of the connection, after which nothing works
}

// splitAddress returns host and port of an address "host:port" whose port is a number from 1 to 65535 and whose host, an
// empty one being this machine, does not begin with "/" or "."; every other address is that of a Unix socket.
func splitAddress(address string) (host, port string, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 || strings.HasPrefix(address, "/") || strings.HasPrefix(address, ".") {
		return "", "", false
	}
	host, port = address[:i], address[i+1:]
	for _, c := range port {
		if c < '0' || c > '9' {
			return "", "", false
		}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", "", false
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if host == "" {
		host = "localhost"
	}
	return host, port, true
}

// Dial connects to an address: "host:port", or the path of a Unix socket.
func Dial(address string) (*Client, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	var conn net.Conn
	var err error
	if host, port, ok := splitAddress(address); ok {
		conn, err = dialer.Dial("tcp", net.JoinHostPort(host, port))
	} else {
		conn, err = dialUnix(address)
	}
	if err != nil {
		return nil, dialError(address, err)
	}
	return newClient(address, conn)
}

// dialUnix connects to a socket whose path may be longer than a socket's address.
func dialUnix(path string) (net.Conn, error) {
	if strings.IndexByte(path, 0) >= 0 || path == "" {
		return nil, syscall.ENOENT
	}
	// A name that begins with "@" would be one without a file.
	at := path
	if strings.HasPrefix(at, "@") {
		at = "./" + at
	}
	const longest = 107 // in struct sockaddr_un
	if len(at) <= longest {
		return net.DialTimeout("unix", at, 10*time.Second)
	}
	file, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(file)
	return net.DialTimeout("unix", fmt.Sprintf("/proc/self/fd/%d", file), 10*time.Second)
}

// dialError makes a failure to connect one of a file, which has the system's number.
func dialError(address string, err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return &os.PathError{Op: "connect", Path: address, Err: errno}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &os.PathError{Op: "connect", Path: address, Err: syscall.ETIMEDOUT}
	}
	return &failure.QMPProtocolError{Address: address, Problem: "cannot connect", Err: err}
}

// FromFD speaks over an open socket, of which it takes a copy.
func FromFD(fd int) (*Client, error) {
	name := fmt.Sprintf("file descriptor %d", fd)
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "dup", Path: name, Err: err}
	}
	file := os.NewFile(uintptr(dup), name)
	defer file.Close() // FileConn takes another copy
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, dialError(name, err)
	}
	return newClient(name, conn)
}

func newClient(address string, conn net.Conn) (*Client, error) {
	c := &Client{address: address, conn: conn, in: bufio.NewReader(conn)}
	if err := c.negotiate(); err != nil {
		conn.Close() // the first error is the one to tell
		return nil, err
	}
	return c, nil
}

// negotiate reads the greeting and leaves the mode in which no other command is allowed (QMP specification, "Capabilities
// Negotiation").
func (c *Client) negotiate() error {
	if err := c.conn.SetDeadline(time.Now().Add(greetingLimit)); err != nil {
		return err
	}
	line, err := c.line()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &failure.QMPProtocolError{Address: c.address, Problem: "no greeting from QEMU: nothing speaks QMP there, or another client is connected already, " +
			"next to which QEMU serves none (give it a second -qmp)"}
	}
	if err != nil {
		return &failure.QMPProtocolError{Address: c.address, Problem: "no greeting from QEMU", Err: err}
	}
	if _, err := parseGreeting(line); err != nil {
		return &failure.QMPProtocolError{Address: c.address, Problem: "what is there does not speak QMP", Err: err}
	}
	return c.Execute("qmp_capabilities", nil, nil)
}

// Close ends the connection; commands that wait for an answer fail.
func (c *Client) Close() error { return c.conn.Close() }

// Address returns what the client is connected to.
func (c *Client) Address() string { return c.address }

// Execute has QEMU execute a command. Its result is decoded to where result points, as encoding/json does, unless that is
// nil. QEMU's refusal is an [*failure.QMPError].
func (c *Client) Execute(command string, arguments, result any) error {
	return c.execute(command, arguments, result, nil)
}

func (c *Client) execute(command string, arguments, result any, pass *os.File) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failure != nil {
		return c.failure
	}
	answer, err := c.ask(command, arguments, pass)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
			err = &failure.QMPProtocolError{Address: c.address, Problem: "the connection to QEMU is lost: the guest has ended, or QEMU closed it"}
		} else if errors.Is(err, os.ErrDeadlineExceeded) {
			err = &failure.QMPProtocolError{Address: c.address, Problem: fmt.Sprintf("QEMU did not answer %s in %v", command, answerLimit)}
		}
		c.failure = err
		c.conn.Close() // the first error is the one to tell
		return err
	}
	if answer.Error != nil {
		return &failure.QMPError{Command: command, Class: answer.Error.Class, Desc: answer.Error.Desc}
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Return, result); err != nil {
		return &failure.QMPProtocolError{Address: c.address, Problem: "QEMU's answer to " + command + " makes no sense", Err: err}
	}
	return nil
}

// ask sends a command and waits for its answer, passing over events.
func (c *Client) ask(command string, arguments any, pass *os.File) (*message, error) {
	if err := c.conn.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return nil, err
	}
	c.id++
	b, err := json.Marshal(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
		ID        uint64 `json:"id"`
	}{command, arguments, c.id})
	if err != nil {
		return nil, err
	}
	if err := c.send(append(b, '\n'), pass); err != nil {
		return nil, err
	}
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		m, err := parseMessage(line)
		if err != nil {
			return nil, &failure.QMPProtocolError{Address: c.address, Problem: "QEMU's answer to " + command + " makes no sense", Err: err}
		}
		switch {
		case m.Event != "": // of the machine: it was stopped, a device was added, …
		case m.ID != nil && *m.ID != c.id: // an answer that came too late for one who sent over this socket before
		default:
			return m, nil
		}
	}
}

// send writes a message, with a file for QEMU's getfd when pass is not nil.
func (c *Client) send(b []byte, pass *os.File) error {
	if pass == nil {
		_, err := c.conn.Write(b)
		return err
	}
	socket, ok := c.conn.(*net.UnixConn)
	if !ok {
		return errNotUnix
	}
	n, _, err := socket.WriteMsgUnix(b, unix.UnixRights(int(pass.Fd())), nil)
	if err == nil && n < len(b) {
		_, err = socket.Write(b[n:])
	}
	return err
}

var errNotUnix = errors.New("files can be passed over a Unix socket only")

// line reads a line, without its end.
func (c *Client) line() ([]byte, error) {
	var line []byte
	for {
		part, err := c.in.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxMessage {
			return nil, &failure.QMPProtocolError{Address: c.address, Problem: fmt.Sprintf("QEMU sends a message of more than %d MiB", maxMessage>>20)}
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err != nil {
			return nil, err
		}
		if trimmed := strings.TrimSpace(string(line)); trimmed != "" {
			return []byte(trimmed), nil
		}
		line = line[:0]
	}
}

// Monitor has QEMU's human monitor execute a line, and returns what it says.
func (c *Client) Monitor(line string) (string, error) {
	var text string
	err := c.Execute("human-monitor-command", map[string]string{"command-line": line}, &text)
	return text, err
}

// PassFile gives QEMU an open file under a name that commands know it by ("fd:NAME"), over a Unix socket only.
func (c *Client) PassFile(name string, f *os.File) error {
	return c.execute("getfd", map[string]string{"fdname": name}, nil, f)
}

// Peer returns the process at the other end of a Unix socket; ok is false for other sockets, and when it is in a PID
// namespace that can't be seen from here. It is who listened at the socket, which need not be QEMU itself.
func (c *Client) Peer() (pid int, ok bool) {
	socket, isUnix := c.conn.(*net.UnixConn)
	if !isUnix {
		return 0, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, false
	}
	var cred *unix.Ucred
	if raw.Control(func(fd uintptr) { cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }) != nil || err != nil || cred.Pid <= 0 {
		return 0, false
	}
	return int(cred.Pid), true
}

// IsUnix reports whether the connection is one over a Unix socket: then QEMU runs on this machine.
func (c *Client) IsUnix() bool {
	_, ok := c.conn.(*net.UnixConn)
	return ok
}
