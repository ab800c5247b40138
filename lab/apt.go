package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An apt is a private configuration of apt: its own lists, its own idea of what
// is installed (nothing), more suites than the machine uses, but the machine's
// mirror and keyring. Nothing of it touches the system.
type apt struct {
	dir      string
	machine  string // Debian's name of the architecture
	allowOld bool   // releases whose lists are not signed anew any more
}

// suites are those that carry the kernel and, the last one, the newest tools.
var suites = []string{"bookworm-backports", "trixie", "trixie-backports", "unstable"}

// oldSuites carry the old series of kernels, too, beside their security archives.
var oldSuites = []string{"bullseye", "bookworm", "trixie", "unstable"}

// newApt prepares the private configuration for a machine in dir. The package lists are
// fetched at most once a day, and old ones do when the mirror doesn't answer.
func newApt(ctx context.Context, machine, dir string) (*apt, error) {
	return prepareApt(ctx, &apt{dir: dir, machine: machine}, func(mirror string) (lines []string) {
		for _, suite := range suites {
			lines = append(lines, mirror+" "+suite)
		}
		return lines
	})
}

// newAptWithSecurity is newApt for other suites, old ones too, and their security archives.
func newAptWithSecurity(ctx context.Context, machine, dir string, of []string) (*apt, error) {
	return prepareApt(ctx, &apt{dir: dir, machine: machine, allowOld: true}, func(mirror string) (lines []string) {
		for _, suite := range of {
			lines = append(lines, mirror+" "+suite)
			if suite != "unstable" {
				lines = append(lines, strings.TrimSuffix(mirror, "/")+"-security "+suite+"-security")
			}
		}
		return lines
	})
}

// prepareApt prepares a; sources returns what follows "deb" in its sources, but for "main".
func prepareApt(ctx context.Context, a *apt, sources func(mirror string) []string) (*apt, error) {
	dir := a.dir
	for _, d := range []string{"lists/partial", "cache/archives/partial", "state", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	mirror, keyring, err := machineMirror("/etc/apt")
	if err != nil {
		return nil, err
	}
	var list strings.Builder
	for _, source := range sources(mirror) {
		fmt.Fprintf(&list, "deb [signed-by=%s] %s main\n", keyring, source)
	}
	if err := os.WriteFile(filepath.Join(dir, "etc/sources.list"), []byte(list.String()), 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "state/status"), nil, 0o644); err != nil {
		return nil, err
	}
	info, err := os.Stat(a.stamp())
	if err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return a, nil
	}
	if updateErr := a.update(ctx); updateErr != nil {
		if err == nil {
			say("using old package lists: %v", updateErr)
			return a, nil
		}
		return nil, updateErr
	}
	return a, nil
}

// stamp is the file whose age is that of the package lists.
func (a *apt) stamp() string { return filepath.Join(a.dir, "updated") }

// gone is the file with the packages that the lists name and the mirror does not have, a line for each attempt.
func (a *apt) gone() string { return filepath.Join(a.dir, "gone") }

// update fetches the package lists.
func (a *apt) update(ctx context.Context) error {
	say("fetching package lists")
	if _, err := a.run(ctx, 3*time.Minute, "", "apt-get", "update"); err != nil {
		return err
	}
	if err := os.RemoveAll(a.gone()); err != nil {
		return err
	}
	return os.WriteFile(a.stamp(), nil, 0o644)
}

// run runs one of apt's programs under the private configuration, in directory in.
func (a *apt) run(ctx context.Context, limit time.Duration, in, program string, args ...string) (string, error) {
	path := func(p string) string { return filepath.Join(a.dir, p) }
	options := []string{
		"-o", "Dir::Etc::sourcelist=" + path("etc/sources.list"),
		"-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "Dir::Etc::preferencesparts=/dev/null",
		"-o", "Dir::State=" + path("state"),
		"-o", "Dir::State::lists=" + path("lists"),
		"-o", "Dir::State::status=" + path("state/status"),
		"-o", "Dir::Cache=" + path("cache"),
		"-o", "Acquire::Languages=none",
		"-o", "Acquire::Retries=3",
		"-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"-o", "APT::Architecture=" + a.machine,
		"-o", "APT::Architectures=" + a.machine,
		"-o", "APT::Sandbox::User=root",
	}
	if a.allowOld {
		options = append(options, "-o", "Acquire::Check-Valid-Until=false")
	}
	return outputIn(ctx, limit, in, program, append(options, args...)...)
}

// machineMirror returns the Debian mirror and the keyring file that the machine's
// own apt configuration in dir uses.
func machineMirror(dir string) (mirror, keyring string, err error) {
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	files, err := filepath.Glob(filepath.Join(dir, "sources.list.d", "*"))
	if err != nil {
		return "", "", err
	}
	files = append(files, filepath.Join(dir, "sources.list"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", "", err
		}
		if m, k := mirrorOf(string(text)); m != "" {
			if k != "" {
				keyring = k
			}
			return m, keyring, nil
		}
	}
	return "", "", fmt.Errorf("no Debian mirror in the apt configuration below %s", dir)
}

var (
	oneLine  = regexp.MustCompile(`^deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s`)
	signedBy = regexp.MustCompile(`signed-by=(\S+)`)
)

