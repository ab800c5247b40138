// Fills the table of CPython's functions.
#define _GNU_SOURCE
#include "pyabi.h"
#include <dlfcn.h>
#include <stdio.h>

struct pyapi py;

// ---- What versions before 3.14 lack, made of what they have. The functions with an underscore are of no stable ABI, but these
// versions change no more.
static struct {
	PyObject *(*from_bytes)(const unsigned char *, size_t, int, int);
	int (*as_bytes)(PyObject *, unsigned char *, size_t, int, int); // up to 3.12, which is all that needs it
	size_t (*num_bits)(PyObject *);
	void (*fetch)(PyObject **, PyObject **, PyObject **);
	void (*normalize)(PyObject **, PyObject **, PyObject **);
	void (*restore)(PyObject *, PyObject *, PyObject *);
	int (*set_traceback)(PyObject *, PyObject *);
} old;

// Little-endian with a sign, which is what the binding asks for.
static PyObject *from_bytes(const void *p, size_t n, int flags) { return old.from_bytes(p, n, 1, 1); }

static Py_ssize_t as_bytes(PyObject *o, void *p, Py_ssize_t n, int flags) {
	if (n) return old.as_bytes(o, p, n, 1, 1) ? -1 : n;
	size_t bits = old.num_bits(o);
	return bits == (size_t)-1 && py.PyErr_Occurred() ? -1 : (Py_ssize_t)(bits / 8 + 1);
}

// Attributes of instances of a subclass are not looked at: a program that they keep in a cycle stays.
static int visit_nothing(PyObject *o, visitproc visit, void *arg) { return 0; }

// Calls of a function go on through its code.
static void keep_vectorcall(PyObject *f, void *call) {}
static int watch_nothing(int (*f)(int, PyObject *, void *)) { return 0; }

static PyObject *get_raised(void) {
	PyObject *type, *value, *tb;
	old.fetch(&type, &value, &tb);
	if (!type) return NULL;
	old.normalize(&type, &value, &tb);
	if (tb) {
		old.set_traceback(value, tb);
		py.Py_DecRef(tb);
	}
	py.Py_DecRef(type);
	return value;
}

static void set_raised(PyObject *e) {
	PyObject *type = (PyObject *)e->ob_type, *tb = py.PyObject_GetAttrString(e, "__traceback__");
	py.Py_IncRef(type);
	if (tb == py.None) py.Py_DecRef(tb), tb = NULL;
	old.restore(type, e, tb);
}

static void load_older(void *dl) {
#define OLD(member, name) *(void **)&old.member = dlsym(dl, name)
	OLD(from_bytes, "_PyLong_FromByteArray");
	OLD(as_bytes, "_PyLong_AsByteArray");
	OLD(num_bits, "_PyLong_NumBits");
	OLD(fetch, "PyErr_Fetch");
	OLD(normalize, "PyErr_NormalizeException");
	OLD(restore, "PyErr_Restore");
	OLD(set_traceback, "PyException_SetTraceback");
#undef OLD
	if (!py.PyLong_FromNativeBytes && old.from_bytes) py.PyLong_FromNativeBytes = from_bytes;
	if (!py.PyLong_AsNativeBytes && old.as_bytes && old.num_bits) py.PyLong_AsNativeBytes = as_bytes;
	if (!py.PyObject_VisitManagedDict) *(void **)&py.PyObject_VisitManagedDict = dlsym(dl, "_PyObject_VisitManagedDict"); // 3.12
	if (!py.PyObject_VisitManagedDict) py.PyObject_VisitManagedDict = visit_nothing;
	if (!py.PyErr_GetRaisedException && old.fetch && old.normalize && old.set_traceback) py.PyErr_GetRaisedException = get_raised;
	if (!py.PyFunction_SetVectorcall) py.PyFunction_SetVectorcall = keep_vectorcall; // 3.12
	if (!py.PyFunction_AddWatcher) py.PyFunction_AddWatcher = watch_nothing; // 3.12
	if (!py.PyErr_SetRaisedException && old.restore) py.PyErr_SetRaisedException = set_raised;
}

int pyabi_load(void *dl, int start, char *err, size_t size) {
	static const struct { const char *name; size_t off; int deref, start; } table[] = {
#define X(ret, name, args) {#name, offsetof(struct pyapi, name), 0, 0},
		PYAPI(X)
		PYAPI_NEWER(X)
#undef X
#define X(ret, name, args) {#name, offsetof(struct pyapi, name), 0, 1},
		PYAPI_START(X)
#undef X
#define X(name) {"PyExc_" #name, offsetof(struct pyapi, name), 1, 0},
		PYEXC(X)
#undef X
		{"_Py_NoneStruct", offsetof(struct pyapi, None), 0, 0},
		{"_Py_TrueStruct", offsetof(struct pyapi, True), 0, 0},
		{"_Py_FalseStruct", offsetof(struct pyapi, False), 0, 0},
		{"_Py_NotImplementedStruct", offsetof(struct pyapi, NotImplemented), 0, 0},
		{"_Py_EllipsisObject", offsetof(struct pyapi, Ellipsis), 0, 0},
		{"PyImport_FrozenModules", offsetof(struct pyapi, frozen), 0, 1},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		void *p = table[i].start && !start ? NULL : dlsym(dl, table[i].name);
		*(void **)((char *)&py + table[i].off) = p && table[i].deref ? *(void **)p : p;
	}
	load_older(dl);
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (!*(void **)((char *)&py + table[i].off) && (start || !table[i].start)) {
			snprintf(err, size, "this Python lacks %s", table[i].name);
			return -1;
		}
	return 0;
}
