// Functions and methods: each is described in Go, converted here, and called in one crossing.
#include "bind.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "_cgo_export.h"

typedef struct {
	const char *name;
	const char *owner; // the class of a method, or "_drgn": what CPython says of functions without keywords begins with it
	int nreq, npos, n, flags; // npos: how many may be given by position
	const char *kinds;        // two bytes a parameter: its kind, and '?' when None is allowed
	PyObject *kw[MAXARG];
} sig;
static sig sigs[NFUNC];

static int type_error(const char *func, const char *what, const char *arg) {
	char b[300];
	snprintf(b, sizeof b, "%s() %s%s%s%s", func, what, arg ? " '" : "", arg ? arg : "", arg ? "'" : "");
	py.PyErr_SetString(py.TypeError, b);
	return -1;
}

// type_name is what CPython's messages call an object's class: the first field of a class behind the head that all objects of
// variable size have. It has its module with it where the class is not one of Python's own or made by a class statement.
const char *type_name(PyObject *o) { return *(const char **)((char *)o->ob_type + sizeof(PyObject) + sizeof(Py_ssize_t)); }

// not_a raises TypeError: what is wanted, and what was given instead.
static int not_a(PyObject *o, const char *want) {
	char b[300];
	snprintf(b, sizeof b, "%s, not %s", want, type_name(o));
	py.PyErr_SetString(py.TypeError, b);
	return -1;
}

// wrong_type raises TypeError as CPython's own parser of arguments does; pos counts from 1, 0 is not known.
static int wrong_type(PyObject *o, const char *func, int pos, const char *want) {
	char b[300], at[12] = "";
	if (pos) snprintf(at, sizeof at, " %d", pos);
	if (func)
		snprintf(b, sizeof b, "%s() argument%s must be %s, not %s", func, at, want, o == py.None ? "None" : type_name(o));
	else
		snprintf(b, sizeof b, "expected %s, not %s", want, type_name(o));
	py.PyErr_SetString(py.TypeError, b);
	return -1;
}

static inline int is_class(PyObject *o, int cls) {
	return o->ob_type == classes[cls] || (classes[cls] && py.PyType_IsSubtype(o->ob_type, classes[cls]));
}

// too_large says in words that name a type of C, as the reference's do, that a number is too large.
static int too_large(const char *ctype) {
	char b[100];
	snprintf(b, sizeof b, "Python int too large to convert to C %s", ctype);
	py.PyErr_SetString(py.OverflowError, b);
	return -1;
}

static int negative_size(void) { return py.PyErr_SetString(py.OverflowError, "can't convert negative value to size_t"), -1; }

static int as_integer(arg *a, PyObject *o, int is_signed, const char *ctype) {
	PyObject *x = NULL;
	if (!(py.PyType_GetFlags(o->ob_type) & TPF_LONG) && !(o = x = py.PyNumber_Index(o))) return -1;
	a->kind = is_signed ? A_INT : A_UINT;
	a->i = is_signed ? (uint64_t)py.PyLong_AsLongLong(o) : py.PyLong_AsUnsignedLongLong(o);
	if (x) py.Py_DecRef(x);
	if (a->i != (uint64_t)-1 || !py.PyErr_Occurred()) return 0;
	return ctype && py.PyErr_ExceptionMatches(py.OverflowError) ? too_large(ctype) : -1;
}

static int as_str(arg *a, PyObject *o) {
	Py_ssize_t n;
	a->kind = A_STR;
	a->s = py.PyUnicode_AsUTF8AndSize(o, &n);
	a->n = n;
	return a->s ? 0 : -1;
}

// owned_path says whether an argument is bytes that convert made.
static int owned_path(char kind, const arg *a) { return (kind == 'p' || kind == 'f') && a->kind == A_BYTES; }

// not_negative converts what the reference takes for an address or an ID: what is negative is a ValueError.
static int not_negative(arg *a, PyObject *o, const char *ctype) {
	int over = 0;
	PyObject *x = py.PyNumber_Index(o);
	if (!x) return -1;
	int small = py.PyLong_AsLongLongAndOverflow(x, &over) < 0, r = -1;
	if (over < 0 || (!over && small))
		py.PyErr_SetString(py.ValueError, "Cannot convert negative int");
	else
		r = as_integer(a, x, 0, ctype);
	a->o = o;
	py.Py_DecRef(x);
	return r;
}

