// Classes that are described in Go: their slots all come here and go on to Go in one crossing. Programs and iterators.
#include "bind.h"
#include <stdio.h>
#include "_cgo_export.h"

PyTypeObject *classes[C_MAX];
static int newids[C_MAX];

PyTypeObject *sh_class_at(int cls) { return classes[cls]; }


int sh_add(PyObject *module, const char *name, PyObject *o) { return py.PyModule_AddObjectRef(module, name, o); }

int sh_append(PyObject *list, PyObject *o) { return py.PyList_Append(list, o); }
PyObject *sh_dict(PyObject *module) { return py.PyModule_GetDict(module); }
const char *sh_name(PyObject *o, Py_ssize_t *n) {
	if (py.PyType_GetFlags(o->ob_type) & TPF_STR) return py.PyUnicode_AsUTF8AndSize(o, n);
	py.PyErr_SetString(py.TypeError, "names must be str");
	return NULL;
}
// sh_bytes_like gives a copy of the bytes of a bytes-like object, which the caller frees.
int sh_bytes_like(PyObject *o, char **p, int64_t *n) {
	Py_buffer b;
	if (py.PyObject_GetBuffer(o, &b, 0)) return -1;
	*n = b.len;
	if (!(*p = malloc(b.len ? b.len : 1))) return py.PyBuffer_Release(&b), py.PyErr_NoMemory(), -1;
	memcpy(*p, b.buf, b.len);
	py.PyBuffer_Release(&b);
	return 0;
}
void sh_raise_os(PyObject *args) { // steals args; OSError picks its subclass by the number
	py.PyErr_SetObject(py.OSError, args);
	py.Py_DecRef(args);
}
void sh_raise_key(PyObject *k) { py.PyErr_SetObject(py.KeyError, k); }
PyObject *sh_repr(PyObject *o) { return py.PyObject_Repr(o); }
int sh_sequence(PyObject *o) { return py.PySequence_Check(o); }
int sh_callable(PyObject *o) { return py.PyCallable_Check(o); }
PyObject *sh_module_attr(const char *module, const char *name) {
	PyObject *m = py.PyImport_ImportModule(module), *o = m ? py.PyObject_GetAttrString(m, name) : NULL;
	if (m) py.Py_DecRef(m);
	return o;
}

int sh_is_language(PyObject *o) { return o->ob_type == classes[C_LANGUAGE]; }
int sh_is_program(PyObject *o) { return o->ob_type == classes[C_PROGRAM] || py.PyType_IsSubtype(o->ob_type, classes[C_PROGRAM]); }

void sh_property(PyGetSetDef *d, int id, int settable) {
	d->get = get_property;
	d->set = settable ? set_property : NULL;
	d->closure = (void *)(intptr_t)id;
}

PyObject *slot_call(int slot, Obj *self, PyObject *x, int64_t n) {
	if (forked) return fork_error(), NULL;
	res r;
	r.i.tag = R_ERR;
	goSlot(slot, (PyObject *)self, x, n, &r);
	return give(&r);
}

static PyObject *s_repr(PyObject *s) { return slot_call(S_REPR, (Obj *)s, NULL, 0); }
static PyObject *s_str(PyObject *s) { return slot_call(S_STR, (Obj *)s, NULL, 0); }
static PyObject *s_iter(PyObject *s) { return slot_call(S_ITER, (Obj *)s, NULL, 0); }
static PyObject *s_getitem(PyObject *s, PyObject *k) { return slot_call(S_GETITEM, (Obj *)s, k, 0); }
static PyObject *s_compare(PyObject *s, PyObject *o, int op) { return slot_call(S_COMPARE, (Obj *)s, o, op); }

