// Package registry lists every helper, with the adapter that calls it: the functions of Go with a //drgn:helper directive.
//
// [Modules] is what the Python binding registers, and what anything else that calls helpers by name may read: package
// [github.com/godrgn/drgn/helper/call] says how one is called. Neither needs cgo. The files zz_*.go are generated.
package registry

//go:generate go run ../../internal/helpergen -root ../..
