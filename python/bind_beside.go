package python

import "strings"

func init() {
	register("_drgn", Func{Sig: "_beside(module: str, ending: str)", Doc: "Return the file beside a module's source that has an ending: .pyi is its stub, which says its types, .md its notes, which tell errors and show examples. None if there is none.", Do: func(c Call) error {
		path := "lib/" + strings.ReplaceAll(c.Str(0), ".", "/")
		for _, name := range []string{path + c.Str(1), path + "/__init__" + c.Str(1)} {
			if b, err := lib.ReadFile(name); err == nil {
				return c.String(string(b))
			}
		}
		return c.None()
	}})
}