static Py_ssize_t number(PyObject *o) {
	if (!o) return -1;
	long long v = py.PyLong_AsLongLong(o);
	py.Py_DecRef(o);
	return v;
}
static Py_ssize_t s_len(PyObject *s) { return number(slot_call(S_LEN, (Obj *)s, NULL, 0)); }
static Py_ssize_t s_hash(PyObject *s) {
	Py_ssize_t h = number(slot_call(S_HASH, (Obj *)s, NULL, 0));
	return h == -1 && !py.PyErr_Occurred() ? -2 : h;
}
static int s_contains(PyObject *s, PyObject *k) { return (int)number(slot_call(S_CONTAINS, (Obj *)s, k, 0)); }
static PyObject *s_item(PyObject *s, Py_ssize_t i) {
	PyObject *k = py.PyLong_FromLongLong(i), *r = k ? s_getitem(s, k) : NULL;
	if (k) py.Py_DecRef(k);
	return r;
}

PyObject *get_property(PyObject *self, void *closure) {
	if (forked) return fork_error(), NULL;
	res r;
	r.i.tag = R_ERR;
	goGet((int)(intptr_t)closure, self, &r);
	return give(&r);
}

int set_property(PyObject *self, PyObject *v, void *closure) {
	if (forked) return fork_error();
	res r;
	r.i.tag = R_ERR;
	goSet((int)(intptr_t)closure, self, v, &r);
	PyObject *o = give(&r);
	if (!o) return -1;
	py.Py_DecRef(o);
	return 0;
}

static PyObject *s_new(PyTypeObject *t, PyObject *args, PyObject *kwargs) {
	int cls = -1;
	for (int i = 0; i < C_MAX && cls < 0; i++)
		if (classes[i] && newids[i] && py.PyType_IsSubtype(t, classes[i])) cls = i;
	if (cls < 0) return py.PyErr_SetString(py.TypeError, "cannot create instances"), NULL;
	PyObject *v[2 * MAXARG], *names = NULL, *k, *x;
	Py_ssize_t n = py.PyTuple_Size(args), pos = 0, nk = 0;
	if (n > MAXARG) return py.PyErr_SetString(py.TypeError, "too many arguments"), NULL;
	for (Py_ssize_t i = 0; i < n; i++) v[i] = py.PyTuple_GetItem(args, i);
	if (kwargs) {
		while (py.PyDict_Next(kwargs, &pos, &k, &x)) nk++;
		if (nk > MAXARG) return py.PyErr_SetString(py.TypeError, "too many arguments"), NULL;
		if (!(names = py.PyTuple_New(nk))) return NULL;
		for (nk = pos = 0; py.PyDict_Next(kwargs, &pos, &k, &x); nk++) {
			v[n + nk] = x;
			py.Py_IncRef(k);
			py.PyTuple_SetItem(names, nk, k);
		}
	}
	PyObject *r = tramp(newids[cls], (PyObject *)t, v, n, names);
	if (names) py.Py_DecRef(names);
	return r;
}

static PyTypeObject *new_class(int cls, const char *name, int size, unsigned flags, PyType_Slot *slots, int base) {
	PyType_Spec sp = {name, size, 0, TPF_DEFAULT | flags, slots};
	PyTypeObject *t = base >= 0 ? py.PyType_FromSpecWithBases(&sp, (PyObject *)classes[base]) : py.PyType_FromSpec(&sp);
	if (cls >= 0) classes[cls] = t;
	return t;
}

PyTypeObject *sh_class(int cls, const char *name, const char *doc, int base, unsigned slots, PyMethodDef *m, PyGetSetDef *g, int newid, const PyType_Slot *extra) {
	PyType_Slot s[48];
	int n = 0;
#define ADD(x, f) s[n++] = (PyType_Slot){x, (void *)(f)}
	ADD(SLOT_tp_dealloc, obj_dealloc);
	ADD(SLOT_tp_doc, doc);
	if (m) ADD(SLOT_tp_methods, m);
	if (g) ADD(SLOT_tp_getset, g);
	if (slots & S_REPR) ADD(SLOT_tp_repr, s_repr);
	if (slots & S_STR) ADD(SLOT_tp_str, s_str);
	if (slots & S_LEN) ADD(SLOT_sq_length, s_len);
	if (slots & S_LEN) ADD(SLOT_mp_length, s_len);
	if (slots & S_GETITEM) ADD(SLOT_mp_subscript, s_getitem);
	if (slots & S_GETITEM && slots & S_LEN) ADD(SLOT_sq_item, s_item);
	if (slots & S_CONTAINS) ADD(SLOT_sq_contains, s_contains);
	if (slots & S_ITER) ADD(SLOT_tp_iter, s_iter);
	if (slots & S_HASH) ADD(SLOT_tp_hash, s_hash);
	if (slots & S_COMPARE) ADD(SLOT_tp_richcompare, s_compare);
	if (newid) ADD(SLOT_tp_new, s_new);
	while (extra && extra->slot) s[n++] = *extra++;
	s[n] = (PyType_Slot){0, NULL};
	newids[cls] = newid;
	return new_class(cls, name, sizeof(Obj), (newid ? 0 : TPF_NO_NEW) | (slots & S_BASE ? TPF_BASE : 0) | (slots & S_MUTABLE ? 0 : TPF_IMMUTABLE), s, base);
}

