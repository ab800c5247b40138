// Compound values cross in one go as a stream of bytes: built here from what Go wrote, or written here for Go to read.
#include "bind.h"
#include <stdio.h>
#include "_cgo_export.h"

// Each value is a byte, then: i/u a 64-bit number; I a signed byte count and a number's little-endian bytes; d a double; s, b a
// 64-bit size and the bytes; o an item; P a reference that is taken over; l, t, D, S a 64-bit count and the elements; c a
// callable (a P), then a tuple, and the value is what calling it gives.
typedef struct { const char *p, *end; } reader;

static uint64_t u64(reader *r) {
	uint64_t v = 0;
	if (r->end - r->p >= 8) memcpy(&v, r->p, 8);
	r->p += 8;
	return v;
}

static PyObject *build(reader *r) {
	if (r->p >= r->end) return py.PyErr_SetString(py.SystemError, "short stream"), NULL;
	char op = *r->p++;
	uint64_t n;
	PyObject *o;
	switch (op) {
	case 'N': py.Py_IncRef(py.None); return py.None;
	case 'T': py.Py_IncRef(py.True); return py.True;
	case 'F': py.Py_IncRef(py.False); return py.False;
	case 'i': return py.PyLong_FromLongLong((int64_t)u64(r));
	case 'u': return py.PyLong_FromUnsignedLongLong(u64(r));
	case 'I': n = u64(r); o = py.PyLong_FromNativeBytes(r->p, n, 1); r->p += n; return o; // 1: little endian, signed
	case 'd': {
		uint64_t bits = u64(r);
		double d;
		memcpy(&d, &bits, 8);
		return py.PyFloat_FromDouble(d);
	}
	case 's': n = u64(r); o = sh_str(r->p, n); r->p += n; return o;
	case 'b': n = u64(r); o = sh_bytes(r->p, n); r->p += n; return o;
	case 'o': {
		item i;
		memcpy(&i, r->p, sizeof i);
		r->p += sizeof i;
		return make(&i);
	}
	case 'P': return (PyObject *)(uintptr_t)u64(r);
	case 'l':
		n = u64(r);
		if (!(o = py.PyList_New(n))) return NULL;
		for (uint64_t i = 0; i < n; i++) {
			PyObject *x = build(r);
			if (!x) return py.Py_DecRef(o), NULL;
			py.PyList_SetItem(o, i, x);
		}
		return o;
	case 't':
		n = u64(r);
		if (!(o = py.PyTuple_New(n))) return NULL;
		for (uint64_t i = 0; i < n; i++) {
			PyObject *x = build(r);
			if (!x) return py.Py_DecRef(o), NULL;
			py.PyTuple_SetItem(o, i, x);
		}
		return o;
	case 'S':
		n = u64(r);
		if (!(o = py.PySet_New(NULL))) return NULL;
		for (uint64_t i = 0; i < n; i++) {
			PyObject *x = build(r);
			if (!x || py.PySet_Add(o, x)) return py.Py_DecRef(o), NULL;
			py.Py_DecRef(x);
		}
		return o;
	case 'D':
		n = u64(r);
		if (!(o = py.PyDict_New())) return NULL;
		for (uint64_t i = 0; i < n; i++) {
			PyObject *k = build(r), *v = k ? build(r) : NULL;
			if (!v || py.PyDict_SetItem(o, k, v)) return py.Py_DecRef(o), NULL;
			py.Py_DecRef(k);
			py.Py_DecRef(v);
		}
		return o;
	case 'c': {
		PyObject *f = build(r), *t = f ? build(r) : NULL;
		o = t ? py.PyObject_CallObject(f, t) : NULL;
		if (f) py.Py_DecRef(f);
		if (t) py.Py_DecRef(t);
		return o;
	}
	}
	return py.PyErr_SetString(py.SystemError, "bad stream"), NULL;
}

PyObject *sh_build(const char *p, int64_t n) {
	reader r = {p, p + n};
	return build(&r);
}

// sh_call calls f with a tuple from a stream.
PyObject *sh_call(PyObject *f, const char *args, int64_t n) {
	PyObject *t = sh_build(args, n), *r = t ? py.PyObject_CallObject(f, t) : NULL;
	if (t) py.Py_DecRef(t);
	return r;
}

// ---- The other way.
typedef struct { char *p; size_t n, cap; int depth; } writer;

static int put(writer *w, const void *p, size_t n) {
	if (w->n + n > w->cap) {
		size_t cap = 2 * (w->n + n) + 64;
		char *q = realloc(w->p, cap);
		if (!q) return py.PyErr_NoMemory(), -1;
		w->p = q;
		w->cap = cap;
	}
	memcpy(w->p + w->n, p, n);
	w->n += n;
	return 0;
}

static int put_op(writer *w, char op, uint64_t v) { return put(w, &op, 1) || put(w, &v, 8) ? -1 : 0; }

static int dump(writer *w, PyObject *o);

