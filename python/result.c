// Results of crossings as Python objects; exceptions both ways; what Go calls for itself.
#include "bind.h"
#include <stdio.h>
#include "_cgo_export.h"

static PyObject *excs[E_MAX];
static PyObject *enums[E_MAX], *enum_cache[E_MAX][ENUM_CACHE];

int exc_register(int i, PyObject *cls) {
	if (i >= E_MAX) return py.PyErr_SetString(py.SystemError, "too many exceptions"), -1;
	py.Py_IncRef(cls);
	excs[i] = cls;
	return 0;
}

int enum_register(int i, PyObject *cls) {
	if (i >= E_MAX) return py.PyErr_SetString(py.SystemError, "too many enumerations"), -1;
	py.Py_IncRef(cls);
	enums[i] = cls;
	return 0;
}

PyObject *enum_class(int i) { return enums[i]; }

PyObject *enum_get(uint32_t which, int64_t value) {
	PyObject **c = value >= 0 && value < ENUM_CACHE ? &enum_cache[which][value] : NULL, *v, *e;
	if (c && *c) return py.Py_IncRef(*c), *c;
	if (!enums[which]) return py.PyErr_SetString(py.SystemError, "enumeration used before it is defined"), NULL;
	if (!(v = py.PyLong_FromLongLong(value))) return NULL;
	e = py.PyObject_CallFunctionObjArgs(enums[which], v, NULL);
	py.Py_DecRef(v);
	if (e && c) py.Py_IncRef(e), *c = e;
	return e;
}

// ---- Instances. Most live for a moment: they are kept for reuse.
#define FREELIST 256
static Obj *freelist[FREELIST];
static int nfree;

PyObject *new_obj(const item *i) {
	PyTypeObject *t = classes[i->cls];
	Obj *o;
	if (nfree) {
		o = freelist[--nfree];
		py.PyObject_Init(&o->ob, t);
	} else if (!(o = (Obj *)py._PyObject_New(t)))
		return NULL;
	if (i->prog) py.Py_IncRef(i->prog);
	o->prog = i->prog;
	o->cls = i->cls;
	o->type = i->type;
	o->a = i->a;
	o->kind = i->kind;
	o->bitoff = i->bitoff;
	o->bits = i->bits;
	o->flags = i->flags;
	return &o->ob;
}

// Handles, and types without instances, go back to Go in batches: one crossing for many.
#define DEADLIST 256
static uint64_t dead[DEADLIST];
static uint32_t unused[DEADLIST];
static int ndead, nunused;
type_ref *type_refs;

void sh_type_refs(uint32_t n) {
	static uint32_t cap;
	if (n <= cap) return;
	uint32_t more = 2 * n + 1024;
	type_ref *p = realloc(type_refs, more * sizeof *p);
	if (!p) abort(); // as Go does without memory
	memset(p + cap, 0, (more - cap) * sizeof *p);
	type_refs = p;
	cap = more;
}

static void flush_handles(void) {
	int n = ndead;
	ndead = 0;
	if (n) goFreeHandles(dead, n);
}

static void flush_types(void) {
	int n = nunused;
	nunused = 0;
	if (n) goFreeTypes(unused, n);
}

void sh_flush_dead(void) {
	flush_handles();
	flush_types();
}

void type_unused(uint32_t n) {
	if (forked) return;
	type_refs[n].queued = 1;
	unused[nunused++] = n;
	if (nunused == DEADLIST) flush_types();
}

void obj_dealloc(PyObject *self) {
	Obj *o = (Obj *)self;
	PyTypeObject *t = self->ob_type;
	PyObject *prog = o->prog;
	if (o->kind == K_HANDLE && !forked) {
		dead[ndead++] = o->a;
		if (ndead == DEADLIST || o->flags & H_HOLDS) flush_handles();
	} else if (o->kind == K_WHOLE)
		free((void *)(uintptr_t)o->a);
	type_drop(o->type);
	if (nfree < FREELIST)
		freelist[nfree++] = o;
	else
		py.PyObject_Free(o);
	py.Py_DecRef((PyObject *)t);
	if (prog) py.Py_DecRef(prog);
}

PyObject *make(const item *i) {
	switch (i->tag) {
	case R_OBJ: return new_obj(i);
	case R_INT: return py.PyLong_FromLongLong((int64_t)i->a);
	case R_UINT: return py.PyLong_FromUnsignedLongLong(i->a);
	case R_BOOL: return py.PyBool_FromLong(i->a != 0);
	case R_FLOAT: {
		double d;
		memcpy(&d, &i->a, 8);
		return py.PyFloat_FromDouble(d);
	}
	case R_ENUM: return enum_get(i->type, (int64_t)i->a);
	case R_PY: return (PyObject *)(uintptr_t)i->a;
	case R_NONE: py.Py_IncRef(py.None); return py.None;
	case R_NOTIMPL: py.Py_IncRef(py.NotImplemented); return py.NotImplemented;
	}
	if (!py.PyErr_Occurred()) py.PyErr_SetString(py.SystemError, "Go reported an error without setting one");
	return NULL;
}

// sh_drop drops a result that nobody gets, be it an exception.
void sh_drop(const item *i) {
	PyObject *o = i->tag == R_STR || i->tag == R_BYTES ? NULL : make(i);
	if (o) py.Py_DecRef(o);
	py.PyErr_Clear();
}