// ---- Programs: the only instances that Python's collector visits. Others hold their program and are no containers of
// the collector's: that would make every member access slower. So a program that keeps its own objects, in its cache, in
// closures of its finders or in attributes of a subclass, visits itself for each of them. That is right as long as nobody
// else has the object or what it lies in, or the object would lose a program that is in use: only what is referred to
// by nothing but what the program keeps counts, which is so when all its references were met on the way.
#define DEEPEST 32
typedef struct { PyObject *o; uint32_t met; } meeting;
typedef struct {
	visitproc visit;
	void *arg;
	int depth, shared;
	meeting *met; // of objects with several references: a hash table, by address
	size_t n, cap;
} deep;
static void iter_dealloc(PyObject *self);
static PyObject *iter_keeps(PyObject *self);

static uint32_t references(PyObject *o) { return (uint32_t)o->ob_refcnt; }

static meeting *find_meeting(meeting *met, size_t cap, PyObject *o) {
	size_t i = ((uintptr_t)o >> 4) * 0x9E3779B97F4A7C15u & (cap - 1);
	while (met[i].o && met[i].o != o) i = (i + 1) & (cap - 1);
	return &met[i];
}

// all_met counts a reference to o and reports whether it is the last of them; without memory it never is.
static int all_met(deep *d, PyObject *o) {
	if (references(o) == 1) return 1;
	if (2 * d->n >= d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 64;
		meeting *met = calloc(cap, sizeof *met);
		if (!met) return 0;
		for (size_t i = 0; i < d->cap; i++)
			if (d->met[i].o) *find_meeting(met, cap, d->met[i].o) = d->met[i];
		free(d->met);
		d->met = met;
		d->cap = cap;
	}
	meeting *m = find_meeting(d->met, d->cap, o);
	if (!m->o) d->n++;
	m->o = o;
	return ++m->met == references(o);
}

static int visit_deep(PyObject *o, void *p) {
	deep *d = p;
	void *dealloc = py.PyType_GetSlot(o->ob_type, SLOT_tp_dealloc);
	if (dealloc == (void *)obj_dealloc || dealloc == (void *)iter_dealloc) {
		if (!all_met(d, o)) return 0;
		PyObject *prog = dealloc == (void *)obj_dealloc ? ((Obj *)o)->prog : iter_keeps(o);
		return prog ? d->visit(prog, d->arg) : 0;
	}
	if (!(py.PyType_GetFlags(o->ob_type) & TPF_GC) || sh_is_program(o) || d->depth == DEEPEST) return 0; // a program ends the cycle
	if (!all_met(d, o)) return 0;
	int (*traverse)(PyObject *, visitproc, void *) = py.PyType_GetSlot(o->ob_type, SLOT_tp_traverse);
	if (!traverse) return 0;
	d->depth++;
	int r = traverse(o, visit_deep, d);
	d->depth--;
	return r;
}

// The attributes of a subclass's instance lie in the instance, and a dictionary that somebody else has may share them.
static int find_shared(PyObject *o, void *p) {
	if (references(o) != 1 && py.PyType_GetFlags(o->ob_type) & TPF_DICT) ((deep *)p)->shared = 1;
	return 0;
}