// convert_kind fills a from o; the kinds are listed in func.go; none says whether None would have been as good. What 'p' makes is owned by a->o and dropped after the call.
static int convert_kind(arg *a, PyObject *o, char kind, int none, const char *func, int pos) {
	unsigned long tf;
	a->o = o;
	switch (kind) {
	case 'u': return as_integer(a, o, 0, NULL);
	case 'W': // a word: what does not fit wraps around
		a->kind = A_UINT;
		a->i = py.PyLong_AsUnsignedLongLongMask(o);
		return a->i == (uint64_t)-1 && py.PyErr_Occurred() ? -1 : 0;
	case 'l': { // a word that fits one beside its sign
		int over;
		PyObject *x = py.PyNumber_Index(o), *positive;
		if (!x) return -1;
		a->kind = A_UINT;
		a->i = (uint64_t)py.PyLong_AsLongLongAndOverflow(x, &over);
		if (!over) return py.Py_DecRef(x), a->i == (uint64_t)-1 && py.PyErr_Occurred() ? -1 : 0;
		positive = over < 0 ? py.PyNumber_Negative(x) : x;
		if (over < 0) py.Py_DecRef(x);
		if (!positive) return -1;
		int r = as_integer(a, positive, 0, "uint64_t");
		py.Py_DecRef(positive);
		if (over < 0) a->i = -a->i;
		return r;
	}
	case 'i': return as_integer(a, o, 1, NULL);
	case 'j': { // an index of a sequence: where it is too large for one, any that is out of range
		int over;
		PyObject *x = py.PyNumber_Index(o);
		if (!x) return -1;
		a->kind = A_INT;
		a->i = (uint64_t)py.PyLong_AsLongLongAndOverflow(x, &over);
		if (over) a->i = over < 0 ? INT64_MIN : INT64_MAX;
		py.Py_DecRef(x);
		return 0;
	}
	case 'q': return as_integer(a, o, 1, "int64_t");
	case 'a': return not_negative(a, o, "uint64_t");
	case 'd': // a place in a list: no Object
		if (!(py.PyType_GetFlags(o->ob_type) & TPF_LONG)) return py.PyErr_SetString(py.TypeError, "an integer is required"), -1;
		int over; // of a size_t, or -1 for the last place
		a->kind = A_INT;
		a->i = (uint64_t)py.PyLong_AsLongLongAndOverflow(o, &over);
		if (over < 0 || (!over && (int64_t)a->i < -1)) return negative_size();
		if (over > 0 && as_integer(a, o, 0, "size_t")) return -1;
		if (over > 0) a->kind = A_INT, a->i = INT64_MAX; // past all that there are
		return 0;
	case 'N': // a name to be looked for
		if (!(py.PyType_GetFlags(o->ob_type) & TPF_STR)) return not_a(o, "name must be str");
		return as_str(a, o);
	case 'B': // a name as a str or bytes
		if (py.PyType_GetFlags(o->ob_type) & TPF_STR) return as_str(a, o);
		if (!(py.PyType_GetFlags(o->ob_type) & TPF_BYTES)) {
			char b[300];
			snprintf(b, sizeof b, "a bytes-like object is required, not '%s'", type_name(o));
			return py.PyErr_SetString(py.TypeError, b), -1;
		}
		return convert(a, o, 'y', func, pos);
	case 'w': { // a width: a size_t
		int over;
		PyObject *x = py.PyNumber_Index(o);
		if (!x) return -1;
		long long v = py.PyLong_AsLongLongAndOverflow(x, &over);
		py.Py_DecRef(x);
		if (over < 0 || (!over && v < 0)) return negative_size();
		return as_integer(a, o, 0, "size_t");
	}
	case 'n': // a size
	case 'm': {
		int over;
		PyObject *x = py.PyNumber_Index(o);
		if (!x) return -1;
		long long v = py.PyLong_AsLongLongAndOverflow(x, &over);
		py.Py_DecRef(x);
		if (over < 0 || (over && kind == 'n')) return too_large("ssize_t");
		if (!over && v < 0) return py.PyErr_SetString(py.ValueError, kind == 'n' ? "negative size" : "negative max_size"), -1;
		return as_integer(a, o, 0, NULL);
	}
	case 'b': {
		int t = py.PyObject_IsTrue(o);
		a->kind = A_BOOL;
		a->i = t;
		return t < 0 ? -1 : 0;
	}
	case 's':
		if (!(py.PyType_GetFlags(o->ob_type) & TPF_STR)) return wrong_type(o, func, pos, "str");
		return as_str(a, o);
	case 'y': {
		Py_ssize_t n;
		char *p;
		if (!(py.PyType_GetFlags(o->ob_type) & TPF_BYTES)) return wrong_type(o, func, pos, "bytes");
		if (py.PyBytes_AsStringAndSize(o, &p, &n)) return -1;
		a->kind = A_BYTES;
		a->s = p;
		a->n = n;
		return 0;
	}
	case 'z': // str or bytes
		if (py.PyType_GetFlags(o->ob_type) & TPF_BYTES) return convert(a, o, 'y', func, pos);
		return convert(a, o, 's', func, pos);
	case 'f': // a path, or the number of an open file
		if (py.PyIndex_Check(o)) return a->kind = A_PY, 0;
		return convert(a, o, 'p', func, pos);
	case 'p': {
		PyObject *b = NULL;
		Py_ssize_t n;
		char *p;
		if (!py.PyUnicode_FSConverter(o, &b)) return -1;
		a->o = b;
		if (py.PyBytes_AsStringAndSize(b, &p, &n)) return py.Py_DecRef(b), -1;
		a->kind = A_BYTES;
		a->s = p;
		a->n = n;
		return 0;
	}
	case 'V':
		if (!is_class(o, C_OBJECT)) return wrong_type(o, func, pos, "_drgn.Object");
		a->kind = A_OBJ;
		return 0;
	case 'T':
	case 'Y':
		if (is_class(o, C_TYPE)) return a->kind = A_OBJ, 0;
		if (!(py.PyType_GetFlags(o->ob_type) & TPF_STR)) return wrong_type(o, NULL, 0, "Type or str");
		return as_str(a, o);
	case 'P':
		if (!is_class(o, C_PROGRAM)) return wrong_type(o, func, pos, "_drgn.Program");
		a->kind = A_PY;
		return 0;
	case 'S':
		if (is_class(o, C_PROGRAM)) return a->kind = A_PY, 0;
		if (!is_class(o, C_OBJECT)) return wrong_type(o, func, pos, "Program or Object");
		a->kind = A_OBJ;
		return 0;
	case 'A': // address or name
		if (py.PyType_GetFlags(o->ob_type) & TPF_STR) return as_str(a, o);
		return not_negative(a, o, "uint64_t");
	case 'X': // Object or integer
		if (is_class(o, C_OBJECT)) return a->kind = A_OBJ, 0;
		return not_negative(a, o, "uint32_t");
	case 'e': { // a member of an enumeration, or its number
		tf = py.PyType_GetFlags(o->ob_type);
		if (tf & TPF_LONG) return as_integer(a, o, 1, NULL);
		PyObject *v = py.PyObject_GetAttrString(o, "value");
		if (!v) return py.PyErr_Clear(), wrong_type(o, func, pos, "a member of an enumeration");
		int r = as_integer(a, v, 1, NULL);
		py.Py_DecRef(v);
		return r;
	}
	case 't': // a type that is no name
		if (!is_class(o, C_TYPE)) return wrong_type(o, func, pos, "_drgn.Type");
		return a->kind = A_OBJ, 0;
	case 'L': // a language
		if (!sh_is_language(o)) return wrong_type(o, NULL, 0, "Language");
		return a->kind = A_PY, 0;
	case '0' ... '9': { // a member of one enumeration
		PyTypeObject *t = (PyTypeObject *)enum_class(kind - '0');
		if (o->ob_type != t) {
			PyObject *n = py.PyObject_GetAttrString((PyObject *)t, "__name__");
			const char *s = n ? py.PyUnicode_AsUTF8AndSize(n, NULL) : NULL;
			char want[100];
			if (s) snprintf(want, sizeof want, none ? "%s or None" : "%s", s);
			int r = s ? wrong_type(o, NULL, 0, want) : -1;
			if (n) py.Py_DecRef(n);
			return r;
		}
		return convert(a, o, 'e', func, pos);
	}
	default: a->kind = A_PY; return 0;
	}
}

