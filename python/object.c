// drgn.Object: attribute access answered from a cache in C, operators in one crossing.
#include "bind.h"
#include <stdio.h>
#include "_cgo_export.h"

static PyObject *type_attrs; // what the class itself has: dict of names

// ---- Names: interned strings to the numbers of members' names, looked up by their address.
typedef struct { PyObject *name; uint32_t atom; int is_attr; } name_entry;
#define NAMES 1024
static name_entry names[NAMES];

static name_entry *name_slow(name_entry *e, PyObject *name) {
	int is_attr = py.PyDict_GetItemWithError(type_attrs, name) != NULL;
	PyObject *old = e->name;
	py.Py_IncRef(name); // as long as the entry lives, no other string can have this address
	e->name = name;
	e->atom = 0; // not known until a member of this name was found
	e->is_attr = is_attr;
	if (old) py.Py_DecRef(old);
	return e;
}

static inline name_entry *name_get(PyObject *name) {
	name_entry *e = &names[((uintptr_t)name >> 4) % NAMES];
	return __builtin_expect(e->name == name, 1) ? e : name_slow(e, name);
}

// ---- Members: (program, type, name) to type and offset. An entry keeps the numbers of its types.
typedef struct { PyObject *prog; uint32_t type, atom, mtype; uint8_t pointer, valid; uint64_t off; } member_entry;
#define MEMBERS 2048
static member_entry members[MEMBERS];
uint64_t inline_misses;

static void member_drop(member_entry *c) {
	if (!c->valid) return;
	c->valid = 0;
	type_drop(c->type);
	type_drop(c->mtype);
}

// live_scalar reads an object that is a scalar in the memory of what runs; 0: Go must do it.
static int live_scalar(const Obj *o, uint8_t *kind, uint64_t *v) {
	*kind = type_refs[o->type].scalar;
	return o->kind == K_REF && *kind & SCALAR_SIZE && !(o->bits | o->bitoff) && live_read((Prog *)o->prog, o->a, *kind, v);
}

// pointer_value gives the value of an object that is a pointer; 0: Go must do it.
static int pointer_value(const Obj *o, uint64_t *v) {
	if (o->kind == K_VALUE) return 1; // which is o->a
	uint8_t kind;
	return live_scalar(o, &kind, v) && kind & SCALAR_POINTER;
}

static PyObject *o_getattro(PyObject *self, PyObject *name) {
	Obj *o = (Obj *)self;
	uint64_t base = o->a;
	name_entry *e = name_get(name);
	if (!e) return NULL;
	if (e->is_attr) return py.PyObject_GenericGetAttr(self, name);
	if (forked) return fork_error(), NULL;
	member_entry *c = &members[(o->type * 0x9E3779B1u ^ e->atom * 0x85EBCA6Bu) >> 7 & (MEMBERS - 1)];
	if (c->valid && c->type == o->type && c->atom == e->atom && c->prog == o->prog && o->bits == 0 && o->bitoff == 0 &&
	    (c->pointer ? pointer_value(o, &base) : o->kind == K_REF)) {
		type_refs[c->mtype].count++;
		item i = {.tag = R_OBJ, .cls = C_OBJECT, .type = c->mtype, .kind = K_REF, .a = base + c->off, .prog = o->prog};
		return new_obj(&i);
	}
	inline_misses++;
	res r;
	r.i.tag = R_ERR;
	r.atom = r.pointer = 0;
	Py_ssize_t n = 0;
	const char *s = e->atom ? NULL : py.PyUnicode_AsUTF8AndSize(name, &n);
	if (!e->atom && !s) return NULL;
	goMember(self, e->atom, (char *)s, n, &r);
	if (r.i.tag == R_OBJ && r.atom) {
		if (e->name == name) e->atom = r.atom; // unless another thread took the entry meanwhile
		type_refs[o->type].count++;
		type_refs[r.i.type].count++;
		member_drop(c);
		*c = (member_entry){.prog = o->prog, .type = o->type, .atom = r.atom, .mtype = r.i.type, .off = r.off, .pointer = r.pointer, .valid = 1};
	}
	return give(&r);
}

void sh_forget_members(PyObject *prog) {
	for (int i = 0; i < MEMBERS; i++)
		if (members[i].prog == prog) member_drop(&members[i]);
}

