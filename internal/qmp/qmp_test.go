package qmp

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/godrgn/drgn/arch"
	"github.com/godrgn/drgn/failure"
	"github.com/godrgn/drgn/internal/qmp/qmptest"
	"github.com/godrgn/drgn/mem"
)

func TestSplitAddress(t *testing.T) {
	for address, want := range map[string]string{
		"localhost:4444": "localhost 4444", ":4444": "localhost 4444", "192.0.2.1:1": "192.0.2.1 1", "h:65535": "h 65535",
		"[::1]:80": "::1 80", "::1:80": "::1 80",
		"": "", "qmp": "", "/run/qmp": "", "/run/qmp:1": "", "./qmp:1": "", "../qmp:1": "", "h:0": "", "h:65536": "", "h:": "", "h:x": "", "h:-1": "",
		"h:+1": "", "h:1.": "", "a:b:c": "", "h:99999999999999999999": "",
	} {
		host, port, ok := splitAddress(address)
		if got := strings.TrimSpace(host + " " + port); got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}

// memory is the memory of a guest which this process has.
var memory = func() []byte {
	b := make([]byte, 1<<16)
	for i := range b {
		b[i] = byte(i>>8 ^ i*7)
	}
	return b
}()

func host(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(&b[0]))) }

// unixSocket and tcpSocket return the address of a socket that a server serves until the test ends.
func unixSocket(t *testing.T, s *qmptest.Server) string {
	return listen(t, s, "unix", filepath.Join(t.TempDir(), "qmp"))
}

func tcpSocket(t *testing.T, s *qmptest.Server) string { return listen(t, s, "tcp", "127.0.0.1:0") }

func listen(t *testing.T, s *qmptest.Server, network, address string) string {
	t.Helper()
	l, err := s.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func dial(t *testing.T, address string) *Client {
	t.Helper()
	c, err := Dial(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestMemory reads a guest's memory from its process and by asking.
func TestMemory(t *testing.T) {
	type block = qmptest.Block
	low, high := block{Address: 0, Data: memory[:0x8000]}, block{Address: 1 << 32, Data: memory[0x8000:]}
	direct := []block{low, high}
	direct[0].Host, direct[1].Host = host(memory), host(memory[0x8000:])
	elsewhere := []block{low, high}
	elsewhere[0].Host, elsewhere[1].Host = host(memory[0x4000:]), host(memory[0x8000:])
	unmapped := []block{low, high}
	unmapped[0].Host, unmapped[1].Host = 4096, 1<<30
	for _, test := range []struct {
		name   string
		blocks []block
		tcp    bool
		slow   string
	}{
		{"process", direct, false, ""},
		{"TCP", direct, true, "not over a Unix socket"},
		{"monitor does not say", []block{low, high}, false, "QEMU does not say where it keeps the guest's memory"},
		{"other memory", elsewhere, false, "does not hold the guest's memory"},
		{"no memory", unmapped, false, "does not hold the guest's memory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &qmptest.Server{Blocks: test.blocks}
			address := ""
			if address = unixSocket(t, s); test.tcp {
				address = tcpSocket(t, s)
			}
			c := dial(t, address)
			m, err := c.Memory()
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if (m.Slow == nil) != (test.slow == "") || m.Slow != nil && !strings.Contains(m.Slow.Error(), test.slow) || m.Size != 1<<16 {
				t.Errorf("%d bytes, %v", m.Size, m.Slow)
			}
			space := mem.NewSpace()
			if err := space.Add(m.Segments...); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					buf := make([]byte, 0x7001)
					for _, at := range []uint64{0, 1, 0xfff, 1 << 32} {
						if err := space.Read(buf, at, true); err != nil || string(buf) != string(memory[at&0xffff|at>>32<<15:][:len(buf)]) {
							t.Errorf("at %#x: %v", at, err)
						}
					}
				})
			}
			all.Wait()
			for _, at := range []uint64{0x7fff, 0xfee00000, 1<<32 + 0x7fff} {
				var fault *mem.FaultError
				if err := space.Read(make([]byte, 2), at, true); !errors.As(err, &fault) {
					t.Errorf("at %#x: %v", at, err)
				}
			}
		})
	}
}

