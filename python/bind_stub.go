package python

import "strings"

func init() {
	register("_drgn", Func{Sig: "_stub(module: str)", Doc: "Return the stub of a module, which says its types, or None.", Do: func(c Call) error {
		path := "lib/" + strings.ReplaceAll(c.Str(0), ".", "/")
		for _, name := range []string{path + ".pyi", path + "/__init__.pyi"} {
			if b, err := lib.ReadFile(name); err == nil {
				return c.String(string(b))
			}
		}
		return c.None()
	}})
}
