package zmtp

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/zmtp/zmtptest"
)

func listen(t *testing.T, kind Kind) *Socket {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Listen(l, kind)
	t.Cleanup(s.Close)
	return s
}

func dial(t *testing.T, s *Socket, kind, identity string) *zmtptest.Peer {
	t.Helper()
	p, err := zmtptest.Dial("tcp", s.Addr().String(), kind, identity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func send(t *testing.T, p *zmtptest.Peer, parts ...string) {
	t.Helper()
	if err := p.Send(parts...); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, p *zmtptest.Peer, want ...string) {
	t.Helper()
	got, err := p.Receive()
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("received %q, %v; want %q", got, err, want)
	}
}

func TestRouter(t *testing.T) {
	s, other := listen(t, Router), listen(t, Router)
	a, b := dial(t, s, "DEALER", "a"), dial(t, s, "DEALER", "b")
	long := strings.Repeat("x", 70000)
	send(t, a, "one", "", long)
	m := <-s.Messages()
	if len(m.Parts) != 3 || string(m.Parts[0]) != "one" || len(m.Parts[1]) != 0 || string(m.Parts[2]) != long {
		t.Errorf("the parts are %d: %.20q", len(m.Parts), m.Parts)
	}
	send(t, b, "two")
	n := <-s.Messages()
	n.From.Send([]byte("to b"))
	m.From.Send([]byte("to a"), []byte(long))
	receive(t, a, "to a", long)
	receive(t, b, "to b")

	if other.Same(s, m.From) != nil {
		t.Error("a peer that has not connected")
	}
	again := dial(t, other, "DEALER", "a")
	send(t, again, "hello")
	from := (<-other.Messages()).From
	if other.Same(s, m.From) != from || other.Same(s, n.From) == from {
		t.Error("peers are not known by what they call themselves")
	}
}

func TestPublisher(t *testing.T) {
	s := listen(t, Publisher)
	all, some, none := dial(t, s, "SUB", ""), dial(t, s, "SUB", ""), dial(t, s, "SUB", "")
	send(t, all, "\x01")
	if _, err := some.Write([]byte("\x04\x0f\x09SUBSCRIBEtopic")); err != nil { // as ZMTP 3.1 has it
		t.Fatal(err)
	}
	subscribers := func(want int) { // or the test takes too long
		for s.Subscribers() != want {
			runtime.Gosched()
		}
	}
	subscribers(2)
	send(t, none, "\x01all")
	subscribers(3)
	send(t, none, "\x00all")
	subscribers(2)
	s.Publish([]byte("other"), []byte("1"))
	s.Publish([]byte("topical"), []byte("2"))
	receive(t, all, "other", "1")
	receive(t, all, "topical", "2")
	receive(t, some, "topical", "2")
	s.Close() // which sends first what is queued: nothing
	if got, err := none.Receive(); err == nil {
		t.Errorf("received %q without a subscription", got)
	}
}

func TestReply(t *testing.T) {
	s := listen(t, Reply)
	p := dial(t, s, "REQ", "")
	send(t, p, "", "ping")
	receive(t, p, "", "ping")
}

// TestClose has a socket send what is queued before it leaves its peers.
func TestClose(t *testing.T) {
	s := listen(t, Router)
	p := dial(t, s, "DEALER", "")
	send(t, p, "hello")
	from := (<-s.Messages()).From
	send(t, p, "nobody takes this")
	for range 100 {
		from.Send([]byte("bye"))
	}
	s.Close()
	for range 100 {
		receive(t, p, "bye")
	}
	if _, err := p.Receive(); err == nil {
		t.Error("the connection is still open")
	}
}

// TestBadPeers has peers that do not keep to the protocol; each is left.
func TestBadPeers(t *testing.T) {
	s := listen(t, Router)
	hello := string(greeting[:])
	good := hello + string(ready("DEALER"))
	for name, bytes := range map[string]string{
		"HTTP":                 "GET / HTTP/1.1\r\n" + strings.Repeat("x", 64),
		"an old version":       "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01" + strings.Repeat("\x00", 53),
		"another mechanism":    strings.Replace(hello, "NULL", "CURV", 1),
		"no command":           hello + "\x00\x01x",
		"another command":      hello + "\x04\x06\x05ERROR",
		"a cut property":       hello + "\x04\x08\x05READY\x7fx",
		"a wrong type":         hello + string(ready("SUB")),
		"too long":             good + "\x02\x7f\xff\xff\xff\xff\xff\xff\xff",
		"unknown flags":        good + "\x80\x00",
		"many frames":          good + strings.Repeat("\x01\x00", maxFrames+1),
		"command in a message": good + "\x01\x00\x04\x00",
	} {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte(bytes)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		conn.Close()
	}
	p := dial(t, s, "DEALER", "")
	send(t, p, "well")
	if m := <-s.Messages(); string(m.Parts[0]) != "well" {
		t.Errorf("received %q", m.Parts)
	}
}

func FuzzReceiver(f *testing.F) {
	f.Add([]byte("\x01\x03one\x00\x03two\x04\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01x"))
	f.Add([]byte(string(greeting[:]) + string(ready("DEALER")) + "\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := receiver{bytes.NewReader(data)}
		for {
			parts, command, err := r.next()
			if err != nil {
				break
			}
			sent := appendMessage(nil, parts)
			if command {
				sent = appendFrame(nil, frame{body: parts[0], command: true})
			}
			back, again, err := (&receiver{bytes.NewReader(sent)}).next()
			if err != nil || again != command || !slices.EqualFunc(back, parts, bytes.Equal) {
				t.Fatalf("%q became %q, %v", parts, back, err)
			}
		}
		_, _ = handshake(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(data), io.Discard}, "ROUTER")
	})
}
