// Package constant reads large parts of a kernel's memory that it never changes, such as its BTF and its table of symbols. Of a
// compressed dump they are unpacked once for all dumps of a kernel: then they are in the user's cache directory.
//
// The name of a cached file is a hash of what the dump's pages are unpacked from, byte for byte, so what is in it is what the dump
// has: of another kernel, of one that was patched, and of memory that is damaged in one bit, the name is another one. It holds
// nothing that depends on where a kernel lies in memory, if its parts do not.
package constant

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/internal/cache"
	"github.com/godrgn/drgn/internal/kallsyms"
	"github.com/godrgn/drgn/mem"
)

// A Part is a part of memory; Size is in bytes and not 0.
type Part struct{ Address, Size uint64 }

// Bytes are what parts of memory have. They never change.
type Bytes struct {
	parts []Part
	data  [][]byte // of each part
	keep  any      // what data lives as long as, or nil
	dir   cache.Dir
	file  *cache.File       // that data lies in, or nil
	hash  [sha256.Size]byte // of what the parts are unpacked from; the file has it as its name
	save  bool              // the file is not there, but should be
}

const (
	// magic begins a file. It is followed by the hash in its name and the sizes of the parts in 8 bytes each; then come the parts.
	magic  = "godrgnk\x01" // the last byte is the version of the layout and of what is hashed
	suffix = ".kernel"
	// maxCache bounds what the cached files take on disk together, in bytes: a kernel has some 9 MB.
	maxCache = 256 << 20
	// minCached is the least that is cached, in bytes: to find a file takes as long as to unpack some pages.
	minCached = 256 << 10
)

var errOther = errors.New("the file is another one")

// Read reads parts of memory, which are cached, once they are known to be whole, if most of them are compressed in a dump.
func Read(p *drgn.Program, parts ...Part) (*Bytes, error) {
	b := &Bytes{parts: slices.Clone(parts), dir: cache.Dir{Path: p.CacheDir(), Suffix: suffix, Limit: maxCache}}
	switch {
	case p.Flags()&drgn.IsLive != 0:
	case b.whole(p.Memory()):
		return b, nil
	default:
		if b.digest(p) {
			if b.open(p.Memory()) {
				return b, nil
			}
			b.data, b.save = nil, true
		}
	}
	for _, part := range parts {
		buf := make([]byte, part.Size)
		if err := p.Memory().Unpack(buf, part.Address, false); err != nil {
			return nil, err
		}
		b.data = append(b.data, buf)
	}
	return b, nil
}

// whole takes the parts from where they lie together in a mapped file.
func (b *Bytes) whole(s *mem.Space) bool {
	var keep []any
	for _, part := range b.parts {
		data, owner, ok := s.Whole(part.Address, part.Size, false)
		if !ok {
			b.data = nil
			return false
		}
		b.data, keep = append(b.data, data), append(keep, owner)
	}
	b.keep = keep
	return true
}

// digest makes the hash of what the parts are unpacked from, and reports whether they are cached.
func (b *Bytes) digest(p *drgn.Program) bool {
	var all, packed uint64
	for _, part := range b.parts {
		all += part.Size
	}
	if b.dir.Path == "" || all < minCached {
		return false
	}
	h := sha256.New()
	h.Write([]byte(magic))
	h.Write(b.sizes())
	for _, part := range b.parts {
		n, err := p.Memory().Digest(h, part.Address, part.Size, false)
		if err != nil {
			return false // reading will say it
		}
		packed += n
	}
	h.Sum(b.hash[:0])
	return packed > all/2
}

func (b *Bytes) name() string { return hex.EncodeToString(b.hash[:]) }

// sizes returns the sizes of the parts as they are in a file.
func (b *Bytes) sizes() (raw []byte) {
	for _, part := range b.parts {
		raw = binary.LittleEndian.AppendUint64(raw, part.Size)
	}
	return raw
}

// head returns what the file begins with.
func (b *Bytes) head() []byte { return slices.Concat([]byte(magic), b.hash[:], b.sizes()) }

// open takes the parts from the cached file if that is there.
func (b *Bytes) open(s *mem.Space) bool {
	file, ok := b.dir.Open(b.name())
	if !ok {
		return false
	}
	if err := mem.Guard(func() error { return b.parse(file.Data) }); err != nil || !b.sampled(s) {
		_ = file.Close() // it was only read
		return false
	}
	runtime.AddCleanup(b, func(f *cache.File) { _ = f.Close() }, file) // as above
	b.file, b.keep = file, b
	return true
}