static PyObject *o_dir(PyObject *self, PyObject *unused) {
	PyObject *l = py.PyObject_Dir((PyObject *)self->ob_type);
	if (!l || forked) return l;
	PyObject *more = slot_call(S_GETATTR, (Obj *)self, NULL, 0); // the names of the members
	if (!more) return py.Py_DecRef(l), NULL;
	for (Py_ssize_t i = 0; i < py.PyTuple_Size(more); i++) py.PyList_Append(l, py.PyTuple_GetItem(more, i));
	py.Py_DecRef(more);
	return l;
}

static PyTypeObject *builtin(PyTypeObject **t, const char *name) {
	if (!*t) {
		PyObject *m = py.PyImport_ImportModule("builtins");
		if (m) *t = py.PyObject_GetAttrString(m, name), py.Py_DecRef(m);
	}
	return *t;
}
static PyTypeObject *float_type(void) { static PyTypeObject *t; return builtin(&t, "float"); }
static PyTypeObject *slice_type(void) { static PyTypeObject *t; return builtin(&t, "slice"); }

int sh_is_type(PyObject *o) { return o->ob_type == classes[C_TYPE] || py.PyType_IsSubtype(o->ob_type, classes[C_TYPE]); }

// sh_operand tells Go what an operator's operand is: an Object, a number, or (0) nothing that C computes with.
int sh_operand(arg *a, PyObject *o) {
	unsigned long f = py.PyType_GetFlags(o->ob_type);
	a->o = o;
	if (o->ob_type == classes[C_OBJECT] || py.PyType_IsSubtype(o->ob_type, classes[C_OBJECT])) {
		a->kind = A_OBJ;
	} else if (o == py.True || o == py.False) {
		a->kind = A_BOOL;
		a->i = o == py.True;
	} else if (f & TPF_LONG) {
		int over;
		a->i = (uint64_t)py.PyLong_AsLongLongAndOverflow(o, &over);
		a->kind = over ? A_PY : A_INT;
	} else if (py.PyType_IsSubtype(o->ob_type, float_type())) {
		double d = py.PyFloat_AsDouble(o);
		a->kind = A_FLOAT;
		memcpy(&a->i, &d, 8);
	} else
		return 0;
	return 1;
}

// sh_subscript takes an index (1), or the start, stop and step of a slice (3); -1 is an exception.
int sh_subscript(PyObject *x, arg *a) {
	if (py.PyIndex_Check(x)) return convert(a, x, 'q', "__getitem__", 1) ? -1 : 1;
	if (!py.PyType_IsSubtype(x->ob_type, slice_type())) {
		char b[120];
		snprintf(b, sizeof b, "object subscript must be integer or slice, not %.60s", type_name(x));
		py.PyErr_SetString(py.TypeError, b);
		return -1;
	}
	static const char *const names[] = {"start", "stop", "step"};
	for (int i = 0; i < 3; i++) {
		PyObject *v = py.PyObject_GetAttrString(x, names[i]);
		if (!v) return -1;
		int bad = 0;
		if (v == py.None)
			a[i].kind = A_NONE;
		else
			bad = convert(&a[i], v, 'q', "__getitem__", 1);
		py.Py_DecRef(v);
		if (bad) return -1;
	}
	return 3;
}

int sh_buffer(PyObject *o, Py_buffer *b) { return py.PyObject_GetBuffer(o, b, 0); }
void sh_release_buffer(Py_buffer *b) { py.PyBuffer_Release(b); }

// ---- Operators. The numbers are those of operator.go.
enum { OP_ADD = 0, OP_SUB, OP_MUL, OP_DIV, OP_MOD, OP_LSHIFT, OP_RSHIFT, OP_AND, OP_XOR, OP_OR, OP_NEG, OP_POS, OP_NOT, OP_INT, OP_FLOAT, OP_INDEX, OP_BOOL, OP_LEN, OP_COMPARE };

