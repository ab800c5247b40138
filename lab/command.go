package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// output runs a command and returns its standard output. The command is killed
// when the context ends; an error carries the end of what it said.
func output(ctx context.Context, limit time.Duration, name string, args ...string) (string, error) {
	return outputIn(ctx, limit, "", name, args...)
}

// outputIn is output with a working directory.
func outputIn(ctx context.Context, limit time.Duration, dir, name string, args ...string) (string, error) {
	stdout, stderr, err := capture(ctx, limit, dir, name, args...)
	if err != nil {
		return stdout, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, tail(stderr+stdout, 2000))
	}
	return stdout, nil
}

// capture runs a command and returns all that it says.
func capture(ctx context.Context, limit time.Duration, dir, name string, args ...string) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &errs
	cmd.WaitDelay = 5 * time.Second
	if err = cmd.Run(); err != nil && ctx.Err() != nil {
		err = fmt.Errorf("gave up after %v: %w", limit, ctx.Err())
	}
	return out.String(), errs.String(), err
}

// tail returns the last n bytes of s.
func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}
