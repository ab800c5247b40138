// Module _drgn, and the program's own Python code.
#define _GNU_SOURCE
#include "bind.h"
#include <pthread.h>
#include <stdio.h>
#include "_cgo_export.h"

int forked;
static void in_child(void) { forked = 1; }
int start_watch_forks(void) { return pthread_atfork(NULL, NULL, in_child); }

int fork_error(void) {
	py.PyErr_SetString(py.RuntimeError, "drgn cannot be used in a process made by fork(): use subprocess, or multiprocessing with its 'spawn' method");
	return -1;
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

// source_of returns the source of a module, or NULL, without an exception if there is none.
static struct source *source_of(PyObject *name) {
	static int last; // a module is asked for several times in turn
	const char *s = py.PyUnicode_AsUTF8AndSize(name, NULL);
	for (int i = 0; s && i < nsources; i++, last = (last + 1) % nsources)
		if (!strcmp(sources[last].name, s)) return &sources[last];
	return NULL;
}

static PyObject *none_found(void) {
	if (py.PyErr_Occurred()) return NULL;
	py.Py_IncRef(py.None);
	return py.None;
}

// _source(name) -> the source, or None.
static PyObject *m_source(PyObject *m, PyObject *name) {
	struct source *s = source_of(name);
	return s ? py.PyUnicode_FromStringAndSize(s->src, s->n) : none_found();
}

// _is_package(name) -> whether a module is a package, or None if there is no such module.
static PyObject *m_is_package(PyObject *m, PyObject *name) {
	struct source *s = source_of(name);
	return s ? py.PyBool_FromLong(s->package) : none_found();
}

// _code(name) -> the marshalled code, or None.
static PyObject *m_code(PyObject *m, PyObject *name) {
	struct source *s = source_of(name);
	return s && s->ncode ? py.PyBytes_FromStringAndSize(s->code, s->ncode) : none_found();
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
	{"_source", m_source, METH_O, NULL}, {"_is_package", m_is_package, METH_O, NULL}, {"_code", m_code, METH_O, NULL}, {"_modules", m_modules, METH_NOARGS, NULL}, {"_bind", m_bind, METH_FASTCALL, NULL},
	{"_register", m_register, METH_FASTCALL, NULL}, {"_calls_of", calls_of, METH_O, NULL}, {NULL}};
static PyModuleDef def = {.m_base = {.ob_base = {1, NULL}}, .m_name = "_drgn", .m_size = -1, .m_methods = methods};

PyObject *start_module(void) {
	PyObject *m = py.PyModule_Create2(&def, 3); // 3: the stable ABI
	if (!m || iter_class() || goModuleInit(m)) return NULL;
	return m;
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
	if (!r) return -1; // an exception is set
	py.Py_DecRef(r);
	return 0;
}