static PyObject *op(int which, PyObject *x, PyObject *y) {
	arg a[2];
	if (forked) return fork_error(), NULL;
	uint8_t kind;
	uint64_t v;
	if ((which == OP_INT || which == OP_INDEX || which == OP_BOOL) && live_scalar((Obj *)x, &kind, &v)) {
		if (which == OP_BOOL) return py.PyBool_FromLong(v != 0);
		return kind & SCALAR_SIGNED ? py.PyLong_FromLongLong((int64_t)v) : py.PyLong_FromUnsignedLongLong(v);
	}
	if (!sh_operand(&a[0], x) || y && !sh_operand(&a[1], y)) {
		py.Py_IncRef(py.NotImplemented);
		return py.NotImplemented;
	}
	res r;
	r.i.tag = R_ERR;
	goOperator(which, &a[0], &a[1], &r);
	return give(&r);
}
static PyObject *o_compare(PyObject *x, PyObject *y, int which) { return op(OP_COMPARE + which, x, y); }
#define BINARY(name, which) static PyObject *name(PyObject *a, PyObject *b) { return op(which, a, b); }
#define UNARY(name, which) static PyObject *name(PyObject *a) { return op(which, a, NULL); }
BINARY(o_add, OP_ADD) BINARY(o_sub, OP_SUB) BINARY(o_mul, OP_MUL) BINARY(o_div, OP_DIV) BINARY(o_mod, OP_MOD) BINARY(o_lshift, OP_LSHIFT)
BINARY(o_rshift, OP_RSHIFT) BINARY(o_and, OP_AND) BINARY(o_xor, OP_XOR) BINARY(o_or, OP_OR)
UNARY(o_neg, OP_NEG) UNARY(o_pos, OP_POS) UNARY(o_not, OP_NOT) UNARY(o_int, OP_INT) UNARY(o_float, OP_FLOAT) UNARY(o_index, OP_INDEX)

static int o_bool(PyObject *a) {
	PyObject *r = op(OP_BOOL, a, NULL);
	if (!r) return -1;
	py.Py_DecRef(r);
	return r == py.True;
}
static Py_ssize_t o_len(PyObject *a) {
	PyObject *r = op(OP_LEN, a, NULL);
	if (!r) return -1;
	long long v = py.PyLong_AsLongLong(r);
	py.Py_DecRef(r);
	return v;
}

// value_(): the common case, a number, does not go through the conversion of arguments.
static PyObject *o_value(PyObject *self, PyObject *unused) {
	if (forked) return fork_error(), NULL;
	uint8_t kind;
	uint64_t v;
	if (live_scalar((Obj *)self, &kind, &v)) {
		if (kind & SCALAR_BOOL) return py.PyBool_FromLong(v != 0);
		return kind & SCALAR_SIGNED ? py.PyLong_FromLongLong((int64_t)v) : py.PyLong_FromUnsignedLongLong(v);
	}
	res r;
	r.i.tag = R_ERR;
	goValue(self, &r);
	return give(&r);
}

int object_class(PyMethodDef *m, PyGetSetDef *g, const char *doc, int newid) {
	static PyMethodDef all[64] = {
		{"__dir__", o_dir, METH_NOARGS, "__dir__($self, /)\n--\n\nAttributes of the class, and names of members."},
		{"value_", o_value, METH_NOARGS, "value_($self, /)\n--\n\nRead the value as an int, float, bool, list or dict."}};
	int n = 2;
	for (; m && m->name && n < 63; m++) all[n++] = *m;
	static const PyType_Slot s[] = {{SLOT_tp_getattro, o_getattro}, {SLOT_tp_richcompare, o_compare}, {SLOT_mp_length, o_len}, {SLOT_nb_add, o_add}, {SLOT_nb_subtract, o_sub},
		{SLOT_nb_multiply, o_mul}, {SLOT_nb_true_divide, o_div}, {SLOT_nb_remainder, o_mod}, {SLOT_nb_lshift, o_lshift},
		{SLOT_nb_rshift, o_rshift}, {SLOT_nb_and, o_and}, {SLOT_nb_xor, o_xor}, {SLOT_nb_or, o_or}, {SLOT_nb_negative, o_neg},
		{SLOT_nb_positive, o_pos}, {SLOT_nb_invert, o_not}, {SLOT_nb_bool, o_bool}, {SLOT_nb_int, o_int}, {SLOT_nb_float, o_float},
		{SLOT_nb_index, o_index}, {0, NULL}};
	PyTypeObject *t = sh_class(C_OBJECT, "_drgn.Object", doc, -1, S_REPR | S_STR | S_GETITEM | S_ITER, all, g, newid, s);
	PyObject *d = t ? py.PyObject_Dir((PyObject *)t) : NULL;
	if (!d || !(type_attrs = py.PyDict_New())) return -1;
	PyObject *names = py.PySequence_Tuple(d);
	for (Py_ssize_t i = 0; names && i < py.PyTuple_Size(names); i++) py.PyDict_SetItem(type_attrs, py.PyTuple_GetItem(names, i), py.None);
	return names ? 0 : -1;
}
