//go:build !extension

// The program: loads its libpython, starts the interpreter.
#define _GNU_SOURCE
#include "bind.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int start_load(const char *lib, char *err, size_t size) {
	void *h = dlopen(lib, RTLD_NOW | RTLD_GLOBAL);
	if (!h) {
		snprintf(err, size, "%s", dlerror());
		return -1;
	}
	return pyabi_load(h, 1, err, size);
}

void *start_frozen_table(size_t n) {
	void *t = calloc(n + 1, sizeof(struct _frozen));
	if (t) *py.frozen = t;
	return t;
}

// The Go runtime handles nearly every signal. Python takes such handlers for foreign ones: no KeyboardInterrupt,
// signal.getsignal() is None, and the prompt fails to restore SIGWINCH. So all that Go does not need itself go back.
static void give_back_signals(void) {
	static const int keep[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGURG, SIGPROF, SIGPIPE, SIGKILL, SIGSTOP};
	for (int s = 1; s < 32; s++) {
		int kept = 0;
		for (size_t i = 0; i < sizeof keep / sizeof keep[0]; i++) kept |= keep[i] == s;
		struct sigaction a;
		if (kept || sigaction(s, NULL, &a) || a.sa_handler == SIG_DFL || a.sa_handler == SIG_IGN) continue;
		memset(&a, 0, sizeof a);
		a.sa_handler = SIG_DFL;
		sigaction(s, &a, NULL);
	}
}

static int fail(void *c, const char *what) {
	const char *m = NULL;
	if (py.PyInitConfig_GetError(c, &m)) fprintf(stderr, "drgn: Python did not start: %s: %s\n", what, m);
	py.PyInitConfig_Free(c);
	return -1;
}

// Those signals that Python itself ignores. Its handler of SIGINT is installed when module _signal is imported, by _drgn_main.ready: until something
// is there to catch a KeyboardInterrupt, Ctrl-C ends the process as it ends any other.
static void ignore_signals(void) {
	struct sigaction a = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &a, NULL);
	sigaction(SIGXFSZ, &a, NULL);
}

int start_python(const char *exe, int argc, char **argv, int npath, char **paths) {
	give_back_signals();
	ignore_signals();
	if (start_watch_forks()) return -1;
	void *c = py.PyInitConfig_Create(); // isolated: no environment, no user site
	if (!c) return -1;
	static const struct { const char *k; int v; } ints[] = {
		{"install_signal_handlers", 0}, {"parse_argv", 0}, {"site_import", 0}, {"user_site_directory", 0}, {"write_bytecode", 0},
		{"utf8_mode", 1}, {"buffered_stdio", 1}, {"configure_c_stdio", 1}, {"safe_path", 1}, {"faulthandler", 0}};
	for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++)
		if (py.PyInitConfig_SetInt(c, ints[i].k, ints[i].v)) return fail(c, ints[i].k);
	// A prefix that does not exist, and a name for where frozen modules say they are: nothing is looked for on disk.
	static const char *const strs[][2] = {{"home", "/nonexistent"}, {"prefix", "/nonexistent"}, {"exec_prefix", "/nonexistent"},
		{"base_prefix", "/nonexistent"}, {"base_exec_prefix", "/nonexistent"}, {"stdlib_dir", "<python>"}};
	for (size_t i = 0; i < sizeof strs / sizeof strs[0]; i++)
		if (py.PyInitConfig_SetStr(c, strs[i][0], strs[i][1])) return fail(c, strs[i][0]);
	if (py.PyInitConfig_SetStr(c, "executable", exe) || py.PyInitConfig_SetStr(c, "program_name", exe)) return fail(c, "executable");
	if (py.PyInitConfig_SetStrList(c, "argv", argc, argv)) return fail(c, "argv");
	if (py.PyInitConfig_SetStrList(c, "module_search_paths", npath, paths)) return fail(c, "module_search_paths");
	if (py.PyInitConfig_AddModule(c, "_drgn", start_module)) return fail(c, "_drgn");
	if (py.Py_InitializeFromInitConfig(c)) return fail(c, "initialization");
	py.PyInitConfig_Free(c);
	return 0;
}

int start_main(const char *module) {
	PyObject *m = py.PyImport_ImportModule(module), *f = m ? py.PyObject_GetAttrString(m, "main") : NULL;
	PyObject *r = f ? py.PyObject_CallObject(f, NULL) : NULL;
	int code = 1;
	if (r) {
		code = (int)py.PyLong_AsLongLong(r);
		py.Py_DecRef(r);
	} else {
		if (py.PyErr_ExceptionMatches(py.KeyboardInterrupt)) code = 130; // once more while the first was told
		py.PyErr_Print();
	}
	if (f) py.Py_DecRef(f);
	if (m) py.Py_DecRef(m);
	if (forked) { // Go's runtime cannot go on here
		if (py.Py_FinalizeEx() && !code) code = 120;
		_exit(code);
	}
	return code;
}

int start_fini(void) { return py.Py_FinalizeEx(); }

void start_show_error(void) { py.PyErr_Print(); }
