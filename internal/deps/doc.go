// Package deps holds the rules of the house as tests: which room may import which,
// and what no file may do. It has no code of its own.
package deps
