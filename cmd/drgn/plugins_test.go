package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Plugins are told of the program when it has its target and no debugging information yet. What they add is known to the flags.
func TestPluginsAddFinders(t *testing.T) {
	dir := t.TempDir()
	plugin := filepath.Join(dir, "mine.py")
	if err := os.WriteFile(plugin, []byte(`
def drgn_prog_set(prog):
    import drgn
    try:
        prog.type("struct task_struct")
    except LookupError:
        print("no types yet:", next(iter(prog.loaded_modules()))[0].debug_file_status.name)
    def find(modules):
        print("asked for", modules[0].name)
    prog.register_debug_info_finder("mine", find)
    prog.debug_info_options.directories += ("/added",)
    prog.cache["mine"] = 5
`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DRGN_PLUGINS", "mine="+plugin)
	const show = "prog.debug_info_options.directories, prog.enabled_debug_info_finders(), prog.cache['mine']"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--try-symbols-by", "mine", "--no-symbols-by", "standard,debuginfod", "--main-symbols", "--debug-directory", dir},
			"no types yet: WANT\nasked for kernel\n(('" + dir + "', '/usr/lib/debug', '/added'), ['mine'], 5)\n"},
		{[]string{"--no-default-symbols"},
			"no types yet: WANT\n(('/usr/lib/debug', '/added'), ['standard', 'debuginfod'], 5)\n"},
	} {
		out, errs, code := drgnProgram(t, "", append(c.args, "-q", "-c", core, "-e", show)...)
		if out != c.want || errs != "" || code != 0 {
			t.Errorf("%q: exit code %d\n%s%s", c.args, code, out, errs)
		}
	}
	// Of a program that cannot be opened they are not told.
	if out, errs, code := drgnProgram(t, "", "-c", plugin); out != "" || errs == "" || code != 1 {
		t.Errorf("no core: exit code %d\n%s%s", code, out, errs)
	}
}