static int visit_all(PyObject *self, deep *d) {
	Prog *p = (Prog *)self;
	PyObject *all[] = {p->cache, p->config, p->held, (PyObject *)self->ob_type};
	for (int i = 0; i < 4; i++) {
		int r = all[i] ? d->visit(all[i], d->arg) : 0;
		if (!r && all[i] && i < 3) r = visit_deep(all[i], d);
		if (r) return r;
	}
	if (!(py.PyType_GetFlags(self->ob_type) & TPF_MANAGED_DICT)) return 0;
	py.PyObject_VisitManagedDict(self, find_shared, d);
	return d->shared ? 0 : py.PyObject_VisitManagedDict(self, visit_deep, d);
}

static int prog_traverse(PyObject *self, visitproc visit, void *arg) {
	deep d = {.visit = visit, .arg = arg};
	int r = visit_all(self, &d);
	free(d.met);
	return r;
}

static int prog_clear(PyObject *self) {
	PyObject **all[] = {&((Prog *)self)->cache, &((Prog *)self)->config, &((Prog *)self)->held};
	for (int i = 0; i < 3; i++) {
		PyObject *o = *all[i];
		*all[i] = NULL;
		if (o) py.Py_DecRef(o);
	}
	return 0;
}

static void prog_dealloc(PyObject *self) {
	PyTypeObject *t = self->ob_type;
	py.PyObject_GC_UnTrack(self);
	prog_clear(self);
	if (!forked) goProgramFree(((Prog *)self)->h);
	py.PyObject_GC_Del(self);
	py.Py_DecRef((PyObject *)t);
}

static PyObject *prog_alloc(PyTypeObject *t, uint64_t h) {
	Prog *p = (Prog *)py.PyType_GenericAlloc(t, 0);
	if (!p) return NULL;
	p->h = h;
	if (!(p->cache = py.PyDict_New()) || !(p->config = py.PyDict_New()) || !(p->held = py.PyList_New(0))) return py.Py_DecRef(&p->ob), NULL;
	return &p->ob;
}

PyObject *prog_new(uint64_t h) { return prog_alloc(classes[C_PROGRAM], h); }
PyObject *prog_held(PyObject *p) { return ((Prog *)p)->held; }

static PyObject *prog_dict(PyObject *self, void *which) {
	PyObject *d = which ? ((Prog *)self)->config : ((Prog *)self)->cache;
	if (!d) return py.PyErr_SetString(py.AttributeError, which ? "'_drgn.Program' object has no attribute 'config'" : "'_drgn.Program' object has no attribute 'cache'"), NULL;
	py.Py_IncRef(d);
	return d;
}

static int prog_set_dict(PyObject *self, PyObject *v, void *which) {
	PyObject **d = which ? &((Prog *)self)->config : &((Prog *)self)->cache, *old = *d;
	if (!v && !old) return prog_dict(self, which), -1; // raises
	if (v) py.Py_IncRef(v);
	*d = v;
	if (old) py.Py_DecRef(old);
	return 0;
}

// prog[name], the way to everything, has a crossing of its own.
static PyObject *prog_item(PyObject *self, PyObject *name) {
	if (forked) return fork_error(), NULL;
	if (!(py.PyType_GetFlags(name->ob_type) & TPF_STR)) return sh_raise_key(name), NULL;
	Py_ssize_t n;
	PyObject *known = found_get(self, name);
	if (known) return known;
	const char *s = py.PyUnicode_AsUTF8AndSize(name, &n);
	if (!s) return NULL;
	uint64_t generation = prog_generation(self);
	res r;
	r.i.tag = R_ERR;
	r.atom = 0; // 1: it may be remembered
	goProgramItem(self, (char *)s, n, &r);
	if (r.i.tag == R_OBJ && r.atom) found_put(self, name, generation, &r.i);
	return give(&r);
}

static PyObject *prog_make(PyTypeObject *t, PyObject *args, PyObject *kwargs) {
	PyObject *o = s_new(t, args, kwargs); // of the class itself
	if (!o || t == classes[C_PROGRAM]) return o;
	uint64_t h = ((Prog *)o)->h;
	((Prog *)o)->h = 0; // a subclass takes the program over
	PyObject *s = prog_alloc(t, h);
	if (s) sh_counters(s, ((Prog *)o)->generation, ((Prog *)o)->epoch);
	if (s && !forked) goProgramMoved(h, s);
	py.Py_DecRef(o);
	return s;
}