int convert(arg *a, PyObject *o, char kind, const char *func, int pos) { return convert_kind(a, o, kind, 0, func, pos); }

static int convert_param(const sig *s, int i, arg *a, PyObject *o) {
	char kind = s->kinds[2 * i];
	int none = s->kinds[2 * i + 1] == '?';
	if (o == py.None && none) {
		a->kind = A_NONE;
		a->o = o;
		return 0;
	}
	int r = convert_kind(a, o, kind, none, s->name, i + 1);
	// The reference has other words where it makes an object or a type than where it asks one of a type.
	if (r && kind == 'T' && py.PyErr_ExceptionMatches(py.TypeError) && !(py.PyType_GetFlags(o->ob_type) & TPF_STR))
		py.PyErr_SetString(py.TypeError, none ? "type must be Type, str, or None" : "type must be Type or str");
	return r;
}

// plain_call says what is wrong with the arguments of a function that takes none, or one that has no keyword, as CPython does of such
// functions of C. 0 is nothing.
static int plain_call(const sig *s, Py_ssize_t npos, Py_ssize_t nk) {
	char full[150], b[60];
	if (!(s->flags & F_NO_KEYWORDS) || (!nk && npos == s->npos) || (!nk && !(s->flags & F_ONE) && s->npos)) return 0;
	snprintf(full, sizeof full, "%s.%s", s->owner, s->name);
	if (nk)
		snprintf(b, sizeof b, "takes no keyword arguments");
	else if (s->npos)
		snprintf(b, sizeof b, "takes exactly one argument (%d given)", (int)npos);
	else
		snprintf(b, sizeof b, "takes no arguments (%d given)", (int)npos);
	return type_error(nk && s->npos && !(s->flags & F_ONE) ? s->name : full, b, NULL);
}

