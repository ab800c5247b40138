// Functions of Python whose calls go to Go past their bodies, as long as nobody would see a difference.
#include "bind.h"
#include <string.h>

// direct are these functions, with what would call their bodies. They are kept for ever.
static struct { PyObject *def; void *body; } direct[NFUNC];
static int ndirect;
static int bodies; // all calls run the bodies: see on_audit

// call_body has calls of a function, or of all if it is NULL, run their bodies from now on.
static void call_body(PyObject *def) {
	for (int i = 0; i < ndirect; i++)
		if (direct[i].body && (!def || direct[i].def == def)) {
			py.PyFunction_SetVectorcall(direct[i].def, direct[i].body);
			direct[i].body = NULL;
		}
}

// Code and defaults that a script gives a function count.
static int on_function(int event, PyObject *def, void *value) {
	enum { MODIFY_CODE = 2, MODIFY_KWDEFAULTS = 4 }; // PyFunction_WatchEvent; between them are the defaults
	if (event >= MODIFY_CODE && event <= MODIFY_KWDEFAULTS) call_body(def);
	return 0;
}

// Profilers, debuggers and what measures coverage see calls of code of Python.
static int on_audit(const char *event, PyObject *args, void *data) {
	if (strncmp(event, "sys.", 4)) return 0;
	if (!strcmp(event + 4, "setprofile") || !strcmp(event + 4, "settrace") || !strncmp(event + 4, "monitoring.", 11)) {
		bodies = 1;
		call_body(NULL);
	}
	return 0;
}

// call_directly has calls of a def go to a vectorcallfunc, where Python can do that, from 3.12 on.
int call_directly(PyObject *def, void *call) {
	static int watching;
	if (!watching) {
		watching = 1;
		if (py.PyFunction_AddWatcher(on_function) < 0 || py.PySys_AddAuditHook(on_audit, NULL) < 0) return -1;
	}
	if (bodies || ndirect == NFUNC) return 0;
	py.Py_IncRef(def);
	direct[ndirect].def = def;
	direct[ndirect++].body = py.PyVectorcall_Function(def);
	py.PyFunction_SetVectorcall(def, call);
	return 0;
}