func TestCommands(t *testing.T) {
	s := &qmptest.Server{Blocks: []qmptest.Block{{Data: memory}}, Dump: []byte("core"), Running: true, Arch: "s390x"}
	c := dial(t, unixSocket(t, s))
	if p, err := c.Platform(); err != nil || p != (arch.Platform{Arch: arch.S390X, Flags: arch.Is64Bit}) {
		t.Error(p, err)
	}
	if running, err := c.Running(); err != nil || !running {
		t.Error(running, err)
	}
	f, err := c.DumpPage(0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b, err := io.ReadAll(io.NewSectionReader(f, 0, 100)); err != nil || string(b) != "core" {
		t.Errorf("%q, %v", b, err)
	}
	var refused *failure.QMPError
	if err := c.Execute("no-such", nil, nil); !errors.As(err, &refused) || refused.Class != "GenericError" {
		t.Error(err)
	}
	s.Change(func() { s.Arch = "cris" })
	if _, err := c.Platform(); err == nil || !strings.Contains(err.Error(), `"cris"`) {
		t.Error(err)
	}
	if pid, ok := c.Peer(); !ok || pid != os.Getpid() {
		t.Error(pid, ok)
	}
	tcp := dial(t, tcpSocket(t, s))
	if _, err := tcp.DumpPage(0); err == nil {
		t.Error("a file went over TCP")
	}
	if _, ok := tcp.Peer(); ok {
		t.Error("TCP tells processes")
	}
}

// TestFromFD speaks over a socket that is open already.
func TestFromFD(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fds[1]), "server")
	conn, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	go (&qmptest.Server{}).Serve(conn)
	c, err := FromFD(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(fds[0]) // it has a copy
	if _, err := c.Running(); err != nil {
		t.Error(err)
	}
	c.Close()
	if _, err := c.Running(); err == nil {
		t.Error("closed, but it speaks")
	}
	if _, err := FromFD(1 << 20); !errors.Is(err, syscall.EBADF) {
		t.Error(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, err := FromFD(int(null.Fd())); !errors.Is(err, syscall.ENOTSOCK) {
		t.Error(err)
	}
}

// TestDialErrors has addresses at which there is no QEMU.
func TestDialErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(dir, strings.Repeat("d", 200))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]error{
		filepath.Join(dir, "none"): syscall.ENOENT, file: syscall.ECONNREFUSED, dir: syscall.ECONNREFUSED, "": syscall.ENOENT, "a\x00b": syscall.ENOENT,
		filepath.Join(long, "none"): syscall.ENOENT, "127.0.0.1:1": syscall.ECONNREFUSED,
	} {
		_, err := Dial(address)
		var path *os.PathError
		if !errors.Is(err, want) || !errors.As(err, &path) || path.Path != address {
			t.Errorf("%q: %v, want %v", address, err, want)
		}
	}
	// A path that is too long for a socket's address.
	t.Chdir(long)
	l, err := net.Listen("unix", "sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			(&qmptest.Server{}).Serve(conn)
		}
	}()
	c, err := Dial(filepath.Join(long, "sock"))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestGreetings has servers that are no QEMU.
func TestGreetings(t *testing.T) {
	for says, problem := range map[string]string{
		"":                                "no greeting from QEMU",
		"SSH-2.0-OpenSSH_9.2\r\n":         "does not speak QMP: it says",
		"{}\n":                            "does not speak QMP: it greets with",
		"[1]\n":                           "does not speak QMP",
		`{"QMP": 1}` + "\n":               "does not speak QMP",
		strings.Repeat("x", maxMessage+1): "more than 16 MiB",
		strings.Repeat("[", 1<<20) + "\n": "does not speak QMP",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if conn, err := l.Accept(); err == nil {
				fmt.Fprint(conn, says)
				conn.Close()
			}
		}()
		_, err = Dial(l.Addr().String())
		var protocol *failure.QMPProtocolError
		if !errors.As(err, &protocol) || !strings.Contains(err.Error(), problem) {
			t.Errorf("%.20q: %v", says, err)
		}
		l.Close()
	}
}

// TestAnswers has a QEMU that answers wrongly or goes away.
func TestAnswers(t *testing.T) {
	for answer, problem := range map[string]string{
		"close":                      "the connection to QEMU is lost: the guest has ended",
		"{":                          "makes no sense: it says",
		"[]":                         "makes no sense",
		"{}":                         "neither an answer nor an event",
		`{"return": 1, "error": {}}`: "neither an answer nor an event",
		`{"return": 1}`:              "makes no sense",
		`{"return": "nothing"}`:      "no address space named memory",
		`{"error": {"class": "GenericError", "desc": "no monitor"}}`: "QEMU refused human-monitor-command: no monitor",
	} {
		s := &qmptest.Server{Answer: func(command, _ string) string {
			if command == "qmp_capabilities" {
				return ""
			}
			return answer
		}}
		c := dial(t, unixSocket(t, s))
		if _, err := c.Memory(); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v", answer, err)
		}
	}
	// A guest that goes away while it is looked at.
	gone := false
	s := &qmptest.Server{Blocks: []qmptest.Block{{Data: memory}}, Answer: func(string, string) string {
		if gone {
			return "close"
		}
		return ""
	}}
	c := dial(t, tcpSocket(t, s))
	m, err := c.Memory()
	if err != nil {
		t.Fatal(err)
	}
	s.Change(func() { gone = true })
	for range 2 {
		var fault *mem.FaultError
		if err := m.Segments[0].Read(make([]byte, 8), 0, 0, true); !errors.As(err, &fault) || !strings.Contains(fault.Message, "the guest has ended") {
			t.Error(err)
		}
	}
}