static PyObject *prog_name;

static int find_kw(const sig *s, PyObject *k) {
	for (int i = 0; i < s->n; i++)
		if (s->kw[i] == k) return i;
	for (int i = 0; i < s->n; i++)
		if (!py.PyUnicode_Compare(s->kw[i], k)) return i;
	return -1;
}

// find_param finds the parameter of a keyword. What may be given in place of a program has its name, too.
static int find_param(const sig *s, PyObject *k) {
	int i = find_kw(s, k);
	return i < 0 && s->flags & F_SCOPE && !py.PyUnicode_Compare(prog_name, k) ? 0 : i;
}

// left_out says whether a first parameter that may be left out was. *from is then the argument that follows it, if any: a
// program that was left out is that of an Object there.
static int left_out(const sig *s, PyObject *const *args, Py_ssize_t npos, PyObject *kwn, PyObject **from) {
	Py_ssize_t nk = kwn ? py.PyTuple_Size(kwn) : 0, rest = 0;
	*from = npos ? args[0] : NULL;
	for (Py_ssize_t j = 0; j < nk; j++) {
		int i = find_param(s, py.PyTuple_GetItem(kwn, j));
		if (!npos && i == 0) return 0;
		if (!npos && i == 1) *from = args[j];
		rest += i > 0 && i < s->npos;
	}
	if (!npos) return 1;
	if (is_class(args[0], C_PROGRAM)) return 0;
	return s->flags & F_PROG || !is_class(args[0], C_OBJECT) || npos + rest < s->nreq;
}

// append adds to a text what fits.
static void append(char *b, size_t size, const char *format, ...) {
	size_t n = strlen(b);
	va_list l;
	va_start(l, format);
	vsnprintf(b + n, size - n, format, l);
	va_end(l);
}

static const char *plural(Py_ssize_t n) { return n == 1 ? "" : "s"; }

