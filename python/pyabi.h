// The part of CPython's stable ABI that the binding uses, declared by hand so that no Python.h is needed. Every function
// is reached through a table that pyabi_load fills with dlsym: from the program's own CPython 3.14, or from the one, 3.11 or
// later, that has imported us as an extension module.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef intptr_t Py_ssize_t;
#define PY_SSIZE_T_MAX INTPTR_MAX
typedef struct PyObject PyObject;
typedef struct PyObject PyTypeObject;
struct PyObject { Py_ssize_t ob_refcnt; PyTypeObject *ob_type; };
typedef struct { int slot; void *pfunc; } PyType_Slot;
typedef struct { const char *name; int basicsize, itemsize; unsigned int flags; PyType_Slot *slots; } PyType_Spec;
typedef struct { const char *name; void *meth; int flags; const char *doc; } PyMethodDef;
typedef struct {
	const char *name;
	PyObject *(*get)(PyObject *, void *);
	int (*set)(PyObject *, PyObject *, void *);
	const char *doc;
	void *closure;
} PyGetSetDef;
typedef struct { PyObject ob_base; PyObject *(*m_init)(void); Py_ssize_t m_index; PyObject *m_copy; } PyModuleDef_Base;
typedef struct {
	PyModuleDef_Base m_base;
	const char *m_name, *m_doc;
	Py_ssize_t m_size;
	PyMethodDef *m_methods;
	void *m_slots, *m_traverse, *m_clear, *m_free;
} PyModuleDef;
typedef struct {
	void *buf;
	PyObject *obj;
	Py_ssize_t len, itemsize;
	int readonly, ndim;
	char *format;
	Py_ssize_t *shape, *strides, *suboffsets;
	void *internal;
} Py_buffer;
typedef int (*visitproc)(PyObject *, void *);

enum { METH_VARARGS = 1, METH_KEYWORDS = 2, METH_NOARGS = 4, METH_O = 8, METH_CLASS = 0x10, METH_STATIC = 0x20, METH_FASTCALL = 0x80 };
#define TPF_MANAGED_DICT (1u << 4)
#define TPF_IMMUTABLE (1u << 8)
#define TPF_NO_NEW (1u << 7)
#define TPF_BASE (1u << 10)
#define TPF_GC (1u << 14)
#define TPF_DEFAULT (1u << 18)
#define TPF_LONG (1ul << 24)
#define TPF_LIST (1ul << 25)
#define TPF_TUPLE (1ul << 26)
#define TPF_BYTES (1ul << 27)
#define TPF_STR (1ul << 28)
#define TPF_DICT (1ul << 29)
#define TPF_EXCEPTION (1ul << 30)
#define TPF_TYPE (1ul << 31)
enum {
	SLOT_mp_ass_subscript = 3, SLOT_mp_length = 4, SLOT_mp_subscript = 5, SLOT_nb_absolute = 6, SLOT_nb_add = 7, SLOT_nb_and = 8,
	SLOT_nb_bool = 9, SLOT_nb_divmod = 10, SLOT_nb_float = 11, SLOT_nb_floor_divide = 12, SLOT_nb_index = 13, SLOT_nb_int = 26,
	SLOT_nb_invert = 27, SLOT_nb_lshift = 28, SLOT_nb_multiply = 29, SLOT_nb_negative = 30, SLOT_nb_or = 31, SLOT_nb_positive = 32,
	SLOT_nb_power = 33, SLOT_nb_remainder = 34, SLOT_nb_rshift = 35, SLOT_nb_subtract = 36, SLOT_nb_true_divide = 37, SLOT_nb_xor = 38,
	SLOT_sq_contains = 41, SLOT_sq_item = 44, SLOT_sq_length = 45, SLOT_tp_base = 48, SLOT_tp_call = 50, SLOT_tp_clear = 51,
	SLOT_tp_dealloc = 52, SLOT_tp_doc = 56, SLOT_tp_getattro = 58, SLOT_tp_hash = 59, SLOT_tp_init = 60, SLOT_tp_iter = 62,
	SLOT_tp_iternext = 63, SLOT_tp_methods = 64, SLOT_tp_new = 65, SLOT_tp_repr = 66, SLOT_tp_richcompare = 67,
	SLOT_tp_setattro = 69, SLOT_tp_str = 70, SLOT_tp_traverse = 71, SLOT_tp_members = 72, SLOT_tp_getset = 73,
};

