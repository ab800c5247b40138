//go:build ignore

// Strings and slices of Go, and a stack that begins in the handler of a signal.
package main

type Shape struct {
	Name string
	Side int
	Tags []string
}

var (
	title  = "plain \"text\"\n"
	empty  string
	bytes  = []byte{1, 2, 255}
	shapes = []Shape{{"one", 1, nil}, {"two", 2, []string{"a", "b"}}}
	rows   = [][]int16{{1, 2}, nil, {-3}}
)

//go:noinline
func crash(s Shape, list []int, at *int) int { return *at + len(list) + s.Side }

func main() {
	println(title, empty, len(bytes), len(rows))
	println(crash(shapes[1], []int{7, 8}, nil))
}
