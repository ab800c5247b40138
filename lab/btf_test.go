package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestUnpackLZ4(t *testing.T) {
	// Literals "abc", a match of 9 at distance 3, literals "end".
	block := []byte{0x35, 'a', 'b', 'c', 3, 0, 0x30, 'e', 'n', 'd'}
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(block)))
	frame = append(frame, block...)
	if got, err := unpackLZ4(frame, 15); err != nil || string(got) != "abcabcabcabcend" {
		t.Errorf("%q, %v", got, err)
	}
	long := append([]byte{0xf0, 255, 0}, bytes.Repeat([]byte{'x'}, 270)...)
	if got, err := unpackLZ4Block(long, 1<<10); err != nil || len(got) != 270 {
		t.Errorf("%d literals, %v", len(got), err)
	}
	for name, corrupt := range map[string][]byte{
		"no length": {0xf0}, "literals missing": {0x30, 'a'}, "half an offset": {0x10, 'a', 1},
		"offset 0": {0x10, 'a', 0, 0}, "offset before the start": {0x10, 'a', 2, 0}, "too long": {0x1f, 'a', 1, 0, 255, 255, 255, 255, 255, 0},
	} {
		if got, err := unpackLZ4Block(corrupt, 1<<10); err == nil {
			t.Errorf("%s: %q, no error", name, got)
		}
	}
	if _, err := unpackLZ4(frame[:8], 15); err == nil {
		t.Error("half a block: no error")
	}
	if _, err := unpackLZ4(frame, 14); err == nil {
		t.Error("more than there is to be: no error")
	}
	if _, err := payload(make([]byte, 1024)); err == nil {
		t.Error("no bzImage: no error")
	}
}