// X(result, name, parameters)
#define PYAPI(X) \
	X(void, Py_IncRef, (PyObject *)) \
	X(void, Py_DecRef, (PyObject *)) \
	X(PyObject *, PyLong_FromLongLong, (long long)) \
	X(PyObject *, PyLong_FromUnsignedLongLong, (unsigned long long)) \
	X(long long, PyLong_AsLongLong, (PyObject *)) \
	X(long long, PyLong_AsLongLongAndOverflow, (PyObject *, int *)) \
	X(unsigned long long, PyLong_AsUnsignedLongLong, (PyObject *)) \
	X(unsigned long long, PyLong_AsUnsignedLongLongMask, (PyObject *)) \
	X(PyObject *, PyFloat_FromDouble, (double)) \
	X(double, PyFloat_AsDouble, (PyObject *)) \
	X(PyObject *, PyBool_FromLong, (long)) \
	X(PyObject *, PyNumber_Index, (PyObject *)) \
	X(PyObject *, PyNumber_Negative, (PyObject *)) \
	X(int, PyIndex_Check, (PyObject *)) \
	X(int, PyNumber_Check, (PyObject *)) \
	X(PyObject *, PyNumber_Long, (PyObject *)) \
	X(int, PyMapping_Check, (PyObject *)) \
	X(PyObject *, PyUnicode_FromStringAndSize, (const char *, Py_ssize_t)) \
	X(PyObject *, PyUnicode_InternFromString, (const char *)) \
	X(PyObject *, PyUnicode_DecodeUTF8, (const char *, Py_ssize_t, const char *)) \
	X(PyObject *, PyUnicode_AsUTF8String, (PyObject *)) \
	X(const char *, PyUnicode_AsUTF8AndSize, (PyObject *, Py_ssize_t *)) \
	X(int, PyUnicode_Compare, (PyObject *, PyObject *)) \
	X(int, PyUnicode_FSConverter, (PyObject *, void *)) \
	X(PyObject *, PyBytes_FromStringAndSize, (const char *, Py_ssize_t)) \
	X(char *, PyBytes_AsString, (PyObject *)) \
	X(int, PyBytes_AsStringAndSize, (PyObject *, char **, Py_ssize_t *)) \
	X(int, PyObject_GetBuffer, (PyObject *, Py_buffer *, int)) \
	X(void, PyBuffer_Release, (Py_buffer *)) \
	X(Py_ssize_t, PyTuple_Size, (PyObject *)) \
	X(PyObject *, PyTuple_GetItem, (PyObject *, Py_ssize_t)) \
	X(PyObject *, PyTuple_New, (Py_ssize_t)) \
	X(int, PyTuple_SetItem, (PyObject *, Py_ssize_t, PyObject *)) \
	X(PyObject *, PyList_New, (Py_ssize_t)) \
	X(int, PyList_Append, (PyObject *, PyObject *)) \
	X(int, PyList_SetItem, (PyObject *, Py_ssize_t, PyObject *)) \
	X(PyObject *, PyDict_New, (void)) \
	X(int, PyDict_SetItem, (PyObject *, PyObject *, PyObject *)) \
	X(int, PyDict_SetItemString, (PyObject *, const char *, PyObject *)) \
	X(PyObject *, PyDict_GetItemString, (PyObject *, const char *)) \
	X(PyObject *, PyDict_GetItemWithError, (PyObject *, PyObject *)) \
	X(int, PyDict_Next, (PyObject *, Py_ssize_t *, PyObject **, PyObject **)) \
	X(int, PyDict_Update, (PyObject *, PyObject *)) \
	X(PyObject *, PySet_New, (PyObject *)) \
	X(int, PySet_Add, (PyObject *, PyObject *)) \
	X(PyObject *, PySequence_Tuple, (PyObject *)) \
	X(int, PySequence_Check, (PyObject *)) \
	X(PyObject *, PyMapping_Items, (PyObject *)) \
	X(int, PySlice_Unpack, (PyObject *, Py_ssize_t *, Py_ssize_t *, Py_ssize_t *)) \
	X(PyObject *, PyType_FromSpec, (PyType_Spec *)) \
	X(PyObject *, PyType_FromSpecWithBases, (PyType_Spec *, PyObject *)) \
	X(PyObject *, PyType_GenericAlloc, (PyTypeObject *, Py_ssize_t)) \
	X(int, PyType_IsSubtype, (PyTypeObject *, PyTypeObject *)) \
	X(unsigned long, PyType_GetFlags, (PyTypeObject *)) \
	X(void *, PyType_GetSlot, (PyTypeObject *, int)) \
	X(PyObject *, PyObject_Init, (PyObject *, PyTypeObject *)) \
	X(void *, PyObject_Malloc, (size_t)) \
	X(void, PyObject_Free, (void *)) \
	X(PyObject *, _PyObject_New, (PyTypeObject *)) \
	X(void, PyObject_GC_Del, (void *)) \
	X(void, PyObject_GC_UnTrack, (void *)) \
	X(PyObject *, PyObject_GenericGetAttr, (PyObject *, PyObject *)) \
	X(int, PyObject_GenericSetAttr, (PyObject *, PyObject *, PyObject *)) \
	X(PyObject *, PyObject_SelfIter, (PyObject *)) \
	X(PyObject *, PyObject_GetIter, (PyObject *)) \
	X(PyObject *, PyIter_Next, (PyObject *)) \
	X(PyObject *, PyObject_GetAttr, (PyObject *, PyObject *)) \
	X(PyObject *, PyObject_GetAttrString, (PyObject *, const char *)) \
	X(int, PyObject_SetAttrString, (PyObject *, const char *, PyObject *)) \
	X(int, PyObject_HasAttrString, (PyObject *, const char *)) \
	X(PyObject *, PyObject_GetItem, (PyObject *, PyObject *)) \
	X(PyObject *, PyObject_Dir, (PyObject *)) \
	X(PyObject *, PyObject_CallObject, (PyObject *, PyObject *)) \
	X(PyObject *, PyObject_Call, (PyObject *, PyObject *, PyObject *)) \
	X(PyObject *, PyObject_CallFunctionObjArgs, (PyObject *, ...)) \
	X(PyObject *, PyObject_Str, (PyObject *)) \
	X(PyObject *, PyObject_Repr, (PyObject *)) \
	X(int, PyObject_IsTrue, (PyObject *)) \
	X(int, PyObject_IsInstance, (PyObject *, PyObject *)) \
	X(Py_ssize_t, PyObject_Hash, (PyObject *)) \
	X(int, PyCallable_Check, (PyObject *)) \
	X(PyObject *, PyErr_NewExceptionWithDoc, (const char *, const char *, PyObject *, PyObject *)) \
	X(void, PyErr_SetObject, (PyObject *, PyObject *)) \
	X(void, PyErr_SetString, (PyObject *, const char *)) \
	X(PyObject *, PyErr_Occurred, (void)) \
	X(void, PyErr_Clear, (void)) \
	X(int, PyErr_ExceptionMatches, (PyObject *)) \
	X(int, PyErr_CheckSignals, (void)) \
	X(PyObject *, PyErr_NoMemory, (void)) \
	X(void, PyErr_Print, (void)) \
	X(void, PyErr_WriteUnraisable, (PyObject *)) \
	X(PyObject *, PyModule_Create2, (PyModuleDef *, int)) \
	X(int, PyModule_AddObjectRef, (PyObject *, const char *, PyObject *)) \
	X(PyObject *, PyImport_ImportModule, (const char *)) \
	X(PyObject *, PyImport_AddModule, (const char *)) \
	X(PyObject *, PyModule_GetDict, (PyObject *)) \
	X(PyObject *, PyCFunction_NewEx, (PyMethodDef *, PyObject *, PyObject *)) \
	X(void *, PyCFunction_GetFunction, (PyObject *)) \
	X(PyObject *, PyFunction_GetCode, (PyObject *)) \
	X(void *, PyVectorcall_Function, (PyObject *)) \
	X(int, PySys_AddAuditHook, (int (*)(const char *, PyObject *, void *), void *)) \
	X(int, PyGILState_Ensure, (void)) \
	X(void, PyGILState_Release, (int)) \
	X(int, PyGILState_Check, (void)) \
	X(void *, PyGILState_GetThisThreadState, (void)) \
	X(void *, PyEval_SaveThread, (void)) \
	X(void, PyEval_RestoreThread, (void *)) \
	X(PyObject *, PyThreadState_GetDict, (void)) \
	X(int, Py_AddPendingCall, (int (*)(void *), void *)) \
	X(const char *, Py_GetVersion, (void)) \
	X(PyObject *, Py_CompileString, (const char *, const char *, int)) \
	X(PyObject *, PyEval_EvalCode, (PyObject *, PyObject *, PyObject *)) \
	X(PyObject *, PyImport_GetModuleDict, (void))