// too_many raises TypeError as CPython does of a function of Python's that was given too much by position. A program before an
// object that may be left out is a parameter of its own there.
static int too_many(const sig *s, Py_ssize_t given, Py_ssize_t keyword_only) {
	int scope = !!(s->flags & F_SCOPE), most = s->npos + scope, least = s->nreq + scope;
	char b[200] = "takes ";
	given += scope;
	append(b, sizeof b, least < most ? "from %d to %d" : "%2$d", least, most);
	append(b, sizeof b, " positional argument%s but %d", least < most ? "s" : plural(most), (int)given);
	if (keyword_only)
		append(b, sizeof b, " positional argument%s (and %d keyword-only argument%s)", plural(given), (int)keyword_only, plural(keyword_only));
	append(b, sizeof b, " %s given", given == 1 && !keyword_only ? "was" : "were");
	return type_error(s->name, b, NULL);
}

// python_call says what is wrong with the arguments of a function that is one of Python's in the reference, in CPython's words and
// order, which looks at no argument before it knows whose it is. first is 1 where the first parameter was left out.
static int python_call(const sig *s, Py_ssize_t npos, PyObject *kwn, int first) {
	char given[MAXARG] = {0}, b[300] = "";
	Py_ssize_t nk = kwn ? py.PyTuple_Size(kwn) : 0, keyword_only = 0;
	for (Py_ssize_t i = 0; i < npos + first && i < s->npos; i++) given[i] = 1;
	for (Py_ssize_t j = 0; j < nk; j++) {
		PyObject *k = py.PyTuple_GetItem(kwn, j);
		int i = find_param(s, k);
		if (i < 0) return type_error(s->name, "got an unexpected keyword argument", py.PyUnicode_AsUTF8AndSize(k, NULL));
		if (given[i]) return type_error(s->name, "got multiple values for argument", py.PyUnicode_AsUTF8AndSize(k, NULL));
		given[i] = 1;
		keyword_only += i >= s->npos;
	}
	if (npos + first > s->npos) return too_many(s, npos + first, keyword_only);
	int missing = 0, listed = 0;
	for (int i = 0; i < s->nreq; i++) missing += !given[i];
	if (!missing) return 0;
	append(b, sizeof b, "missing %d required positional argument%s: ", missing, plural(missing));
	for (int i = 0; i < s->nreq; i++) {
		if (given[i]) continue;
		if (listed++) append(b, sizeof b, "%s%s", missing > 2 ? ", " : " ", listed == missing ? "and " : "");
		append(b, sizeof b, "'%s'", py.PyUnicode_AsUTF8AndSize(s->kw[i], NULL));
	}
	return type_error(s->name, b, NULL);
}

