"""Types: enumerations as classes, members by their offsets."""

import drgn

__all__ = ("enum_type_to_class", "member_at_offset", "typeof_member")


def _type(type):
    return drgn.get_default_prog().type(type) if isinstance(type, str) else type


def enum_type_to_class(type, name, exclude=(), prefix=""):
    """Return an enum.IntEnum called name that has the enumerators of a type.

    Enumerators in exclude are left out, and prefix is cut off where a name starts with it.
    """
    import enum

    if type.enumerators is None:
        raise TypeError("enum type is incomplete")
    members = [(n.removeprefix(prefix), value) for n, value in type.enumerators if n not in exclude]
    return enum.IntEnum(name, members)


def typeof_member(type, member):
    """Return the type of the member that a designator such as "mm" or "se.avg" names in a type.

    type is a structure, union or class, or its name in the default program.
    """
    type = _type(type)
    return drgn.Object(type.prog, type, address=0).subobject_(member).type_


def member_at_offset(type, offset):
    """Return the name of the member that lies at an offset in bytes in a type: the opposite of offsetof().

    It is a designator such as "se.avg" or "comm[4]"; an offset into the middle of a member is added: "pid+0x2". Members
    of a union, which lie at the same place, are joined by " or ". A place of no member is named by those around it:
    "<padding between a and b>", "<padding at beginning>", "<padding at end>"; what follows the type is "<end>", then
    "<past end>".

    type is a structure, union, class or array, or its name in the default program.
    """
    type, offset = _type(type), int(offset)
    kind = type.unaliased_kind()
    if kind not in _COMPOUND and kind != drgn.TypeKind.ARRAY:
        raise TypeError(f"'{type.type_name()}' is not a structure, union, class, or array: must be compound type or array")
    if type.is_complete():
        size = drgn.sizeof(type)
        if offset >= size:
            return "<end>" if offset == size else "<past end>"
    names = dict.fromkeys(_members_at(type, 8 * offset))
    return " or ".join(n for n in names if "<" not in n) or " or ".join(names)


_COMPOUND = (drgn.TypeKind.STRUCT, drgn.TypeKind.UNION, drgn.TypeKind.CLASS)


def _join(name, rest):
    return name + ("." + rest if rest[:1] not in ("", "[", "+") else rest)


def _members_at(type, bit):
    """Walk the designators of what lies at a bit of a type, without a leading point."""
    while type.kind == drgn.TypeKind.TYPEDEF:
        type = type.type
    size = 8 * drgn.sizeof(type.type) if type.kind == drgn.TypeKind.ARRAY else 0
    if size:
        for name in _members_at(type.type, bit % size):
            yield _join(f"[{bit // size}]", name)
        return
    if type.kind not in _COMPOUND or type.members is None:
        yield f"+{bit // 8:#x}" if bit else ""
        return
    before, after, found = None, None, False
    for member in type.members:
        inner = member.type
        size = member.bit_field_size
        if size is None:
            size = 8 * drgn.sizeof(inner) if inner.is_complete() else 0
        # Offsets are those of bytes: a bit-field is in all bytes that it has a bit in.
        start = member.bit_offset if member.bit_field_size is None else member.bit_offset // 8 * 8
        if start > bit:
            after = after or member
        elif bit >= member.bit_offset + size:
            before = member
        else:
            found = True
            for name in _members_at(inner, bit - start) if member.bit_field_size is None else [""]:
                yield name if member.name is None else _join(member.name, name)
    if not found:
        if not after:
            yield "<padding at end>"
        elif not before:
            yield "<padding at beginning>"
        else:
            yield f"<padding between {before.name or '<unnamed>'} and {after.name or '<unnamed>'}>"