const flat72 = `FlatView #0
 AS "cpu-smm-0", root: memory
 Root memory region: memory
  0000000000000000-000000003fffffff (prio 0, ram): wrong

FlatView #3
 AS "memory", root: system
 AS "cpu-memory-0", root: system
 Root memory region: system
  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram
  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram @00000000000c3000
  00000000000f0000-00000000000fffff (prio 0, romd): pflash KVM
  0000000000100000-000000003fffffff (prio 0, ram): pc.ram @0000000000100000 KVM
  00000000c0000000-00000000c0ffffff (prio 0, ramd): 0000:01:00.0 BAR 0 mmaps[0]
  00000000febf8000-00000000febf8fff (prio 0, i/o): virtio-pci-common-virtio-blk
  0000000240000000-000000027fffffff (prio 0, nv-ram): nvdimm

FlatView #4
 AS "I/O", root: io
  0000000000000000-0000000000000007 (prio 0, ram): wrong
`

func TestFlatViews(t *testing.T) {
	regions, err := parseFlatViews(flat72)
	if err != nil {
		t.Fatal(err)
	}
	want := []Region{
		{0, 0xc2fff, "pc.ram", false}, {0xc3000, 0xe7fff, "pc.ram", true}, {0xf0000, 0xfffff, "pflash", true},
		{0x100000, 0x3fffffff, "pc.ram", false}, {0x240000000, 0x27fffffff, "nvdimm", false},
	}
	if fmt.Sprint(regions) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", regions, want)
	}
	const memory = " AS \"memory\", root: system\n"
	for text, problem := range map[string]string{
		"": "no address space named memory", memory: "no memory", "FlatView #0\n" + memory + memory: "two address spaces",
		memory + "  0000000000000fff-0000000000000000 (prio 0, ram): x\n": "is no region",
		memory + "  x-0000000000000000 (prio 0, ram): x\n":                "is no region",
		memory + "  0-1 (prio 0): x\n":                                    "is no region",
		memory + "  0-1 (prio 0, ram): x\n  1-2 (prio 0, ram): x\n":       "not in order",
		memory + "  0-fffffffffffffffff (prio 0, ram): x\n":               "is no region",
		memory + strings.Repeat("x", 100) + "(prio 0, ram)\n":             "no memory",
	} {
		if _, err := parseFlatViews(text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestDump(t *testing.T) {
	buf := make([]byte, 10)
	const first = "0000000000001000: 0x00 0x01 0x02 0x03 0x04 0x05 0x06 0x07\r\n"
	if _, faulted, err := parseDump(buf, 0x1000, first+"0000000000001008: 0x08 0xff\r\n"); faulted || err != nil || buf[7] != 7 || buf[9] != 255 {
		t.Error(buf, faulted, err)
	}
	if at, faulted, err := parseDump(buf, 0x1000, first+"0000000000001008: Cannot access memory\r\n"); at != 0x1008 || !faulted || err != nil {
		t.Error(at, faulted, err)
	}
	for _, text := range []string{"", first, first + first, "x", "0000000000001000: 0x100", "0000000000001000: 1", first + "0000000000001008: 0 0 0", "0000000000002000: 0x00",
		first + "0000000000001008: 0x08 0xff 0x11\r\n"} {
		if _, _, err := parseDump(buf, 0x1000, text); err == nil {
			t.Errorf("%q is memory", text)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range []string{`{"return": {}, "id": 1}`, `{"error": {"class": "x", "desc": "y"}}`, `{"event": "STOP", "data": {}}`, `{"QMP": {"version": {"qemu": {"major": 9}}}}`, "[[[["} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseMessage(b); (m == nil) == (err == nil) {
			t.Error(m, err)
		} else if err != nil && len(err.Error()) > 4*shownText+200 {
			t.Errorf("an error of %d bytes", len(err.Error()))
		}
		if g, err := parseGreeting(b); (g == nil) == (err == nil) {
			t.Error(g, err)
		}
	})
}

func FuzzMonitor(f *testing.F) {
	f.Add(flat72, uint64(0))
	f.Add("Host virtual address for 0x0 (pc.ram) is 0x7f0067e00000\r\n", uint64(0))
	f.Add("0000000000001000: 0x00 0x01 0x02\r\n0000000000001003: Cannot access memory\r\n", uint64(0x1000))
	f.Fuzz(func(t *testing.T, text string, address uint64) {
		regions, err := parseFlatViews(text)
		if (regions == nil) == (err == nil) {
			t.Error(regions, err)
		}
		for i, r := range regions {
			if r.Min > r.Max || i > 0 && regions[i-1].Max >= r.Min {
				t.Error(regions)
			}
		}
		if a, err := parseHostAddress(text); (a == 0) == (err == nil) {
			t.Error(a, err)
		}
		for _, n := range []int{0, 1, 3, 8} {
			if at, faulted, err := parseDump(make([]byte, n), address, text); err != nil && (faulted || at != 0) || faulted && at-address > uint64(n) {
				t.Error(at, faulted, err)
			}
		}
	})
}
