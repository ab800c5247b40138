// Fills the table of CPython's functions.
#define _GNU_SOURCE
#include "pyabi.h"
#include <dlfcn.h>
#include <stdio.h>

struct pyapi py;

int pyabi_load(void *dl, char *err, size_t size) {
	static const struct { const char *name; size_t off; int deref; } table[] = {
#define X(ret, name, args) {#name, offsetof(struct pyapi, name), 0},
		PYAPI(X)
#undef X
#define X(name) {"PyExc_" #name, offsetof(struct pyapi, name), 1},
		PYEXC(X)
#undef X
		{"_Py_NoneStruct", offsetof(struct pyapi, None), 0},
		{"_Py_TrueStruct", offsetof(struct pyapi, True), 0},
		{"_Py_FalseStruct", offsetof(struct pyapi, False), 0},
		{"_Py_NotImplementedStruct", offsetof(struct pyapi, NotImplemented), 0},
		{"_Py_EllipsisObject", offsetof(struct pyapi, Ellipsis), 0},
		{"PyImport_FrozenModules", offsetof(struct pyapi, frozen), 0},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		void *p = dlsym(dl, table[i].name);
		if (!p) {
			snprintf(err, size, "libpython lacks %s", table[i].name);
			return -1;
		}
		*(void **)((char *)&py + table[i].off) = table[i].deref ? *(void **)p : p;
	}
	return 0;
}
