package main

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A machine is what a program is built for.
type machine struct {
	goarch   string
	compiler string // the C compiler for it, as Debian names them
	deb, rpm string // its names in packages
}

var machines = []machine{
	{"amd64", "x86_64-linux-gnu-gcc", "amd64", "x86_64"},
	{"arm64", "aarch64-linux-gnu-gcc", "arm64", "aarch64"},
}

// A source is the commit that programs are made of.
type source struct {
	root    string // its checkout
	hash    string
	version string    // "1.2.3", of a commit without a tag "1.2.3~20261129163950.5aad2bc4e43f": packages sort what has a ~ before what has not
	time    time.Time // of the commit: that of all files that are made
}

// fileVersion is the version as it stands in names of files.
func (s source) fileVersion() string { return strings.ReplaceAll(s.version, "~", "-") }

// makePrograms makes, for each machine, an archive, a Debian package, an RPM package and a bill of materials.
func makePrograms(r release) ([]string, error) {
	src, err := checkout(r)
	if err != nil {
		return nil, err
	}
	return publish(src, machines, r.out, build)
}

// checkout returns the commit that is checked out, without changes.
func checkout(r release) (source, error) {
	git := func(args ...string) (string, error) { return command(r.root, "git", args...) }
	changes, err := git("status", "--porcelain")
	if err != nil {
		return source{}, err
	}
	if changes != "" {
		return source{}, fmt.Errorf("the checkout has changes; programs are made of a commit:\n%s", changes)
	}
	said, err := git("show", "-s", "--format=%H %ct", "HEAD")
	if err != nil {
		return source{}, err
	}
	hash, seconds, _ := strings.Cut(said, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return source{}, err
	}
	tags, err := git("tag", "--points-at", "HEAD", "v[0-9]*")
	if err != nil {
		return source{}, err
	}
	src := source{root: r.root, hash: hash, time: time.Unix(unix, 0).UTC()}
	src.version, err = versionAt(r.version, strings.Fields(tags), hash, src.time)
	return src, err
}

var tagged = regexp.MustCompile(`^v(\d+\.\d+\.\d+)(-[a-z]+(?:\.\d+)*)?$`)

// versionAt returns the version of a commit with some tags; next is the one that the source says is being made.
func versionAt(next string, tags []string, hash string, at time.Time) (string, error) {
	if len(tags) == 0 {
		return fmt.Sprintf("%s~%s.%.12s", next, at.Format("20060102150405"), hash), nil
	}
	if len(tags) > 1 {
		return "", fmt.Errorf("the commit has several tags: %s", strings.Join(tags, ", "))
	}
	m := tagged.FindStringSubmatch(tags[0])
	if m == nil {
		return "", fmt.Errorf("the tag %s is no version as Go's modules have them: v1.2.3 or v1.2.3-rc.1", tags[0])
	}
	if m[1] != next {
		return "", fmt.Errorf("the tag is %s, but cmd/drgn/version.go says %s", tags[0], next)
	}
	return m[1] + strings.Replace(m[2], "-", "~", 1), nil
}

// build builds the program.
func build(src source, m machine, path string) error {
	compiler, err := exec.LookPath(m.compiler)
	if err != nil {
		return fmt.Errorf("a C compiler is needed: %w; on Debian, crossbuild-essential-%s has it", err, m.deb)
	}
	// What is left out are names for debuggers, and what depends on the machine that builds.
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w -buildid=", "-o", path, "./cmd/drgn")
	cmd.Dir, cmd.Stderr = src.root, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1", "GOOS=linux", "GOARCH="+m.goarch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "CC="+compiler,
		"CGO_CFLAGS=-O2", "CGO_LDFLAGS=-Wl,--build-id=none", fmt.Sprintf("SOURCE_DATE_EPOCH=%d", src.time.Unix()))
	if err := cmd.Run(); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && s.Value == src.hash {
			return nil
		}
	}
	return fmt.Errorf("the program does not know that it was built from %s: Go does not ask git in a worktree; make the release in a clone", src.hash)
}

// publish makes what is published of programs, which build builds, and returns the names. The first machine must be this one.
func publish(src source, machines []machine, out string, build func(src source, m machine, path string) error) ([]string, error) {
	tmp, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	var names []string
	for _, m := range machines {
		path := filepath.Join(tmp, m.goarch)
		if err := build(src, m, path); err != nil {
			return nil, fmt.Errorf("%s: %w", m.goarch, err)
		}
		// The manual page and what shells complete are the same everywhere; a program that runs here prints them.
		made, err := publishOne(src, m, path, filepath.Join(tmp, machines[0].goarch), out)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.goarch, err)
		}
		names = append(names, made...)
	}
	return names, nil
}

func publishOne(src source, m machine, program, native, out string) ([]string, error) {
	files, err := contents(src, program, native)
	if err != nil {
		return nil, err
	}
	f, err := elf.Open(program)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	glibc, err := needsGlibc(f)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, made := range []struct {
		name  string
		bytes func() ([]byte, error)
	}{
		{fmt.Sprintf("drgn-%s-linux-%s.tar.gz", src.fileVersion(), m.goarch), func() ([]byte, error) { return archive(src, m, files) }},
		{fmt.Sprintf("drgn-%s-linux-%s.cdx.json", src.fileVersion(), m.goarch), func() ([]byte, error) { return billOfMaterials(src, program) }},
		{fmt.Sprintf("godrgn_%s_%s.deb", src.fileVersion(), m.deb), func() ([]byte, error) { return deb(src, m, files, glibc) }},
		{fmt.Sprintf("godrgn-%s-1.%s.rpm", src.fileVersion(), m.rpm), func() ([]byte, error) { return rpm(src, m, files, glibc) }},
	} {
		b, err := made.bytes()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", made.name, err)
		}
		if err := os.WriteFile(filepath.Join(out, made.name), b, 0o644); err != nil {
			return nil, err
		}
		names = append(names, made.name)
	}
	return names, nil
}
