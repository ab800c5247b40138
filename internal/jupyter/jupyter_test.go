package jupyter

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/godrgn/drgn/internal/zmtp"
	"github.com/godrgn/drgn/internal/zmtp/zmtptest"
)

func open(t *testing.T, c Connection) *Kernel {
	t.Helper()
	k, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func dial(t *testing.T, s *zmtp.Socket, kind, identity string) *zmtptest.Peer {
	t.Helper()
	p, err := zmtptest.Dial("tcp", s.Addr().String(), kind, identity)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func signed(key string, parts ...string) []string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(strings.Join(parts, "")))
	return append([]string{delimiter, hex.EncodeToString(h.Sum(nil))}, parts...)
}

func send(t *testing.T, p *zmtptest.Peer, parts ...string) {
	t.Helper()
	if err := p.Send(parts...); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, p *zmtptest.Peer, want []string) {
	t.Helper()
	got, err := p.Receive()
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("received %q, %v; want %q", got, err, want)
	}
}

func message(header string) Message {
	return Message{Header: []byte(header), Parent: []byte("{1}"), Metadata: []byte("{}"), Content: []byte("{2}")}
}

// TestKernel has a front end on each of a kernel's sockets.
func TestKernel(t *testing.T) {
	const key = "secret"
	k := open(t, Connection{Transport: "tcp", IP: "127.0.0.1", Key: key, Scheme: "hmac-sha256"})
	shell, stdin := dial(t, k.routers[Shell], "DEALER", "me"), dial(t, k.routers[Stdin], "DEALER", "me")
	iopub, heartbeat := dial(t, k.iopub, "SUB", ""), dial(t, k.heartbeat, "REQ", "")

	send(t, shell, "no message")
	send(t, shell, delimiter, "sig", "{}", "{}")
	send(t, shell, signed("another key", "{evil}", "{}", "{}", "{}")...)
	send(t, shell, append([]string{"envelope"}, append(signed(key, "{good}", "{parent}", "{meta}", "{content}"), "a buffer")...)...)
	m, err := k.Next(t.Context(), Shell)
	if err != nil || string(m.Header) != "{good}" || string(m.Parent) != "{parent}" || string(m.Metadata) != "{meta}" || string(m.Content) != "{content}" {
		t.Fatalf("%s %s %s %s, %v", m.Header, m.Parent, m.Metadata, m.Content, err)
	}
	k.Reply(m, message("{reply}"))
	receive(t, shell, append([]string{"envelope"}, signed(key, "{reply}", "{1}", "{}", "{2}")...))

	k.Unread(Shell, m)
	if again, err := k.Next(t.Context(), Shell); err != nil || string(again.Header) != "{good}" {
		t.Errorf("a message that was given back: %s, %v", again.Header, err)
	}

	send(t, stdin, signed(key, "{ready}", "{}", "{}", "{}")...) // so that it has connected
	if _, err := k.Next(t.Context(), Stdin); err != nil {
		t.Fatal(err)
	}
	if !k.Ask(m, message("{ask}")) {
		t.Error("there is nobody to ask")
	}
	receive(t, stdin, signed(key, "{ask}", "{1}", "{}", "{2}"))
	if k.Ask(Message{}, message("{ask}")) {
		t.Error("nobody was asked for input")
	}

	send(t, iopub, "\x01")
	for k.iopub.Subscribers() == 0 {
	}
	k.Publish("topic", message("{told}"))
	receive(t, iopub, append([]string{"topic"}, signed(key, "{told}", "{1}", "{}", "{2}")...))

	send(t, heartbeat, "", "ping")
	receive(t, heartbeat, []string{"", "ping"})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Next(ctx, Control); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	k.Close()
	if _, err := k.Next(t.Context(), Control); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestWithoutKey(t *testing.T) {
	dir := t.TempDir()
	k := open(t, Connection{Transport: "ipc", IP: filepath.Join(dir, "k"), Shell: 1, Control: 2, Stdin: 3, IOPub: 4, Heartbeat: 5})
	p, err := zmtptest.Dial("unix", filepath.Join(dir, "k-1"), "DEALER", "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	send(t, p, delimiter, "", "{h}", "{}", "{}", "{}")
	if m, err := k.Next(t.Context(), Shell); err != nil || string(m.Header) != "{h}" {
		t.Errorf("%s, %v", m.Header, err)
	}
}

func TestBadConnections(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.json")
	for text, want := range map[string]string{"": "not a connection file", `{"transport": 5}`: "not a connection file", `{"transport": "pgm"}`: `unknown transport "pgm"`,
		`{"transport": "tcp", "ip": "127.0.0.1", "key": "k", "signature_scheme": "hmac-md5"}`: `"hmac-md5"`,
		`{"transport": "tcp", "ip": "127.0.0.1", "shell_port": 70000}`:                        "invalid port"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := ReadConnection(path)
		if err == nil {
			_, err = Open(c)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
	if _, err := ReadConnection(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