PyObject *give(res *r) {
	switch (r->i.tag) {
	case R_STR: return py.PyUnicode_DecodeUTF8(r->buf, r->n, "surrogateescape");
	case R_BYTES: return py.PyBytes_FromStringAndSize(r->buf, r->n);
	}
	return make(&r->i);
}

PyObject *sh_str(const char *p, int64_t n) { return py.PyUnicode_DecodeUTF8(p, n, "surrogateescape"); }
PyObject *sh_bytes(const char *p, int64_t n) { return py.PyBytes_FromStringAndSize(p, n); }
void sh_incref(PyObject *o) { py.Py_IncRef(o); }
void sh_decref(PyObject *o) { py.Py_DecRef(o); }
int sh_check_signals(void) { return py.PyErr_CheckSignals(); }
void *sh_save(void) { return py.PyEval_SaveThread(); }
void sh_restore(void *s) { py.PyEval_RestoreThread(s); }
int sh_ensure(void) { return py.PyGILState_Ensure(); }
void sh_release(int s) { py.PyGILState_Release(s); }
// sh_gil says whether this thread is one of Python's, and has the GIL.
int sh_gil(void) { return py.PyGILState_Check() ? GIL_HELD : py.PyGILState_GetThisThreadState() ? GIL_RELEASED : NO_PYTHON; }
int sh_truth(PyObject *o) { return py.PyObject_IsTrue(o); }

// ---- Exceptions: Python's own have negative numbers, those of package drgn the positions they were registered at.
void sh_raise(int exc, const char *msg, int64_t n) {
	PyObject *own[] = {py.Exception, py.AttributeError, py.LookupError, py.KeyError, py.IndexError, py.ValueError, py.TypeError,
		py.RuntimeError, py.OverflowError, py.ZeroDivisionError, py.NotImplementedError, py.OSError, py.FileNotFoundError, py.PermissionError, py.RecursionError};
	PyObject *t = exc < 0 ? own[-1 - exc] : excs[exc];
	if (!t) t = py.RuntimeError;
	PyObject *m = py.PyUnicode_DecodeUTF8(msg, n, "replace");
	if (!m) return;
	py.PyErr_SetObject(t, m);
	py.Py_DecRef(m);
}

static void raise_new(PyObject *type, PyObject *e) {
	if (!e) return;
	py.PyErr_SetObject(type, e);
	py.Py_DecRef(e);
}

void sh_raise_fault(const char *msg, int64_t n, uint64_t addr) {
	PyObject *m = sh_str(msg, n), *a = py.PyLong_FromUnsignedLongLong(addr);
	if (m && a) raise_new(excs[0], py.PyObject_CallFunctionObjArgs(excs[0], m, a, NULL));
	if (m) py.Py_DecRef(m);
	if (a) py.Py_DecRef(a);
}

void sh_raise_notfound(const char *msg, int64_t n, const char *name, int64_t nn) {
	PyObject *m = sh_str(msg, n), *k = sh_str(name, nn), *t = py.PyTuple_New(1), *d = py.PyDict_New();
	if (m && k && t && d && !py.PyDict_SetItemString(d, "name", k)) {
		py.Py_IncRef(m);
		py.PyTuple_SetItem(t, 0, m);
		raise_new(excs[1], py.PyObject_Call(excs[1], t, d));
	}
	if (m) py.Py_DecRef(m);
	if (k) py.Py_DecRef(k);
	if (t) py.Py_DecRef(t);
	if (d) py.Py_DecRef(d);
}

void sh_raise_obj(PyObject *exc) { py.PyErr_SetRaisedException(exc); }
PyObject *sh_take_exc(void) { return py.PyErr_GetRaisedException(); }

static char *utf8(PyObject *s) { // steals
	PyObject *b = s ? py.PyUnicode_AsUTF8String(s) : NULL;
	char *p = strdup(b ? py.PyBytes_AsString(b) : "?");
	if (b) py.Py_DecRef(b);
	if (s) py.Py_DecRef(s);
	py.PyErr_Clear();
	return p;
}

char *sh_exc_str(PyObject *exc, char **type) {
	*type = utf8(py.PyObject_GetAttrString((PyObject *)exc->ob_type, "__name__"));
	return utf8(py.PyObject_Str(exc));
}

// sh_fault says whether an exception is a FaultError, and of which address.
int sh_fault(PyObject *exc, uint64_t *address) {
	if (!excs[0] || py.PyObject_IsInstance(exc, excs[0]) <= 0) return py.PyErr_Clear(), 0;
	PyObject *a = py.PyObject_GetAttrString(exc, "address");
	*address = a ? py.PyLong_AsUnsignedLongLong(a) : 0;
	if (a) py.Py_DecRef(a);
	int is = a && !py.PyErr_Occurred();
	py.PyErr_Clear();
	return is;
}

// ---- References that Go's collector found dead are dropped here, by the interpreter itself.
static int drain(void *unused) {
	PyObject *b[64];
	int n;
	while (!forked && (n = goTakeDead(b, 64)) > 0)
		for (int i = 0; i < n; i++) py.Py_DecRef(b[i]);
	return 0;
}
int sh_add_pending(void) { return py.Py_AddPendingCall(drain, NULL); }
