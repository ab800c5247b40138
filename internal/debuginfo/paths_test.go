package debuginfo

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestPaths(t *testing.T) {
	for _, test := range []struct {
		name      string
		got, want []string
	}{
		{"build ID", BuildIDPaths([]string{"/d", "e"}, []byte{0xab, 0xcd, 0xef}, true), []string{"/d/.build-id/ab/cdef.debug", "e/.build-id/ab/cdef.debug"}},
		{"loaded", BuildIDPaths([]string{"/d"}, []byte{0xab, 0xcd}, false), []string{"/d/.build-id/ab/cd"}},
		{"short", BuildIDPaths([]string{"/d"}, []byte{0xab}, false), nil},
		{"link", DebugLinkPaths([]string{"$ORIGIN", "${ORIGIN}/.debug", "/x", ""}, []string{"/d"}, "/bin", "a.debug"),
			[]string{"/bin/a.debug", "/bin/.debug/a.debug", "/x/a.debug", "/d/bin/a.debug"}},
		{"link with other variables", DebugLinkPaths([]string{"/x/$ORIGINAL", "$ORIGIN2", "$ORIGIN_x", "$foo", "${ORIGIN", "$ORIGIN.d", "$ORIGIN/$ORIGIN"}, nil, "/bin", "a"),
			[]string{"/x/$ORIGINAL/a", "$ORIGIN2/a", "$ORIGIN_x/a", "$foo/a", "${ORIGIN/a", "/bin.d/a", "/bin/bin/a"}},
		{"supplementary file", SupplementaryPaths([]string{"/sys", "/d"}, "/bin/a", "/usr/lib/debug/.dwz/arch/more.debug", nil),
			[]string{"/usr/lib/debug/.dwz/arch/more.debug", "/sys/.dwz/arch/more.debug", "/d/.dwz/arch/more.debug"}},
		{"supplementary file, relative", SupplementaryPaths([]string{"/sys"}, "/bin/a", "../.dwz/b", nil), []string{"/.dwz/b", "/sys/.dwz/b"}},
		{"supplementary file elsewhere", SupplementaryPaths([]string{"/sys"}, "/bin/a", ".dwz/b", nil), []string{"/bin/.dwz/b"}},
		{"link upwards", DebugLinkPaths([]string{"$ORIGIN"}, nil, "/usr/bin", "../a"), []string{"/usr/a"}},
		{"absolute link", DebugLinkPaths([]string{"$ORIGIN"}, nil, "/bin", "/x/a.debug"), []string{"/x/a.debug"}},
		{"supplementary", SupplementaryPaths([]string{"/d"}, "/a/b/c.debug", "../x.sup", []byte{1, 2}), []string{"/a/x.sup", "/d/.build-id/01/02.debug"}},
		{"absolute supplementary", SupplementaryPaths(nil, "/a/b", "/x.sup", nil), []string{"/x.sup"}},
		{"kernel", KernelPaths([]string{"/k"}, nil, "6.1"), []string{"/k/build/vmlinux", "/k/vmlinux", "/k/vmlinux.debug", "/k/vmlinux-6.1"}},
		{"installed kernel", KernelPaths([]string{""}, []string{"/d"}, "6.1"), []string{"/d/boot/vmlinux-6.1", "/d/lib/modules/6.1/vmlinux", "/d/lib/modules/6.1/vmlinux.debug",
			"/d/usr/lib/modules/6.1/vmlinux", "/boot/vmlinux-6.1", "/lib/modules/6.1/build/vmlinux", "/lib/modules/6.1/vmlinux"}},
	} {
		if !slices.Equal(test.got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, test.got, test.want)
		}
	}
}

func find(k *Kmods, name string) (paths []string) {
	k.Find(name, func(path string) bool {
		paths = append(paths, path)
		return true
	})
	return paths
}

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKmods(t *testing.T) {
	dir := t.TempDir()
	pcm := write(t, filepath.Join(dir, "real/kernel/sound/snd-pcm.ko.xz"), nil)
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	walks := 0
	k := &Kmods{KernelDirs: []string{link}, Depmod: true, Walk: true, Or: true, Log: func(string) { walks++ }}
	if got := find(k, "snd_pcm"); len(got) != 1 || filepath.Base(got[0]) != "snd-pcm.ko.xz" {
		t.Errorf("%q", got)
	}
	before := walks
	for range 1000 {
		find(k, "none")
	}
	if walks != before {
		t.Errorf("%d more walks", walks-before)
	}

	// depmod's index, as text and as a trie, is used instead of a walk.
	write(t, filepath.Join(dir, "real/modules.dep"), []byte("kernel/sound/snd-pcm.ko.xz: kernel/sound/snd.ko.xz\nkernel/fs/ext4.ko:\n"))
	text := &Kmods{KernelDirs: []string{filepath.Join(dir, "real")}, Depmod: true, Walk: true, Or: true}
	want := []string{filepath.Join(dir, "real/kernel/sound/snd-pcm.ko"), filepath.Join(dir, "real/kernel/sound/snd-pcm.ko.debug"), pcm, pcm + ".debug"}
	if got := find(text, "snd_pcm"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	write(t, filepath.Join(dir, "real/modules.dep.bin"), trie())
	bin := &Kmods{KernelDirs: []string{filepath.Join(dir, "real")}, Depmod: true}
	for name, want := range map[string]string{"ext4": "kernel/fs/ext4.ko", "ext3": "kernel/fs/ext3.ko"} {
		if got := find(bin, name); len(got) == 0 || got[0] != filepath.Join(dir, "real", want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, name := range []string{"", "e", "ext", "ext5", "ext44", "xfs", "\xff"} {
		if got := find(bin, name); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := find(&Kmods{KernelDirs: []string{dir}}, "snd_pcm"); got != nil {
		t.Errorf("%q without a method", got)
	}
}

// trie returns an index of depmod's with the modules ext3 and ext4.
func trie() []byte {
	b := binary.BigEndian.AppendUint32(nil, depmodMagic)
	b = binary.BigEndian.AppendUint32(b, depmodVersion<<16|1)
	b = append(b, 0, 0, 0, 0) // the root's place
	leaf := func(path string) uint32 {
		at := uint32(len(b))
		b = binary.BigEndian.AppendUint32(b, 1)
		b = binary.BigEndian.AppendUint32(b, 0)
		b = append(append(b, path...), 0)
		return at | nodeValues
	}
	three, four := leaf("kernel/fs/ext3.ko: kernel/fs/jbd.ko"), leaf("kernel/fs/ext4.ko:")
	root := uint32(len(b)) | nodePrefix | nodeChildren
	b = append(append(b, "ext"...), 0, '3', '4')
	b = binary.BigEndian.AppendUint32(b, three)
	b = binary.BigEndian.AppendUint32(b, four)
	binary.BigEndian.PutUint32(b[8:], root)
	return b
}

func FuzzDepmod(f *testing.F) {
	f.Add(trie(), "ext4")
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, data []byte, key string) {
		x := &depmodIndex{name: "index", data: data}
		if v, err := x.find(key); err != nil && v != "" && len(v) > len(data) {
			t.Errorf("%q, %v", v, err)
		}
	})
}

func TestOpenOddFiles(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, path := range []string{fifo, dir, "/dev/zero", "/proc/self/mem", filepath.Join(dir, "none"), write(t, filepath.Join(dir, "empty"), nil),
			write(t, filepath.Join(dir, "text"), []byte("text"))} {
			if f, err := OpenFile(path, path, nil, OpenOptions{}); err == nil {
				t.Errorf("%s is taken for ELF: %v", path, f)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for who writes to the pipe")
	}
}
