// Symbols that were found together. There may be hundreds of thousands: each is a number, and what is asked of it is answered
// here, without a crossing.
#include "bind.h"

// sh_symbols makes a list of all symbols, of which there are n. It frees all, sooner or later.
PyObject *sh_symbols(symbols *all, int64_t n) {
	item i = {.tag = R_OBJ, .cls = C_SYMBOL, .kind = K_WHOLE, .a = (uintptr_t)all};
	PyObject *whole = new_obj(&i), *list = whole ? py.PyList_New(n) : NULL;
	if (!whole) free(all);
	i = (item){.tag = R_OBJ, .cls = C_SYMBOL, .kind = K_PART, .prog = whole};
	for (; list && (int64_t)i.a < n; i.a++) {
		PyObject *o = new_obj(&i);
		if (!o || py.PyList_SetItem(list, i.a, o)) py.Py_DecRef(list), list = NULL;
	}
	if (whole) py.Py_DecRef(whole);
	return list;
}

static const symbols *whole(const Obj *o) { return (symbols *)(uintptr_t)((Obj *)o->prog)->a; }
const symbol *sh_symbol(const Obj *o) { return &whole(o)->of[o->a]; }
const char *sh_symbol_name(const Obj *o) { return whole(o)->strings + sh_symbol(o)->name; }

// The closure of a property of symbols: the number that all properties have, what is asked for, and an enumeration.
enum { ID_BITS = 16, WHAT_BITS = 4 };

static PyObject *get_symbol(PyObject *self, void *closure) {
	const Obj *o = (Obj *)self;
	intptr_t id = (intptr_t)closure & ((1 << ID_BITS) - 1), more = (intptr_t)closure >> ID_BITS;
	if (o->kind != K_PART) return get_property(self, (void *)id);
	const symbol *s = sh_symbol(o);
	int enumeration = more >> WHAT_BITS;
	switch (more & ((1 << WHAT_BITS) - 1)) {
	case SYMBOL_NAME: {
		const char *name = sh_symbol_name(o);
		return sh_str(name, strlen(name));
	}
	case SYMBOL_ADDRESS: return py.PyLong_FromUnsignedLongLong(s->address);
	case SYMBOL_SIZE: return py.PyLong_FromUnsignedLongLong(s->size);
	case SYMBOL_BINDING: return enum_get(enumeration, s->binding);
	}
	return enum_get(enumeration, s->kind);
}

void sh_symbol_property(PyGetSetDef *d, int id, int what, int enumeration) {
	d->get = get_symbol;
	d->closure = (void *)(id | (intptr_t)what << ID_BITS | (intptr_t)enumeration << (ID_BITS + WHAT_BITS));
}
