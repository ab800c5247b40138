// Package types stands for the real one.
package types

type Type struct{}
