package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A series is a line of Debian's kernels of one flavour, of which the lab takes the newest.
type series struct {
	name    string // the version, with a suffix for another flavour or board than the usual ones; or newest
	flavour string // how the releases end
	board   *board
	old     bool // its suite is an old one, whose newest kernels are in the security archive

	// modules are those that the guest loads first, which other kernels have built in.
	modules []string
}

// loads returns the modules that guests of the series load.
func (s series) loads() []string { return slices.Concat(s.modules, guestModules) }

// cloud is the flavour of most kernels that the lab boots: it has fewer drivers.
const cloud = "cloud-amd64"

// carried are the kernels that the lab can boot: of each machine, oldest first. The types of the cloud flavours for amd64 are in
// testdata/btf.
//
// The generic flavour differs from the one for clouds in drivers, Xen's first domain and page extensions, not in page tables, slabs
// or preemption: so it is booted where both are others. Its debug package has a gigabyte, seven unpacked.
var carried = []series{
	{name: "5.10", flavour: cloud, board: amd64, old: true},
	{name: "6.1", flavour: cloud, board: amd64, old: true},
	{name: "6.12", flavour: cloud, board: amd64},
	{name: "6.12-generic", flavour: "amd64", board: amd64Large, modules: []string{"crc32c_generic", "ext4"}},
	newest,
	{name: "6.12-arm64", flavour: "cloud-arm64", board: arm64},
	{name: "newest-arm64", flavour: "cloud-arm64", board: arm64Max},
	{name: "5.10-arm64", flavour: "cloud-arm64", board: arm64, old: true},
	{name: "6.12-arm64-16k", flavour: "arm64-16k", board: arm64Max, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-armhf", flavour: "armmp", board: armhf, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-armhf-lpae", flavour: "armmp-lpae", board: armhfLPAE, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.1-i386", flavour: "686", board: i386, old: true, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.1-i386-pae", flavour: "686-pae", board: i386, old: true, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-ppc64el", flavour: "powerpc64le", board: ppc64el, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-ppc64el-hash", flavour: "powerpc64le", board: ppc64elHash, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-ppc64el-64k", flavour: "powerpc64le-64k", board: ppc64el, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-riscv64", flavour: "riscv64", board: riscv64, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-riscv64-sv48", flavour: "riscv64", board: riscv64Sv48, modules: []string{"crc32c_generic", "ext4"}},
	{name: "6.12-riscv64-sv39", flavour: "riscv64", board: riscv64Sv39, modules: []string{"crc32c_generic", "ext4"}},
	{name: "newest-loong64", flavour: "loong64", board: loong64, modules: []string{"ext4"}},
	{name: "6.12-s390x", flavour: "s390x", board: s390x, modules: []string{"crc32c_generic", "ext4"}},
}

// mainSeries is the one of which every dump and a running guest are checked, and that is measured.
const mainSeries = "6.12"

// newest is what the suites have: often that of unstable, at times that of backports.
var newest = series{name: "newest", flavour: cloud, board: amd64}

// seriesNamed returns the series of a name.
func seriesNamed(name string) (series, error) {
	var names []string
	for _, s := range carried {
		if s.name == name {
			return s, nil
		}
		names = append(names, s.name)
	}
	return series{}, fmt.Errorf("no kernel series %q; the lab has %s", name, strings.Join(names, ", "))
}

// has reports whether a release is one of the series.
func (s series) has(release string) bool {
	release, ok := strings.CutSuffix(release, "-"+s.flavour)
	version, _, _ := strings.Cut(s.name, "-")
	return ok && !flavoured.MatchString(release) && (version == newest.name || strings.HasPrefix(release, version+"."))
}

// flavoured matches what has more of a flavour's name at its end than a release's numbers: "-cloud", "-rt".
var flavoured = regexp.MustCompile(`-[a-z]+$`)

// archive returns the package lists that have the series.
func (s series) archive(ctx context.Context, cache string) (*apt, error) {
	if s.old {
		return newAptWithSecurity(ctx, s.board.name, filepath.Join(cache, "apt-btf"+s.board.suffix()), oldSuites)
	}
	return s.board.apt(ctx, cache)
}

// A kernel is an unpacked Debian kernel with the debug files of what the guest loads.
type kernel struct {
	release string // as uname -r says, "6.12.9+deb13-cloud-amd64"
	dir     string
	loads   []string // modules, see series
}

// first returns the first of the paths below the kernel's directory that is there, the last one if none is. A %s stands for the release.
func (k kernel) first(paths ...string) string {
	var found string
	for _, p := range paths {
		found = filepath.Join(k.dir, strings.ReplaceAll(p, "%s", k.release))
		if _, err := os.Stat(found); err == nil {
			break
		}
	}
	return found
}

// image returns the path of the bootable kernel.
func (k kernel) image() string {
	return k.first("usr/lib/modules/%s/vmlinuz.unsigned", "usr/lib/modules/%s/vmlinuz", "boot/vmlinux-%s", "boot/vmlinuz-%s")
}

// vmlinux returns the path of the debug file of the kernel proper.
func (k kernel) vmlinux() string {
	return k.first("usr/lib/debug/lib/modules/%s/vmlinux", "usr/lib/debug/boot/vmlinux-%s")
}

// modules returns the directory of the loadable modules: before Debian 13, /lib was no link to /usr/lib.
func (k kernel) modules() string { return k.first("lib/modules/%s", "usr/lib/modules/%s") }

// moduleDebug returns the directory of the modules' debug files.
func (k kernel) moduleDebug() string { return k.first("usr/lib/debug/lib/modules/%s") }

// fetchKernel finds the newest kernel of a series of which the mirror has all packages, and unpacks what the lab needs of
// them below the cache unless that is there. The lists of an old suite may name packages that have left the mirror.
func fetchKernel(ctx context.Context, s series, cache string) (kernel, error) {
	a, found, err := releasesOf(ctx, s, cache)
	if err != nil {
		return kernel{}, err
	}
	unpacked := fmt.Sprintln(s.loads())
	for _, r := range found {
		k := kernel{r.name, filepath.Join(cache, "kernel", r.name), s.loads()}
		if said, err := os.ReadFile(filepath.Join(k.dir, "unpacked")); err == nil && string(said) == unpacked {
			return k, nil
		}
		// Unpacked beside and moved: another run may have a look at what is there.
		fresh := kernel{r.name, k.dir + ".new", k.loads}
		if err := os.RemoveAll(fresh.dir); err != nil {
			return kernel{}, err
		}
		debs, err := a.downloadIfThere(ctx, filepath.Join(fresh.dir, "debs"), r.packages...)
		if err != nil {
			return kernel{}, err
		}
		if debs == nil {
			say("kernel %s has left the mirror", r.name)
			continue
		}
		say("unpacking kernel %s", r.name)
		if err := unpackKernel(ctx, fresh, debs); err != nil {
			return kernel{}, err
		}
		if err := os.WriteFile(filepath.Join(fresh.dir, "unpacked"), []byte(unpacked), 0o644); err != nil {
			return kernel{}, err
		}
		if err := os.RemoveAll(k.dir); err != nil {
			return kernel{}, err
		}
		return k, os.Rename(fresh.dir, k.dir)
	}
	return kernel{}, noKernel(s)
}

// noKernel is the error for a series of which nothing is to be had.
func noKernel(s series) error {
	return fmt.Errorf("no kernel with debug symbols of the series %s is on the mirror of Debian", s.name)
}

// releasesOf returns the kernels of a series that package lists name, newest first, and the lists. Packages that are named may
// have left the mirror.
func releasesOf(ctx context.Context, s series, cache string) (*apt, []release, error) {
	a, err := s.archive(ctx, cache)
	if err != nil {
		return nil, nil, err
	}
	names, err := a.run(ctx, time.Minute, "", "apt-cache", "pkgnames", "linux-")
	if err != nil {
		return nil, nil, err
	}
	return a, releases(strings.Fields(names), s), nil
}

// unpackKernel unpacks a kernel's packages and deletes them; of the debug files, which take gigabytes, only those of the
// kernel proper and of the modules that the guest loads.
func unpackKernel(ctx context.Context, k kernel, debs []string) error {
	isDebug := func(deb string) bool { return strings.Contains(filepath.Base(deb), "-dbg_") }
	debug := slices.IndexFunc(debs, isDebug)
	if debug < 0 {
		return fmt.Errorf("no debug package among %s", debs)
	}
	if err := unpack(ctx, k.dir, slices.DeleteFunc(slices.Clone(debs), isDebug)); err != nil {
		return err
	}
	modules, err := loadedByGuest(k)
	if err != nil {
		return err
	}
	wanted := map[string]bool{"vmlinux": true, "System.map": true, "vmlinux-" + k.release: true, "System.map-" + k.release: true}
	for _, m := range modules {
		wanted[m.name] = true
	}
	err = unpackSome(ctx, k.dir, debs[debug], func(name string) bool {
		base, _, _ := strings.Cut(path.Base(name), ".ko")
		return wanted[base] || strings.Contains(name, ".ko") && wanted[moduleName(base)]
	})
	if err != nil {
		return err
	}
	if _, err := os.Stat(k.vmlinux()); err != nil {
		return fmt.Errorf("%s has no vmlinux: %w", filepath.Base(debs[debug]), err)
	}
	return os.Remove(debs[debug])
}

// unpackSome extracts the files of a package that keep wants, and links.
func unpackSome(ctx context.Context, dir, deb string, keep func(name string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = extract(dir, out, keep)
	if err == nil {
		_, err = io.Copy(io.Discard, out) // what follows the archive's end
	} else {
		cancel() // the error counts, not that of the program
	}
	return errors.Join(err, cmd.Wait())
}

// extract writes the files of a tar archive that keep wants, and links to such, below dir.
func extract(dir string, archive io.Reader, keep func(name string) bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for files := tar.NewReader(archive); ; {
		header, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(header.Name)
		if !keep(name) || header.Typeflag != tar.TypeReg && header.Typeflag != tar.TypeSymlink {
			continue
		}
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if header.Typeflag == tar.TypeSymlink {
			err = root.Symlink(header.Linkname, name)
		} else {
			err = extractFile(root, name, files)
		}
		if err != nil {
			return err
		}
	}
}

// extractFile writes one file of an archive.
func extractFile(root *os.Root, name string, from io.Reader) error {
	file, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// ofKernel matches the packages of a kernel. Until 7.1 the image is in linux-image-… with the modules; since then in
// linux-binary-…, with the modules and the lists of what is built in beside it. Where Debian signs kernels, the image that is not
// signed is in a package of its own.
var ofKernel = regexp.MustCompile(`^linux-(?:image-(\d.*?)(?:-unsigned|-dbg)?|binary-unsigned-(\d.*)|(?:binary|modules|base)-(\d.*))$`)

// A release is a kernel among package names.
type release struct {
	name     string   // as uname -r says
	packages []string // the first has the bootable image
}

// image returns the name of the package that has the bootable image.
func (r release) image() string { return r.packages[0] }

// releases returns the kernels of a series, newest first, of which there are an image, its modules and debug symbols
// among package names.
func releases(packages []string, of series) []release {
	has := make(map[string]map[string]bool)
	for _, name := range packages {
		if m := ofKernel.FindStringSubmatch(name); m != nil {
			r := m[1] + m[2] + m[3] // one of them is not empty
			if has[r] == nil {
				has[r] = make(map[string]bool)
			}
			has[r][name] = true
		}
	}
	var found []release
	for name, there := range has {
		whole := [][]string{
			{"linux-image-" + name, "linux-image-" + name + "-dbg"},
			{"linux-binary-" + name, "linux-base-" + name, "linux-image-" + name + "-dbg", "linux-modules-" + name},
		}
		if of.board.signed {
			whole[0][0] += "-unsigned"
			whole[1][0] = "linux-binary-unsigned-" + name
		} else if there["linux-modules-"+name] {
			whole = whole[1:] // linux-image-… only says what else there is
		}
		for _, packages := range whole {
			lacks := func(name string) bool { return !there[name] }
			if of.has(name) && !slices.ContainsFunc(packages, lacks) {
				found = append(found, release{name, packages})
				break
			}
		}
	}
	slices.SortFunc(found, func(x, y release) int {
		switch {
		case olderRelease(y.name, x.name):
			return -1
		case olderRelease(x.name, y.name):
			return 1
		}
		return strings.Compare(y.name, x.name)
	})
	return found
}

var number = regexp.MustCompile(`\d+`)

// olderRelease compares the numbers in two releases, in order.
func olderRelease(a, b string) bool {
	as, bs := number.FindAllString(a, -1), number.FindAllString(b, -1)
	for i := 0; i < len(as) && i < len(bs); i++ {
		x, _ := strconv.Atoi(as[i]) // digits only: too many of them saturate, which orders well enough
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}

// A guestModule is one that the guest loads.
type guestModule struct {
	name string // as the kernel knows it, with underscores
	text []byte // the file, decompressed
}

// moduleName returns the name under which the kernel knows the module of a file's name without suffixes.
func moduleName(file string) string { return strings.ReplaceAll(file, "-", "_") }

// loadedByGuest returns the modules that the guest loads and what they depend on, so that each comes after those it needs. Those that are
// built into the kernel are left out. A module that the kernel has in neither way is said, not an error: the checks tell
// what the guest lacks for it.
func loadedByGuest(k kernel) ([]guestModule, error) {
	dir := k.modules()
	paths := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name, _, isModule := strings.Cut(d.Name(), ".ko"); isModule {
			paths[moduleName(name)] = path
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil {
		return nil, err
	}
	builtIn := make(map[string]bool)
	for file := range strings.FieldsSeq(string(list)) {
		name, _, _ := strings.Cut(path.Base(file), ".ko")
		builtIn[moduleName(name)] = true
	}
	var modules []guestModule
	var missing []string
	added := make(map[string]bool)
	var add func(string) error
	add = func(name string) error {
		name = moduleName(name)
		if added[name] || builtIn[name] {
			return nil
		}
		added[name] = true
		path, ok := paths[name]
		if !ok {
			missing = append(missing, name)
			return nil
		}
		text, err := readModule(path)
		if err != nil {
			return err
		}
		needs, err := moduleDepends(text)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, need := range needs {
			if err := add(need); err != nil {
				return err
			}
		}
		modules = append(modules, guestModule{name, text})
		return nil
	}
	for _, name := range k.loads {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	if len(missing) > 0 {
		say("kernel %s has no module %s", k.release, strings.Join(missing, ", "))
	}
	return modules, nil
}
