package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// healthPage is the file that health writes.
var healthPage = filepath.Join("docs", "health.md")

// health runs every check on kernels, or those of -only, and writes what came of them to the health page, where the rest stays as
// it is. What fails there is no error: the page shows it.
func health(ctx context.Context, opt options, kernels []series) error {
	if !hasOwnRows(opt.only) {
		return fmt.Errorf("-only %s is a part of what lines of the health page say; -only %s takes all dumps", opt.only, plainDumps)
	}
	results, err := checkKernels(ctx, opt, kernels)
	if err != nil {
		return err
	}
	if len(results) == 0 {
		return errors.New("no check ran")
	}
	var versions []string
	program, err := drgnProgram(ctx, opt)
	if err != nil {
		return err
	}
	for _, command := range [][]string{{program, "--version"}, {"qemu-system-x86_64", "--version"}} {
		said, err := output(ctx, time.Minute, command[0], command[1:]...)
		if err != nil {
			return err
		}
		line, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
		versions = append(versions, line)
	}
	newer := pageOf(results, known, time.Now().UTC().Format(time.DateOnly), strings.Join(versions, "; "))
	text, err := os.ReadFile(healthPage)
	if err != nil {
		return err
	}
	p, err := parsePage(string(text))
	if err != nil {
		if opt.series != "" || opt.only != "" {
			return fmt.Errorf("%w: run all kernels and checks first", err)
		}
		p = &page{}
	}
	p.update(newer, kernels, opt.only == "")
	return os.WriteFile(healthPage, []byte(p.String()), 0o644)
}

// hasOwnRows reports whether what -only names is the whole of some lines of the health page.
func hasOwnRows(only string) bool {
	switch only {
	case "", plainDumps, withoutFiles, liveDump:
		return true
	}
	return strings.HasPrefix(only, panicDump) || strings.HasPrefix(only, formDump)
}