static int dump_tuple(writer *w, char op, PyObject *t, int pairs) { // steals t
	if (!t) return -1;
	Py_ssize_t n = py.PyTuple_Size(t);
	int bad = put_op(w, op, n);
	for (Py_ssize_t i = 0; !bad && i < n; i++) {
		PyObject *x = py.PyTuple_GetItem(t, i);
		if (!pairs)
			bad = dump(w, x);
		else
			bad = py.PyTuple_Size(x) != 2 || dump(w, py.PyTuple_GetItem(x, 0)) || dump(w, py.PyTuple_GetItem(x, 1));
	}
	py.Py_DecRef(t);
	return bad ? -1 : 0;
}

static int dump_int(writer *w, PyObject *o) {
	int over;
	long long v = py.PyLong_AsLongLongAndOverflow(o, &over);
	if (!over) return v == -1 && py.PyErr_Occurred() ? -1 : put_op(w, 'i', v);
	Py_ssize_t n = py.PyLong_AsNativeBytes(o, NULL, 0, 1);
	if (n < 0) return -1;
	char *b = malloc(n);
	if (!b) return py.PyErr_NoMemory(), -1;
	int bad = py.PyLong_AsNativeBytes(o, b, n, 1) < 0 || put_op(w, 'I', n) || put(w, b, n);
	free(b);
	return bad ? -1 : 0;
}

static int dump(writer *w, PyObject *o) {
	unsigned long f = py.PyType_GetFlags(o->ob_type);
	int bad = 0;
	if (o == py.None) return put(w, "N", 1);
	if (o == py.True) return put(w, "T", 1);
	if (o == py.False) return put(w, "F", 1);
	if (f & TPF_LONG) return dump_int(w, o);
	if (f & TPF_STR) {
		Py_ssize_t n;
		const char *s = py.PyUnicode_AsUTF8AndSize(o, &n);
		return !s || put_op(w, 's', n) || put(w, s, n) ? -1 : 0;
	}
	if (f & TPF_BYTES) {
		Py_ssize_t n;
		char *s;
		return py.PyBytes_AsStringAndSize(o, &s, &n) || put_op(w, 'b', n) || put(w, s, n) ? -1 : 0;
	}
	for (int i = 0; i < C_MAX; i++)
		if (classes[i] && (o->ob_type == classes[i] || py.PyType_IsSubtype(o->ob_type, classes[i]))) {
			py.Py_IncRef(o); // Go reads it and drops it: see value.go
			if (put_op(w, i == C_PROGRAM ? 'G' : 'O', (uint64_t)(uintptr_t)o)) return py.Py_DecRef(o), -1;
			return 0;
		}
	if (++w->depth > 100) return py.PyErr_SetString(py.ValueError, "value is nested too deeply"), -1;
	PyObject *t = (PyObject *)o->ob_type; // a class has the methods of its instances, but is no such thing
	if (f & TPF_DICT || py.PyObject_HasAttrString(t, "keys")) {
		PyObject *l = py.PyMapping_Items(o), *all = l ? py.PySequence_Tuple(l) : NULL;
		if (l) py.Py_DecRef(l);
		bad = dump_tuple(w, 'D', all, 1);
	} else if (f & (TPF_LIST | TPF_TUPLE)) {
		bad = dump_tuple(w, f & TPF_LIST ? 'l' : 't', py.PySequence_Tuple(o), 0);
	} else if (py.PyIndex_Check(o)) {
		PyObject *x = py.PyNumber_Index(o);
		bad = !x || dump_int(w, x);
		if (x) py.Py_DecRef(x);
	} else if (py.PyObject_HasAttrString(t, "__float__")) {
		double d = py.PyFloat_AsDouble(o);
		uint64_t bits;
		memcpy(&bits, &d, 8);
		bad = (d == -1 && py.PyErr_Occurred()) || put_op(w, 'd', bits);
	} else if (py.PyCallable_Check(o)) {
		py.Py_IncRef(o);
		bad = put_op(w, 'P', (uint64_t)(uintptr_t)o);
	} else {
		Py_buffer b;
		if (!py.PyObject_GetBuffer(o, &b, 0)) {
			bad = put_op(w, 'b', b.len) || put(w, b.buf, b.len);
			py.PyBuffer_Release(&b);
		} else {
			py.PyErr_Clear();
			// Only an argument itself is iterated over: flags, for example, have flags in them without end.
			PyObject *all = w->depth > 1 ? NULL : py.PySequence_Tuple(o);
			if (all)
				bad = dump_tuple(w, 't', all, 0);
			else if (py.PyErr_Occurred() && !py.PyErr_ExceptionMatches(py.TypeError))
				bad = 1;
			else {
				py.PyErr_Clear();
				py.Py_IncRef(o);
				bad = put_op(w, 'P', (uint64_t)(uintptr_t)o);
			}
		}
	}
	w->depth--;
	return bad ? -1 : 0;
}

// sh_dump writes o as a stream that the caller frees; NULL with an exception set.
char *sh_dump(PyObject *o, int64_t *n) {
	writer w = {0};
	if (dump(&w, o)) {
		free(w.p);
		return NULL;
	}
	*n = w.n;
	return w.p;
}
