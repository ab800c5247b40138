"""Change the running kernel: write its memory, call its functions.

This is done by a module that is made for it, which the kernel loads and lets go at once. The kernel must be the one that drgn runs on,
an x86-64 one that loads modules without a signature. Be careful: a wrong call or value can crash the machine.
"""

import operator
import struct

import _drgn
from drgn import Object, ObjectAbsentError, TypeKind, cast, implicit_convert, sizeof
from drgn._functions import names_for_annotations
from drgn.helpers.common.prog import takes_program_or_default

__all__ = ("call_function", "call_functions", "pass_pointer", "write_memory", "write_object")


names_for_annotations(globals())


@takes_program_or_default
def write_memory(prog: Program, address: IntegerLike, value: bytes) -> None:
    """Write bytes to the kernel's memory, not atomically.

    An address that the kernel cannot write to is a FaultError.
    """
    _drgn._kmodify_available(prog)
    _drgn._write_memory(prog, operator.index(address), bytes(value) if isinstance(value, (bytearray, memoryview)) else value)


def write_object(object: Object, value: Any, *, dereference: Optional[bool] = None) -> None:
    """Write a value to an object in the kernel's memory: an Object, or a Python value, which is converted to the object's type.

    For a pointer, dereference says whether what it points to is written to (*ptr = value) or the pointer itself (ptr = value).
    A bit-field must be of a single bit, which is written atomically, or of whole bytes.
    """
    if object.type_.unaliased_kind() == TypeKind.POINTER:
        if dereference is None:
            raise TypeError("to write to pointed-to object (*ptr = value), use dereference=True; "
                            "to write to pointer itself (ptr = value), use dereference=False")
        if dereference:
            object = object[0]
    elif dereference:
        raise TypeError("object is not a pointer")
    if object.absent_:
        raise ObjectAbsentError("cannot write to absent object")
    if object.address_ is None:
        raise ValueError("cannot write to value object")
    prog, type, bits = object.prog_, object.type_, object.bit_field_size_
    if isinstance(value, Object):
        value = implicit_convert(type, value, bit_field_size=bits) if bits else implicit_convert(type, value)
    else:
        value = Object(prog, type, value, bit_field_size=bits)
    if bits == 1:
        _drgn._write_bit(prog, object.address_, object.bit_offset_, bool(value))
        return
    if bits is not None and (bits % 8 or object.bit_offset_ % 8):
        raise NotImplementedError("a bit-field that is neither a single bit nor whole bytes cannot be written to")
    data = value.to_bytes_()
    if bits is not None:
        _drgn._write_memory(prog, object.address_ + object.bit_offset_ // 8, data[:bits // 8])
    else:
        _drgn._write_memory(prog, object.address_, data)


def set_bit(nr, bitmap):
    """Set a bit in the kernel's memory atomically. bitmap is an unsigned long *.

    An address that cannot be read is a FaultError; one that can be read, but not be written to, crashes the kernel.
    """
    _bit(nr, bitmap, True)


def clear_bit(nr, bitmap):
    """Clear a bit in the kernel's memory atomically: see set_bit()."""
    _bit(nr, bitmap, False)


def _bit(nr, bitmap, value):
    bitmap = implicit_convert("unsigned long *", bitmap)
    _drgn._write_bit(bitmap.prog_, bitmap.value_(), operator.index(nr), value)


class pass_pointer:
    """A value that call_function() passes by pointer: it is copied to the kernel and, when the function has returned, back to object.

    object is an Object or a Python value, of which an Object of the type that the parameter points to is made.
    """

    __slots__ = ("object",)

    def __init__(self, object):
        self.object = object

    def __repr__(self):
        return f"pass_pointer({self.object!r})"


@takes_program_or_default
def call_function(prog: Program, func: Union[str, Object], *args: Any) -> Object:
    """Call a function in the kernel, in process context, and return what it returns.

    func is the name of a function, a function or a pointer to one; an inlined function is an ObjectAbsentError. Arguments are
    Objects, numbers, str, bytes or bytearray (for pointers to char) or pass_pointer(); those of wrong types are a TypeError.

    What locks the function wants to be held and what references it takes is up to the caller.
    """
    calls = _Calls(prog)
    result = calls.add(func, args)
    calls.run()
    return result()


@takes_program_or_default
def call_functions(prog: Program, calls: Sequence[Sequence[Any]]) -> None:
    """Call functions in the kernel one after another, with one module for all. Each call is a sequence (func, *args)."""
    made = _Calls(prog)
    for func, *args in calls:
        made.add(func, args)
    made.run()


class _Calls:
    """Calls that are made by one module."""

    def __init__(self, prog):
        _drgn._kmodify_available(prog)
        self._prog = prog
        self._calls = []  # of bytes: see _drgn._call_functions()
        self._data = bytearray()
        self._back = []  # of pass_pointer, its type and where it is in the data

    def add(self, func, args):
        """Add a call, and return what gives its result once it was made."""
        type, address = self._function(func)
        returned, parameters = type.type, type.parameters
        if len(args) < len(parameters) or len(args) > len(parameters) and not type.is_variadic:
            least = "at least " if type.is_variadic else ""
            raise TypeError(f"'{type.type_name()}' takes {least}{len(parameters)} argument{'' if len(parameters) == 1 else 's'}, not {len(args)}")
        if returned.unaliased_kind() not in _SCALARS and returned.unaliased_kind() != TypeKind.VOID:
            raise NotImplementedError(f"functions that return '{returned.type_name()}' cannot be called")
        result = self._place(bytes(8), 8)
        words = [address, result, len(args)]
        for i, arg in enumerate(args):
            words += self._argument(parameters[i].type if i < len(parameters) else None, arg)
        self._calls.append(struct.pack(f"<{len(words)}Q", *words))

        def value():
            if returned.unaliased_kind() == TypeKind.VOID:
                return Object(self._prog, returned)
            return Object.from_bytes_(self._prog, returned, bytes(self._data[result:result + sizeof(returned)]))

        return value

    def run(self):
        """Make the calls."""
        self._data = _drgn._call_functions(self._prog, b"".join(self._calls), bytes(self._data))
        for passed, type, at in self._back:
            passed.object = Object.from_bytes_(self._prog, type, self._data[at:at + sizeof(type)])

    def _function(self, func):
        if isinstance(func, str):
            func = self._prog.function(func)
        elif not isinstance(func, Object):
            raise TypeError(f"func must be str or Object, not {type(func).__name__}")
        kind = func.type_.unaliased_kind()
        if kind == TypeKind.FUNCTION:
            if func.absent_:
                raise ObjectAbsentError("function is absent, likely inlined")
            return func.type_.unaliased(), func.address_
        if kind == TypeKind.POINTER and func.type_.unaliased().type.unaliased_kind() == TypeKind.FUNCTION:
            return func.type_.unaliased().type.unaliased(), func.value_()
        raise TypeError(f"'{func.type_.type_name()}' is not a function or a pointer to one")

    def _place(self, data, align):
        """Add bytes to the data, and return where they are."""
        self._data += bytes(-len(self._data) % align)
        at = len(self._data)
        self._data += data
        return at

    def _argument(self, type, arg):
        """Return an argument as two numbers: whether it is a place in the data, and the value. type is None behind the last parameter."""
        prog = self._prog
        if isinstance(arg, (str, bytes, bytearray)):
            text = (arg.encode() if isinstance(arg, str) else bytes(arg)) + b"\0"
            return self._pointer(type, prog.type("char"), text)
        if isinstance(arg, pass_pointer):
            value = arg.object
            if not isinstance(value, Object):
                if type is not None and type.unaliased_kind() == TypeKind.POINTER:
                    value = Object(prog, type.unaliased().type.unqualified(), value)
                else:
                    value = Object(prog, value=value)
            number = self._pointer(type, value.type_, value.to_bytes_())
            self._back.append((arg, value.type_, number[1]))
            return number
        if not isinstance(arg, Object):
            arg = Object(prog, value=arg)
        if type is not None:
            arg = implicit_convert(type, arg)
        else:
            arg = _promoted(arg)
        if arg.type_.unaliased_kind() not in _SCALARS or sizeof(arg) > 8:
            raise NotImplementedError(f"arguments of type '{arg.type_.type_name()}' cannot be passed")
        return [0, arg.value_() & (1 << 64) - 1]

    def _pointer(self, type, to, data):
        """Return a pointer to bytes as an argument."""
        if type is not None:
            implicit_convert(type, Object(self._prog, self._prog.pointer_type(to), 0))
        return [1, self._place(data, 16)]


_SCALARS = (TypeKind.INT, TypeKind.BOOL, TypeKind.ENUM, TypeKind.POINTER)


def _promoted(arg):
    """Return an argument that no parameter is declared for as C passes it."""
    kind = arg.type_.unaliased_kind()
    if kind in (TypeKind.ARRAY, TypeKind.FUNCTION):
        return cast("void *", arg.address_of_())
    return arg if kind == TypeKind.POINTER or kind not in _SCALARS else +arg
