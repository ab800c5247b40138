// Package jupyter is what a Jupyter kernel says and hears: the five sockets that a connection file names, and signed messages on them
// (https://jupyter-client.readthedocs.io/en/stable/messaging.html). What messages mean is the caller's.
package jupyter

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"

	"github.com/godrgn/drgn/internal/zmtp"
)

// A Connection is what a connection file says: where a kernel listens, and the key of its messages. Port 0 is any port.
type Connection struct {
	Transport string `json:"transport"` // tcp or ipc
	IP        string `json:"ip"`        // with ipc, the beginning of the sockets' paths
	Shell     int    `json:"shell_port"`
	Control   int    `json:"control_port"`
	Stdin     int    `json:"stdin_port"`
	IOPub     int    `json:"iopub_port"`
	Heartbeat int    `json:"hb_port"`
	Key       string `json:"key"` // "": messages have no signature
	Scheme    string `json:"signature_scheme"`
}

// ReadConnection reads a connection file.
func ReadConnection(path string) (Connection, error) {
	var c Connection
	text, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s: not a connection file of Jupyter: %w", path, err)
	}
	return c, nil
}

// A Channel is one of a kernel's sockets on which requests come.
type Channel int

// The channels.
const (
	Shell Channel = iota
	Control
	Stdin
	channels
)

// A Message is a message without what its sender was called on the way.
type Message struct {
	Header, Parent, Metadata, Content []byte // each a JSON object

	envelope [][]byte
	from     *zmtp.Peer
}

// A Kernel has the sockets of a kernel.
type Kernel struct {
	key       []byte
	routers   [channels]*zmtp.Socket
	iopub     *zmtp.Socket
	heartbeat *zmtp.Socket

	mu     sync.Mutex
	unread [channels][]Message
}

// Open listens where a connection says.
func Open(c Connection) (*Kernel, error) {
	if c.Key != "" && c.Scheme != "" && c.Scheme != "hmac-sha256" {
		return nil, fmt.Errorf("messages are to be signed by %q; known is hmac-sha256", c.Scheme)
	}
	k := &Kernel{key: []byte(c.Key)}
	for _, s := range []struct {
		socket **zmtp.Socket
		kind   zmtp.Kind
		port   int
	}{{&k.routers[Shell], zmtp.Router, c.Shell}, {&k.routers[Control], zmtp.Router, c.Control}, {&k.routers[Stdin], zmtp.Router, c.Stdin},
		{&k.iopub, zmtp.Publisher, c.IOPub}, {&k.heartbeat, zmtp.Reply, c.Heartbeat}} {
		l, err := c.listen(s.port)
		if err != nil {
			k.Close()
			return nil, err
		}
		*s.socket = zmtp.Listen(l, s.kind)
	}
	return k, nil
}

func (c Connection) listen(port int) (net.Listener, error) {
	switch c.Transport {
	case "tcp":
		return net.Listen("tcp", net.JoinHostPort(c.IP, strconv.Itoa(port)))
	case "ipc":
		return net.Listen("unix", c.IP+"-"+strconv.Itoa(port))
	}
	return nil, fmt.Errorf("unknown transport %q; known are tcp and ipc", c.Transport)
}

// Close closes all sockets, when peers have what was sent.
func (k *Kernel) Close() {
	var all sync.WaitGroup
	for _, s := range append(k.routers[:], k.iopub, k.heartbeat) {
		if s != nil {
			all.Go(s.Close)
		}
	}
	all.Wait()
}

// ErrClosed says that the kernel was closed.
var ErrClosed = errors.New("the kernel is closed")

// Next waits for the next message on a channel. Messages that are none, or have a wrong signature, are passed over.
func (k *Kernel) Next(ctx context.Context, on Channel) (Message, error) {
	if m, ok := k.takeUnread(on); ok {
		return m, nil
	}
	s := k.routers[on]
	for {
		select {
		case <-ctx.Done():
			return Message{}, ctx.Err()
		case <-s.Done():
			return Message{}, ErrClosed
		case raw := <-s.Messages():
			if m, ok := k.parse(raw.Parts); ok {
				m.from = raw.From
				return m, nil
			}
		}
	}
}

// Unread gives a message back: it is the next one.
func (k *Kernel) Unread(on Channel, m Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.unread[on] = append(k.unread[on], m)
}

func (k *Kernel) takeUnread(on Channel) (m Message, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.unread[on]); n > 0 {
		m, k.unread[on] = k.unread[on][n-1], k.unread[on][:n-1]
		return m, true
	}
	return m, false
}

// Reply sends a message to where another came from.
func (k *Kernel) Reply(to Message, m Message) {
	if to.from != nil {
		to.from.Send(append(to.envelope[:len(to.envelope):len(to.envelope)], k.frames(m)...)...)
	}
}

// Ask sends a message on the channel for input to the front end that a message of the shell's came from; ok is false if it has no
// such channel.
func (k *Kernel) Ask(of Message, m Message) (ok bool) {
	if of.from == nil {
		return false
	}
	peer := k.routers[Stdin].Same(k.routers[Shell], of.from)
	if peer == nil {
		return false
	}
	peer.Send(k.frames(m)...)
	return true
}

// Publish sends a message to all front ends, about a topic.
func (k *Kernel) Publish(topic string, m Message) {
	k.iopub.Publish(append([][]byte{[]byte(topic)}, k.frames(m)...)...)
}

// delimiter stands before a message's signature.
const delimiter = "<IDS|MSG>"

func (k *Kernel) frames(m Message) [][]byte {
	return [][]byte{[]byte(delimiter), k.signature(m), m.Header, m.Parent, m.Metadata, m.Content}
}

func (k *Kernel) signature(m Message) []byte {
	if len(k.key) == 0 {
		return nil
	}
	h := hmac.New(sha256.New, k.key)
	for _, part := range [][]byte{m.Header, m.Parent, m.Metadata, m.Content} {
		h.Write(part)
	}
	return hex.AppendEncode(nil, h.Sum(nil))
}

// parse takes a message apart and checks its signature. Buffers behind the content belong to messages that no kernel of ours knows.
func (k *Kernel) parse(parts [][]byte) (m Message, ok bool) {
	for i, part := range parts {
		if string(part) != delimiter {
			continue
		}
		rest := parts[i+1:]
		if len(rest) < 5 {
			return m, false
		}
		m = Message{Header: rest[1], Parent: rest[2], Metadata: rest[3], Content: rest[4], envelope: parts[:i]}
		return m, hmac.Equal(rest[0], k.signature(m))
	}
	return m, false
}
