// What C and Go of the binding tell each other.
#pragma once
#include "pyabi.h"

// ---- One crossing's result, filled by Go on C's stack.
enum {
	R_ERR = 0, // an exception is set
	R_NONE, R_INT, R_UINT, R_BOOL, R_FLOAT,
	R_STR, R_BYTES, // in buf, n bytes
	R_OBJ,          // an instance of the class cls by value
	R_ENUM,         // a: value of the enumeration type
	R_PY,           // a: an owned reference
	R_END,          // an iterator's end
	R_NOTIMPL,
};
#define SCRATCH 512
typedef struct {
	int32_t tag;
	uint32_t cls;  // R_OBJ: the class
	uint32_t type; // R_OBJ: the type's number, counted for the instance to be made; R_ENUM: which enumeration
	uint8_t kind, bitoff, bits, flags;
	uint64_t a; // number, address, value, handle
	PyObject *prog;
} item;
typedef struct {
	item i;
	uint64_t off;       // of a member
	uint32_t atom;      // the number of its name; 0: where it lies does not depend on the type alone
	uint32_t pointer;   // off counts from what the object points to
	uint64_t n;
	char buf[SCRATCH];
} res;

// ---- Every instance of the binding's classes, but programs and iterators: what it is, by value.
typedef struct {
	PyObject ob;
	PyObject *prog; // owned, or NULL
	uint32_t cls, type;
	uint64_t a;
	uint8_t kind, bitoff, bits, flags;
	uint32_t pad;
} Obj;
// kind: what a is. A K_HANDLE is freed in Go. K_PART is the index of a symbol in a struct symbols, to which the a of prog
// points: prog is then an instance of the same class, a K_WHOLE, which is seen by nobody else.
enum { K_REF = 0, K_VALUE, K_HANDLE, K_ABSENT, K_PART, K_WHOLE };
// flags of a K_HANDLE: it holds something outside of this program, and goes back to Go at once.
enum { H_HOLDS = 1 };

// ---- Symbols that were found together; see symbol.c.
typedef struct { uint64_t name, address, size; uint8_t binding, kind; } symbol; // a module.TableSymbol
typedef struct { symbol *of; const char *strings; } symbols;
enum { SYMBOL_NAME = 1, SYMBOL_ADDRESS, SYMBOL_SIZE, SYMBOL_BINDING, SYMBOL_KIND };

typedef struct {
	PyObject ob;
	uint64_t h;             // handle
	PyObject *cache, *config, *held; // held: list of callables that Go refers to
	PyObject *weak;
	const uint64_t *generation, *epoch; // Go's counters of the changes of what can be found, and of where memory is
	struct live *live;
} Prog;

// ---- How many instances refer to a type, by its number; see typetable.go.
typedef struct {
	uint32_t count;
	uint8_t queued; // it is in the list for goFreeTypes
	uint8_t scalar; // what live_read needs to know of it; 0: not known yet
} type_ref;
enum { SCALAR_SIZE = 15, SCALAR_SIGNED = 16, SCALAR_BOOL = 32, SCALAR_POINTER = 64, SCALAR_NOT = 128 };
extern type_ref *type_refs;
void sh_type_refs(uint32_t n); // there are n numbers
void type_unused(uint32_t n);
void sh_flush_dead(void);
static inline void type_drop(uint32_t n) {
	if (n && !--type_refs[n].count && !type_refs[n].queued) type_unused(n);
}

// ---- Converted arguments.
enum { A_MISSING = 0, A_INT, A_UINT, A_BOOL, A_STR, A_BYTES, A_PY, A_OBJ, A_NONE, A_FLOAT };
typedef struct {
	int32_t kind;
	int32_t pad;
	uint64_t i;
	const char *s;
	int64_t n;
	PyObject *o; // as given; A_OBJ: an Obj
} arg;
#define MAXARG 24

