package zmtp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// A Kind is what a socket does with messages.
type Kind string

// The kinds of sockets of a kernel.
const (
	Router    Kind = "ROUTER" // gives messages with the peer they are from, and sends to one peer
	Publisher Kind = "PUB"    // sends to all that have subscribed
	Reply     Kind = "REP"    // sends everything back to where it came from
)

// peersOf are the kinds of peers that a socket talks with.
var peersOf = map[Kind][]string{Router: {"DEALER", "REQ", "ROUTER"}, Publisher: {"SUB", "XSUB"}, Reply: {"REQ", "DEALER"}}

const (
	maxPeers  = 64   // of a socket
	maxQueued = 1000 // messages for a peer, as with libzmq; more are lost

	handshakeTime = 10 * time.Second       // which a peer has for its handshake
	writeTime     = 30 * time.Second       // after which a peer that takes nothing is left
	seeEndTime    = 200 * time.Millisecond // which it then has to see that this was all
	lastWriteTime = 2 * time.Second        // which a peer that is left has to take all that is queued
)

// A Message is what a [Router] was sent.
type Message struct {
	From  *Peer
	Parts [][]byte
}

// A Peer is one who has connected.
type Peer struct {
	identity string // what it calls itself; "" if it doesn't. Under the socket's lock.
	conn     net.Conn
	queue    chan []byte
	gone     chan struct{} // closed when it is left
	leave    func()
	mu       sync.Mutex
	topics   [][]byte // it wants messages that begin with one of them
}

// Send queues a message for a peer; one that is gone, or does not take what it is sent, loses it.
func (p *Peer) Send(parts ...[]byte) { p.enqueue(appendMessage(nil, parts)) }

func (p *Peer) enqueue(b []byte) {
	select {
	case p.queue <- b:
	default:
	}
}

// A Socket listens for peers.
type Socket struct {
	kind     Kind
	listener net.Listener
	messages chan Message
	closed   chan struct{}
	close    func()

	mu    sync.Mutex
	peers map[*Peer]bool
	all   sync.WaitGroup
}

// ErrClosed says that a socket was closed.
var ErrClosed = errors.New("the socket is closed")

// Listen returns a socket that takes its peers from a listener, which it owns.
func Listen(l net.Listener, kind Kind) *Socket {
	s := &Socket{kind: kind, listener: l, messages: make(chan Message), closed: make(chan struct{}), peers: map[*Peer]bool{}}
	s.close = sync.OnceFunc(func() {
		close(s.closed)
		l.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		for p := range s.peers {
			p.leave()
		}
	})
	s.all.Go(s.accept)
	return s
}

// Addr returns where the socket listens.
func (s *Socket) Addr() net.Addr { return s.listener.Addr() }

// Close leaves all peers once they have what was queued for them, or do not take it, and returns when nothing of the socket is left.
func (s *Socket) Close() {
	s.close()
	s.all.Wait()
}

// Messages gives what a [Router] is sent. Nobody closes it: see [Socket.Done].
func (s *Socket) Messages() <-chan Message { return s.messages }

// Done is closed with the socket.
func (s *Socket) Done() <-chan struct{} { return s.closed }

// Publish sends a message to all peers that have subscribed to what it begins with.
func (s *Socket) Publish(parts ...[]byte) {
	b := appendMessage(nil, parts)
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		if p.wants(parts[0]) {
			p.enqueue(b)
		}
	}
}

// Subscribers returns how many peers have subscribed to anything.
func (s *Socket) Subscribers() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		p.mu.Lock()
		if len(p.topics) > 0 {
			n++
		}
		p.mu.Unlock()
	}
	return n
}

// Same returns the peer that calls itself as one of another socket does, or nil.
func (s *Socket) Same(other *Socket, as *Peer) *Peer {
	other.mu.Lock()
	identity := as.identity
	other.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.peers {
		if p.identity == identity {
			return p
		}
	}
	return nil
}

func (p *Peer) wants(topic []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.topics, func(t []byte) bool { return bytes.HasPrefix(topic, t) })
}

