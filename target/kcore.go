package target

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/godrgn/drgn/internal/bin"
	"github.com/godrgn/drgn/internal/elf"
	"github.com/godrgn/drgn/mem"
)

// OpenKcore opens the memory of the running kernel below a root directory ("" but in tests). A failure to open the file
// is a [*os.PathError] that says what to do about it, as [*HintError].
func OpenKcore(root string) (*Core, error) {
	path := root + "/proc/kcore"
	c, err := openLive(path)
	if err != nil {
		var file *os.PathError
		if errors.As(err, &file) {
			return nil, &os.PathError{Op: file.Op, Path: file.Path, Err: &HintError{file.Err, kcoreHint(root, file.Err)}}
		}
		return nil, err
	}
	if !c.Live {
		c.Close() // was only read
		return nil, &FormatError{Path: path, What: "not the memory of the running kernel"}
	}
	if c.VMCOREINFO == nil {
		// The file has the note since v4.19, commit 23c85094fe18.
		if c.VMCOREINFO, err = c.noteOfSysfs(root + "/sys/kernel/vmcoreinfo"); err != nil {
			c.Close() // was only read
			return nil, err
		}
	}
	return c, nil
}

// A HintError is an error of the system with what to do about it.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return fmt.Sprintf("%v (%s)", e.Err, e.Hint) }

// Unwrap returns the error of the system.
func (e *HintError) Unwrap() error { return e.Err }

// kcoreHint says what to do when /proc/kcore can't be opened.
func kcoreHint(root string, err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		if _, err := os.Stat(root + "/proc/self"); err != nil {
			return "no proc file system is mounted"
		}
		return "the running kernel was built without CONFIG_PROC_KCORE, or this is a container that hides it"
	case errors.Is(err, os.ErrPermission):
		// The file says "none [integrity] confidentiality"; only the last closes /proc/kcore (kernel_lockdown(7)).
		if b, err := os.ReadFile(root + "/sys/kernel/security/lockdown"); err == nil && strings.Contains(string(b), "[confidentiality]") {
			return "the kernel is locked down for confidentiality, which nobody may undo while it runs: see kernel_lockdown(7)"
		}
		if os.Geteuid() != 0 {
			return "only root may read the running kernel's memory: use sudo"
		}
		return "it takes CAP_SYS_RAWIO, which containers lack, to read the running kernel's memory"
	}
	return "the running kernel's memory can't be read"
}

// noteOfSysfs reads VMCOREINFO where /sys/kernel/vmcoreinfo says that it lies: physical address and size, in hexadecimal.
func (c *Core) noteOfSysfs(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // it has CONFIG_VMCORE_INFO to say more
	}
	if err != nil {
		return nil, err
	}
	var address, size uint64
	if _, err := fmt.Sscanf(string(text), "0x%x %x", &address, &size); err != nil || size == 0 || size > 1<<20 {
		return nil, fmt.Errorf("%s says %q, not where VMCOREINFO lies", path, strings.TrimSpace(string(text)))
	}
	s, err := c.Space()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if err := s.Read(data, address, true); err != nil {
		return nil, fmt.Errorf("cannot read the VMCOREINFO that %s tells of: %w", path, err)
	}
	for note, err := range elf.Notes(path, data, c.Big, 4) {
		if err != nil {
			return nil, err
		}
		if note.Name == "VMCOREINFO" {
			return note.Desc, nil
		}
	}
	return nil, fmt.Errorf("there is no VMCOREINFO where %s says (%#x)", path, address)
}

// openLive opens a core file of the kernel in /proc, which can't be mapped: kcore, or vmcore in a kernel that saves the
// memory of the one before it.
//
// Several readers of kcore each have an opening of their own. Those of vmcore take turns: it has no buffer for each opening,
// but in kernels for 32-bit x86 and MIPS before v5.11 one page for all of them, which no lock guards (kdump_buf_page), and
// the kernel that has it mostly runs on one CPU.
func openLive(path string) (*Core, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	all := oneOpening(direct(file))
	var again func() (*os.File, error)
	var live *mem.LiveFile
	info, err := file.Stat()
	if absolute, errPath := filepath.Abs(path); err == nil && errPath == nil {
		again = reopen(absolute, info)
		live = &mem.LiveFile{Open: again}
	}
	c, err := parseLive(path, all, live)
	if err != nil {
		all.Close() // was only read
		return nil, err
	}
	if c.Live && again != nil { // else readers take turns
		all.share(maxOpenings, func() (opening, error) {
			f, err := again()
			if err != nil {
				return nil, err
			}
			return direct(f), nil
		})
	}
	return c, nil
}

// parseLive reads the headers of a core file of the kernel in /proc, which live opens once more; it may be nil. The core
// closes the file.
func parseLive(path string, file *openings, live *mem.LiveFile) (*Core, error) {
	// What follows the headers need not be readable, so fewer bytes than wanted are fine there.
	some := func(off, n uint64) ([]byte, error) {
		buf := make([]byte, n)
		got, err := file.ReadAt(buf, int64(off))
		if got == 0 && err != nil && err != io.EOF {
			return nil, fmt.Errorf("%s at %#x: %w", path, off, err)
		}
		return buf[:got], nil
	}
	all := func(off, n uint64) ([]byte, error) {
		b, err := some(off, n)
		if err == nil && uint64(len(b)) < n {
			err = &bin.DecodeError{Section: path, Off: off + uint64(len(b)), Problem: fmt.Sprintf("notes of %#x bytes can't be read", n)}
		}
		return b, err
	}
	var f *elf.File
	for n := uint64(1 << 16); ; n *= 16 {
		b, err := some(0, n)
		if err != nil {
			return nil, err
		}
		if len(b) > 0 && !elf.IsELF(b) || len(b) == 0 {
			return nil, &FormatError{Path: path, What: "in no format known here"}
		}
		if f, err = elf.Parse(path, b); err == nil {
			break
		} else if uint64(len(b)) < n || n >= maxHeaders {
			return nil, err
		}
	}
	c, err := newELF(f, all)
	if err != nil {
		return nil, err
	}
	c.Kernel = true
	c.closers = append(c.closers, file.Close)
	for range c.Descs("CORE", NT_TASK) {
		c.Live = true // /proc/vmcore does not have it
	}
	c.segments(func(l *elf.Segment, start uint64, seg mem.Segment) mem.Segment {
		seg.Read = liveRead(file, l.Offset-start)
		if c.Live && !seg.Physical {
			seg.Live = mem.Live{File: live, Delta: l.Offset - start}
		}
		return seg
	})
	return c, nil
}

// liveRead reads the memory at an address from the file at that address plus delta.
func liveRead(file io.ReaderAt, delta uint64) mem.ReadFunc {
	return func(buf []byte, address, _ uint64, _ bool) error {
		off := int64(address + delta)
		if off < 0 {
			return &mem.FaultError{Message: "address lies outside of the kernel's core file", Address: address}
		}
		n, err := file.ReadAt(buf, off)
		if n == len(buf) {
			return nil
		}
		if errors.Is(err, os.ErrClosed) {
			return err
		}
		var sys *os.PathError
		if errors.As(err, &sys) {
			err = sys.Err
		}
		return &mem.FaultError{Message: fmt.Sprintf("the running kernel can't read its memory (%v)", err), Address: address + uint64(n)}
	}
}