PyObject *tramp(int id, PyObject *self, PyObject *const *args, Py_ssize_t npos, PyObject *kwn) {
	const sig *s = &sigs[id];
	arg a[MAXARG];
	int used[MAXARG], nused = 0, first = 0, bad = -1;
	PyObject *ret = NULL, *rest = NULL;
	if (forked) return fork_error(), NULL;
	if (!s->kinds) goDescribe(id);
	if (s->flags & F_FUNCTION) { // called by CPython as a builtin, or as a def past its body: see call_directly
		self = NULL;
		npos &= PY_SSIZE_T_MAX; // without PY_VECTORCALL_ARGUMENTS_OFFSET
	}
	for (int i = 0; i < s->n; i++) a[i].kind = A_MISSING, a[i].o = py.None;
	PyObject *from;
	if (s->flags & (F_PROG | F_SCOPE) && left_out(s, args, npos, kwn, &from)) {
		PyObject *p = from && is_class(from, C_OBJECT) ? ((Obj *)from)->prog : prog_default();
		if (!p) return NULL;
		a[0].kind = A_PY;
		a[0].o = p;
		first = 1;
	}
	Py_ssize_t given = kwn ? py.PyTuple_Size(kwn) : 0;
	if (s->flags & F_SCOPE && first && npos == s->npos) { // what was given cannot be what was left out
		wrong_type(args[0], s->name, 1, "_drgn.Object or _drgn.Program");
		goto out;
	}
	if (s->flags & F_PYTHON ? python_call(s, npos, kwn, first) : plain_call(s, npos, given)) goto out;
	given += npos + first;
	if (given > s->n && !(s->flags & F_VARARGS)) {
		char b[100];
		snprintf(b, sizeof b, "takes at most %d %sargument%s (%d given)", s->n, npos ? "" : "keyword ", s->n == 1 ? "" : "s", (int)given);
		type_error(s->name, b, NULL);
		goto out;
	}
	if (npos + first > s->npos && !(s->flags & F_VARARGS)) {
		char b[100];
		if (s->npos)
			snprintf(b, sizeof b, "takes %s %d positional argument%s (%d given)", s->n > s->nreq ? "at most" : "exactly", s->npos, s->npos == 1 ? "" : "s", (int)npos + first);
		else
			snprintf(b, sizeof b, "takes no positional arguments");
		type_error(s->name, b, NULL);
		goto out;
	}
	for (Py_ssize_t i = 0; i < npos && i + first < s->npos; i++) {
		if (convert_param(s, i + first, &a[i + first], args[i])) goto out;
		if (owned_path(s->kinds[2 * (i + first)], &a[i + first])) used[nused++] = i + first;
	}
	if (s->flags & F_VARARGS) { // the parameter after those given by position takes the rest as a tuple
		Py_ssize_t n = npos + first > s->npos ? npos + first - s->npos : 0;
		if (!(rest = py.PyTuple_New(n))) goto out;
		for (Py_ssize_t i = 0; i < n; i++) {
			PyObject *o = args[npos - n + i];
			py.Py_IncRef(o);
			py.PyTuple_SetItem(rest, i, o);
		}
		a[s->npos].kind = A_PY;
		a[s->npos].o = rest;
	}
	for (Py_ssize_t j = 0, nk = kwn ? py.PyTuple_Size(kwn) : 0; j < nk; j++) {
		PyObject *k = py.PyTuple_GetItem(kwn, j);
		int i = find_param(s, k);
		if (i < 0) {
			type_error(s->name, "got an unexpected keyword argument", py.PyUnicode_AsUTF8AndSize(k, NULL));
			goto out;
		}
		if (a[i].kind) {
			char b[300];
			snprintf(b, sizeof b, "argument for %s() given by name ('%s') and position (%d)", s->name, py.PyUnicode_AsUTF8AndSize(k, NULL), i + 1);
			py.PyErr_SetString(py.TypeError, b);
			goto out;
		}
		if (convert_param(s, i, &a[i], args[npos + j])) goto out;
		if (owned_path(s->kinds[2 * i], &a[i])) used[nused++] = i;
	}
	for (int i = 0; i < s->nreq; i++)
		if (!a[i].kind) {
			char b[300];
			snprintf(b, sizeof b, "%s() missing required argument '%s' (pos %d)", s->name, py.PyUnicode_AsUTF8AndSize(s->kw[i], NULL), i + 1);
			py.PyErr_SetString(py.TypeError, b);
			goto out;
		}
	bad = 0;
out:
	if (!bad) {
		res r;
		r.i.tag = R_ERR;
		goCall(id, self, a, s->n, &r);
		ret = give(&r);
	}
	for (int i = 0; i < nused; i++) py.Py_DecRef(a[used[i]].o);
	if (rest) py.Py_DecRef(rest);
	return ret;
}