// ---- Classes: indices are shared with class.go.
enum { C_PROGRAM = 0, C_OBJECT, C_TYPE, C_SYMBOL = 7, C_LANGUAGE = 13, C_MAX = 48 };
extern PyTypeObject *classes[C_MAX];
enum { E_MAX = 32, ENUM_CACHE = 64 };

// ---- embedded.c: the program
int start_load(const char *lib, char *err, size_t size);
void *start_frozen_table(size_t n);
int start_python(const char *exe, int argc, char **argv, int npath, char **paths);
int start_main(const char *func);
int start_fini(void);
void start_default_action(int signal);
int start_signals(void);
void start_show_error(void);

// ---- extension.c: the extension module
const char *python_version(void);

// ---- start.c
PyObject *start_module(void); // module _drgn
int start_watch_forks(void);
int start_run(const char *name, const char *file, const char *src, int64_t n);
void start_source(const char *name, const char *src, int64_t n, int package, const char *code, int64_t ncode);
struct _frozen { const char *name; const unsigned char *code; int size; int is_package; };
extern int forked; // we are a child that fork made: Go's other threads are gone
int fork_error(void);

// ---- result.c
PyObject *make(const item *i);
void sh_drop(const item *i);
PyObject *give(res *r);
PyObject *new_obj(const item *i);
PyObject *sh_str(const char *p, int64_t n);
PyObject *sh_bytes(const char *p, int64_t n);
void sh_raise(int exc, const char *msg, int64_t n);
void sh_raise_fault(const char *msg, int64_t n, uint64_t addr);
void sh_raise_notfound(const char *msg, int64_t n, const char *name, int64_t nn);
void sh_raise_obj(PyObject *exc);
PyObject *sh_take_exc(void);
char *sh_exc_str(PyObject *exc, char **type);
int sh_fault(PyObject *exc, uint64_t *address);
void sh_incref(PyObject *o);
void sh_decref(PyObject *o);
int sh_check_signals(void);
void *sh_save(void);
void sh_restore(void *);
int sh_ensure(void);
void sh_release(int);
enum { NO_PYTHON, GIL_RELEASED, GIL_HELD };
int sh_gil(void);
int sh_add_pending(void);
PyObject *sh_build(const char *p, int64_t n);
char *sh_dump(PyObject *o, int64_t *n);
PyObject *sh_call(PyObject *f, const char *args, int64_t n);
int sh_truth(PyObject *o);
PyObject *enum_get(uint32_t which, int64_t value);
int exc_register(int i, PyObject *cls);
int enum_register(int i, PyObject *cls);
PyObject *enum_class(int i); // borrowed

// ---- store.c: what values of a type are made from
enum { STORE_OK = 0, STORE_BIG, STORE_NOT, STORE_END, STORE_ERR = -1 };
int sh_number(PyObject *o, int64_t *v, char **big, int64_t *n);
int sh_double(PyObject *o, double *d);
int sh_elements(PyObject *o, PyObject **iter);
int sh_items(PyObject *o, PyObject **iter);
int sh_next(PyObject *iter, PyObject **item);
int sh_pair(PyObject *item, const char **name, Py_ssize_t *n, PyObject **value);
int sh_operand(arg *a, PyObject *o);

// ---- call.c
void sh_def(int id, PyMethodDef *d, const char *text, int nreq, int npos, int n, int flags);
void sh_late(int id, PyMethodDef *d, const char *name);
#define NFUNC 1024 // how many functions and methods Go can define, counting number 0, which stands for no function
enum { F_PROG = 1, F_SCOPE = 2, F_CLASS = 4, F_VARARGS = 8, F_STATIC = 16, F_NO_KEYWORDS = 32, F_ONE = 64, F_PYTHON = 128, F_FUNCTION = 256 };
PyObject *tramp(int id, PyObject *self, PyObject *const *args, Py_ssize_t npos, PyObject *kwn);
PyObject *calls_of(PyObject *m, PyObject *functions);
int call_directly(PyObject *def, void *call);
int sh_add_function(PyObject *module, PyMethodDef *d, const char *modname);
int convert(arg *a, PyObject *o, char kind, const char *func, int pos);
PyObject *prog_default(void);
int prog_set_default(PyObject *p);

