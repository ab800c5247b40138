// Package zmtp is the part of ZeroMQ's protocol, ZMTP 3.0 (RFC 23, https://rfc.zeromq.org/spec/23/), that serves the sockets of a
// Jupyter kernel: without encryption, and always the side that others connect to. libzmq of version 3.1 of the protocol speaks 3.0 with us.
package zmtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds on what a peer may send.
const (
	maxFrame  = 64 << 20 // bytes of a frame, and of a message
	maxFrames = 1 << 12  // frames of a message
)

// The bits of a frame's first byte.
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// greeting is what either side sends first: signature, version 3.0, mechanism NULL, no server.
var greeting = [64]byte{0: 0xff, 9: 0x7f, 10: 3, 12: 'N', 13: 'U', 14: 'L', 15: 'L'}

// A protocolError says how a peer departs from the protocol.
type protocolError struct{ what string }

func (e *protocolError) Error() string { return "ZMTP: " + e.what }

// A frame is one part of a message, or a command.
type frame struct {
	body          []byte
	more, command bool
}

// readFrame reads a frame whose body has at most limit bytes.
func readFrame(r io.Reader, limit uint64) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return frame{}, err
	}
	flags, size := head[0], uint64(head[1])
	if flags&^(flagMore|flagLong|flagCommand) != 0 || flags&flagCommand != 0 && flags&flagMore != 0 {
		return frame{}, &protocolError{fmt.Sprintf("a frame has flags %#x", flags)}
	}
	if flags&flagLong != 0 {
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return frame{}, noEOF(err)
		}
		size = binary.BigEndian.Uint64(head[1:])
	}
	if size > limit {
		return frame{}, &protocolError{fmt.Sprintf("a frame of %d bytes; at most %d are read", size, limit)}
	}
	// What is claimed need not come: memory grows with what does.
	var body strings.Builder
	if _, err := io.CopyN(&body, r, int64(size)); err != nil {
		return frame{}, noEOF(err)
	}
	return frame{[]byte(body.String()), flags&flagMore != 0, flags&flagCommand != 0}, nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// appendFrame appends a frame as it is sent.
func appendFrame(b []byte, f frame) []byte {
	var flags byte
	if f.more {
		flags |= flagMore
	}
	if f.command {
		flags |= flagCommand
	}
	if len(f.body) > 255 {
		b = append(b, flags|flagLong)
		b = binary.BigEndian.AppendUint64(b, uint64(len(f.body)))
	} else {
		b = append(b, flags, byte(len(f.body)))
	}
	return append(b, f.body...)
}

// appendMessage appends a message as it is sent.
func appendMessage(b []byte, parts [][]byte) []byte {
	for i, part := range parts {
		b = appendFrame(b, frame{body: part, more: i < len(parts)-1})
	}
	return b
}

// A receiver reads messages and commands.
type receiver struct {
	r io.Reader
}

// next returns the next message, or the next command as its only part.
func (r *receiver) next() (parts [][]byte, command bool, err error) {
	left := uint64(maxFrame)
	for {
		f, err := readFrame(r.r, left)
		switch {
		case err != nil && len(parts) > 0:
			return nil, false, noEOF(err)
		case err != nil:
			return nil, false, err
		case f.command && len(parts) > 0:
			return nil, false, &protocolError{"a command within a message"}
		case f.command:
			return [][]byte{f.body}, true, nil
		case len(parts) == maxFrames:
			return nil, false, &protocolError{fmt.Sprintf("a message of more than %d frames", maxFrames)}
		}
		parts = append(parts, f.body)
		left -= uint64(len(f.body))
		if !f.more {
			return parts, false, nil
		}
	}
}

// ready returns the command with which a handshake ends.
func ready(socketType string) []byte {
	b := append([]byte{5}, "READY"...)
	for _, p := range [][2]string{{"Socket-Type", socketType}, {"Identity", ""}} {
		b = append(append(b, byte(len(p[0]))), p[0]...)
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(p[1]))), p[1]...)
	}
	return appendFrame(nil, frame{body: b, command: true})
}

// parseReady returns the properties in a READY command; their names are in lower case.
func parseReady(body []byte) (map[string]string, error) {
	rest, ok := strings.CutPrefix(string(body), "\x05READY")
	if !ok {
		return nil, &protocolError{"no READY command"}
	}
	properties := map[string]string{}
	for rest != "" {
		n := int(rest[0])
		if len(rest) < 1+n+4 {
			return nil, &protocolError{"a property is cut"}
		}
		name := strings.ToLower(rest[1 : 1+n])
		size := binary.BigEndian.Uint32([]byte(rest[1+n : 1+n+4]))
		rest = rest[1+n+4:]
		if uint64(size) > uint64(len(rest)) {
			return nil, &protocolError{"a property is cut"}
		}
		properties[name], rest = rest[:size], rest[size:]
	}
	return properties, nil
}

// handshake exchanges greetings and READY commands, and returns the peer's properties.
func handshake(rw io.ReadWriter, socketType string) (map[string]string, error) {
	if _, err := rw.Write(greeting[:]); err != nil {
		return nil, err
	}
	var theirs [64]byte
	if _, err := io.ReadFull(rw, theirs[:]); err != nil {
		return nil, noEOF(err)
	}
	switch {
	case theirs[0] != 0xff || theirs[9]&1 == 0 || theirs[10] < 3:
		return nil, &protocolError{"a peer of a version before 3"}
	case string(theirs[12:32]) != string(greeting[12:32]):
		return nil, &protocolError{"a peer wants another mechanism than NULL"}
	}
	if _, err := rw.Write(ready(socketType)); err != nil {
		return nil, err
	}
	f, err := readFrame(rw, 1<<16)
	if err != nil {
		return nil, noEOF(err)
	}
	if !f.command {
		return nil, &protocolError{"a message before READY"}
	}
	return parseReady(f.body)
}
