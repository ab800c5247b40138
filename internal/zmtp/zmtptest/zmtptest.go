// Package zmtptest is the other side of package zmtp, for tests: a peer that connects. It is written from the specification alone.
package zmtptest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// A Peer is connected to a socket.
type Peer struct{ net.Conn }

// Dial connects as a socket of a type ("DEALER", "SUB", "REQ") with an identity.
func Dial(network, address, kind, identity string) (*Peer, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	p := &Peer{conn}
	if err := p.handshake(kind, identity); err != nil {
		conn.Close()
		return nil, err
	}
	return p, nil
}

func (p *Peer) handshake(kind, identity string) error {
	hello := make([]byte, 64)
	hello[0], hello[9], hello[10], hello[11] = 0xff, 0x7f, 3, 1 // 3.1, as libzmq
	copy(hello[12:], "NULL")
	ready := []byte("\x05READY")
	for _, property := range [][2]string{{"Socket-Type", kind}, {"Identity", identity}} {
		ready = append(append(ready, byte(len(property[0]))), property[0]...)
		ready = append(binary.BigEndian.AppendUint32(ready, uint32(len(property[1]))), property[1]...)
	}
	if _, err := p.Write(append(append(hello, 4, byte(len(ready))), ready...)); err != nil {
		return err
	}
	theirs := make([]byte, 64)
	if _, err := io.ReadFull(p, theirs); err != nil {
		return err
	}
	flags, body, err := p.frame()
	if err == nil && (flags != 4 || len(body) < 6 || string(body[:6]) != "\x05READY") {
		err = fmt.Errorf("no READY command: %#x %q", flags, body)
	}
	return err
}

// Send sends a message.
func (p *Peer) Send(parts ...string) error {
	var b []byte
	for i, part := range parts {
		var flags byte
		if i < len(parts)-1 {
			flags = 1
		}
		if len(part) < 256 {
			b = append(b, flags, byte(len(part)))
		} else {
			b = binary.BigEndian.AppendUint64(append(b, flags|2), uint64(len(part)))
		}
		b = append(b, part...)
	}
	_, err := p.Write(b)
	return err
}

// Receive waits for a message.
func (p *Peer) Receive() (parts []string, err error) {
	for {
		flags, body, err := p.frame()
		if err != nil {
			return nil, err
		}
		parts = append(parts, string(body))
		if flags&1 == 0 {
			return parts, nil
		}
	}
}

func (p *Peer) frame() (flags byte, body []byte, err error) {
	head := make([]byte, 9)
	if _, err := io.ReadFull(p, head[:2]); err != nil {
		return 0, nil, err
	}
	size := uint64(head[1])
	if head[0]&2 != 0 {
		if _, err := io.ReadFull(p, head[2:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(head[1:])
	}
	body = make([]byte, size)
	_, err = io.ReadFull(p, body)
	return head[0], body, err
}
