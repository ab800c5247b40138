package fs

import (
	"iter"

	"github.com/godrgn/drgn"
	"github.com/godrgn/drgn/helper/table"
	"github.com/godrgn/drgn/linux/bitops"
)

// Get returns the file that a task has open under a number, as a struct file *; a null pointer if it has none.
//
// task is a struct task_struct *.
//
//drgn:helper fget(task, fd)
func Get(task drgn.Object, fd int64) drgn.Object {
	files := task.Member("files").Read()
	if none, err := files.IsNull(); err != nil {
		return drgn.Failed(err)
	} else if none {
		return drgn.Null(task.Prog(), "struct file")
	}
	table := files.Member("fdt")
	n, err := table.Member("max_fds").Uint()
	if err != nil {
		return drgn.Failed(err)
	}
	if fd < 0 || uint64(fd) >= n {
		return drgn.Null(task.Prog(), "struct file")
	}
	return table.Member("fd").Index(fd)
}

// An OpenFile is a file that a task has open.
//
//drgn:tuple
type OpenFile struct {
	FD   uint64
	File drgn.Object // struct file *
}

// ForEachFile walks the files that a task has open in the order of their numbers.
//
// task is a struct task_struct *. A number that is taken but has no file yet is left out.
//
//drgn:helper for_each_file
func ForEachFile(task drgn.Object) iter.Seq2[OpenFile, error] {
	return func(yield func(OpenFile, error) bool) {
		fail := func(err error) { yield(OpenFile{}, err) }
		files := task.Member("files").Read()
		if none, err := files.IsNull(); err != nil {
			fail(err)
			return
		} else if none {
			return
		}
		table := files.Member("fdt").Read()
		n, err := table.Member("max_fds").Uint()
		if err != nil {
			fail(err)
			return
		}
		array := table.Member("fd").Read()
		for fd, err := range bitops.ForEachSetBit(table.Member("open_fds").Read(), n) {
			if err != nil {
				fail(err)
				return
			}
			file := array.Index(int64(fd)).Read()
			if none, err := file.IsNull(); err != nil {
				fail(err)
				return
			} else if none {
				continue
			}
			if !yield(OpenFile{fd, file}, nil) {
				return
			}
		}
	}
}

// PrintFiles prints the files that a task has open, one a line: number, path, and struct file *.
//
// task is a struct task_struct *.
//
//drgn:helper print_files
func PrintFiles(task drgn.Object) table.Table {
	return table.Of([]string{"fd", "path", "file"}, ForEachFile(task), func(f OpenFile) ([]table.Cell, error) {
		path, err := DPath(f.File.Member("f_path").AddressOf(), nil)
		if err != nil {
			return nil, err
		}
		pointer, err := table.Pointer(f.File)
		return []table.Cell{table.Uint(f.FD), table.Path(path), pointer}, err
	})
}
