package main

import (
	"archive/tar"
	"bytes"
	"crypto/md5"
	"fmt"
	"sort"
	"strings"

	"github.com/google/rpmpack"
)

const (
	homepage   = "https://github.com/godrgn/drgn"
	maintainer = "the godrgn authors <godrgn@users.noreply.github.com>"
	summary    = "programmable debugger for the Linux kernel and processes"
)

var description = []string{
	"drgn opens a core dump, the running kernel, a guest of QEMU or a process and",
	"gives a Python prompt, or runs a script, to walk its types, variables, data",
	"structures and stacks. Python is inside the program. Debugging information is",
	"used where it is found and not needed.",
}

// tarball returns files in a compressed tar archive, with their directories, in order. name says where one is; those it gives ""
// are left out.
func tarball(src source, files []file, prefix string, name func(file) string) ([]byte, error) {
	chosen := map[string]file{}
	var names []string
	for _, f := range files {
		if n := name(f); n != "" {
			chosen[prefix+n] = f
			names = append(names, prefix+n)
		}
	}
	sort.Strings(names)
	var out bytes.Buffer
	t := tar.NewWriter(&out)
	header := func(name string, kind byte, mode, size int64) error {
		return t.WriteHeader(&tar.Header{Typeflag: kind, Name: name, Mode: mode, Size: size, ModTime: src.time, Uname: "root", Gname: "root", Format: tar.FormatGNU})
	}
	for _, dir := range directories(names) {
		if err := header(dir+"/", tar.TypeDir, 0o755, 0); err != nil {
			return nil, err
		}
	}
	for _, n := range names {
		f := chosen[n]
		if err := header(n, tar.TypeReg, int64(f.mode()), int64(len(f.content))); err != nil {
			return nil, err
		}
		if _, err := t.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return gzipped(out.Bytes())
}

func (f file) mode() uint {
	if f.program {
		return 0o755
	}
	return 0o644
}

// archive returns the archive for all systems: one directory.
func archive(src source, m machine, files []file) ([]byte, error) {
	prefix := fmt.Sprintf("drgn-%s-linux-%s/", src.fileVersion(), m.goarch)
	return tarball(src, files, prefix, func(f file) string { return f.unpacked })
}

// deb returns a Debian package, deb(5): an archive of ar(1) with the version of the format, control data and files.
func deb(src source, m machine, files []file, glibc int) ([]byte, error) {
	installed := func(f file) string { return f.installed }
	data, err := tarball(src, files, "./", installed)
	if err != nil {
		return nil, err
	}
	var sums []string
	size := 0
	for _, f := range files {
		if f.installed != "" {
			sums = append(sums, fmt.Sprintf("%x  %s\n", md5.Sum(f.content), f.installed))
			size += (len(f.content) + 1023) / 1024
		}
	}
	sort.Slice(sums, func(i, j int) bool { return sums[i][34:] < sums[j][34:] })
	var c strings.Builder
	fmt.Fprintf(&c, "Package: godrgn\nVersion: %s\nArchitecture: %s\nMaintainer: %s\nInstalled-Size: %d\n", src.version, m.deb, maintainer, size)
	if glibc > 0 {
		fmt.Fprintf(&c, "Depends: libc6 (>= 2.%d)\n", glibc)
	}
	// The other drgn has a program of this name.
	fmt.Fprintf(&c, "Recommends: less\nConflicts: python3-drgn\nSection: devel\nPriority: optional\nHomepage: %s\nDescription: %s\n", homepage, summary)
	for _, line := range description {
		c.WriteString(" " + line + "\n")
	}
	control, err := tarball(src, []file{{installed: "control", content: []byte(c.String())}, {installed: "md5sums", content: []byte(strings.Join(sums, ""))}}, "./", installed)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteString("!<arch>\n")
	for _, part := range []struct {
		name    string
		content []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", control}, {"data.tar.gz", data}} {
		fmt.Fprintf(&out, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", part.name, src.time.Unix(), 0, 0, "100644", len(part.content))
		out.Write(part.content)
		if len(part.content)%2 == 1 {
			out.WriteByte('\n')
		}
	}
	return out.Bytes(), nil
}

// rpm returns an RPM package.
func rpm(src source, m machine, files []file, glibc int) ([]byte, error) {
	meta := rpmpack.RPMMetaData{
		Name: "godrgn", Summary: summary, Description: strings.Join(description, "\n"), Version: src.version, Release: "1", Arch: m.rpm, OS: "linux",
		Vendor: "the godrgn authors", URL: homepage, Packager: maintainer, Licence: "Apache-2.0", BuildHost: "localhost", Compressor: "gzip",
		Epoch: rpmpack.NoEpoch, BuildTime: src.time,
	}
	if glibc > 0 {
		if err := meta.Requires.Set(fmt.Sprintf("libc.so.6(GLIBC_2.%d)(64bit)", glibc)); err != nil {
			return nil, err
		}
	}
	if err := meta.Conflicts.Set("drgn"); err != nil { // it has a program of this name
		return nil, err
	}
	r, err := rpmpack.NewRPM(meta)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.installed == "" {
			continue
		}
		name := strings.Replace(f.installed, "zsh/vendor-completions", "zsh/site-functions", 1)
		kind := rpmpack.GenericFile
		switch {
		case f.licence:
			kind = rpmpack.LicenceFile
		case strings.HasPrefix(name, documents):
			kind = rpmpack.DocFile
		}
		r.AddFile(rpmpack.RPMFile{Name: "/" + name, Body: f.content, Mode: 0o100000 | f.mode(), Owner: "root", Group: "root", MTime: uint32(src.time.Unix()), Type: kind})
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
