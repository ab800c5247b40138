package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// fetchBTF fetches, for each series of the cloud flavour for amd64, the newest of Debian's kernels that the mirror has, and
// writes the types it carries (.BTF) to testdata/btf, compressed with xz.
func fetchBTF(ctx context.Context, opt options, kernels []series) error {
	for _, s := range kernels {
		if s.flavour != cloud {
			continue
		}
		release, image, err := fetchImage(ctx, s, opt.cache)
		if err != nil {
			return err
		}
		types, err := btfOf(image)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", release, err)
		}
		var packed bytes.Buffer
		w, err := xz.NewWriter(&packed)
		if err != nil {
			return err
		}
		if _, err := w.Write(types); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		to := filepath.Join("testdata", "btf", majorMinor.FindString(release)+".btf.xz")
		if err := os.WriteFile(to, packed.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Printf("%s\t%s\t%d bytes of types\n", to, release, len(types))
	}
	return nil
}

// fetchImage returns the release of the newest kernel of a series that the mirror has, and its bootable image.
func fetchImage(ctx context.Context, s series, cache string) (release string, image []byte, err error) {
	a, found, err := releasesOf(ctx, s, cache)
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp(cache, "btf-")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(dir)
	for _, r := range found {
		debs, err := a.downloadIfThere(ctx, filepath.Join(dir, "debs"), r.image())
		if err != nil {
			return "", nil, err
		}
		if debs == nil {
			say("kernel %s has left the mirror", r.name)
			continue
		}
		if err := unpack(ctx, dir, debs); err != nil {
			return "", nil, err
		}
		image, err := os.ReadFile(kernel{release: r.name, dir: dir}.image())
		return r.name, image, err
	}
	return "", nil, noKernel(s)
}

// btfOf returns the .BTF section of the vmlinux in a bzImage.
func btfOf(image []byte) ([]byte, error) {
	vmlinux, err := payload(image)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(vmlinux))
	if err != nil {
		return nil, err
	}
	section := f.Section(".BTF")
	if section == nil {
		return nil, fmt.Errorf("vmlinux has no .BTF")
	}
	return section.Data()
}

// payload returns the vmlinux that a bzImage holds compressed. The header is of Documentation/arch/x86/boot.rst.
func payload(image []byte) ([]byte, error) {
	const setupSects, magicOffset, payloadOffset = 0x1f1, 0x202, 0x248
	if len(image) < payloadOffset+8 || string(image[magicOffset:magicOffset+4]) != "HdrS" {
		return nil, fmt.Errorf("the image is no bzImage")
	}
	setup := uint64(image[setupSects])
	if setup == 0 {
		setup = 4
	}
	start := (setup+1)*512 + uint64(binary.LittleEndian.Uint32(image[payloadOffset:]))
	size := uint64(binary.LittleEndian.Uint32(image[payloadOffset+4:]))
	if size < 4 || start+size > uint64(len(image)) {
		return nil, fmt.Errorf("the payload of %d bytes at %#x is not in the image of %d", size, start, len(image))
	}
	packed := image[start : start+size-4] // the last word is the size unpacked
	unpacked := uint64(binary.LittleEndian.Uint32(image[start+size-4:]))
	switch {
	case bytes.HasPrefix(packed, []byte("\xfd7zXZ\x00")):
		r, err := xz.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	case bytes.HasPrefix(packed, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		r, err := zstd.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.ReadAll(r)
	case bytes.HasPrefix(packed, []byte{0x02, 0x21, 0x4c, 0x18}):
		return unpackLZ4(packed[4:], unpacked)
	}
	return nil, fmt.Errorf("the kernel is compressed in a way that is not known: it begins with %x", packed[:4])
}

// unpackLZ4 unpacks blocks of LZ4's legacy frame, each with its size before it, up to limit bytes in all.
func unpackLZ4(packed []byte, limit uint64) ([]byte, error) {
	const blockSize = 8 << 20
	out := make([]byte, 0, limit)
	for len(packed) >= 4 {
		n := uint64(binary.LittleEndian.Uint32(packed))
		packed = packed[4:]
		if n > uint64(len(packed)) {
			return nil, fmt.Errorf("LZ4 block of %d bytes, of which %d are there", n, len(packed))
		}
		block, err := unpackLZ4Block(packed[:n], blockSize)
		if err != nil {
			return nil, err
		}
		if out = append(out, block...); uint64(len(out)) > limit {
			return nil, fmt.Errorf("LZ4 blocks hold more than the %d bytes they are to have", limit)
		}
		packed = packed[n:]
	}
	return out, nil
}

// unpackLZ4Block unpacks one block: sequences of literals and a match each (LZ4 Block Format Description).
func unpackLZ4Block(b []byte, limit int) ([]byte, error) {
	var out []byte
	short := fmt.Errorf("LZ4 block ends too early")
	length := func(n int) (int, bool) {
		for more := n == 15; more; {
			if len(b) == 0 {
				return 0, false
			}
			n, more, b = n+int(b[0]), b[0] == 255, b[1:]
		}
		return n, n <= limit
	}
	for len(b) > 0 {
		token := b[0]
		b = b[1:]
		literals, ok := length(int(token >> 4))
		if !ok || literals > len(b) {
			return nil, short
		}
		out, b = append(out, b[:literals]...), b[literals:]
		if len(b) == 0 {
			return out, nil // the last sequence has no match
		}
		if len(b) < 2 {
			return nil, short
		}
		offset := int(binary.LittleEndian.Uint16(b))
		b = b[2:]
		match, ok := length(int(token & 15))
		if !ok || offset == 0 || offset > len(out) || len(out)+match+4 > limit {
			return nil, fmt.Errorf("LZ4 block is corrupt at %d bytes", len(out))
		}
		for range match + 4 {
			out = append(out, out[len(out)-offset])
		}
	}
	return out, nil
}