func (s *Socket) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			select {
			case <-s.closed:
				return
			case <-time.After(100 * time.Millisecond): // too many open files, or the like
				continue
			}
		}
		s.all.Go(func() { s.serve(conn) })
	}
}

// serve talks with a peer until it leaves or says what is wrong.
func (s *Socket) serve(conn net.Conn) {
	p := &Peer{conn: conn, queue: make(chan []byte, maxQueued), gone: make(chan struct{})}
	p.leave = sync.OnceFunc(func() {
		close(p.gone)
		_ = conn.SetReadDeadline(time.Unix(1, 0)) // ends reading
	})
	if !s.add(p) {
		conn.Close()
		return
	}
	defer s.remove(p)
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	properties, err := handshake(conn, string(s.kind))
	if err != nil || !slices.Contains(peersOf[s.kind], properties["socket-type"]) {
		conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	select {
	case <-p.gone: // its deadline is forgotten now
		conn.Close()
		return
	default:
	}
	s.mu.Lock()
	p.identity = properties["identity"]
	s.mu.Unlock()
	s.all.Go(p.write)
	r := receiver{bufio.NewReader(conn)}
	for {
		parts, command, err := r.next()
		if err != nil || !s.take(p, parts, command) {
			return
		}
	}
}

// take does what a message or command asks for; false is returned when the socket is closed.
func (s *Socket) take(p *Peer, parts [][]byte, command bool) bool {
	switch {
	case s.kind == Publisher:
		p.subscribe(parts, command)
	case command: // none is known that must be answered
	case s.kind == Reply:
		p.Send(parts...)
	default:
		select {
		case s.messages <- Message{p, parts}:
		case <-p.gone:
			return false
		case <-s.closed:
			return false
		}
	}
	return true
}

// maxTopics is how much a peer may subscribe to.
const maxTopics = 100

// subscribe notes a peer's subscriptions: messages of 1 and a topic, of 0 to end one; or commands, of ZMTP 3.1.
func (p *Peer) subscribe(parts [][]byte, command bool) {
	b, on := parts[0], false
	switch {
	case command && bytes.HasPrefix(b, []byte("\x09SUBSCRIBE")):
		b, on = b[len("\x09SUBSCRIBE"):], true
	case command && bytes.HasPrefix(b, []byte("\x06CANCEL")):
		b = b[len("\x06CANCEL"):]
	case command || len(b) == 0 || b[0] > 1:
		return
	default:
		b, on = b[1:], b[0] == 1
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if on && len(p.topics) < maxTopics {
		p.topics = append(p.topics, b)
	} else if i := slices.IndexFunc(p.topics, func(t []byte) bool { return bytes.Equal(t, b) }); !on && i >= 0 {
		p.topics = slices.Delete(p.topics, i, i+1)
	}
}

// write sends what is queued. When the peer is left, it sends what is queued by then and closes the connection.
func (p *Peer) write() {
	defer p.conn.Close()
	for {
		select {
		case b := <-p.queue:
			_ = p.conn.SetWriteDeadline(time.Now().Add(writeTime))
			if _, err := p.conn.Write(b); err != nil {
				return
			}
		case <-p.gone:
			p.writeLast()
			return
		}
	}
}

// writeLast sends what is still queued. Then it reads until the peer has seen the end: a connection that is closed with bytes unread takes
// what was sent last from the peer.
func (p *Peer) writeLast() {
	_ = p.conn.SetDeadline(time.Now().Add(lastWriteTime))
	for len(p.queue) > 0 { // nobody else takes from it
		if _, err := p.conn.Write(<-p.queue); err != nil {
			return
		}
	}
	if c, ok := p.conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() == nil {
		_ = p.conn.SetReadDeadline(time.Now().Add(seeEndTime))
		_, _ = io.Copy(io.Discard, p.conn)
	}
}

func (s *Socket) add(p *Peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closed:
		return false
	default:
	}
	if len(s.peers) == maxPeers {
		return false
	}
	s.peers[p] = true
	return true
}

func (s *Socket) remove(p *Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.peers, p)
	p.leave()
}