// mirrorOf finds the first Debian archive, security archives aside, in a sources
// file of either syntax.
func mirrorOf(text string) (mirror, keyring string) {
	isArchive := func(uri string) bool {
		return strings.HasSuffix(strings.TrimSuffix(uri, "/"), "/debian")
	}
	var uri, key string
	lines := bufio.NewScanner(strings.NewReader(text + "\n\n"))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if m := oneLine.FindStringSubmatch(line); m != nil && isArchive(m[2]) {
			if k := signedBy.FindStringSubmatch(m[1]); k != nil {
				keyring = k[1]
			}
			return m[2], keyring
		}
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); {
		case line == "":
			if isArchive(uri) {
				return uri, key
			}
			uri, key = "", ""
		case strings.EqualFold(name, "URIs"):
			uri, _, _ = strings.Cut(value, " ")
		case strings.EqualFold(name, "Signed-By"):
			key = value
		}
	}
	return "", ""
}

// closure returns a package and those of the packages it depends on, at any depth,
// whose names begin with one of the prefixes: names of libraries carry suffixes that
// differ between releases.
func (a *apt) closure(ctx context.Context, of string, prefixes ...string) ([]string, error) {
	said, err := a.run(ctx, time.Minute, "", "apt-cache", "depends", "--recurse", "--no-recommends",
		"--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", of)
	if err != nil {
		return nil, err
	}
	packages := []string{of}
	for line := range strings.Lines(said) {
		name := strings.TrimSpace(line)
		// An indented line is a dependency; one in angle brackets is no real package.
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "<") {
			continue
		}
		wanted := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if wanted && !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	return packages, nil
}

// needed returns the packages that would be installed with some, where those are that the file status tells of.
func (a *apt) needed(ctx context.Context, status string, packages ...string) ([]string, error) {
	said, err := a.run(ctx, time.Minute, "", "apt-get", append([]string{"-o", "Dir::State::status=" + status,
		"install", "--simulate", "--no-install-recommends"}, packages...)...)
	var needed []string
	for line := range strings.Lines(said) {
		if of, ok := strings.CutPrefix(line, "Inst "); ok {
			needed = append(needed, strings.Fields(of)[0])
		}
	}
	return needed, err
}

// download fetches packages, the newest version of each, into dir and returns the
// paths of the .deb files. Old versions leave the mirror: when one has gone since the
// lists were fetched, they are fetched anew.
func (a *apt) download(ctx context.Context, dir string, packages ...string) ([]string, error) {
	debs, err := a.downloadIfThere(ctx, dir, packages...)
	if err == nil && debs == nil {
		if err := errors.Join(os.Remove(a.stamp()), a.update(ctx)); err != nil {
			return nil, err
		}
		debs, err = a.downloadIfThere(ctx, dir, packages...)
	}
	if err == nil && debs == nil {
		err = fmt.Errorf("the mirror does not have all of %s", strings.Join(packages, ", "))
	}
	return debs, err
}

// notThere is what apt-get says of a file that its lists name and the mirror does not have.
const notThere = " 404 "

// downloadIfThere is download of what the mirror has by the lists as they are, nil if one of the packages has gone. That
// is remembered until the lists are fetched anew.
func (a *apt) downloadIfThere(ctx context.Context, dir string, packages ...string) ([]string, error) {
	names := strings.Join(packages, ", ")
	gone, err := os.ReadFile(a.gone())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if slices.Contains(strings.Split(string(gone), "\n"), names) {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	say("downloading %s", names)
	_, err = a.run(ctx, 10*time.Minute, dir, "apt-get", append([]string{"download"}, packages...)...)
	if err != nil && strings.Contains(err.Error(), notThere) {
		return nil, os.WriteFile(a.gone(), append(gone, names+"\n"...), 0o644)
	}
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(dir, "*.deb"))
}

// unpack extracts packages below dir, without installing them, and deletes them.
func unpack(ctx context.Context, dir string, debs []string) error {
	for _, deb := range debs {
		if _, err := output(ctx, 5*time.Minute, "dpkg-deb", "-x", deb, dir); err != nil {
			return err
		}
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	return nil
}

// tools maps the programs the lab runs, but those of a board, to the Debian packages that have them.
var tools = [][2]string{
	{"fallocate", "util-linux"},
	{"tar", "tar"},
	{"dpkg-deb", "dpkg"},
}

// installTools installs, with the machine's own apt, the programs that are missing for guests of a board.
func installTools(ctx context.Context, b *board) error {
	wanted := tools
	if b.newer == nil {
		wanted = append(wanted, b.qemu, b.compiler)
	}
	var missing []string
	for _, tool := range wanted {
		if _, err := exec.LookPath(tool[0]); err != nil {
			missing = append(missing, tool[1])
		}
	}
	if b.newer == nil {
		if _, err := os.Stat(b.headers[0]); err != nil {
			missing = append(missing, b.headers[1])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("these Debian packages are missing: %s; install them or run the lab as root", strings.Join(missing, " "))
	}
	say("installing %s", strings.Join(missing, ", "))
	if _, err := output(ctx, 5*time.Minute, "apt-get", "-q", "update"); err != nil {
		return err
	}
	args := append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y", "--no-install-recommends"}, missing...)
	_, err := output(ctx, 10*time.Minute, "env", args...)
	return err
}