// parse takes the parts out of a file.
func (b *Bytes) parse(data []byte) error {
	rest, ok := bytes.CutPrefix(data, b.head())
	for _, part := range b.parts {
		if !ok || uint64(len(rest)) < part.Size {
			return errOther
		}
		b.data = append(b.data, rest[:part.Size:part.Size])
		rest = rest[part.Size:]
	}
	if len(rest) != 0 {
		return errOther
	}
	return nil
}

// samples is how many pages of each part are held against memory.
const samples = 3

// sampled reports whether some pages are what memory has. They are, as their hash is in the file's name: this is for a program that
// once wrote something else.
func (b *Bytes) sampled(s *mem.Space) bool {
	const page = 4096
	for i, part := range b.parts {
		buf := make([]byte, min(part.Size, page))
		for n := range uint64(samples) {
			off := (part.Size - uint64(len(buf))) / (samples - 1) * n
			same := false
			err := mem.Guard(func() error {
				err := s.Unpack(buf, part.Address+off, false)
				same = bytes.Equal(buf, b.data[i][off:][:len(buf)])
				return err
			})
			if err != nil || !same {
				return false
			}
		}
	}
	return true
}

// Save has what was read written to the cache, if it is not there, in the background. Whoever read it calls this once it turned out to
// be whole.
func (b *Bytes) Save() {
	if b.save {
		b.save = false
		b.dir.WriteLater(b.name(), append([][]byte{b.head()}, b.data...)...)
	}
}

// Of returns bytes that are there already; they live as long as keep, if that is not nil.
func Of(data []byte, keep any) *Bytes { return &Bytes{data: [][]byte{data}, keep: keep} }

// Part returns what part i has. It may lie in a mapped file: it is read under a [mem.Guard] and must not be written to.
func (b *Bytes) Part(i int) []byte { return b.data[i] }

// Memory returns memory in which the parts are read from what is there already, and other memory as other does.
func (b *Bytes) Memory(other kallsyms.Memory) kallsyms.Memory {
	m, read := other, other.Read
	m.Read = func(buf []byte, address uint64) error {
		data := b.at(address, uint64(len(buf)))
		if data == nil {
			return read(buf, address)
		}
		err := mem.Guard(func() error {
			copy(buf, data)
			return nil
		})
		runtime.KeepAlive(b)
		return err
	}
	m.Lend = func(address, n uint64) []byte {
		if b.keep != nil {
			return nil // it is in a file
		}
		return b.at(address, n)
	}
	return m
}

// at returns n bytes at an address, or nil if no part has them.
func (b *Bytes) at(address, n uint64) []byte {
	for i, part := range b.parts {
		if off := address - part.Address; off < part.Size && n <= part.Size-off {
			return b.data[i][off:][:n:n]
		}
	}
	return nil
}

// Keep is what the bytes live as long as, or nil.
func (b *Bytes) Keep() any { return b.keep }

// Release frees the memory of what lies in the cached file; it is loaded again when it is read.
func (b *Bytes) Release() {
	if b.file != nil {
		b.file.Release()
	}
}

// A Note is a few bytes in the cache that are known of a kernel. Whoever reads them must see for himself whether they are true: of
// the name nothing follows.
type Note struct {
	dir  cache.Dir
	name string
}

// NewNote returns the note of a name.
func NewNote(p *drgn.Program, name ...string) *Note {
	h := sha256.New()
	h.Write([]byte(magic))
	for _, s := range name {
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return &Note{cache.Dir{Path: p.CacheDir(), Suffix: suffix, Limit: maxCache}, hex.EncodeToString(h.Sum(nil))}
}

// Read returns the bytes, if they are there.
func (n *Note) Read() (data []byte, ok bool) {
	if n.dir.Path == "" {
		return nil, false
	}
	file, ok := n.dir.Open(n.name)
	if !ok {
		return nil, false
	}
	defer file.Close() // it was only read
	err := mem.Guard(func() error {
		data = bytes.Clone(file.Data)
		return nil
	})
	return data, err == nil
}

// Write writes the bytes in the background.
func (n *Note) Write(data []byte) {
	if n.dir.Path != "" {
		n.dir.WriteLater(n.name, data)
	}
}
