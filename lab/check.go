package main

import (
	"context"
	"errors"
)

func check(ctx context.Context, opt options, c cores) error { return errors.New("no check") }
func bench(ctx context.Context, opt options, c cores) error { return errors.New("no bench") }
