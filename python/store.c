// Python values as numbers, elements and members, for store.go, which knows the type that they are to have.
#include "bind.h"
#include <stdio.h>

// sh_number takes o as int() does, but no text: STORE_OK and v, STORE_BIG and n bytes that the caller frees, little-endian
// with a sign, STORE_NOT for what is no number.
int sh_number(PyObject *o, int64_t *v, char **big, int64_t *n) {
	PyObject *x = NULL;
	int over, r = STORE_OK;
	if (!(py.PyType_GetFlags(o->ob_type) & TPF_LONG)) {
		if (!py.PyNumber_Check(o)) return STORE_NOT;
		if (!(o = x = py.PyNumber_Long(o))) return STORE_ERR;
	}
	*v = py.PyLong_AsLongLongAndOverflow(o, &over);
	if (over) {
		r = STORE_BIG;
		*n = py.PyLong_AsNativeBytes(o, NULL, 0, 1);
		if (*n < 0 || !(*big = malloc(*n)))
			r = STORE_ERR;
		else if (py.PyLong_AsNativeBytes(o, *big, *n, 1) < 0)
			free(*big), r = STORE_ERR;
	} else if (*v == -1 && py.PyErr_Occurred())
		r = STORE_ERR;
	if (x) py.Py_DecRef(x);
	return r;
}

int sh_double(PyObject *o, double *d) {
	if (!py.PyNumber_Check(o)) return STORE_NOT;
	*d = py.PyFloat_AsDouble(o);
	return *d == -1 && py.PyErr_Occurred() ? STORE_ERR : STORE_OK;
}

// sh_elements gives an iterator; STORE_NOT for what has none.
int sh_elements(PyObject *o, PyObject **iter) {
	if ((*iter = py.PyObject_GetIter(o))) return STORE_OK;
	if (!py.PyErr_ExceptionMatches(py.TypeError)) return STORE_ERR;
	py.PyErr_Clear();
	return STORE_NOT;
}

// sh_items gives an iterator over a mapping's pairs; STORE_NOT for what is no mapping.
int sh_items(PyObject *o, PyObject **iter) {
	PyObject *items = NULL, *f;
	if (py.PyType_GetFlags(o->ob_type) & TPF_DICT) {
		items = py.PyMapping_Items(o);
	} else {
		if (!py.PyMapping_Check(o)) return STORE_NOT;
		if (!(f = py.PyObject_GetAttrString(o, "items"))) return STORE_ERR;
		items = py.PyObject_CallObject(f, NULL);
		py.Py_DecRef(f);
	}
	if (!items) return STORE_ERR;
	*iter = py.PyObject_GetIter(items);
	py.Py_DecRef(items);
	return *iter ? STORE_OK : STORE_ERR;
}

int sh_next(PyObject *iter, PyObject **item) {
	if ((*item = py.PyIter_Next(iter))) return STORE_OK;
	return py.PyErr_Occurred() ? STORE_ERR : STORE_END;
}

// sh_pair gives the two parts of an item: a name, and a value, borrowed.
int sh_pair(PyObject *item, const char **name, Py_ssize_t *n, PyObject **value) {
	if (!(py.PyType_GetFlags(item->ob_type) & TPF_TUPLE) || py.PyTuple_Size(item) != 2)
		return py.PyErr_SetString(py.TypeError, "item must be (key, value) pair"), STORE_ERR;
	PyObject *key = py.PyTuple_GetItem(item, 0);
	if (!(py.PyType_GetFlags(key->ob_type) & TPF_STR)) return py.PyErr_SetString(py.TypeError, "member key must be string"), STORE_ERR;
	*value = py.PyTuple_GetItem(item, 1);
	return (*name = py.PyUnicode_AsUTF8AndSize(key, n)) ? STORE_OK : STORE_ERR;
}