// Those that older versions lack, down to 3.11: pyabi.c does the same with what these have.
#define PYAPI_NEWER(X) \
	X(PyObject *, PyLong_FromNativeBytes, (const void *, size_t, int)) \
	X(Py_ssize_t, PyLong_AsNativeBytes, (PyObject *, void *, Py_ssize_t, int)) \
	X(int, PyObject_VisitManagedDict, (PyObject *, visitproc, void *)) \
	X(PyObject *, PyErr_GetRaisedException, (void)) \
	X(void, PyErr_SetRaisedException, (PyObject *)) \
	X(void, PyFunction_SetVectorcall, (PyObject *, void *)) \
	X(int, PyFunction_AddWatcher, (int (*)(int, PyObject *, void *)))

// Those with which an interpreter is started: an extension module finds one that runs.
#define PYAPI_START(X) \
	X(int, Py_FinalizeEx, (void)) \
	X(void *, PyInitConfig_Create, (void)) \
	X(void, PyInitConfig_Free, (void *)) \
	X(int, PyInitConfig_SetInt, (void *, const char *, int64_t)) \
	X(int, PyInitConfig_SetStr, (void *, const char *, const char *)) \
	X(int, PyInitConfig_SetStrList, (void *, const char *, size_t, char *const *)) \
	X(int, PyInitConfig_AddModule, (void *, const char *, PyObject *(*)(void))) \
	X(int, Py_InitializeFromInitConfig, (void *)) \
	X(int, PyInitConfig_GetError, (void *, const char **))

// Exceptions, and other objects that are variables of libpython.
#define PYEXC(X) \
	X(Exception) X(AttributeError) X(LookupError) X(KeyError) X(IndexError) X(ValueError) X(TypeError) X(RuntimeError) \
	X(OverflowError) X(ZeroDivisionError) X(SystemError) X(MemoryError) X(OSError) X(FileNotFoundError) X(PermissionError) X(RecursionError) \
	X(NotImplementedError) X(StopIteration) X(KeyboardInterrupt) X(DeprecationWarning)

struct pyapi {
#define X(ret, name, args) ret(*name) args;
	PYAPI(X)
	PYAPI_NEWER(X)
	PYAPI_START(X)
#undef X
#define X(name) PyObject *name;
	PYEXC(X)
#undef X
	PyObject *None, *True, *False, *NotImplemented, *Ellipsis;
	PyObject **frozen; // PyImport_FrozenModules
};
extern struct pyapi py;

// pyabi_load fills the table from the library handle dl, with what starts an interpreter or without; 0, or -1 and a message.
int pyabi_load(void *dl, int start, char *err, size_t size);