// ---- class.c
enum {
	S_REPR = 1 << 0, S_STR = 1 << 1, S_LEN = 1 << 2, S_GETITEM = 1 << 3, S_CONTAINS = 1 << 4, S_ITER = 1 << 5, S_HASH = 1 << 6,
	S_COMPARE = 1 << 7, S_NEW = 1 << 8, S_BASE = 1 << 9, S_MUTABLE = 1 << 10, S_GETATTR = 1 << 11,
};
PyTypeObject *sh_class(int cls, const char *name, const char *doc, int base, unsigned slots, PyMethodDef *m, PyGetSetDef *g, int newid, const PyType_Slot *extra);
PyObject *get_property(PyObject *self, void *closure);
int set_property(PyObject *self, PyObject *v, void *closure);
int object_class(PyMethodDef *m, PyGetSetDef *g, const char *doc, int newid);
int program_class(PyMethodDef *m, PyGetSetDef *g, const char *doc, int newid);
int iter_class(void);
PyTypeObject *sh_class_at(int cls);
int sh_is_type(PyObject *o);
int sh_append(PyObject *list, PyObject *o);
const char *sh_name(PyObject *o, Py_ssize_t *n);
int sh_is_none(PyObject *o);
int sh_is_enum(PyObject *o, int which);
PyObject *sh_tuple_of(PyObject *o);
int sh_tuple_size(PyObject *o);
PyObject *sh_tuple_item(PyObject *o, int i);
int sh_is_index(PyObject *o);
int sh_callable(PyObject *o);
int sh_sequence(PyObject *o);
const char *type_name(PyObject *o);
PyObject *sh_repr(PyObject *o);
void sh_raise_key(PyObject *k);
void sh_raise_os(PyObject *args);
int sh_bytes_like(PyObject *o, char **p, int64_t *n);
PyObject *sh_module_attr(const char *module, const char *name);
PyObject *sh_dict(PyObject *module);
int sh_subscript(PyObject *x, arg *a);
int sh_buffer(PyObject *o, Py_buffer *b);
void sh_release_buffer(Py_buffer *b);
int sh_add(PyObject *module, const char *name, PyObject *o);
void sh_property(PyGetSetDef *d, int id, int settable);

// ---- live.c
extern uint64_t live_reads;
int live_read(Prog *p, uint64_t address, uint8_t kind, uint64_t *v);
int sh_live_open(PyObject *prog, uint64_t epoch);
void sh_live_file(PyObject *prog, uint64_t epoch, int fd);
void sh_live_range(PyObject *prog, uint64_t min, uint64_t max, uint64_t delta, int zeros);
void sh_live_page(PyObject *prog, uint64_t address);
PyObject *found_get(PyObject *prog, PyObject *name);
void found_put(PyObject *prog, PyObject *name, uint64_t generation, const item *i);
uint64_t prog_generation(PyObject *prog);
void sh_forget(PyObject *prog);
void sh_counters(PyObject *prog, const void *generation, const void *epoch);

// ---- symbol.c
PyObject *sh_symbols(symbols *all, int64_t n);
const symbol *sh_symbol(const Obj *o);
const char *sh_symbol_name(const Obj *o);
void sh_symbol_property(PyGetSetDef *d, int id, int what, int enumeration);
int sh_is_program(PyObject *o);
int sh_is_language(PyObject *o);
PyObject *new_iter(uint64_t h, PyObject *keep);
void iter_left(PyObject *self, int64_t n);
PyObject *prog_new(uint64_t h);
PyObject *prog_held(PyObject *p);
void obj_dealloc(PyObject *self);
PyObject *slot_call(int slot, Obj *self, PyObject *x, int64_t n);
void sh_forget_members(PyObject *prog);
extern uint64_t inline_misses;