int program_class(PyMethodDef *m, PyGetSetDef *g, const char *doc, int newid) {
	static PyGetSetDef all[64] = {
		{"cache", prog_dict, prog_set_dict, "Dictionary for caching what was found out about the program.", NULL},
		{"config", prog_dict, prog_set_dict, "Dictionary of settings that helpers look at.", (void *)1}};
	int n = 2;
	while (g && g->name && n < 63) all[n++] = *g++;
	PyType_Slot s[] = {{SLOT_tp_dealloc, prog_dealloc}, {SLOT_tp_traverse, prog_traverse}, {SLOT_tp_clear, prog_clear}, {SLOT_tp_methods, m},
		{SLOT_tp_getset, all}, {SLOT_tp_doc, (void *)doc}, {SLOT_tp_new, prog_make}, {SLOT_mp_subscript, prog_item}, {SLOT_sq_contains, s_contains},
		{SLOT_tp_repr, s_repr}, {0, NULL}};
	newids[C_PROGRAM] = newid;
	return new_class(C_PROGRAM, "_drgn.Program", sizeof(Prog), TPF_GC | TPF_BASE | TPF_IMMUTABLE, s, -1) ? 0 : -1;
}

// ---- Iterators: filled in batches that grow from 1.
#define BATCH 64
typedef struct {
	PyObject ob;
	PyObject *keep;
	uint64_t h;
	int pos, n, next, done; // done: 1 at the end, 2 when an error comes after the batch
	int begun, closed;
	int64_t left;           // how many elements are to come; -1: not known
	item it[BATCH];
} Iter;
static PyTypeObject *iter_type;

static PyObject *iter_next(PyObject *self) {
	Iter *b = (Iter *)self;
	b->begun = 1;
	if (b->pos == b->n) {
		if (b->done) {
			if (b->done == 2 && forked) return fork_error(), NULL;
			if (b->done == 2) b->done = 1, goIterError(b->h);
			return NULL;
		}
		if (forked) return fork_error(), NULL;
		int state = 0;
		b->pos = b->n = 0;
		int n = goIterFill(b->h, b->it, b->next, b->next * 8 < BATCH ? b->next * 8 : BATCH, &state);
		b->pos = 0; // the callback may have let another thread in
		b->n = n;
		b->done = state;
		if (b->next < BATCH) b->next *= 2;
		if (n == 0) {
			if (state == 0) return NULL; // an exception is set
			return iter_next(self);
		}
	}
	if (b->left > 0) b->left--;
	return make(&b->it[b->pos++]);
}

static PyObject *iter_hint(PyObject *self, PyObject *ignored) {
	(void)ignored;
	return py.PyLong_FromLongLong(((Iter *)self)->left < 0 ? 0 : ((Iter *)self)->left);
}

// iter_end frees what an iterator still has to give; 0, or -1 and an exception while it is looking for an element.
static int iter_end(Iter *b) {
	if (!b->closed && !forked && !goIterClose(b->h)) return -1;
	b->closed = b->done = 1;
	while (b->pos < b->n) { // what was read ahead
		PyObject *o = make(&b->it[b->pos++]);
		if (o) py.Py_DecRef(o);
	}
	b->left = 0;
	return 0;
}

// The methods that generators have: programs close walks that they leave, and some are told what they are by these.
static PyObject *iter_close(PyObject *self, PyObject *ignored) {
	(void)ignored;
	if (iter_end((Iter *)self)) return NULL;
	return py.Py_IncRef(py.None), py.None;
}

static PyObject *iter_send(PyObject *self, PyObject *value) {
	if (value != py.None && !((Iter *)self)->begun)
		return py.PyErr_SetString(py.TypeError, "can't send non-None value to a just-started generator"), NULL;
	PyObject *o = iter_next(self);
	if (!o && !py.PyErr_Occurred()) py.PyErr_SetObject(py.StopIteration, py.None);
	return o;
}