// CPython calls the C function of a PyMethodDef without saying which PyMethodDef it was: there is no room in one for a number
// or a pointer of ours. So each function that Go defines has a C function of its own, a trampoline, which calls tramp with its
// number. The macros write NFUNC of them: R4 sixteen, R8 256 (each h is another hexadecimal digit of the number), RALL one R8
// for every value of the first digit. A static assertion holds RALL against NFUNC.
#define T1(i) static PyObject *tr_##i(PyObject *s, PyObject *const *a, Py_ssize_t n, PyObject *k) { return tramp(0x##i, s, a, n, k); }
#define R4(X, h) X(h##0) X(h##1) X(h##2) X(h##3) X(h##4) X(h##5) X(h##6) X(h##7) X(h##8) X(h##9) X(h##a) X(h##b) X(h##c) X(h##d) X(h##e) X(h##f)
#define R8(X, h) R4(X, h##0) R4(X, h##1) R4(X, h##2) R4(X, h##3) R4(X, h##4) R4(X, h##5) R4(X, h##6) R4(X, h##7) \
	R4(X, h##8) R4(X, h##9) R4(X, h##a) R4(X, h##b) R4(X, h##c) R4(X, h##d) R4(X, h##e) R4(X, h##f)
#define RALL(X) R8(X, 0) R8(X, 1) R8(X, 2) R8(X, 3)
RALL(T1)
#define P1(i) tr_##i,
static void *const trampolines[] = {RALL(P1)};
_Static_assert(sizeof trampolines / sizeof *trampolines == NFUNC, "RALL must write NFUNC trampolines");

// next_text returns the text behind one.
static const char *next_text(const char *s) { return s + strlen(s) + 1; }

// text is the name, the owner, the kinds, the docstring or nothing, and the names of the n parameters, each with a NUL behind it. It lives for
// ever. d is NULL if its fields are set.
void sh_def(int id, PyMethodDef *d, const char *text, int nreq, int npos, int n, int flags) {
	sig *s = &sigs[id];
	const char *name = text, *owner = next_text(name), *kinds = next_text(owner), *doc = next_text(kinds), *kw = doc;
	if (!prog_name) prog_name = py.PyUnicode_InternFromString("prog");
	*s = (sig){.name = name, .owner = owner, .nreq = nreq, .npos = npos, .n = n, .flags = flags, .kinds = kinds};
	for (int i = 0; i < n; i++) s->kw[i] = py.PyUnicode_InternFromString(kw = next_text(kw));
	if (!d) return;
	sh_late(id, d, name);
	d->flags |= (flags & F_CLASS ? METH_CLASS : 0) | (flags & F_STATIC ? METH_STATIC : 0);
	d->doc = *doc ? doc : NULL;
}

// sh_late makes a function that goDescribe describes when it is called for the first time.
void sh_late(int id, PyMethodDef *d, const char *name) {
	*d = (PyMethodDef){.name = name, .meth = trampolines[id], .flags = METH_FASTCALL | METH_KEYWORDS};
}

// call_go is a decorator: calls of a def become calls of the function of Go of its name, which functions has. Where Python cannot do that,
// before 3.12, the def's body has to call it. A trampoline takes what a vectorcallfunc does.
static PyObject *call_go(PyObject *functions, PyObject *def) {
	PyObject *name = py.PyFunction_GetCode(def) ? py.PyObject_GetAttrString(def, "__name__") : NULL;
	PyObject *go = name ? py.PyDict_GetItemWithError(functions, name) : NULL;
	void *f = go ? py.PyCFunction_GetFunction(go) : NULL;
	if (name && !go && !py.PyErr_Occurred()) py.PyErr_SetObject(py.KeyError, name);
	if (name) py.Py_DecRef(name);
	if (!f || call_directly(def, f)) return NULL;
	py.Py_IncRef(def);
	return def;
}

// _calls_of(functions) -> such a decorator.
PyObject *calls_of(PyObject *m, PyObject *functions) {
	static PyMethodDef d = {.name = "function", .meth = call_go, .flags = METH_O};
	if (!(py.PyType_GetFlags(functions->ob_type) & TPF_DICT)) return not_a(functions, "expected dict"), NULL;
	return py.PyCFunction_NewEx(&d, functions, NULL);
}

int sh_add_function(PyObject *dict, PyMethodDef *d, const char *modname) {
	PyObject *m = py.PyUnicode_InternFromString(modname), *f = m ? py.PyCFunction_NewEx(d, NULL, m) : NULL;
	int r = f ? py.PyDict_SetItemString(dict, d->name, f) : -1;
	if (m) py.Py_DecRef(m);
	if (f) py.Py_DecRef(f);
	return r;
}

// ---- The default program: each thread's own.
static const char key[] = "drgn default program";

PyObject *prog_default(void) { // borrowed
	PyObject *d = py.PyThreadState_GetDict(), *p = d ? py.PyDict_GetItemString(d, key) : NULL;
	if (p == py.None) p = NULL;
	if (!p && !py.PyErr_Occurred()) {
		if (forked) fork_error();
		else goNoDefault();
	}
	return p;
}

int prog_set_default(PyObject *p) {
	PyObject *d = py.PyThreadState_GetDict();
	if (!d) return -1;
	return py.PyDict_SetItemString(d, key, p); // None is none
}
