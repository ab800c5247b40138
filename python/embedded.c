//go:build !extension

// The program: loads its libpython, starts the interpreter.
#define _GNU_SOURCE
#include "bind.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <ucontext.h>
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
// signal.getsignal() is None, and the prompt fails to restore SIGWINCH. So all that Go does not need itself go back: it needs those of
// faults, and two for itself. 32 and 33 are the C library's.
static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { NFAULTS = sizeof faults / sizeof *faults };
static struct sigaction go_faults[NFAULTS];

static void give_back_signals(void) {
	for (int s = 1; s <= SIGRTMAX; s++) {
		int kept = s == SIGURG || s == SIGPROF || s == SIGPIPE || (s > 31 && s < SIGRTMIN);
		for (int i = 0; i < NFAULTS; i++) kept |= faults[i] == s;
		struct sigaction a;
		if (kept || sigaction(s, NULL, &a) || a.sa_handler == SIG_DFL || a.sa_handler == SIG_IGN) continue;
		start_default_action(s);
	}
}

// The program's own code, which is that of Go and of this package.
extern const char __executable_start[], etext[];

static int in_program(void *context) {
	ucontext_t *u = context;
#if defined(__x86_64__)
	const char *pc = (const char *)u->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	const char *pc = (const char *)u->uc_mcontext.pc;
#else
	const char *pc = etext - 1;
#endif
	return pc >= __executable_start && pc < etext;
}

// on_fault leaves faults of the program's own code to Go, which makes panics of them. Those of other code, such as what module ctypes calls,
// and such signals that somebody has sent end the process as they end any other that runs Python.
static void on_fault(int signal, siginfo_t *info, void *context) {
	for (int i = 0; i < NFAULTS; i++)
		if (faults[i] == signal && info->si_code > 0 && in_program(context)) return go_faults[i].sa_sigaction(signal, info, context);
	start_default_action(signal);
	if (info->si_code <= 0) raise(signal); // else it comes again
}

static void watch_faults(void) {
	for (int i = 0; i < NFAULTS; i++) {
		struct sigaction a = go_faults[i]; // on Go's stack for signals, with all signals blocked
		a.sa_sigaction = on_fault;
		sigaction(faults[i], &a, NULL);
	}
}

// start_signals imports module _signal, which is to find no handlers that it does not know.
int start_signals(void) {
	for (int i = 0; i < NFAULTS; i++) start_default_action(faults[i]);
	PyObject *m = py.PyImport_ImportModule("_signal");
	watch_faults();
	if (m) py.Py_DecRef(m);
	return m ? 0 : -1;
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

// list_option sets a list from a text with commas.
static int list_option(void *c, const char *key, const char *text) {
	char *copy = strdup(text), *rest = copy, *items[64];
	int n = 0, r;
	if (!copy) return -1;
	for (char *item; n < 64 && (item = strtok_r(rest, ",", &rest));) items[n++] = item;
	r = py.PyInitConfig_SetStrList(c, key, n, items);
	free(copy);
	return r;
}

// heed_environment sets what Python's own variables say of its standard streams and warnings, as far as they change what scripts print.
// _drgn_main heeds others.
static int heed_environment(void *c) {
	const char *unbuffered = getenv("PYTHONUNBUFFERED"), *encoding = getenv("PYTHONIOENCODING"), *warnings = getenv("PYTHONWARNINGS");
	if (py.PyInitConfig_SetInt(c, "buffered_stdio", !unbuffered || !*unbuffered)) return -1;
	if (encoding && *encoding) { // ENCODING:ERRORS, of which either may be left out
		char name[64];
		size_t n = strcspn(encoding, ":");
		snprintf(name, sizeof name, "%.*s", n ? (int)n : 5, n ? encoding : "utf-8");
		const char *errors = encoding[n] && encoding[n + 1] ? encoding + n + 1 : n ? "strict" : "surrogateescape";
		if (py.PyInitConfig_SetStr(c, "stdio_encoding", name) || py.PyInitConfig_SetStr(c, "stdio_errors", errors)) return -1;
	}
	return warnings && *warnings ? list_option(c, "warnoptions", warnings) : 0;
}

int start_python(const char *exe, int argc, char **argv, int npath, char **paths) {
	for (int i = 0; i < NFAULTS; i++) sigaction(faults[i], NULL, &go_faults[i]);
	watch_faults();
	give_back_signals();
	ignore_signals();
	if (start_watch_forks()) return -1;
	void *c = py.PyInitConfig_Create(); // isolated: no environment, no user site
	if (!c) return -1;
	static const struct { const char *k; int v; } ints[] = {
		{"install_signal_handlers", 0}, {"parse_argv", 0}, {"site_import", 0}, {"user_site_directory", 0}, {"write_bytecode", 0},
		{"utf8_mode", 1}, {"configure_c_stdio", 1}, {"safe_path", 1}, {"faulthandler", 0}};
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
	if (heed_environment(c)) return fail(c, "environment");
	if (py.PyInitConfig_AddModule(c, "_drgn", start_module)) return fail(c, "_drgn");
	if (py.Py_InitializeFromInitConfig(c)) return fail(c, "initialization");
	py.PyInitConfig_Free(c);
	return 0;
}

void start_default_action(int signal) {
	struct sigaction a = {.sa_handler = SIG_DFL};
	sigaction(signal, &a, NULL);
}

int start_main(const char *module) {
	PyObject *m = py.PyImport_ImportModule(module), *f = m ? py.PyObject_GetAttrString(m, "main") : NULL;
	PyObject *r = f ? py.PyObject_CallObject(f, NULL) : NULL;
	int code = 1; // less than 0: a signal by which to end
	if (r) {
		code = (int)py.PyLong_AsLongLong(r);
		py.Py_DecRef(r);
	} else {
		if (py.PyErr_ExceptionMatches(py.KeyboardInterrupt)) code = -SIGINT; // once more while the first was told
		py.PyErr_Print();
	}
	if (f) py.Py_DecRef(f);
	if (m) py.Py_DecRef(m);
	if (forked) { // Go's runtime cannot go on here
		if (py.Py_FinalizeEx() && !code) code = 120;
		if (code < 0) {
			start_default_action(-code);
			kill(getpid(), -code);
			code = 128 - code;
		}
		_exit(code);
	}
	return code;
}

int start_fini(void) { return py.Py_FinalizeEx(); }

void start_show_error(void) { py.PyErr_Print(); }
