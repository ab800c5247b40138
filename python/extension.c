//go:build extension

// The extension module: an interpreter that runs imports us.
#define _GNU_SOURCE
#include "bind.h"
#include <dlfcn.h>
#include "_cgo_export.h"


// What an extension module can say when it can't reach its interpreter: import then raises SystemError with no words of ours.
static PyObject *failed(const char *message) {
	void (*set)(PyObject *, const char *) = dlsym(RTLD_DEFAULT, "PyErr_SetString");
	PyObject **error = dlsym(RTLD_DEFAULT, "PyExc_ImportError");
	if (set && error) set(*error, message);
	return NULL;
}

// PyInit__drgn is what the import system looks for in _drgn.abi3.so.
__attribute__((visibility("default"))) PyObject *PyInit__drgn(void) {
	static int begun;
	char message[200];
	Dl_info here;
	PyObject *m = NULL, *modules, *dir;
	if (begun++) return failed("drgn can be imported by one interpreter of a process, and once");
	if (pyabi_load(RTLD_DEFAULT, 0, message, sizeof message)) return failed(message);
	if (!dladdr((void *)PyInit__drgn, &here) || start_watch_forks()) return failed("drgn's module does not know where it lies");
	if (goAddSources()) return failed("drgn's sources are damaged");
	const char *slash = strrchr(here.dli_fname, '/');
	if (!(dir = py.PyUnicode_FromStringAndSize(slash ? here.dli_fname : ".", slash ? slash - here.dli_fname : 1))) return NULL;
	// The start-up code imports the module, which nobody has put where modules are yet.
	if (!(modules = py.PyImport_GetModuleDict()) || !(m = start_module()) || py.PyModule_AddObjectRef(m, "_directory", dir) ||
	    py.PyDict_SetItemString(modules, "_drgn", m) || goBoot()) {
		if (m) py.Py_DecRef(m);
		m = NULL;
	}
	py.Py_DecRef(dir);
	return m;
}

const char *python_version(void) { return py.Py_GetVersion(); }