static PyObject *iter_throw(PyObject *self, PyObject *args) {
	Py_ssize_t n = py.PyTuple_Size(args);
	char b[200];
	if (n < 1 || n > 3) {
		snprintf(b, sizeof b, n < 1 ? "throw expected at least 1 argument, got %d" : "throw expected at most 3 arguments, got %d", (int)n);
		return py.PyErr_SetString(py.TypeError, b), NULL;
	}
	PyObject *e = py.PyTuple_GetItem(args, 0), *value = n > 1 ? py.PyTuple_GetItem(args, 1) : py.None;
	int instance = (py.PyType_GetFlags(e->ob_type) & TPF_EXCEPTION) != 0;
	int class = (py.PyType_GetFlags(e->ob_type) & TPF_TYPE) && (py.PyType_GetFlags((PyTypeObject *)e) & TPF_EXCEPTION);
	if (!instance && !class) {
		snprintf(b, sizeof b, "exceptions must be classes or instances deriving from BaseException, not %s", type_name(e));
		return py.PyErr_SetString(py.TypeError, b), NULL;
	}
	if (iter_end((Iter *)self)) return NULL;
	py.PyErr_SetObject(instance ? (PyObject *)e->ob_type : e, instance ? e : value);
	return NULL;
}

static void iter_dealloc(PyObject *self) {
	Iter *b = (Iter *)self;
	PyTypeObject *t = self->ob_type;
	iter_end(b);
	if (b->keep) py.Py_DecRef(b->keep);
	py.PyObject_Free(self);
	py.Py_DecRef((PyObject *)t);
}

static PyObject *iter_keeps(PyObject *self) { return ((Iter *)self)->keep; }

PyObject *new_iter(uint64_t h, PyObject *keep) {
	Iter *b = (Iter *)py._PyObject_New(iter_type);
	if (!b) return NULL;
	b->h = h;
	if (keep) py.Py_IncRef(keep);
	b->keep = keep;
	b->pos = b->n = b->done = b->begun = b->closed = 0;
	b->next = 1;
	b->left = -1;
	return &b->ob;
}

void iter_left(PyObject *self, int64_t n) { ((Iter *)self)->left = n; }

int iter_class(void) {
	static PyMethodDef m[] = {{"__length_hint__", iter_hint, METH_NOARGS, "__length_hint__($self, /)\n--\n\nHow many elements are to come, 0 if that is not known."},
		{"close", iter_close, METH_NOARGS, "close($self, /)\n--\n\nGive no more elements, and free what is needed to find them."},
		{"send", iter_send, METH_O, "send($self, value, /)\n--\n\nReturn the next element, or raise StopIteration. The value is not looked at."},
		{"throw", iter_throw, METH_VARARGS, "throw($self, type, value=None, traceback=None, /)\n--\n\nClose the iterator and raise an exception."}, {0}};
	PyType_Slot s[] = {{SLOT_tp_iter, py.PyObject_SelfIter}, {SLOT_tp_iternext, iter_next}, {SLOT_tp_dealloc, iter_dealloc}, {SLOT_tp_methods, m},
		{SLOT_tp_doc, "Iterator whose elements are found in Go. A live target is read a little ahead."}, {0, NULL}};
	iter_type = new_class(-1, "_drgn.Iterator", sizeof(Iter), TPF_NO_NEW | TPF_IMMUTABLE, s, -1);
	return iter_type ? 0 : -1;
}

// ---- What module attributes are set to.
int sh_is_none(PyObject *o) { return o == py.None; }
int sh_is_enum(PyObject *o, int which) { return o->ob_type == (PyTypeObject *)enum_class(which); }
PyObject *sh_tuple_of(PyObject *o) { return py.PySequence_Tuple(o); }
int sh_tuple_size(PyObject *o) { return py.PyType_GetFlags(o->ob_type) & TPF_TUPLE ? (int)py.PyTuple_Size(o) : -1; }
PyObject *sh_tuple_item(PyObject *o, int i) { return py.PyTuple_GetItem(o, i); }
int sh_is_index(PyObject *o) { return py.PyIndex_Check(o); }
