package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// checks are the scripts in lab/check, each run on every dump.
var checks = []string{"session", "tasks", "stacks", "modules", "mounts", "vmas", "dmesg", "sockets", "symbols", "memory"}

// checkLimit is how long one script may take on one dump.
const checkLimit = 3 * time.Minute

// check runs every check on every dump and prints a line for each.
func check(ctx context.Context, opt options, c cores) error {
	program, err := drgnProgram(ctx, opt)
	if err != nil {
		return err
	}
	files, err := debugFiles(c)
	if err != nil {
		return err
	}
	scripts, err := filepath.Abs(filepath.Join("lab", "check"))
	if err != nil {
		return err
	}
	var passed, failed int
	for _, d := range dumps {
		if opt.only != "" && opt.only != d.file {
			continue
		}
		fmt.Printf("# %s: %s\n", d.file, d.what)
		for _, name := range checks {
			args := append([]string{"-q", "-c", c.path(d.file)}, files...)
			args = append(args, filepath.Join(scripts, name+".py"), c.path("truth"))
			start := time.Now()
			said, err := output(ctx, checkLimit, program, args...)
			said = strings.TrimSpace(said)
			verdict := "ok  "
			if err != nil {
				verdict = "FAIL"
				failed++
				fmt.Println(err)
			} else {
				passed++
			}
			if name == "session" && d.file == dumps[0].file {
				fmt.Println(said)
			}
			lines := strings.Split(said, "\n")
			fmt.Printf("%s %-16s %-8s %s (%.1f s)\n", verdict, d.file, name, lines[len(lines)-1], time.Since(start).Seconds())
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		return errors.New("the lab's checks found differences")
	}
	return nil
}

// drgnProgram returns the program named by the options, or builds it.
func drgnProgram(ctx context.Context, opt options) (string, error) {
	if opt.program != "" {
		return filepath.Abs(opt.program)
	}
	program := filepath.Join(opt.cache, "drgn")
	_, err := output(ctx, 10*time.Minute, "go", "build", "-o", program, "./cmd/drgn")
	return program, err
}

// debugFiles returns the options that name vmlinux and the debug files of the
// modules that the guest had loaded.
func debugFiles(c cores) ([]string, error) {
	args := []string{"-s", c.path("vmlinux")}
	text, err := os.ReadFile(c.path("truth/modules"))
	if err != nil {
		return nil, err
	}
	var loaded []string
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		loaded = append(loaded, name)
	}
	dir, err := filepath.EvalSymlinks(c.path("modules"))
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _, isModule := strings.Cut(d.Name(), ".ko")
		if isModule && slices.Contains(loaded, strings.ReplaceAll(name, "-", "_")) {
			args = append(args, "-s", path)
		}
		return nil
	})
	return args, err
}
