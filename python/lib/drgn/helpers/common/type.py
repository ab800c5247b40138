"""Types: enumerations as classes, members by their offsets."""

import math
import operator

import drgn

from drgn._functions import names_for_annotations

__all__ = ("enum_type_to_class", "member_at_offset", "typeof_member")

names_for_annotations(globals())


def _type(type):
    return drgn.get_default_prog().type(type) if isinstance(type, str) else type


def enum_type_to_class(type: Type, name: str, exclude: Container[str] = (), prefix: str = "") -> "type[enum.IntEnum]":
    """Return an enum.IntEnum called name that has the enumerators of a type.

    Enumerators in exclude are left out, and prefix is cut off where a name starts with it.
    """
    import enum

    if type.enumerators is None:
        raise TypeError("enum type is incomplete")
    members = [(n.removeprefix(prefix), value) for n, value in type.enumerators if n not in exclude]
    return enum.IntEnum(name, members)


def typeof_member(type: Union[Type, str], member: str) -> Type:
    """Return the type of the member that a designator such as "mm" or "se.avg" names in a type.

    type is a structure, union or class, or its name in the default program.
    """
    type = _type(type)
    prog = type.prog if isinstance(type, drgn.Type) else drgn.get_default_prog()
    return drgn.Object(prog, type, address=0).subobject_(member).type_


def member_at_offset(type: Union[Type, str], offset: IntegerLike) -> str:
    """Return the name of the member that lies at an offset in bytes in a type: the opposite of offsetof().

    It is a designator such as "se.avg" or "comm[4]"; an offset into the middle of a member is added: "pid+0x2", into that
    of a bit-field in bits: "state+3 bits". Members of a union, which lie at the same place, are joined by " or ". A
    flexible array has elements without end. A place of no member is named by those around it: "<padding between a and b>",
    "<padding at beginning>", "<padding at end>"; what follows the type is "<end>", then "<past end>".

    type is a structure, union, class or array, or its name in the default program.
    """
    type, offset = _type(type), operator.index(offset)
    kind = type.unaliased_kind()
    if kind not in _COMPOUND and kind != drgn.TypeKind.ARRAY:
        raise TypeError(f"'{type.type_name()}' is not a structure, union, class, or array: must be compound type or array")
    names = dict.fromkeys(_members_at(type, 8 * offset))
    if not names and type.is_complete():
        size = drgn.sizeof(type)
        if offset >= size:
            return "<end>" if offset == size else "<past end>"
    return " or ".join(names or [_padding_at(type, 8 * offset)])


_COMPOUND = (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION, drgn.TypeKind.CLASS)


def _join(name, rest):
    return name + ("." + rest if rest[:1] not in ("", "[", "+") else rest)


def _members_at(type, bit):
    """Walk the designators of what lies at a bit of a type, without a leading point; also of paddings in its members."""
    while type.kind == drgn.TypeKind.TYPEDEF:
        type = type.type
    if type.kind == drgn.TypeKind.ARRAY:
        size = 8 * drgn.sizeof(type.type)
        if size and (type.length is None or bit < type.length * size):
            for name in _inside(type.type, bit % size):
                yield _join(f"[{bit // size}]", name)
    elif type.kind not in _COMPOUND or type.members is None:
        yield f"+{bit // 8:#x}" if bit else ""
    else:
        for member in type.members:
            start, end = _extent(member)
            if not start <= bit < end:
                continue
            if member.bit_field_size is not None:
                yield (member.name or "") + (f"+{bit - start} bits" if bit > start else "")
                continue
            for name in _inside(member.type, bit - start):
                yield name if member.name is None else _join(member.name, name)


def _inside(type, bit):
    return tuple(_members_at(type, bit)) or (_padding_at(type, bit),)


def _extent(member):
    """Return the first bit of a member and that after its last; an array of unknown length has no end."""
    start, size = member.bit_offset, member.bit_field_size
    if size is None:
        if member.type.is_complete():
            size = 8 * drgn.sizeof(member.type)
        else:
            size = math.inf if member.type.unaliased_kind() == drgn.TypeKind.ARRAY else 0
    return start, start + size


def _padding_at(type, bit):
    """Name a place in a type that no member has by those around it."""
    while type.kind == drgn.TypeKind.TYPEDEF:
        type = type.type
    before, after = None, None
    for member in type.members or () if type.kind in _COMPOUND else ():
        start, end = _extent(member)
        if start >= bit:
            after = after or member
        elif end <= bit:
            before = member
    if not after:
        return "<padding at end>"
    if not before:
        return "<padding at beginning>"
    return f"<padding between {before.name or '<unnamed>'} and {after.name or '<unnamed>'}>"
