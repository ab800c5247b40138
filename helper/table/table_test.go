package table_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/table"
	"github.com/godrgn/drgn/internal/worldtest"
	"github.com/godrgn/drgn/mem"
)

func TestCells(t *testing.T) {
	bad := []byte("ä\xff\xc3(\xe2\x82|\xed\xa0\x80")
	for _, test := range []struct {
		cell table.Cell
		want string
	}{
		{table.Uint(0), "0"},
		{table.Uint(1<<64 - 1), "18446744073709551615"},
		{table.Name([]byte("sda")), "sda"},
		// What Python 3.14 makes of these bytes, with decode(errors="backslashreplace") and with os.fsdecode.
		{table.Name(bad), `ä\xff\xc3(\xe2\x82|\xed\xa0\x80`},
		{table.Path(bad), `ä\udcff\udcc3(\udce2\udc82|\udced\udca0\udc80`},
		{table.Path([]byte("\ufffd\U0001f600")), "\ufffd\U0001f600"},
		{table.Path(nil), ""},
	} {
		if test.cell.Text != test.want {
			t.Errorf("cell of %v is %q, want %q", test.cell.Value, test.cell.Text, test.want)
		}
	}
}

func TestPointer(t *testing.T) {
	worldtest.Each(t, func(t *testing.T, w *worldtest.World) {
		w.Declare("struct foo { int x; };")
		foo := w.VarAt("struct foo", 0x10f0).Ptr()
		cell, err := table.Pointer(foo)
		if err != nil || cell.Text != "(struct foo *)0x10f0" {
			t.Errorf("cell is %q, %v", cell.Text, err)
		}
		if o, ok := cell.Value.(drgn.Object); !ok || o.Type() != foo.Type() {
			t.Errorf("value is %v", cell.Value)
		}
		var fault *mem.FaultError
		dangling, err := w.Type("struct foo *")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.Pointer(w.ObjectAt(dangling, worldtest.Dangling)); !errors.As(err, &fault) {
			t.Errorf("dangling pointer: %v", err)
		}
		if _, err := table.Pointer(w.Alloc("struct foo").Object()); err == nil {
			t.Error("cell of a structure: no error")
		}
	})
}

// numbers yields the numbers below n, then an error unless it is nil.
func numbers(n uint64, err error) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

// TestLines also stops a walk early, walks twice, and has errors in the walk and in a row: what comes before is there.
func TestLines(t *testing.T) {
	walkFails, rowFails := errors.New("walk"), errors.New("row")
	row := func(n uint64) ([]table.Cell, error) {
		if n == 3 {
			return nil, rowFails
		}
		return []table.Cell{table.Uint(n), table.Name([]byte("x"))}, nil
	}
	for _, test := range []struct {
		n    uint64
		walk error
		want []string
		err  error
	}{
		{0, nil, nil, nil},
		{2, nil, []string{"0 x", "1 x"}, nil},
		{2, walkFails, []string{"0 x", "1 x"}, walkFails},
		{5, walkFails, []string{"0 x", "1 x", "2 x"}, rowFails},
	} {
		table := table.Of([]string{"number", "name"}, numbers(test.n, test.walk), row)
		for range 2 {
			var got []string
			var end error
			for line, err := range table.Lines() {
				if end != nil {
					t.Error("there is more after an error")
				}
				if end = err; err == nil {
					got = append(got, line)
				}
			}
			if !slices.Equal(got, test.want) || end != test.err {
				t.Errorf("%d rows: got %q, %v; want %q, %v", test.n, got, end, test.want, test.err)
			}
		}
		for line := range table.Lines() {
			if test.n > 0 && line != "0 x" {
				t.Errorf("first line is %q", line)
			}
			break
		}
	}
}

func ExampleTable_Lines() {
	files := table.Table{Columns: []string{"fd", "path"}, Rows: func(yield func([]table.Cell, error) bool) {
		_ = yield([]table.Cell{table.Uint(0), table.Path([]byte("/dev/null"))}, nil) &&
			yield([]table.Cell{table.Uint(1), table.Path([]byte("/tmp/out"))}, nil)
	}}
	for line, err := range files.Lines() {
		if err != nil {
			panic(err)
		}
		fmt.Println(line)
	}
	// Output:
	// 0 /dev/null
	// 1 /tmp/out
}
