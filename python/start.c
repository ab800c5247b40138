// Loads libpython, starts the interpreter, runs the program's own Python code.
#define _GNU_SOURCE
#include "bind.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include "_cgo_export.h"

int forked;
static void in_child(void) { forked = 1; }

int fork_error(void) {
	py.PyErr_SetString(py.RuntimeError, "drgn cannot be used in a process made by fork(): use subprocess, or multiprocessing with its 'spawn' method");
	return -1;
}

int start_load(const char *lib, char *err, size_t size) {
	void *h = dlopen(lib, RTLD_NOW | RTLD_GLOBAL);
	if (!h) {
		snprintf(err, size, "%s", dlerror());
		return -1;
	}
	return pyabi_load(h, err, size);
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

// ---- The sources of package drgn: in the program's image, found without Go so that a forked child can import too.
struct source { const char *name, *src, *code; int64_t n, ncode; int package; };
static struct source *sources;
static int nsources, capsources;

void start_source(const char *name, const char *src, int64_t n, int package, const char *code, int64_t ncode) {
	if (nsources == capsources) {
		int cap = capsources ? 2 * capsources : 64;
		struct source *p = realloc(sources, cap * sizeof *p);
		if (!p) abort();
		sources = p;
		capsources = cap;
	}
	sources[nsources++] = (struct source){name, src, code, n, ncode, package};
}

// _source(name) -> (source, is_package), or None.
static PyObject *m_source(PyObject *m, PyObject *name) {
	const char *s = py.PyUnicode_AsUTF8AndSize(name, NULL);
	if (!s) return NULL;
	for (int i = 0; i < nsources; i++) {
		if (strcmp(sources[i].name, s)) continue;
		PyObject *t = py.PyTuple_New(2), *u = py.PyUnicode_FromStringAndSize(sources[i].src, sources[i].n);
		if (!t || !u) return NULL;
		py.PyTuple_SetItem(t, 0, u);
		py.PyTuple_SetItem(t, 1, py.PyBool_FromLong(sources[i].package));
		return t;
	}
	py.Py_IncRef(py.None);
	return py.None;
}

// _code(name) -> the marshalled code, or None.
static PyObject *m_code(PyObject *m, PyObject *name) {
	const char *s = py.PyUnicode_AsUTF8AndSize(name, NULL);
	if (!s) return NULL;
	for (int i = 0; i < nsources; i++)
		if (!strcmp(sources[i].name, s) && sources[i].ncode) return py.PyBytes_FromStringAndSize(sources[i].code, sources[i].ncode);
	py.Py_IncRef(py.None);
	return py.None;
}

// _modules() -> [(name, is_package), ...]
static PyObject *m_modules(PyObject *m, PyObject *unused) {
	PyObject *l = py.PyList_New(nsources);
	for (int i = 0; l && i < nsources; i++) {
		PyObject *t = py.PyTuple_New(2);
		if (!t) return NULL;
		py.PyTuple_SetItem(t, 0, py.PyUnicode_DecodeUTF8(sources[i].name, strlen(sources[i].name), "strict"));
		py.PyTuple_SetItem(t, 1, py.PyBool_FromLong(sources[i].package));
		py.PyList_SetItem(l, i, t);
	}
	return l;
}

// _bind(module, dict): put the functions that Go has for this module into its namespace.
static PyObject *m_bind(PyObject *m, PyObject *const *args, Py_ssize_t n) {
	const char *s = n == 2 ? py.PyUnicode_AsUTF8AndSize(args[0], NULL) : NULL;
	if (!s) return NULL;
	if (forked) return fork_error(), NULL;
	if (goBindModule((char *)s, args[1])) return NULL;
	py.Py_IncRef(py.None);
	return py.None;
}

// _register(exceptions, enumerations): the classes that Python code defines and Go raises or returns, in Go's order.
static PyObject *m_register(PyObject *m, PyObject *const *args, Py_ssize_t n) {
	for (int k = 0; k < 2 && n == 2; k++)
		for (Py_ssize_t i = 0; i < py.PyTuple_Size(args[k]); i++) {
			PyObject *c = py.PyTuple_GetItem(args[k], i);
			if (k ? enum_register(i, c) : exc_register(i, c)) return NULL;
		}
	py.Py_IncRef(py.None);
	return py.None;
}

static PyMethodDef methods[] = {
	{"_source", m_source, METH_O, NULL}, {"_code", m_code, METH_O, NULL}, {"_modules", m_modules, METH_NOARGS, NULL}, {"_bind", m_bind, METH_FASTCALL, NULL},
	{"_register", m_register, METH_FASTCALL, NULL}, {NULL}};
static PyModuleDef def = {.m_base = {.ob_base = {1, NULL}}, .m_name = "_drgn", .m_size = -1, .m_methods = methods};

static PyObject *init_drgn(void) {
	PyObject *m = py.PyModule_Create2(&def, 3); // 3: the stable ABI
	if (!m || iter_class() || goModuleInit(m)) return NULL;
	return m;
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
	if (pthread_atfork(NULL, NULL, in_child)) return -1;
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
	if (py.PyInitConfig_AddModule(c, "_drgn", init_drgn)) return fail(c, "_drgn");
	if (py.Py_InitializeFromInitConfig(c)) return fail(c, "initialization");
	py.PyInitConfig_Free(c);
	return 0;
}

int start_run(const char *name, const char *file, const char *src, int64_t n) {
	PyObject *m = NULL, *d, *code = NULL, *bi = py.PyImport_ImportModule("builtins"), *r = NULL;
	char *text = strndup(src, n);
	if (bi && text && (m = py.PyImport_AddModule(name)) && (d = py.PyModule_GetDict(m)) && !py.PyDict_SetItemString(d, "__builtins__", bi) &&
	    (code = py.Py_CompileString(text, file, 257)))
		r = py.PyEval_EvalCode(code, d, d);
	free(text);
	if (bi) py.Py_DecRef(bi);
	if (code) py.Py_DecRef(code);
	if (!r) {
		py.PyErr_Print();
		return -1;
	}
	py.Py_DecRef(r);
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
