// Package helpers holds the adapters through which Python calls the helpers: the functions of Go with a //drgn:helper
// directive. The files zz_*.go are generated.
package helpers

//go:generate go run ../../internal/helpergen -root ../..
