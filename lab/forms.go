package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A form is a shape in which a dump may come to its reader, other than as one whole file. It is made from the dumps of the main
// kernel when it is checked.
type form struct {
	name, what string
	make       maker
	// says is what drgn must say of it: a regular expression for all that comes on standard error.
	says string
	// lost is a part of the errors for what can't be read, "" if all is there.
	lost string
	// seldom is set for one that takes long: lab check leaves it out, but for -all or its name.
	seldom bool
}

// A maker makes a form in a directory, and returns the arguments that name it to drgn, words of bash.
type maker func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error)

// formDump begins the names of forms among the dumps.
const formDump = "form"

// dump returns the name under which the form stands among the dumps.
func (f form) dump() string { return formDump + "-" + f.name }

// forms are all of them.
var forms = []form{
	{name: "split", what: "three files of makedumpfile --split, each named", make: splitFiles(0, 1, 2, 3)},
	{name: "split-one", what: "one of the three files named, the others beside it", make: splitFiles(0, 2)},
	{
		name: "split-part", what: "the first and the last of the three files, without the one between", make: splitFiles(2, 1, 3),
		// Whether the page tables are in the missing file depends on where the kernel was put.
		says: `warning: \S*/part1 is one file of a split dump: the one with physical memory from 0x\w+ to 0x\w+ is missing.*\n` +
			`(?:warning: cannot walk the kernel's modules: .*page is in a file of this split dump that is not open.*\n)?`,
		lost: "page is in a file of this split dump that is not open",
	},
	{
		name: "cut", what: "half of a kdump-compressed file", lost: "is truncated at",
		says: `warning: \S*/cut is truncated: .*\nwarning: cannot walk the kernel's modules: .*\n`,
		make: func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error) {
			info, err := os.Stat(c.path("vmcore.d31"))
			if err != nil {
				return nil, err
			}
			cut := filepath.Join(dir, "cut")
			_, err = output(ctx, time.Minute, "cp", c.path("vmcore.d31"), cut)
			return named(cut), errors.Join(err, os.Truncate(cut, info.Size()/2))
		},
	},
	{name: "noteless", what: "kdump-compressed, without VMCOREINFO in its header", make: noteless("vmcore.d31.zlib", eraseKdumpNote)},
	{name: "noteless-elf", what: "ELF, without a VMCOREINFO note", make: noteless("vmcore.d31.elf", eraseELFNote)},
	{
		name: "raw", what: "an image of memory with its address",
		make: func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error) {
			file, err := elf.Open(c.path("vmcore.elf"))
			if err != nil {
				return nil, err
			}
			defer file.Close()
			for _, p := range file.Progs {
				const start = 1 << 20
				if p.Type == elf.PT_LOAD && p.Paddr == 0 && p.Filesz > start {
					raw := filepath.Join(dir, "raw")
					_, err := output(ctx, dumpLimit, "dd", "status=none", "conv=sparse", "bs=64K", "iflag=skip_bytes,count_bytes",
						"if="+c.path("vmcore.elf"), "of="+raw, fmt.Sprint("skip=", p.Off+start), fmt.Sprint("count=", p.Filesz-start))
					return append(named(fmt.Sprintf("%s@%#x", raw, start)), "--architecture", "x86_64"), err
				}
			}
			return nil, errors.New("vmcore.elf has no memory from 0 on")
		},
	},
	{
		name: "pipe", what: "flattened, from a pipe",
		make: func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error) {
			return []string{"-c", "<(cat " + quoted(c.path("vmcore.d31.flat")) + ")"}, nil
		},
	},
	{
		name: "erased", what: "a kdump-compressed file with a name erased by makedumpfile --config", seldom: true, // reads all of vmlinux
		says: `warning: parts of \S*/erased were erased by makedumpfile --config and read as letters X: erase init_uts_ns\.name\.nodename size 65\n`,
		make: func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error) {
			config, erased := filepath.Join(dir, "config"), filepath.Join(dir, "erased")
			if err := os.WriteFile(config, []byte("[vmlinux]\nerase init_uts_ns.name.nodename\n"), 0o644); err != nil {
				return nil, err
			}
			level, err := c.level()
			if err != nil {
				return nil, err
			}
			_, err = m.run(ctx, "-c", "-d", level, "-x", c.path("vmlinux"), "--config", config, c.path("vmcore.elf"), erased)
			return named(erased), err
		},
	},
}

// named returns the arguments that name files to drgn.
func named(files ...string) (args []string) {
	for _, file := range files {
		args = append(args, "-c", quoted(file))
	}
	return args
}

// quoted returns a word of bash.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// splitFiles makes the three files of a split dump, removes one unless that is 0, and names some of the others.
func splitFiles(removed int, name ...int) maker {
	return func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error) {
		part := func(i int) string { return filepath.Join(dir, "part"+strconv.Itoa(i)) }
		level, err := c.level()
		if err != nil {
			return nil, err
		}
		// Without a size, all memory of a small guest goes into the first file.
		if _, err := m.run(ctx, "--split", "--splitblock-size", "64", "-l", "-d", level, c.path("vmcore.elf"), part(1), part(2), part(3)); err != nil {
			return nil, err
		}
		if removed != 0 {
			if err := os.Remove(part(removed)); err != nil {
				return nil, err
			}
		}
		var files []string
		for _, i := range name {
			files = append(files, part(i))
		}
		return named(files...), nil
	}
}

// noteless copies a dump and takes VMCOREINFO out of its headers: in memory it stays.
func noteless(from string, erase func(head []byte) error) maker {
	return func(ctx context.Context, c cores, m makedumpfile, dir string) ([]string, error) {
		to := filepath.Join(dir, "noteless")
		if _, err := output(ctx, dumpLimit, "cp", c.path(from), to); err != nil {
			return nil, err
		}
		file, err := os.OpenFile(to, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		head := make([]byte, 64<<10)
		if _, err := file.ReadAt(head, 0); err != nil {
			return nil, err
		}
		if err := erase(head); err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		_, err = file.WriteAt(head, 0)
		return named(to), errors.Join(err, file.Close())
	}
}

// eraseELFNote renames the note.
func eraseELFNote(head []byte) error {
	at := bytes.Index(head, []byte("VMCOREINFO\x00"))
	if at < 0 {
		return errors.New("no VMCOREINFO among its first bytes")
	}
	head[at] = 'X'
	return nil
}

// eraseKdumpNote sets offset_vmcoreinfo and size_vmcoreinfo to 0, of makedumpfile's kdump_sub_header (version 3 on), which is in
// the second block.
func eraseKdumpNote(head []byte) error {
	const block, at = 4096, 32
	if !bytes.HasPrefix(head, []byte("KDUMP   ")) || binary.LittleEndian.Uint64(head[block+at:]) == 0 {
		return errors.New("it is no kdump-compressed file with VMCOREINFO")
	}
	clear(head[block+at : block+at+16])
	return nil
}

// checkForms makes each form of the dumps and checks what the program says of it. What can't be made counts as failed.
func checkForms(ctx context.Context, opt options, c cores, program string) ([]result, error) {
	m, err := fetchMakedumpfile(ctx, opt.cache)
	if err != nil {
		return nil, err
	}
	var results []result
	for _, f := range forms {
		if opt.only != "" && opt.only != formDump && opt.only != f.dump() || opt.only == "" && f.seldom && !opt.all {
			continue
		}
		start := time.Now()
		stdout, stderr, err := checkForm(ctx, opt, c, m, program, f)
		if cause := context.Cause(ctx); cause != nil {
			return results, errors.Join(cause, err)
		}
		r := newResult(c, f.dump(), f.dump(), stdout, stderr, err, time.Since(start))
		if err != nil {
			fmt.Printf("%v\n%s\n", err, tail(stderr+stdout, 2000))
		}
		fmt.Println(r)
		results = append(results, r)
	}
	return results, nil
}

// checkForm makes a form in a directory of its own, where it does not stay, and runs a script on it.
func checkForm(ctx context.Context, opt options, c cores, m makedumpfile, program string, f form) (stdout, stderr string, err error) {
	dir, err := os.MkdirTemp(opt.cache, "form-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(dir)
	core, err := f.make(ctx, c, m, dir)
	if err != nil {
		return "", "", err
	}
	args := append([]string{"exec", quoted(program)}, core...)
	if f.lost == "" {
		debug, err := debugFiles(c)
		if err != nil {
			return "", "", err
		}
		for _, arg := range append(debug, "lab/check/session.py", c.path("truth")) {
			args = append(args, quoted(arg))
		}
	} else {
		args = append(args, "-s", quoted(c.path("vmlinux")), "--no-default-symbols", "lab/check/partial.py", quoted(c.path("truth")), quoted(f.lost))
	}
	stdout, stderr, err = capture(ctx, checkLimit, "", "bash", "-c", strings.Join(args, " "))
	if err == nil && !regexp.MustCompile("^(?:"+f.says+")$").MatchString(stderr) {
		err = fmt.Errorf("what it says does not match %q: %q", f.says, stderr)
	}
	return stdout, stderr, err
}
